#!/bin/bash
# Runs a command on the desk: its network, its own files over /etc, and, unlike `ip netns exec`, with the
# cgroups still there. The command keeps this process's pid. Arguments: the network namespace, the command.
set -eu
namespace=$1
if [ "${2:-}" != --inside ]; then
  shift
  exec nsenter "--net=/run/netns/$namespace" unshare --mount --propagation slave \
    bash "$0" "$namespace" --inside "$@"
fi
shift 2
# A new sysfs, since the old one shows the old network's cards; the cgroups move over.
hold=/etc/netns/$namespace/.hold
mkdir -p "$hold"
mount --rbind /sys/fs/cgroup "$hold"
umount -l /sys
mount -t sysfs sysfs /sys
mount --rbind "$hold" /sys/fs/cgroup
umount -l "$hold"
for file in "/etc/netns/$namespace"/*; do mount --bind "$file" "/etc/${file##*/}"; done
exec "$@"
