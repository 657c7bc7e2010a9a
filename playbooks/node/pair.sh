# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # what is set here is used there, and the other way round
# What promote.sh, demote.sh and serve.sh share: settings, log, turn, and looking at this node. Sourced, never run.
# POSIX sh: FreeBSD's sh, dash, bash. Nothing here guesses: what cannot be read is refused, and logged.

PATH=/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin
LC_ALL=C
export PATH LC_ALL
unset BLOCKSIZE ENV CDPATH

dev=/dev
exports=/etc/gg.exports
settings_file=/usr/local/etc/mirrorgate.conf
state=/var/db/mirrorgate
look=$state/look
turn=/var/run/mirrorgate.turn

# $1: one line. Whoever runs this by hand sees it too.
say() {
	logger -t mirrorgate -p daemon.notice "$what: $1"
	printf '%s\n' "$what: $1"
}

refuse() {
	logger -t mirrorgate -p daemon.err "$what: $1"
	printf '%s\n' "$what: $1" >&2
	exit 1
}

# Runs a command and logs how it ended. Not for what leaves a daemon behind: that would hold the output open.
run() {
	said=$("$@" 2>&1 </dev/null)
	status=$?
	if [ "$status" -eq 0 ]; then
		say "$*"
		return 0
	fi
	say "failed with $status: $*: $(printf '%s' "$said" | tr '\n' ' ' | cut -c 1-300)"
	return 1
}

# One script at a time on this node. The kernel gives the lock back whatever happens to its holder, so there is no
# stale lock to judge. $@: the script and its arguments, run again with -L once it is its turn.
wait_for_turn() {
	script=$1
	shift
	lockf -k -s -t 300 "$turn" "$script" -L "$@"
	status=$?
	[ "$status" -ne 75 ] || refuse "another script of mirrorgate has been at work for 300 s: nothing done"
	exit "$status"
}

read_settings() {
	[ -r "$settings_file" ] || refuse "cannot read $settings_file: nothing done"
	names=' '
	while IFS= read -r line || [ -n "$line" ]; do
		case $line in
		'' | '#'*) continue ;;
		*=*) ;;
		*) refuse "$settings_file: not an assignment: $line" ;;
		esac
		name=${line%%=*}
		value=${line#*=}
		case $value in
		\'*\')
			value=${value#\'}
			value=${value%\'}
			;;
		\"*\")
			value=${value#\"}
			value=${value%\"}
			;;
		esac
		case $value in
		'' | *[!A-Za-z0-9._/@:+-]*) refuse "$settings_file: $name is empty or has odd characters" ;;
		esac
		case $names in
		*" $name "*) refuse "$settings_file: $name is set twice" ;;
		esac
		names="$names$name "
		case $name in
		home) home=$value ;;
		mirror) mirror=$value ;;
		mount) mount=$value ;;
		image) image=$value ;;
		md_unit) md_unit=$value ;;
		peer) peer=$value ;;
		peer_image) peer_image=$value ;;
		gate_unit) gate_unit=$value ;;
		gate_timeout) gate_timeout=$value ;;
		floating) floating=$value ;;
		fsck) fsck=$value ;;
		promotion) promotion=$value ;;
		hooks) hooks=$value ;;
		*) refuse "$settings_file: $name is no setting" ;;
		esac
	done <"$settings_file"
	for name in home mirror mount image md_unit peer peer_image gate_unit gate_timeout floating fsck promotion \
		hooks; do
		case $names in
		*" $name "*) ;;
		*) refuse "$settings_file: $name is missing" ;;
		esac
	done
	case $home in master | slave) ;; *) refuse "$settings_file: home is master or slave, not $home" ;; esac
	case $fsck in preen | yes | refuse) ;; *) refuse "$settings_file: fsck is preen, yes or refuse, not $fsck" ;; esac
	case $promotion in auto | manual) ;; *) refuse "$settings_file: promotion is auto or manual, not $promotion" ;; esac
	case $mirror in */* | .*) refuse "$settings_file: mirror is a name, not $mirror" ;; esac
	for value in "$mount" "$image" "$peer_image" "$hooks"; do
		case $value in
		/ | *//* | */../* | */..) refuse "$settings_file: $value is no path that can be used" ;;
		/*) ;;
		*) refuse "$settings_file: $value is not an absolute path" ;;
		esac
	done
	for value in "$md_unit" "$gate_unit" "$gate_timeout"; do
		case $value in *[!0-9]*) refuse "$settings_file: $value is not a number" ;; esac
	done
	for value in "$peer" "$floating"; do
		case $value in
		*[!0-9.]* | .* | *. | *..* | *.*.*.*.*) refuse "$settings_file: $value is not an IPv4 address" ;;
		*.*.*.*) ;;
		*) refuse "$settings_file: $value is not an IPv4 address" ;;
		esac
	done
	[ "$peer" != "$floating" ] || refuse "$settings_file: peer is the floating address, which may be this node itself"
	# mount(8) tells the real path, where /home is a link. The mount point itself may hang: it is not looked at.
	above=${mount%/*}
	if [ -d "${above:-/}" ]; then
		real=$(realpath "${above:-/}") || refuse "$above makes no sense"
		mount=${real%/}/${mount##*/}
	fi
	[ -d "$state" ] || mkdir -m 755 "$state" || refuse "cannot make $state"
}

