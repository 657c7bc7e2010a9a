#!/bin/sh
# Makes sure that a home slave serves its image to the master: serve.sh [-r RUN]. A home master has nothing to serve.
#   -r RUN  called by the run that holds the operator's lock
what=serve
# shellcheck source=playbooks/node/pair.sh
. "${0%/*}/pair.sh"

operator='' my_turn=''
arguments=$*
while getopts Lr: option; do
	case $option in
	L) my_turn=yes ;;
	r) operator=$OPTARG ;;
	*) refuse "usage: serve.sh [-r RUN]" ;;
	esac
done
case $arguments in
*[!A-Za-z0-9.\ _-]*) refuse "odd characters in the arguments" ;;
esac
# shellcheck disable=SC2086 # words without blanks, checked just above
[ -n "$my_turn" ] || wait_for_turn "$0" $arguments
read_settings

if [ "$home" = master ]; then
	say "home master: nothing to serve; giving the service back to it is the job fail-back"
	exit 0
fi
if operator_holds "$operator"; then
	say "an operator's job holds this node: nothing done"
	exit 0
fi
# A gate that the peer kept from before repeats its unanswered writes as soon as it finds ggated again (P06). So
# data that this node wrote is only served by a job, which has looked at the peer.
newest_id=$(newest "$state/lineage") || refuse "$state/lineage makes no sense: nothing served"
if [ -z "$operator" ] && [ -n "$newest_id" ]; then
	writer=$(awk 'END { print $4 }' "$state/lineage")
	own=$(cat "$state/promoted" 2>/dev/null)
	if [ "$writer" = "$(hostname -s)" ] || [ "$own" = "$newest_id" ]; then
		refuse "this node has served newer data than its peer has: $image is served by the job fail-back"
	fi
fi
serve_image
