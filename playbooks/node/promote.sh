#!/bin/sh
# Makes this node serve the file system: promote.sh [-v] [-r RUN] [-i ID].
#   -v      called by freevrrpd: the role must still be MASTER, and promotion=auto
#   -r RUN  called by the run that holds the operator's lock
#   -i ID   the new lineage id (16 hexadecimal digits) in place of a random one
# Ends with 0 only when the file system is mounted, its lineage is written and every hook has started.
what=promote
# shellcheck source=playbooks/node/pair.sh
. "${0%/*}/pair.sh"

vrrp='' operator='' id='' my_turn=''
arguments=$*
while getopts Lvr:i: option; do
	case $option in
	L) my_turn=yes ;;
	v) vrrp=yes ;;
	r) operator=$OPTARG ;;
	i) id=$OPTARG ;;
	*) refuse "usage: promote.sh [-v] [-r RUN] [-i ID]" ;;
	esac
done
case $arguments in
*[!A-Za-z0-9.\ _-]*) refuse "odd characters in the arguments" ;;
esac
# shellcheck disable=SC2086 # words without blanks, checked just above
[ -n "$my_turn" ] || wait_for_turn "$0" $arguments
read_settings
device=$dev/mirror/$mirror

wait_for_mirror() {
	tries=0
	while [ ! -e "$device" ]; do
		[ "$tries" -lt 20 ] || return 1
		tries=$((tries + 1))
		sleep 1
	done
}

# Back to the state before, when the surprise is that this half must not be served.
back_out() {
	say "$1"
	detach_image || refuse "$image could not be detached: it is neither mounted nor served"
	[ -z "$was_serving" ] || serve_image
	exit 1
}

clean() {
	dumpfs "$device" 2>/dev/null |
		awk '{ for (i = 1; i < NF; i++) if ($i == "clean" && !found) { found = 1; is = $(i + 1) } } END { exit is != 1 }'
}

# The half of this node must know every promotion that the node knows of: else newer data is elsewhere.
# $1: where the file system is mounted now. Sets `mine` and `data`.
knows_all() {
	mine=$(newest "$state/lineage") || return 1
	data=$(newest "$1/.mirrorgate/lineage") || return 1
	[ -n "$mine" ] || return 0
	[ -e "$1/.mirrorgate/lineage" ] || return 1
	awk -v id="$mine" '$1 == id { found = 1 } END { exit !found }' "$1/.mirrorgate/lineage"
}

# On the disk when this returns: the history of the data with the new line, first in the file system and then as this
# node's own copy. Cut off in between, the node knows less than its data, which is harmless; never more.
write_lineage() {
	# A home master that goes on with both halves begins nothing that the peer would not have.
	if [ "$home" = master ] && [ -z "$id" ] && [ -n "$data" ] && [ "$data" = "$mine" ]; then
		say "lineage stays $data"
		return 0
	fi
	[ -n "$id" ] || id=$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
	case $id in
	*[!0-9a-f]*) return 1 ;;
	????????????????) ;;
	*) return 1 ;;
	esac
	inside=$mount/.mirrorgate/lineage
	if [ "$data" != "$id" ]; then
		[ -d "$mount/.mirrorgate" ] || mkdir -m 700 "$mount/.mirrorgate" || return 1
		{ [ ! -e "$inside" ] || cat "$inside"; } >"$inside.new" || return 1
		printf '%s\n' "$id ${data:--} $(date +%s) $(hostname -s)" >>"$inside.new" || return 1
		mv -f "$inside.new" "$inside" && fsync "$inside" || return 1
	fi
	cat "$inside" >"$state/lineage.new" && mv -f "$state/lineage.new" "$state/lineage" && fsync "$state/lineage" || return 1
	# What serve.sh asks, whatever name a console knows this node by.
	printf '%s\n' "$id" >"$state/promoted" || return 1
	say "lineage $id, after ${data:--}"
}

check_file_system() {
	began=$(date +%s)
	case $fsck in
	refuse) clean || refuse "$device is not clean, and fsck=refuse: nothing mounted" ;;
	preen) run fsck -t ufs -p "$device" || refuse "fsck -p gives up on $device: nothing mounted, run fsck by hand" ;;
	yes)
		run fsck -t ufs -p "$device" || run fsck -t ufs -y "$device" ||
			refuse "fsck -y gives up on $device: nothing mounted"
		;;
	esac
	say "the file system was checked in $(($(date +%s) - began)) s"
}

