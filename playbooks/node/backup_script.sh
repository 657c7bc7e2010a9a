#!/bin/sh
# freevrrpd runs this when the node has become BACKUP. It sends and hears nothing while a script runs (P30): so the
# work is only handed on.
PATH=/sbin:/bin:/usr/sbin:/usr/bin
logger -t mirrorgate -p daemon.notice "VRRP: this node is BACKUP"
daemon -cf /usr/local/libexec/mirrorgate/demote.sh -v && exit 0
logger -t mirrorgate -p daemon.err "VRRP: demote.sh could not be started: this node may still hold the file system"
exit 1
