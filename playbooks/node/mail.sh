#!/bin/sh
# mirrorgate's look at the mail of a node: fed to /bin/sh through an SSH channel, it answers each request of its
# input with framed sections and `done`. It only reads, and keeps nothing on the node. The text of a message is
# never read. What works runs beside the shell that reads: when the input ends, as it does when the channel is
# closed, what still works is ended. POSIX sh, FreeBSD 4 to 14: find and stat, or find -ls where there is no stat.
#
# Words of a request are data: they are taken by `read -r`, checked, and never run. A list follows its request, a
# line each after `+`, and ends with `.`. Installed behind the gate of a monitor's key it is given a file of settings
# ($1), and takes no others.
#
# Functions are called by their names in variables, and names of files are our own.
# shellcheck disable=SC2329,SC2317,SC2012,SC2009
#
# The braces make the shell read all of this before it runs any of it: what follows on the same input is requests.
{
PATH=/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin
LC_ALL=C
export PATH LC_ALL
unset BLOCKSIZE ENV CDPATH
set -f
renice 10 -p $$ >/dev/null 2>&1

qmail=/var/qmail
qmail_log=/var/log/qmail/current
boundary=
fixed=
job=
list=
more=
# What may be shown of control/: the files of qmail-control(5), and those that guides add. Others may hold keys.
known='badhelo badloadertypes badmailfrom badmailfromnorelay badmailto badmailtonorelay badmimetypes badrcptto
bouncefrom bouncehost bouncemaxbytes concurrencyincoming concurrencylocal concurrencyremote databytes
defaultdelivery defaultdomain defaulthost doublebouncehost doublebounceto envnoathost helohost idhost
localiphost locals maxrcpt me mfcheck morercpthosts outgoingip percenthack plusdomain qmqpservers queuelifetime
rcpthosts recipientmap relaymailfrom simcontrol smtpgreeting smtpplugins smtproutes spfbehavior spfexp spfguess
spfrules tarpitcount tarpitdelay timeoutconnect timeoutremote timeoutsmtpd tlsclientciphers tlsclients
tlsserverciphers virtualdomains'

# $1: the request's number, $2: the section's name, the rest: what answers it.
section() {
	printf '\n@%s begin %s %s\n' "$boundary" "$1" "$2"
	name="$1 $2"
	shift 2
	"$@" 2>&1
	printf '\n@%s end %s %s' "$boundary" "$name" "$?"
	echo
}

# Which stat(1) there is.
case $(stat -f %z / 2>/dev/null </dev/null) in
'' | *[!0-9]*)
	case $(stat -c %s / 2>/dev/null </dev/null) in
	'' | *[!0-9]*) stat= ;;
	*) stat=gnu ;;
	esac
	;;
*) stat=bsd ;;
esac

# `time` as a program, where there is one: it tells on standard error.
timed=
if [ -x /usr/bin/time ]; then
	timed='/usr/bin/time -p'
fi

# Where, when and as whom: $1 and on are the directories that have to be read.
grounds() {
	printf 'user %s\nnow %s\n' "$(id -un)" "$(date +%s)"
	if [ ! -d "$qmail/queue" ]; then
		echo 'missing .'
		return 1
	fi
	cd "$qmail/queue" 2>/dev/null || { echo 'denied .'; return 1; }
	for dir in "$@"; do
		if [ ! -d "$dir" ]; then
			printf 'missing %s\n' "$dir"
		elif [ ! -r "$dir" ] || [ ! -x "$dir" ]; then
			printf 'denied %s\n' "$dir"
		fi
	done
}

# What find passes on the way: directories end in a slash; the files of mess have size and time of change.
# What finds nothing goes last: a message that is on its way from one directory to the next is met at least once.
walk() {
	case $stat in
	bsd)
		# shellcheck disable=SC2086 # one or two words, or none
		$timed find "$@" -type d -exec stat -f '%N/' {} + -o -path 'mess/*' -exec stat -f '%N %z %m' {} + -o -print
		;;
	gnu)
		# shellcheck disable=SC2086 # the same
		$timed find "$@" -type d -exec stat -c '%n/' {} + -o -path 'mess/*' -exec stat -c '%n %s %Y' {} + -o -print
		;;
	*)
		# shellcheck disable=SC2086 # the same
		$timed find "$@" -ls
		;;
	esac
}

