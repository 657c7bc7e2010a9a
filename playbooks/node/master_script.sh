#!/bin/sh
# freevrrpd runs this when the node has become MASTER. It sends nothing while a script runs, and after 3 s the other
# node would take over too (P30): so the work is only handed on.
PATH=/sbin:/bin:/usr/sbin:/usr/bin
logger -t mirrorgate -p daemon.notice "VRRP: this node is MASTER"
daemon -cf /usr/local/libexec/mirrorgate/promote.sh -v && exit 0
logger -t mirrorgate -p daemon.err "VRRP: promote.sh could not be started: nothing is mounted"
exit 1
