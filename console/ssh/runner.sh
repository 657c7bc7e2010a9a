#!/bin/sh
# mirrorgate's runner: one job on a node, detached from whoever launched it. $1 is the job's directory, $2 the
# node's boot identity, $3 `input` where the job has one, else `-`. It is copied beside the job it runs.
# POSIX sh: FreeBSD's sh, dash, bash.
dir=$1
boot=$2
input=/dev/null
if [ "$3" = input ]; then
	input=$dir/input
fi
PATH=/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin
LC_ALL=C
export PATH LC_ALL
unset BLOCKSIZE ENV CDPATH
umask 077
trap '' HUP
cd / || exit 1

# The second claim: of any number of runners only one begins.
mkdir "$dir/run" 2>/dev/null || exit 0

# That the job has begun must survive a power cut, or it would be begun again afterwards. sync(8) of everything
# is no way: it hangs with a mirror whose remote half is gone.
durable() {
	if command -v fsync >/dev/null; then
		fsync "$@"
	elif [ -d /proc/sys/kernel ]; then
		# Not every Linux can write back single files; those are for trying.
		sync "$@" || :
	fi
}

# Nothing has been run yet, so giving the claim back is safe.
give_up() {
	rm -f "$dir/boot" "$dir/started" "$dir/out" "$dir/err"
	rmdir "$dir/run"
	exit 1
}

{ [ -r "$dir/command" ] && [ -r "$input" ]; } || give_up
{ printf '%s\n' "$boot" >"$dir/boot" && date +%s >"$dir/started" && : >"$dir/out" && : >"$dir/err"; } 2>/dev/null ||
	give_up
durable "$dir/command" "$dir/boot" "$dir/started" 2>/dev/null || give_up

# The input may be a secret: it is open before its name is gone, and gone before the command reads it.
# shellcheck disable=SC2094 # so its name is removed while it is read
{
	if [ "$3" = input ]; then
		rm -f "$input"
	fi
	(
		umask 022
		trap - HUP
		exec /bin/sh "$dir/command"
	)
} <"$input" >"$dir/out" 2>"$dir/err"
code=$?

# A status that could not be written whole is no status: the job has vanished then, never succeeded.
printf '%s %s\n' "$(date +%s)" "$code" >"$dir/status.new" && mv -f "$dir/status.new" "$dir/status"
rm -f "$dir/input"
exit 0
