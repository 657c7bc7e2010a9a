#!/bin/sh
# mirrorgate's sampler: fed to /bin/sh on a node through an SSH channel, it answers each `tick N SECTION ...` line
# of its input with one frame per section until that input ends. It only reads, and keeps nothing on the node.
# Installed behind the gate of a monitor's key it is given a file of settings ($1), and takes no others; with a
# section besides ($2) it answers that one and ends, which is how the few reads that need root are allowed.
# What can hang is asked through a channel of its own, so this shell does one thing after the other.
# POSIX sh: FreeBSD's sh, dash, bash.
#
# The braces make the shell read all of this before it runs any of it: what follows on the same input is ticks.
{
PATH=/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin
LC_ALL=C
export PATH LC_ALL
# FreeBSD's login.conf sets BLOCKSIZE; without it `ls -s` counts in blocks of 512 bytes.
unset BLOCKSIZE ENV CDPATH
set -f

log=/var/log/messages
vrrp_conf=/usr/local/etc/freevrrpd.conf
gg_exports=/etc/gg.exports
state=/var/db/mirrorgate
qmail=/var/qmail
qmail_log=/var/log/qmail/current
image=
boundary=
salt=
settings=${1-}
fixed=
root=
# Constant for as long as this shell runs, so asked once. Nothing but `read` below may touch the input.
identity=$(id -u </dev/null; id -Gn </dev/null)

# $1: a line of freevrrpd.conf that may hold a secret. The value stays here; what leaves is its length and a keyed
# checksum of its first eight characters, all that freevrrpd uses, so that two nodes can be compared.
mask() {
	key=${1%%=*}
	key=${key%"${key##*[![:space:]]}"}
	if [ "${1#*=}" = "$1" ]; then
		key=${key#"${key%%[![:space:]]*}"}
		printf '%s ********\n' "${key%%[[:space:]]*}"
		return
	fi
	value=${1#*=}
	value=${value#"${value%%[![:space:]]*}"}
	value=${value%"${value##*[![:space:]]}"}
	eight=$value
	if [ ${#value} -gt 8 ]; then
		eight=${value%"${value#????????}"}
	fi
	check=$(printf '%s%s' "$salt" "$eight" | cksum)
	printf '%s = ******** (length %s, check %s)\n' "$key" "${#value}" "${check%%[[:space:]]*}"
}

vrrpconf() {
	if [ ! -r "$vrrp_conf" ]; then
		cat -- "$vrrp_conf"
		return
	fi
	while IFS= read -r line || [ -n "$line" ]; do
		about=${line%%=*}
		case $line in
		'#'*) about=$line ;;
		esac
		case $about in
		*[Pp][Aa][Ss][Ss][Ww][Oo][Rr][Dd]* | *[Pp][Rr][Ee][Ss][Hh][Aa][Rr][Ee][Dd]*) mask "$line" ;;
		*) printf '%s\n' "$line" ;;
		esac
	done <"$vrrp_conf"
}

# $1: a text file. Its name, then its first 64 KiB; the boundary, which no file knows, stands before what is not its
# own text. A last line may have no end, so the next name begins with one.
show() {
	if [ ! -f "$1" ]; then
		printf '\n%s %s missing\n' "$boundary" "$1"
		return
	fi
	printf '\n%s %s\n' "$boundary" "$1"
	head -c 65536 -- "$1" 2>/dev/null || printf '\n%s\n' "$boundary"
}

# The lines of each file follow its name, each after a blank; whatever is set to a password word is masked. One awk
# for all of them: this is asked before every step of a job.
files() {
	scripts=$(sed -n 's/^[[:blank:]]*[a-z]*script[[:blank:]]*=[[:blank:]]*\(\/[^[:blank:]]*\).*/\1/p' "$vrrp_conf" \
		2>/dev/null | sort -u)
	{
		show /etc/rc.conf
		show /boot/loader.conf
		show /etc/fstab
		for path in $scripts; do
			show "$path"
		done
	} | awk -v mark="$boundary" '
		index($0, mark) == 1 {
			if (last != "")
				print " " last
			last = ""
			held = 0
			name = substr($0, length(mark) + 1)
			print (name == "" ? "unreadable" : "##" name)
			next
		}
		{
			if (held)
				print " " last
			last = $0
			held = 1
			if (match(last, /[Pp][Aa][Ss][Ss][Ww][A-Za-z_]*[ \t]*=/))
				last = substr(last, 1, RSTART + RLENGTH - 1) " ********"
		}
		END {
			if (last != "")
				print " " last
		}'
}

images() {
	for path in $({ awk '!/^[ \t]*#/ && NF >= 3 { print $3 }' "$gg_exports" 2>/dev/null
		printf '%s\n' "$image"; } | sort -u); do
		printf '## %s\n' "$path"
		ls -ls -- "$path"
	done
}

geom() {
	sysctl -n kern.geom.confxml 2>/dev/null && return
	echo '#fallback'
	echo '## gmirror'
	gmirror list
	listed=$?
	echo '## ggatec'
	ggatec list -v
	echo '## mdconfig'
	mdconfig -lv
	return "$listed"
}

metadata() {
	if ! components=$(gmirror status -s 2>&1); then
		printf '%s\n' "$components"
		return 1
	fi
	outcome=0
	for component in $(printf '%s\n' "$components" | awk '{ print $3 }'); do
		printf '## %s\n' "$component"
		gmirror dump "$component" || outcome=$?
	done
	return "$outcome"
}

sockets() {
	if ! listing=$(sockstat -4 2>&1); then
		printf '%s\n' "$listing"
		return 1
	fi
	printf '%s\n' "$listing" | awk 'NR == 1 || /ggate/ || /:3080/'
}

# A log that cannot be read must not look like a log with nothing in it.
readable() {
	[ -r "$1" ] || { cat -- "$1"; return 1; }
}

vrrplog() {
	readable "$log" || return
	tail -n 400 "$log" | grep -a 'freevrrpd\[' | tail -n 40
}

messages() {
	readable "$log" || return
	tail -n 400 "$log" | grep -aE 'GEOM_|ggate[cd]|freevrrpd|arp:|kernel:.*(mirror|dismounted|full)' | tail -n 120
	echo '## states'
	grep -ah 'freevrrpd.*server state' "$log" | tail -n 20
}

mail() {
	echo '## qstat'
	"$qmail/bin/qmail-qstat"
	counted=$?
	echo '## place'
	realpath -- "$qmail/queue" 2>/dev/null
	echo '## log'
	tail -n 200 "$qmail_log"
	return "$counted"
}

# Who runs a job here: the lock is a directory, taken by mkdir and filled a moment later.
lock() {
	cat -- "$state/lock/owner" "$state/lock/beat"
	found=$?
	if [ "$found" -ne 0 ] && [ -d "$state/lock" ]; then
		echo '## taken'
	fi
	return "$found"
}

# $1: a section.
look() {
	case $1 in
	host)
		date +%s
		printf '%s\n' "$identity"
		sysctl kern.hostname kern.osrelease kern.boottime vm.loadavg
		;;
	mounts) mount -p ;;
	ifconfig) ifconfig -a ;;
	ps) ps -axww -o pid,ppid,stat,command ;;
	modules) kldstat ;;
	exports) cat -- "$gg_exports" ;;
	df) df -k -n ;;
	vrrplog) vrrplog ;;
	messages) messages ;;
	sockets) sockets ;;
	vrrpconf) vrrpconf ;;
	files) files ;;
	images) images ;;
	geom) geom ;;
	metadata) metadata ;;
	mail) mail ;;
	lineage) cat -- "$state/lineage" ;;
	lock) lock ;;
	esac
}

