#!/bin/sh
# Says in one line what this node does for the pair; ends with 0 when it serves the file system, or serves its image to
# the node that may. Changes nothing and waits for nobody.
what=state
# shellcheck source=playbooks/node/pair.sh
. "${0%/*}/pair.sh"
read_settings
find_unit
find_mounts
if [ -n "$mounted" ]; then
	printf 'home %s: mounted: %s\n' "$home" "$mounted"
elif [ -n "$unit" ]; then
	printf 'home %s: %s is attached as %s, nothing is mounted\n' "$home" "$image" "$unit"
	exit 1
elif pgrep -x ggated >/dev/null; then
	printf 'home %s: ggated serves %s\n' "$home" "$image"
else
	printf 'home %s: holds nothing\n' "$home"
	exit 1
fi
