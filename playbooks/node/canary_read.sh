#!/bin/sh
# Tells what became of the markers of canary.sh, one line for each question:
# canary_read.sh acked ACKLOG      `acked LAST_N AT`, `acked 0 -` without any
# canary_read.sh first ACKLOG      `first N AT`, `first 0 -` without any
# canary_read.sh found DIRECTORY   `found LAST_N COUNT MISSING`: what is in the file system, and the gaps before LAST_N
PATH=/sbin:/bin:/usr/sbin:/usr/bin
LC_ALL=C
export PATH LC_ALL

if [ $# -ne 2 ]; then
	echo "usage: canary_read.sh acked|first ACKLOG | found DIRECTORY" >&2
	exit 64
fi
case $1 in
acked | first)
	[ -r "$2" ] || {
		echo "canary_read: cannot read $2" >&2
		exit 1
	}
	# A line that was cut off by a power failure acknowledges nothing.
	awk -v which="$1" 'NF == 2 && $1 ~ /^[0-9]+$/ && $2 ~ /^[0-9.]+$/ {
			if (which == "acked" || !seen) { n = $1; at = $2 }
			seen = 1
		}
		END { if (seen) print which, n, at; else print which, 0, "-" }' "$2"
	;;
found)
	[ -d "$2" ] || {
		echo "canary_read: $2 is not there" >&2
		exit 1
	}
	[ -e "$2/canary" ] || {
		echo "found 0 0 0"
		exit 0
	}
	# Records that were never written read as zeros; what lies in another place than its number says is not there.
	tr '\000' ' ' <"$2/canary" | fold -w 32 | awk '
		$1 == NR && NF == 2 && $2 ~ /^[0-9]+$/ { count++; last = NR }
		END { print "found", last + 0, count + 0, last - count + 0 }'
	;;
*)
	echo "usage: canary_read.sh acked|first ACKLOG | found DIRECTORY" >&2
	exit 64
	;;
esac
