#!/bin/sh
# This node is BACKUP: let go of the file system, then export the image to the master.
PATH=/sbin:/bin:/usr/sbin:/usr/bin
if mount | grep -q ' on /home/sites '; then
    umount /home/sites || { logger -t pair 'umount failed, still holding /home/sites'; exit 1; }
    mdconfig -d -o force -u 0
    sleep 6
    logger -t pair 'let go of /home/sites'
fi
pgrep -q ggated || ggated