# Complaints of find are kept apart, or one would stand in the middle of a name.
pass() {
	cd "$qmail/queue" || return
	set --
	for dir in todo intd mess info local remote bounce; do
		if [ -d "$dir" ]; then
			set -- "$@" "$dir"
		fi
	done
	if [ $# -eq 0 ]; then
		return
	fi
	said=$(walk "$@" 2>&1 >&4 4>&- | tail -c 65536)
}

queue() {
	section "$1" grounds grounds todo intd mess info local remote bounce
	printf '\n@%s begin %s pass\n' "$boundary" "$1"
	{ pass; } 4>&1
	printf '\n@%s end %s pass 0\n' "$boundary" "$1"
	section "$1" said printf '%s\n' "$said"
}

# $list: paths below the queue. One process reads them all, and each comes with its size before it, so that nothing
# in an address can be taken for the name of another file.
archive() {
	cd "$qmail/queue" || return
	printf '%s' "$list" | tr ' ' '\n' | grep -E '^(info|local|remote)/([0-9]+/)?[0-9]+$' | tar -cf - -T - 2>/dev/null |
		gzip -1
}

envelopes() {
	section "$1" grounds grounds info local remote
	section "$1" archive archive
}

# $1: the message, $2: its split directory or `-`. The paths of the files that it has.
places() {
	cd "$qmail/queue" || return
	set +f
	split=$2
	for path in mess/*/"$1" info/*/"$1"; do
		if [ -e "$path" ]; then
			split=${path#*/}
			split=${split%%/*}
		fi
	done
	set -f
	for path in "mess/$split/$1" "todo/$1" "todo/$split/$1" "intd/$1" "intd/$split/$1" "info/$split/$1" \
		"local/$split/$1" "remote/$split/$1" "bounce/$1"; do
		if [ -f "$path" ]; then
			printf '%s\n' "$path"
		fi
	done
}

# Standard input: paths.
describe() {
	cd "$qmail/queue" || return
	# shellcheck disable=SC2046 # names of our own making, without blanks
	set -- $(cat)
	if [ $# -eq 0 ]; then
		return
	fi
	case $stat in
	bsd) stat -f '%N %z %m %Su' "$@" ;;
	gnu) stat -c '%n %s %Y %U' "$@" ;;
	*) ls -ln "$@" | awk '{ print $NF, $5, "-", $3 }' ;;
	esac
}

bounce_text() {
	head -c 16384 "$qmail/queue/bounce/$1"
}

message() {
	section "$1" grounds grounds todo intd mess info local remote bounce
	list=$(places "$2" "$3")
	printf '%s\n' "$list" | section "$1" files describe
	list="$list
"
	section "$1" archive archive
	if [ -r "$qmail/queue/bounce/$2" ]; then
		section "$1" bounce bounce_text "$2"
	fi
}

# Of a route, what comes after the second word is a name and a password.
routes() {
	head -c 65536 "$1" |
		sed 's/^\([[:blank:]]*[^[:blank:]]\{1,\}[[:blank:]]\{1,\}[^[:blank:]]\{1,\}[[:blank:]]\{1,\}\).*/\1********/'
}

listing() {
	cd "$qmail/control" || return
	set +f
	set -- *
	set -f
	case $stat in
	bsd) stat -f '%z %m %Sp %Su %N' -- "$@" ;;
	gnu) stat -c '%s %Y %A %U %n' -- "$@" ;;
	*) ls -ln "$@" | awk '{ print $5, "-", $1, $3, $NF }' ;;
	esac
}

# The time now, and how long qmail-send has run.
sending() {
	date +%s
	ps -axww -o etime= -o command= | grep -E '^ *[-0-9:]+ +([^ ]*/)?qmail-send( |$)'
}

control() {
	section "$1" listing listing
	for file in $known; do
		if [ -f "$qmail/control/$file" ]; then
			case $file in
			smtproutes) section "$1" "file/$file" routes "$qmail/control/$file" ;;
			*) section "$1" "file/$file" head -c 65536 "$qmail/control/$file" ;;
			esac
		fi
	done
	section "$1" showctl "$qmail/bin/qmail-showctl"
	section "$1" sending sending
}

