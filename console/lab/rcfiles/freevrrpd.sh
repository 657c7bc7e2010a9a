#!/bin/sh
# shellcheck disable=SC1091,SC2034 # read by rc.subr

# PROVIDE: freevrrpd
# REQUIRE: NETWORKING mirrorgate

. /etc/rc.subr

name=freevrrpd
rcvar=freevrrpd_enable
command=/usr/local/sbin/freevrrpd
pidfile=/var/run/freevrrpd.pid
start_cmd=
stop_cmd=
status_cmd=
required_files=/usr/local/etc/freevrrpd.conf
load_rc_config "$name"
command_args="-f /usr/local/etc/freevrrpd.conf"
run_rc_command "$1"
