#!/bin/sh
# The login shell, or ForceCommand, of an account that may only watch: it starts the read-only console and nothing
# else. No word of the client goes further than this file; of its environment only how its terminal draws does.
program=/usr/local/bin/mirrorgate
config=/usr/local/etc/mirrorgate

refuse() {
	echo "mirrorgate: $1"
	exit 126
}

# As a login shell this is started with `-c COMMAND`; only a ForceCommand, which is this file, goes on.
if [ $# -gt 0 ] && { [ "$1" != -c ] || [ $# -ne 2 ] || [ "$2" != "$0" ]; }; then
	# shellcheck disable=SC2016 # the quotes are for the reader
	refuse 'this account only watches: log in without a command (`ssh -t HOST`)'
fi
if [ -n "${SSH_ORIGINAL_COMMAND-}" ]; then
	# shellcheck disable=SC2016
	refuse 'this account only watches: log in without a command (`ssh -t HOST`)'
fi
if ! [ -t 0 ] || ! [ -t 1 ] || ! [ -t 2 ]; then
	# shellcheck disable=SC2016
	refuse 'a console needs a terminal: `ssh -t HOST`'
fi
cd / || exit 126
umask 077
trap '' TSTP
exec /usr/bin/env -i PATH=/usr/local/bin:/usr/bin:/bin PYTHONNOUSERSITE=1 PYTHONSAFEPATH=1 \
	${TERM:+"TERM=$TERM"} ${COLUMNS:+"COLUMNS=$COLUMNS"} ${LINES:+"LINES=$LINES"} ${LANG:+"LANG=$LANG"} \
	${LC_ALL:+"LC_ALL=$LC_ALL"} ${LC_CTYPE:+"LC_CTYPE=$LC_CTYPE"} ${LC_TIME:+"LC_TIME=$LC_TIME"} \
	"$program" --config "$config" monitor --wall
