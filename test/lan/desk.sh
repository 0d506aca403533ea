#!/bin/bash
# Holds the desk open: its network, and its own files over /etc; commands enter it with nsenter. Unlike with
# `ip netns exec`, the cgroups are still there. Run by desk.ts as `nsenter --net=... unshare --mount`.
# Argument: the folder whose files go over /etc.
set -eu
etc=$1
# A new sysfs, since the old one shows the old network's cards; the cgroups move over.
mkdir -p "$etc.hold"
mount --rbind /sys/fs/cgroup "$etc.hold"
umount -l /sys
mount -t sysfs sysfs /sys
mount --rbind "$etc.hold" /sys/fs/cgroup
umount -l "$etc.hold"
for file in "$etc"/*; do
  [ -e "/etc/${file##*/}" ] && mount --bind "$file" "/etc/${file##*/}"
done
echo up
exec sleep infinity
