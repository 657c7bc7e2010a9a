#!/bin/sh
# The gate of a key that only watches: the `command=` of its line in authorized_keys. What the client asked for
# chooses between two programs by fixed words, and goes no further; all else is refused. Both programs read
# requests from their input, and nothing from the environment.
libexec=/usr/local/libexec/mirrorgate
case ${SSH_ORIGINAL_COMMAND-} in
mirrorgate-sampler) program=$libexec/sampler.sh ;;
mirrorgate-mail) program=$libexec/mail.sh ;;
*)
	echo 'mirrorgate-monitor 1: this key only watches: it starts the sampler and the mail reader, nothing else'
	exit 126
	;;
esac
# In KiB (FreeBSD's sh, dash and bash know it): a line without an end must not take the memory of the node.
# shellcheck disable=SC3045 # where it is not known, nothing is lost
ulimit -v 524288 2>/dev/null
exec /usr/bin/env -i PATH=/sbin:/bin:/usr/sbin:/usr/bin HOME=/ /bin/sh "$program" /usr/local/etc/mirrorgate-monitor.conf