# $1: a section. As root where the settings allow it; that one is told what is kept here, and nothing else.
read_section() {
	case " $root " in
	*" $1 "*) printf 'hello %s %s\n' "$boundary" "$salt" | "${root%% *}" -n "$0" "$settings" "$1" ;;
	*) look "$1" </dev/null ;;
	esac
}

# $1: the tick, $2: a section. The end of one answer and the beginning of the next leave in one piece.
answer() {
	printf '%s@%s begin %s %s\n' "$ending" "$boundary" "$1" "$2"
	read_section "$2" 2>&1
	ending="
@$boundary end $1 $2 $?
"
}

# $1: the tick, $2: its sections; a word that is no section is passed over.
tick() {
	case $1 in
	'' | *[!0-9]*) return ;;
	esac
	ending=
	for section in $2; do
		case $section in
		host | mounts | ifconfig | ps | vrrplog | geom | messages | modules | sockets | vrrpconf | exports | files | \
			images | df | metadata | mail | lineage | lock)
			answer "$1" "$section"
			;;
		esac
	done
	printf '%s@%s done %s\n' "$ending" "$boundary" "$1"
}

# $1: the name of a setting, $2: an absolute path without odd characters.
setting() {
	if [ -n "$fixed" ]; then
		return
	fi
	case $2 in
	/*[!A-Za-z0-9._/@+-]*) return ;;
	/*) ;;
	*) return ;;
	esac
	case $1 in
	qmail) qmail=$2 ;;
	qmaillog) qmail_log=$2 ;;
	image) image=$2 ;;
	esac
}

# $1: the boundary, $2: the salt; both 32 hexadecimal digits.
hello() {
	case $1$2 in
	*[!0-9a-f]*) return ;;
	esac
	if [ ${#1} -eq 32 ] && [ ${#2} -eq 32 ]; then
		boundary=$1
		salt=$2
	fi
}

if [ -n "$settings" ]; then
	while read -r word first rest; do
		case $word:$first in
		set:*) setting "$first" "$rest" ;;
		root:sudo | root:doas) root="$first $rest" ;;
		esac
	done <"$settings" || exit 1
	fixed=1
fi
if [ -n "${2-}" ]; then
	root=
	read -r word first rest
	[ "$word" != hello ] || hello "$first" "$rest"
	[ -n "$boundary" ] || exit 1
	case $2 in
	vrrpconf | exports | files | images | lineage | lock) look "$2" </dev/null ;;
	*) exit 1 ;;
	esac
	exit
fi
echo 'mirrorgate-sampler 1'
while read -r word first rest; do
	case $word in
	hello) hello "$first" "$rest" ;;
	set) setting "$first" "$rest" ;;
	tick) [ -z "$boundary" ] || tick "$first" "$rest" ;;
	bye) break ;;
	esac
done
exit 0
}
