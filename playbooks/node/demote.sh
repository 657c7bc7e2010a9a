#!/bin/sh
# Makes this node let go of the file system: demote.sh [-v] [-r RUN].
#   -v      called by freevrrpd: the role must still be BACKUP
#   -r RUN  called by the run that holds the operator's lock
# Ends with 0 only when nothing of the pair is mounted, running or attached here, and a home slave serves its image.
what=demote
# shellcheck source=playbooks/node/pair.sh
. "${0%/*}/pair.sh"

vrrp='' operator='' my_turn='' empty=''
arguments=$*
while getopts Lver: option; do
	case $option in
	L) my_turn=yes ;;
	v) vrrp=yes ;;
	# Nothing was mounted here when freevrrpd called.
	e) empty=yes ;;
	r) operator=$OPTARG ;;
	*) refuse "usage: demote.sh [-v] [-r RUN]" ;;
	esac
done
case $arguments in
*[!A-Za-z0-9.\ _-]*) refuse "odd characters in the arguments" ;;
esac
read_settings
if [ -z "$my_turn" ]; then
	if [ -n "$vrrp" ]; then
		find_unit
		find_mounts
		[ -n "$mounted" ] || arguments="$arguments -e"
		# Waiting here holds up nobody: a promotion that is called meanwhile goes first.
		if ! is_backup 6; then
			say "$floating is here again: nothing done"
			exit 0
		fi
	fi
	# shellcheck disable=SC2086 # words without blanks, checked above
	wait_for_turn "$0" $arguments
fi

unmount() {
	say "letting go of $mount"
	run_hooks stop
	tries=1
	until run umount "$mount"; do
		if [ "$tries" -ge 5 ]; then
			fstat -f "$mount" 2>/dev/null | head -20 | while IFS= read -r line; do say "in use: $line"; done
			refuse "$mount cannot be unmounted: this node still holds it, nothing is given away"
		fi
		tries=$((tries + 1))
		sleep 2
	done
}

# One breath: what stays attached is tasted again, and the mirror is back 4 s later (R3, R21).
stop_mirror() {
	find_unit
	find_gate
	[ -e "$dev/mirror/$mirror" ] || [ -n "$unit" ] || [ -n "$gate" ] || return 0
	if gmirror status -s "$mirror" 2>/dev/null | grep -q SYNCHRONIZING; then
		refuse "mirror $mirror is being copied and nobody has it mounted: left alone"
	fi
	if [ -e "$dev/mirror/$mirror" ]; then
		run gmirror stop "$mirror" || refuse "mirror $mirror does not stop: this node still holds it"
	fi
	if [ -n "$unit" ]; then
		run mdconfig -d -u "${unit#md}" || run mdconfig -d -o force -u "${unit#md}"
	fi
	if [ -n "$gate" ]; then
		run ggatec destroy -u "${gate#ggate}" || run ggatec destroy -f -u "${gate#ggate}"
	fi
	sleep 5
	find_unit
	find_gate
	[ -z "$unit" ] || refuse "$image is still attached as $unit"
	[ -z "$gate" ] || refuse "$gate is still there"
	[ ! -e "$dev/mirror/$mirror" ] || refuse "mirror $mirror is back"
	say "nothing of the pair is attached here"
}

if operator_holds "$operator"; then
	say "an operator's job holds this node: nothing done"
	exit 0
fi
if [ -n "$vrrp" ] && ! is_backup 0; then
	say "$floating is here again: nothing done"
	exit 0
fi
find_unit
find_mounts
if [ -n "$empty" ] && [ -n "$mounted" ]; then
	say "this node was promoted since freevrrpd called: nothing done"
	exit 0
fi
case $mounted in
'') ;;
"$dev/mirror/$mirror $look") run umount "$look" ;;
"$dev/mirror/$mirror $mount" | "$dev/${unit:-none} $mount") unmount ;;
*) refuse "mounted in another way: $mounted: nothing done" ;;
esac
find_mounts
[ -z "$mounted" ] || refuse "$mount is still mounted: nothing is given away"
if [ "$home" = master ]; then
	stop_mirror
else
	detach_image || refuse "$image is still attached: it is not served"
	exec "${0%/*}/serve.sh" -L ${operator:+-r "$operator"}
fi
