"""The one decision that cannot be planned: how a half comes back, read from both halves' metadata (P03, R9).

The gate must be there before the metadata behind it can be read, so the text decides on the node, by what
gmirror itself goes by, and says what it decided and why.
"""

from enum import StrEnum

from playbooks.parts.building import q


class Trust(StrEnum):
    """What an ACTIVE half is worth, and what to do with one that claims to be newer."""

    COUNTERS = "counters"
    """The lineage proves that the half is not ahead: gmirror's counters may be believed."""
    COPY = "copy"
    """Nothing proves the two equal: an ACTIVE half is copied as well."""
    OVERWRITE = "overwrite"
    """Its data was given up: it is copied whatever its metadata says."""


_READ = """\
field() {
	printf '%s\\n' "$1" | awk -v key="$2:" '$1 == key { print $2; exit }'
}
state_of() {
	gmirror status -s "$mirror" | awk -v name="$1" '$3 == name {
		gsub(/[(),]/, "", $4)
		# Old releases print only the percentage of a copy.
		print ($4 ~ /^[0-9]+%$/) ? "SYNCHRONIZING" : $4
		exit
	}'
}
# GEOM_LABEL may have put another name on the gate, and the mirror may know the half by that name (R4).
name_of() {
	for name in "$gate" $(glabel status -s 2>/dev/null | awk -v dev="$gate" '$3 == dev { print $1 }'); do
		[ -z "$(state_of "$name")" ] || { echo "$name"; return 0; }
	done
	return 1
}
insert() {
	gmirror forget "$mirror" || exit 1
	gmirror insert -p 0 "$mirror" "$gate" || exit 1
	n=0
	until half=$(name_of); do
		[ "$n" -lt 15 ] || { echo "$gate was inserted but does not appear in $mirror" >&2; exit 1; }
		n=$((n + 1))
		sleep 1
	done
}
rebuild() {
	[ "$(state_of "$half")" = SYNCHRONIZING ] || gmirror rebuild "$mirror" "$half" || exit 1
}
gmirror status "$mirror" >/dev/null || exit 1
# A gate that was made a moment ago may still be tasted.
n=0
until half=$(name_of) || [ "$n" -ge 5 ]; do
	n=$((n + 1))
	sleep 1
done
"""

_COUNTERS = """\
own=$(gmirror list "$mirror" | awk '
	$1 == "GenID:" && genid == "" { genid = $2 }
	$1 == "SyncID:" && syncid == "" { syncid = $2 }
	$1 == "ID:" && id == "" { id = $2 }
	END { print genid, syncid, id }')
set -- $own
[ $# -eq 3 ] || { echo "the counters of mirror $mirror cannot be read" >&2; exit 1; }
genid=$1 syncid=$2 id=$3
echo "mirror $mirror: genid $genid, syncid $syncid, id $id"
"""

_DECIDE = """\
if [ -n "$half" ]; then
	case $(state_of "$half") in
	SYNCHRONIZING)
		echo "decision: nothing, $half is being copied already"
		;;
	ACTIVE)
		ACTIVE_CASE
		;;
	STALE)
		echo "decision: rebuild, $half is in the mirror and STALE"
		rebuild
		;;
	*)
		echo "$half is in the mirror as $(state_of "$half"): look at it by hand" >&2
		exit 1
		;;
	esac
elif dump=$(gmirror dump "$gate" 2>&1); then
	their_genid=$(field "$dump" genid) their_syncid=$(field "$dump" syncid) their_id=$(field "$dump" mid)
	echo "$gate: genid $their_genid, syncid $their_syncid, id $their_id"
	if [ "$their_id" != "$id" ]; then
		echo "$gate belongs to another mirror ($their_id): nothing was changed" >&2
		exit 1
	elif [ "$their_genid" -gt "$genid" ] ||
		{ [ "$their_genid" -eq "$genid" ] && [ "$their_syncid" -gt "$syncid" ]; }; then
		NEWER_CASE
	elif [ "$their_genid" -lt "$genid" ]; then
		echo "decision: forget and insert, $gate is broken: its genid is older, writes to it had failed"
	else
		echo "decision: forget and insert, $gate has metadata but the mirror does not take it in"
	fi
	insert
	rebuild
else
	echo "$gate: $dump"
	echo "decision: forget and insert, $gate carries no metadata of this mirror"
	insert
	rebuild
fi
case $(state_of "$half") in
SYNCHRONIZING | ACTIVE) gmirror status "$mirror" ;;
*)
	echo "$half is $(state_of "$half") after the decision: see gmirror status and /var/log/messages" >&2
	exit 1
	;;
esac
"""

_ACTIVE = {
    Trust.COUNTERS: 'echo "decision: nothing, $half is ACTIVE: nothing was written without it"',
    Trust.COPY: 'echo "decision: rebuild, $half is ACTIVE but nothing proves that it is equal"\n\t\trebuild',
    Trust.OVERWRITE: 'echo "decision: rebuild, $half is ACTIVE and its data was given up"\n\t\trebuild',
}
_NEWER = {
    Trust.OVERWRITE: 'echo "decision: forget and insert, its counters are higher but its data was given up"',
}
_REFUSED = (
    'echo "$gate has higher counters than the mirror: it was written without this node. Nothing was changed;'
    ' compare the data, then use the job keep" >&2\n\t\texit 1'
)


def join(mirror: str, gate: str, trust: Trust) -> str:
    """Shell text for the master: rebuild, or forget and insert, whatever both halves' metadata ask for."""
    decide = _DECIDE.replace("ACTIVE_CASE", _ACTIVE[trust]).replace("NEWER_CASE", _NEWER.get(trust, _REFUSED))
    return f"mirror={q(mirror)} gate={q(gate)}\n{_READ}{_COUNTERS}{decide}"
