#!/bin/sh
# Home master: mount the mirror when both halves are good. Anything else is a job for an operator.
PATH=/sbin:/bin:/usr/sbin:/usr/bin
if mount | grep -q ' on /home/sites '; then
    logger -t pair 'already serving'
    exit 0
fi
state=$(gmirror status -s 2> /dev/null | awk '$2 == "COMPLETE" { n++ } END { print n + 0 }')
if [ "$state" -ne 2 ]; then
    logger -t pair 'not serving: the mirror is not complete, fail-back is done by hand'
    exit 1
fi
fsck -t ufs -p /dev/mirror/remotemirror && mount /dev/mirror/remotemirror /home/sites && logger -t pair 'serving'