# An operator's job holds this node, and it is not the run $1. A beat older than 60 s is nobody's.
operator_holds() {
	[ -d "$state/lock" ] || return 1
	owner=$(sed -n 's/^run=//p' "$state/lock/owner" 2>/dev/null)
	if [ -n "$1" ] && [ "$owner" = "$1" ]; then
		return 1
	fi
	beat=$(cat "$state/lock/beat" 2>/dev/null)
	[ -n "$beat" ] || beat=$(sed -n 's/^since=//p' "$state/lock/owner" 2>/dev/null)
	case $beat in
	'' | *[!0-9]*) return 0 ;;
	esac
	now=$(date +%s)
	[ $((now - beat)) -le 60 ]
}

holds_address() {
	ifconfig -a | awk -v address="$floating" '$1 == "inet" && $2 == address { found = 1 } END { exit !found }'
}

# freevrrpd puts the address on before the master script and takes it off before the backup script. Whoever waited
# for a turn acts on what is so now, not on what was so when it was called.
is_master() {
	tries=0
	until holds_address; do
		[ "$tries" -lt 3 ] || return 1
		tries=$((tries + 1))
		sleep 1
	done
}

# Every start of freevrrpd runs the backup script first and decides 3 advertisements and a little later who is master
# (P37). So this node is backup when the address has stayed away for longer than that.
is_backup() {
	tries=0
	while ! holds_address; do
		[ "$tries" -lt "$1" ] || return 0
		tries=$((tries + 1))
		sleep 1
	done
	return 1
}

# Sets `mounted` to what is mounted at the mount point, or from the mirror or the image anywhere: "DEVICE POINT" a line.
find_mounts() {
	table=$(mount -p) || refuse "mount does not answer: nothing done"
	mounted=$(printf '%s\n' "$table" | awk -v point="$mount" -v mirror="$dev/mirror/$mirror" -v md="$dev/${unit:-none}" \
		'$2 == point || $1 == mirror || $1 == md || index($1, md "p") == 1 { print $1, $2 }')
}

# Sets `unit` to the md that has the image attached, by its file and never by its number (P11); empty without one.
find_unit() {
	unit=
	real=$(realpath "$image" 2>/dev/null) || refuse "$image is not there: nothing done"
	[ -f "$real" ] || refuse "$image is not a file: nothing done"
	table=$(mdconfig -lv 2>&1) || refuse "mdconfig -lv does not answer: nothing done: $table"
	for found in $(printf '%s\n' "$table" | awk '$2 == "vnode" { print $1 ":" $4 }'); do
		file=$(realpath "${found#*:}" 2>/dev/null)
		[ "$file" = "$real" ] || continue
		[ -z "$unit" ] || refuse "$image is attached twice, as $unit and ${found%%:*}: nothing done"
		unit=${found%%:*}
	done
}

# The gate to the peer's image: its name, or nothing.
find_gate() {
	gate=
	table=$(ggatec list -v 2>/dev/null) || return 0
	gate=$(printf '%s\n' "$table" | awk -v image="$peer_image" \
		'$1 == "NAME:" { name = $2 } $1 == "info:" && $NF == image { found = name } END { print found }')
}

