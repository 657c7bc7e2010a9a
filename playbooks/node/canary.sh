#!/bin/sh
# Writes numbered markers below the pair's mount point, to measure what a hand-over costs:
# canary.sh DIRECTORY ACKLOG INTERVAL [PIDFILE]
# Marker N is record N of 32 bytes in DIRECTORY/canary. Only once it is fsynced (sync is not enough: R11) the line
# `N UNIXTIME` goes into ACKLOG, which lies outside of the mount, and N goes up. It never makes DIRECTORY and never
# stays in it: without the mount there is nothing to write into, and it does not hold up an unmount.
# Ends when DIRECTORY is gone, when PIDFILE (made by whoever starts this, see `daemon -p`) is gone, or by a signal.
PATH=/sbin:/bin:/usr/sbin:/usr/bin
LC_ALL=C
export PATH LC_ALL

if [ $# -lt 3 ] || [ $# -gt 4 ]; then
	echo "usage: canary.sh DIRECTORY ACKLOG INTERVAL [PIDFILE]" >&2
	exit 64
fi
directory=$1 acknowledged=$2 interval=$3 pidfile=${4-}

complain() {
	echo "canary: $1" >&2
	exit 1
}

case $interval in '' | *[!0-9.]*) complain "$interval is not a number of seconds" ;; esac
[ -d "$directory" ] || complain "$directory is not there: nothing written"
# Below a mount point, and not just a directory of the root file system that is left when nothing is mounted.
mount -p | awk -v path="$directory/" '$2 != "/" && index(path, $2 "/") == 1 { found = 1 } END { exit !found }' ||
	complain "$directory is not in a mounted file system: nothing written"
if [ -s "$acknowledged" ]; then
	n=$(awk 'END { print $1 + 1 }' "$acknowledged")
elif [ -e "$directory/canary" ]; then
	complain "$directory/canary is from another canary: use a directory of its own"
else
	n=1
	touch "$acknowledged" || complain "$acknowledged cannot be written"
fi
# Not every date(1) knows fractions; whole seconds are read as such.
stamp=%s
case $(date +%s.%N) in *[!0-9.]*) ;; *) stamp=%s.%N ;; esac

while [ -d "$directory" ]; do
	[ -z "$pidfile" ] || [ -e "$pidfile" ] || exit 0
	if printf '%-31s\n' "$n $(date +%s)" |
		dd of="$directory/canary" bs=32 seek=$((n - 1)) conv=notrunc 2>/dev/null && fsync "$directory/canary"; then
		printf '%s %s\n' "$n" "$(date +$stamp)" >>"$acknowledged" || complain "$acknowledged cannot be written"
		n=$((n + 1))
	fi
	sleep "$interval"
done