# current and what was rotated: inode, size, name, the oldest first.
logs() {
	cd "${qmail_log%/*}" || return
	set +f
	set -- @*.[su] "${qmail_log##*/}"
	set -f
	for file in "$@"; do
		shift
		if [ -f "$file" ]; then
			set -- "$@" "$file"
		fi
	done
	if [ $# -gt 0 ]; then
		ls -lin -- "$@" | awk '{ print $1, $6, $NF }'
	fi
}

# $1: the request's number. Of each file that does not end with a line feed, its end and how the next one begins.
torn() {
	cd "${qmail_log%/*}" || return
	before=
	for file in $(logs | awk '{ print $3 }'); do
		if [ -n "$before" ]; then
			section "$1" "next/$before" head -c 8192 "$file"
			before=
		fi
		if [ -s "$file" ] && [ -n "$(tail -c 1 "$file" | tr '\000' x)" ]; then
			section "$1" "torn/$file" tail -c 8192 "$file"
			before=$file
		fi
	done
}

readable() {
	cd "${qmail_log%/*}" || return
	printf 'user %s\n' "$(id -un)"
	cat -- "${qmail_log##*/}" </dev/null | head -c 1 >/dev/null
	[ -r "${qmail_log##*/}" ]
}

files() {
	section "$1" readable readable
	section "$1" logs logs
	torn "$1"
}

# $more: names of log files, $list: the words. The name of a file stands before each of its lines, also where there
# is one only.
matches() {
	cd "${qmail_log%/*}" || return
	set --
	for file in $more; do
		case $file in
		"${qmail_log##*/}") ;;
		@*[!0-9a-f.su]* | */*) continue ;;
		@*.s | @*.u) ;;
		*) continue ;;
		esac
		set -- "$@" "$file"
	done
	if [ $# -eq 0 ]; then
		return
	fi
	LC_ALL=C grep -anF -e "${list%
}" -- "$@" /dev/null 2>/dev/null | head -c 33554432
}

search() {
	section "$1" matches matches
	section "$1" logs logs
}

# $1: a log file, $2: from which byte on, $3: how many.
part() {
	printf '%s\n' "$2"
	tail -c "+$(($2 + 1))" -- "$1" | head -c "$3"
}

# What came after a byte of the file that had this inode, wherever that is now, and after it what is newer.
follow() {
	section "$1" logs logs
	cd "${qmail_log%/*}" || return
	from=$3
	left=$4
	found=
	logs | while read -r inode size file; do
		if [ "$inode" = "$2" ]; then
			found=1
		elif [ -z "$found" ]; then
			continue
		else
			from=0
		fi
		if [ "$from" -lt "$size" ] && [ "$left" -gt 0 ]; then
			length=$((size - from))
			if [ "$length" -gt "$left" ]; then
				length=$left
			fi
			section "$1" "part/$inode" part "$file" "$from" "$length"
			left=$((left - length))
		fi
	done
	section "$1" now date +%s
	section "$1" after logs
}

# $1: the request, $2: its number, the rest: checked words.
work() {
	said=
	"$@" </dev/null
	section "$2" 'done' :
}

# One thing after the other, and each beside this shell.
start() {
	if [ -n "$job" ]; then
		wait "$job"
	fi
	work "$@" &
	job=$!
}

# Reads a list into $list; fails where the input ends before it does.
take() {
	list=
	while IFS= read -r line; do
		case $line in
		.) return 0 ;;
		+*) list="$list${line#+}
" ;;
		esac
	done
	return 1
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
	esac
}

# Whether each word is a number.
numbers() {
	for number in "$@"; do
		case $number in
		'' | *[!0-9]*) return 1 ;;
		esac
	done
}

# $1: 32 hexadecimal digits.
hello() {
	case $1 in
	*[!0-9a-f]*) return ;;
	esac
	if [ ${#1} -eq 32 ]; then
		boundary=$1
	fi
}

if [ -n "${1-}" ]; then
	while read -r word first second; do
		[ "$word" != set ] || setting "$first" "$second"
	done <"$1" || exit 1
	fixed=1
fi
echo 'mirrorgate-mail 1'
while read -r word first second third fourth; do
	case $word in
	hello) hello "$first" ;;
	set) setting "$first" "$second" ;;
	bye)
		if [ -n "$job" ]; then
			wait "$job"
		fi
		exit 0
		;;
	esac
	if [ -z "$boundary" ] || ! numbers "$first"; then
		continue
	fi
	case $word in
	queue | control | files) start "$word" "$first" ;;
	envelopes)
		take || break
		start envelopes "$first"
		;;
	message)
		if numbers "$second" && { [ "$third" = - ] || numbers "$third"; }; then
			start message "$first" "$second" "$third"
		fi
		;;
	grep)
		take || break
		more=$list
		take || break
		start search "$first"
		;;
	more)
		if numbers "$second" "$third" "$fourth"; then
			start follow "$first" "$second" "$third" "$fourth"
		fi
		;;
	esac
done
# sshd gives each session a group of processes of its own: what still works for nobody ends with it.
trap '' TERM
if [ -n "$job" ] && kill -0 "$job" 2>/dev/null; then
	kill -TERM 0
fi
exit 0
}