# Counts established connections: `connections` to ggated here, `from_peer` those of them that the peer made, and
# `dialled` those from here to the peer's ggated.
find_connections() {
	table=$(netstat -an -f inet -p tcp) || refuse "netstat does not answer: nothing done"
	counts=$(printf '%s\n' "$table" | awk -v peer="$peer" '$6 == "ESTABLISHED" {
			here += $4 ~ /[.]3080$/
			from += $4 ~ /[.]3080$/ && index($5, peer ".") == 1
			there += $5 == peer ".3080"
		}
		END { print here + 0, from + 0, there + 0 }')
	connections=${counts%% *}
	dialled=${counts##* }
	from_peer=${counts#* }
	from_peer=${from_peer% *}
}

peer_answers() {
	ping -c 3 -i 0.3 -t 1 "$peer" >/dev/null 2>&1
}

# pkill returns before the last child has ended: writes that are under way must be over (P41).
stop_ggated() {
	was_serving=
	pgrep -x ggated >/dev/null || return 0
	was_serving=yes
	say "stopping ggated"
	pkill -x ggated
	tries=0
	find_connections
	while pgrep -x ggated >/dev/null || [ "$connections" -gt 0 ]; do
		[ "$tries" -ne 15 ] || pkill -KILL -x ggated
		[ "$tries" -lt 20 ] || return 1
		tries=$((tries + 1))
		sleep 1
		find_connections
	done
	say "ggated has ended"
}

# Only ever called by a home slave: the image is served when it is certain that nothing of it is in use here (P10).
serve_image() {
	find_unit
	[ -z "$unit" ] || refuse "$image is attached as $unit: it is not served"
	find_mounts
	[ -z "$mounted" ] || refuse "$mount is mounted: $image is not served"
	[ ! -e "$dev/mirror/$mirror" ] || refuse "mirror $mirror runs here: $image is not served"
	awk -v image="$image" '$1 !~ /^#/ && $3 == image { found = 1 } END { exit !found }' "$exports" ||
		refuse "$exports does not list $image: it is not served"
	if ! pgrep -x ggated >/dev/null; then
		ggated >/dev/null 2>&1 </dev/null || refuse "ggated did not start: see its lines in the log"
	fi
	tries=0
	until netstat -an -f inet -p tcp | awk '$6 == "LISTEN" && $4 ~ /[.]3080$/ { found = 1 } END { exit !found }'; do
		[ "$tries" -lt 5 ] || refuse "ggated does not listen on port 3080"
		tries=$((tries + 1))
		sleep 1
	done
	say "$image is served by ggated"
}

# Detaches the image under a mirror that nobody has mounted. A mirror whose half is not hard-coded is back within
# milliseconds of `gmirror stop`, so the md goes by force and the mirror with it (R21); then look again (R3).
detach_image() {
	find_unit
	[ -n "$unit" ] || return 0
	find_mounts
	[ -z "$mounted" ] || refuse "$image is mounted: it stays attached"
	run mdconfig -d -o force -u "${unit#md}" || return 1
	sleep 6
	find_unit
	[ -z "$unit" ] && [ ! -e "$dev/mirror/$mirror" ]
}

# The newest id of a lineage file; nothing when there is no file. Fails on a line that makes no sense.
newest() {
	[ -e "$1" ] || return 0
	awk 'NF != 4 || length($1) != 16 || $1 ~ /[^0-9a-f]/ { bad = 1 } { id = $1 }
		END { if (bad) exit 1; if (id != "") print id }' "$1"
}

# Runs the hooks with $1: start in order, stop in reverse. One that fails is logged and the others still run:
# what counts, the mount, is looked at afterwards.
run_hooks() {
	[ -d "$hooks" ] || return 0
	order=
	[ "$1" = start ] || order=-r
	failed=0
	# shellcheck disable=SC2012,SC2086 # hooks are named NN-name, and an empty order is no argument
	for hook in $(ls "$hooks" | sort $order); do
		case $hook in
		[0-9][0-9]-*) ;;
		*) continue ;;
		esac
		[ -x "$hooks/$hook" ] || continue
		if "$hooks/$hook" "$1" >/dev/null 2>&1 </dev/null; then
			say "hook $hook $1"
		else
			say "hook $hook $1 failed"
			failed=1
		fi
	done
	return "$failed"
}
