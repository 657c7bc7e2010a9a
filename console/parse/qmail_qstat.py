"""qmail-qstat: two counts by find(1). Where it may not look it prints 0, and only find says so."""

import re
from dataclasses import dataclass

from console.parse.lines import filled
from console.parse.reading import Reading

_QUEUE = re.compile(r"messages in queue: (\d{1,12})")
_TODO = re.compile(r"messages in queue but not yet preprocessed: (\d{1,12})")


@dataclass(frozen=True, slots=True)
class Qstat:
    """The counts; absent when qmail-qstat could not look everywhere."""

    queue: int | None = None
    """Messages, the not yet preprocessed included."""
    todo: int | None = None


def read_qmail_qstat(text: str) -> Reading[Qstat]:
    """`qmail-qstat`, standard output and error together (qmail-qstat(8))."""
    unread: list[str] = []
    queue: int | None = None
    todo: int | None = None
    for line in filled(text, unread):
        if found := _QUEUE.fullmatch(line.strip()):
            queue = int(found[1])
        elif found := _TODO.fullmatch(line.strip()):
            todo = int(found[1])
        else:
            unread.append(line)
    if any(
        line.lstrip().startswith("find:") or "denied" in line or "No such file" in line for line in unread
    ):
        return Reading(Qstat(), tuple(unread))
    return Reading(Qstat(queue, todo), tuple(unread))
