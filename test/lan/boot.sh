#!/bin/bash
# Boots a host: joins its cgroups, its network, and becomes the `unshare` above its pid 1.
# Arguments: prefix, host name, the host's folder, whether it has cgroups (yes/no).
set -eu
prefix=$1 name=$2 folder=$3 cgroups=$4
here=$(dirname "$(readlink -f "$0")")

join() { # the folder of one cgroup hierarchy; a cpuset takes no process before it has cpus and memory
  local part at=$1
  for part in mesolite-lan "$prefix" "$name"; do
    if mkdir "$at/$part" 2>/dev/null && [ -e "$at/cgroup.subtree_control" ]; then
      for c in cpu memory pids io; do echo "+$c" >"$at/cgroup.subtree_control" 2>/dev/null || :; done
    fi
    # Hosts boot side by side: whoever made the folder may not have filled it yet, and twice is as good as once.
    for f in cpuset.cpus cpuset.mems; do
      if [ -e "$at/$f" ] && [ -z "$(cat "$at/$part/$f")" ]; then cat "$at/$f" >"$at/$part/$f"; fi
    done
    at=$at/$part
  done
  echo $$ >"$at/cgroup.procs"
}

layout=none
if [ "$cgroups" = yes ]; then
  layout=
  while read -r _ at kind _; do
    case $kind:$at in
      cgroup2:/sys/fs/cgroup) join "$at"; layout=v2 ;;
      cgroup:/sys/fs/cgroup/* | cgroup2:/sys/fs/cgroup/*) join "$at"; layout="$layout ${at##*/}" ;;
    esac
  done </proc/mounts
fi

exec ip netns exec "$prefix-$name" env -i \
  PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
  unshare --uts --mount --pid --ipc --cgroup --fork --kill-child --mount-proc \
  bash "$here/init.sh" "$name" "$folder" "$layout"
