#!/bin/sh
# shellcheck disable=SC1091,SC2034,SC2154 # read by rc.subr

# PROVIDE: ggated
# REQUIRE: NETWORKING

. /etc/rc.subr

name=ggated
rcvar=ggated_enable
command=/sbin/ggated
pidfile=/var/run/ggated.pid
start_cmd=
stop_cmd=
status_cmd=
load_rc_config "$name"
: "${ggated_config:=/etc/gg.exports}"
required_files=$ggated_config
command_args="$ggated_params $ggated_config"
run_rc_command "$1"