# The home master only goes on with what it already has, whole. Anything else is a fail-back: an operator's job.
prepare_master() {
	[ -e "$device" ] || refuse "mirror $mirror does not run here: this is a fail-back, use the job fail-back"
	whole=$(gmirror list "$mirror" 2>/dev/null | awk '$1 == "State:" && !seen { seen = 1; state = $2 }
		$1 == "Components:" { all = $2 }
		$1 == "Consumers:" { inside = 1 }
		inside && $1 == "State:" && $2 == "ACTIVE" { active++ }
		END { print state, all + 0, active + 0 }')
	[ "$whole" = "COMPLETE 2 2" ] ||
		refuse "mirror $mirror is not complete (state, halves, active: $whole): use the job fail-back or recover-slave"
	find_gate
	[ -n "$gate" ] || refuse "no gate to $peer_image: use the job recover-slave"
	pgrep -x ggatec >/dev/null || refuse "$gate has no ggatec: COMPLETE is not to be trusted, use the job recover-slave"
	find_connections
	[ "$dialled" -gt 0 ] || refuse "$gate is not connected to $peer: COMPLETE is not to be trusted, use the job recover-slave"
	peer_answers || refuse "$peer does not answer: it may serve newer data, use the job promote"
}

# The home slave stops exporting, attaches its image and runs the mirror on it, so that gmirror's counters move (R10).
prepare_slave() {
	[ ! -e "$device" ] || [ -n "$unit" ] || refuse "mirror $mirror runs here on something else than $image"
	alive=
	find_connections
	held=$from_peer
	if peer_answers; then
		alive=yes
		[ "$held" -eq 0 ] ||
			refuse "$peer answers and still has $image attached: it may have it mounted, so nothing is promoted"
	fi
	stop_ggated || refuse "ggated does not end: nothing attached"
	kldstat -q -m g_mirror || run kldload geom_mirror || refuse "geom_mirror cannot be loaded"
	if [ -z "$unit" ]; then
		run mdconfig -a -t vnode -f "$image" -u "$md_unit" || back_out "$image could not be attached as md$md_unit"
		unit=md$md_unit
	fi
	flags=$(gmirror dump "$unit" 2>/dev/null | sed -n 's/^ *dflags: *//p')
	case $flags in
	*SYNCHRONIZING*) back_out "$image is a copy that was never finished: it cannot be served (P23)" ;;
	esac
	wait_for_mirror || back_out "no $device 20 s after $image was attached"
	say "mirror $mirror runs on $unit"
	# A peer that is there and let go has also unmounted: else the file system would still be marked as in use.
	if [ -n "$alive" ] && ! clean; then
		back_out "$peer answers, and $device was not unmounted there: it may go on without this half"
	fi
	# A peer that died with this half in use is connected to the end. One that was not has dropped it before, and
	# went on alone nobody knows for how long: freevrrpd cannot accept what is missing here, only an operator can.
	if [ -n "$vrrp" ] && [ "$held" -eq 0 ] && ! clean; then
		back_out "$device was not unmounted, and $peer had dropped this half: data may be missing, use the job promote"
	fi
	# Looked at without writing: a half that is not to be served must not get newer counters.
	if mkdir -p "$look" && mount -t ufs -o ro "$device" "$look" 2>/dev/null; then
		knows_all "$look"
		known=$?
		run umount "$look" || refuse "$look cannot be unmounted after a look at its lineage"
		[ "$known" -eq 0 ] || back_out "$image does not hold promotion ${mine:-?} that this node knows of: newer data is elsewhere"
	fi
}

if operator_holds "$operator"; then
	say "an operator's job holds this node: nothing done"
	exit 0
fi
if [ -n "$vrrp" ] && ! is_master; then
	say "$floating is not here any more: nothing done"
	exit 0
fi
find_unit
find_mounts
if [ "$mounted" = "$device $look" ]; then
	# Left by a promotion that was cut off.
	run umount "$look" || refuse "$look cannot be unmounted: nothing done"
	find_mounts
fi
case $mounted in
"$device $mount")
	say "$mount is mounted already"
	exit 0
	;;
?*) refuse "mounted in another way: $mounted: nothing done" ;;
esac
[ -z "$vrrp" ] || [ "$promotion" = auto ] || refuse "promotion=manual: an operator promotes this node, use the job promote"
[ -d "$mount" ] || refuse "$mount is no directory"
# Without room for its lineage a promotion could not be told from a split later.
if ! printf x >"$state/room" || ! rm "$state/room"; then
	refuse "$state cannot be written: nothing done"
fi

say "$home by home begins to serve $mount"
"prepare_$home"
check_file_system
run mount -t ufs "$device" "$mount" || refuse "$device could not be mounted"
if ! knows_all "$mount" || ! write_lineage; then
	umount "$mount"
	refuse "the lineage in $mount or $state makes no sense or cannot be written: unmounted again"
fi
if ! run_hooks start; then
	say "$mount is mounted, but a hook failed"
	exit 1
fi
say "$mount is mounted and served"
