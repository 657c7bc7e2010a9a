#!/bin/sh
# This node has become MASTER. freevrrpd sends nothing while a script runs, so the work goes to the background.
exec /usr/sbin/daemon -o /var/log/pair.log /usr/local/bin/pair_serve.sh
