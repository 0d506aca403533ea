#!/bin/bash
# Pid 1 of a host: builds its root from the host's folder (disk.ts), starts sshd, then only reaps orphans.
# Nothing of the machine below is visible but read-only layers of /usr and /etc, so that a host can be
# wrecked without harm. Arguments: host name, the host's folder, cgroup layout (none, v2, or v1 hierarchies).
set -eu
name=$1 folder=$2 layout=$3
root=$folder/mnt own=$folder/own

hostname "$name"
mount -t tmpfs -o mode=755,size=1m root "$root"
cd "$root"
mkdir -m 755 usr etc var home opt srv mnt media boot dev proc sys run
mkdir -m 700 root
mkdir -m 1777 tmp
for link in /bin /sbin /lib /lib32 /lib64 /libx32; do
  [ -L "$link" ] && cp -P "$link" ".$link"
done
for layer in usr etc; do
  mount -t overlay overlay -o "lowerdir=/$layer,upperdir=$folder/upper/$layer,workdir=$folder/scratch/$layer" "$layer"
done
# As after a real start: /run is new and /tmp is empty.
find "$own/tmp" -mindepth 1 -delete
for part in home root var tmp opt srv; do mount --bind "$own/$part" "$part"; done
mount -t tmpfs -o mode=755 run run
mkdir -m 755 run/lock run/sshd
[ -e var/run ] || ln -s /run var/run
: >run/utmp

mount -t proc proc proc
cat /proc/sys/kernel/random/uuid >run/.boot-id
mount --bind run/.boot-id proc/sys/kernel/random/boot_id # so that a power cut looks like one
rm run/.boot-id
mount -t sysfs -o ro sysfs sys
mount -t tmpfs -o mode=755,size=1m dev dev
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts dev/pts
mount -t tmpfs -o mode=1777 shm dev/shm
for node in null zero full random urandom tty; do : >"dev/$node"; mount --bind "/dev/$node" "dev/$node"; done
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
for n in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${n%%:*}" "dev/${n#*:}"; done

while read -r kind home uid kib; do
  case $kind in
    tiny)
      mount -t tmpfs -o "mode=700,uid=$uid,gid=$uid,size=${kib}k" tiny ".$home"
      cp -a "$own$home/." ".$home/"
      ;;
    read-only) mount --bind ".$home" ".$home"; mount -o remount,bind,ro ".$home" ;;
    noexec) mount --bind ".$home" ".$home"; mount -o remount,bind,noexec ".$home" ;;
  esac
done <"$folder/homes"

case $layout in
  none | '') ;;
  v2)
    mount -t cgroup2 cgroup2 sys/fs/cgroup
    # A cgroup with processes cannot hand controllers on: pid 1 steps aside, as systemd does.
    mkdir sys/fs/cgroup/init.scope
    echo $$ >sys/fs/cgroup/init.scope/cgroup.procs
    ;;
  *)
    mount -t tmpfs -o mode=755,size=1m cgroup sys/fs/cgroup
    for c in $layout; do
      mkdir "sys/fs/cgroup/$c"
      case $c in
        unified) mount -t cgroup2 cgroup2 "sys/fs/cgroup/$c" ;;
        systemd) mount -t cgroup -o none,name=systemd cgroup "sys/fs/cgroup/$c" ;;
        *) mount -t cgroup -o "$c" cgroup "sys/fs/cgroup/$c" ;;
      esac
    done
    ;;
esac

[ -e "$folder/has-sshd" ] && sshd=yes || sshd=no
pivot_root . .
umount -l .
cd /
if [ $sshd = yes ]; then
  /usr/sbin/sshd -t # a bad setting ends the start here, with sshd's own words in the log
  /usr/sbin/sshd -D -e &
fi
echo up
trap 'exit 0' TERM
while :; do sleep infinity & wait $! || :; done
