# shellcheck shell=sh
# shellcheck disable=SC1090,SC1091,SC2034,SC2154 # a script's names are set before it asks for them
# The part of FreeBSD's rc.subr(8) that the lab's services use.

load_rc_config() {
	[ ! -r /etc/rc.conf ] || . /etc/rc.conf
	[ ! -r "/etc/rc.conf.d/$1" ] || . "/etc/rc.conf.d/$1"
}

_pid() {
	pgrep -x "$name" | head -n 1
}

_enabled() {
	eval "_value=\${$rcvar:-NO}"
	case $_value in [Yy][Ee][Ss] | [Tt][Rr][Uu][Ee] | [Oo][Nn] | 1) return 0 ;; esac
	return 1
}

run_rc_command() {
	_action=$1
	_one=
	case $_action in
	one* | fast* | force*) _one=yes ;;
	esac
	_action=${_action#one}
	_action=${_action#fast}
	_action=${_action#force}
	case $_action in
	start | stop | restart)
		if [ -z "$_one" ] && ! _enabled; then
			echo "Cannot '$_action' $name. Set $rcvar to YES in /etc/rc.conf or use 'one$_action' instead of '$_action'." >&2
			return 1
		fi
		;;
	esac
	case $_action in
	start)
		if [ -n "$start_cmd" ]; then
			$start_cmd
			return
		fi
		_running=$(_pid)
		if [ -n "$_running" ]; then
			echo "$name already running? (pid=$_running)."
			return 1
		fi
		for _file in $required_files; do
			if [ ! -r "$_file" ]; then
				echo "/etc/rc.d/$name: WARNING: $_file is not readable." >&2
				return 1
			fi
		done
		echo "Starting $name."
		# shellcheck disable=SC2086 # arguments are words
		$command $command_args
		;;
	stop)
		if [ -n "$stop_cmd" ]; then
			$stop_cmd
			return
		fi
		_running=$(_pid)
		if [ -z "$_running" ]; then
			echo "$name not running? (check $pidfile)."
			return 1
		fi
		echo "Stopping $name."
		/bin/kill -TERM "$_running"
		_tries=0
		while [ -n "$(_pid)" ] && [ "$_tries" -lt 30 ]; do
			_tries=$((_tries + 1))
			sleep 0.5
		done
		echo "Waiting for PIDS: $_running."
		;;
	restart)
		run_rc_command onestop
		run_rc_command onestart
		;;
	status)
		if [ -n "$status_cmd" ]; then
			$status_cmd
			return
		fi
		_running=$(_pid)
		if [ -z "$_running" ]; then
			echo "$name is not running."
			return 1
		fi
		echo "$name is running as pid $_running."
		;;
	*)
		echo "/etc/rc.d/$name: unknown directive '$1'." >&2
		echo "Usage: /etc/rc.d/$name [fast|force|one|quiet](start|stop|restart|rcvar|enable|disable|delete|enabled|describe|extracommands|status|poll)" >&2
		return 1
		;;
	esac
}
