#!/bin/sh
# Home slave: stop exporting the image, attach it, and mount the mirror it belongs to.
PATH=/sbin:/bin:/usr/sbin:/usr/bin
image=/root/images/sitesbackup.img
if mount | grep -q ' on /home/sites '; then
    logger -t pair 'already serving'
    exit 0
fi
pkill ggated
n=0
while pgrep -q ggated && [ "$n" -lt 10 ]; do
    sleep 1
    n=$((n + 1))
done
kldload geom_mirror 2> /dev/null
mdconfig -a -t vnode -f "$image" -u 0 || { logger -t pair 'cannot attach the image'; exit 1; }
n=0
while [ ! -e /dev/mirror/remotemirror ] && [ "$n" -lt 20 ]; do
    sleep 1
    n=$((n + 1))
done
fsck -t ufs -p /dev/mirror/remotemirror && mount /dev/mirror/remotemirror /home/sites && logger -t pair 'serving'
