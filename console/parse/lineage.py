"""`/var/db/mirrorgate/lineage` and the operator's lock beside it, as this program writes them on a node.

The lineage has one line per promotion, oldest first: `ID PARENT UNIXTIME NODE`. The lock is a directory with
the files `owner` (`run=`, `job=`, `operator=`, `since=`, one to a line) and `beat` (Unix seconds).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from console.model.lineage import Lineage, OperatorLock, Promotion
from console.parse.lines import filled, moment, whole
from console.parse.reading import Reading

_ID = re.compile(r"[0-9a-f]{16}")
_NODE = re.compile(r"\S{1,255}")
_KEYS = ("run", "job", "operator", "since")
_LONGEST = 255


@dataclass(frozen=True, slots=True)
class LockText:
    """A pasted lock: None when it does not name its owner."""

    lock: OperatorLock | None = None


def read_lineage(text: str) -> Reading[Lineage]:
    """The promotions; a line that is none, or repeats an id, is bad, and kept as unread too."""
    bad: list[str] = []
    found: dict[str, Promotion] = {}
    for line in filled(text, bad):
        promotion = _promotion(line)
        if promotion is None or promotion.id in found:
            bad.append(line)
        else:
            found[promotion.id] = promotion
    return Reading(Lineage(tuple(found.values()), tuple(bad)), tuple(bad))


def _promotion(line: str) -> Promotion | None:
    words = line.split(" ")
    if len(words) != 4:
        return None
    id, parent, stamp, node = words
    at = _seconds(stamp)
    if at is None or not _ID.fullmatch(id) or not _NODE.fullmatch(node) or parent == id:
        return None
    return Promotion(id, parent, at, node) if parent == "-" or _ID.fullmatch(parent) else None


def read_lock(text: str) -> Reading[LockText]:
    """`cat owner beat`: the owner's lines, then the beat; one that never beat, beat when it was taken."""
    unread: list[str] = []
    said: dict[str, str] = {}
    beat: int | None = None
    for line in filled(text, unread):
        key, equals, value = line.partition("=")
        if equals and key in _KEYS and key not in said and len(value) <= _LONGEST:
            said[key] = value
        elif beat is None and (at := _seconds(line)) is not None:
            beat = at
        else:
            unread.append(line)
    return Reading(LockText(_lock(said, beat)), tuple(unread))


def _lock(said: Mapping[str, str], beat: int | None) -> OperatorLock | None:
    since = _seconds(said.get("since", ""))
    if since is None or not all(said.get(key) for key in _KEYS):
        return None
    return OperatorLock(said["run"], said["job"], said["operator"], since, since if beat is None else beat)


def _seconds(word: str) -> int | None:
    return moment(whole(word))
