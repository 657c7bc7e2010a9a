"""The log lines of several nodes in one order: by the time at which they were written, clocks corrected.

Lines arrive in bunches, so a line waits until every other node has said something later, but no longer than
a window. The lines of one node keep the order of its log, whatever its clock does, and none is lost.
"""

import re
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple

from console.model.mail_log import LogRow
from console.parse.qmail_log import TAI_EPOCH, decode

WINDOW = 1.0
"""Seconds that a line waits for an earlier one of another node."""
PATIENCE = 5.0
"""Seconds that it waits for a node that has not said anything yet."""
_STAMP = re.compile(rb"@([0-9a-f]{16})([0-9a-f]{8}) ").match


class _Held(NamedTuple):
    order: float
    """Its own time, or that of the line before it; before all times when there is none."""
    came: float
    line: bytes
    at: float | None
    note: bool


@dataclass(slots=True)
class _Node:
    name: str
    held: deque[_Held] = field(default_factory=deque)
    order: float = -inf
    offset: float = 0.0
    heard: bool = False
    gone: bool = False


class Merging:
    """Holds back what may still be overtaken. `tick` is any clock in seconds that never goes back."""

    def __init__(self, nodes: Sequence[str], window: float = WINDOW, patience: float = PATIENCE) -> None:
        self._nodes = {name: _Node(name) for name in nodes}
        self._window = window
        self._patience = patience
        self._serial = 0

    def take(self, node: str, lines: Iterable[bytes], offset: float | None, tick: float) -> None:
        """New lines of a node, whose clock is `offset` seconds ahead, None where that is not known now."""
        one = self._nodes[node]
        one.heard, one.gone = True, False
        if offset is not None:
            one.offset = offset
        for line in lines:
            at = written_at(line)
            if at is not None:
                at -= one.offset
                one.order = at
            one.held.append(_Held(one.order, tick, line, at, False))

    def note(self, node: str, words: str, at: float, tick: float) -> None:
        """Something of our own to be told at this place of a node's lines; `at` is console time."""
        one = self._nodes[node]
        one.held.append(_Held(one.order, tick, words.encode(errors="backslashreplace"), at, True))

    def gone(self, node: str) -> None:
        """Nobody waits for this node until it says something."""
        self._nodes[node].gone = True

    def ready(self, tick: float, most: int | None = None) -> list[LogRow]:
        """The lines whose place is known by now, in order; `most` of them, the others next time."""
        out: list[LogRow] = []
        while (first := self._first()) is not None and self._may_go(tick):
            if most is not None and len(out) >= most:
                break
            self._pop(first, out)
        return out

    def drain(self) -> list[LogRow]:
        """Everything that is held, in order."""
        out: list[LogRow] = []
        while (first := self._first()) is not None:
            self._pop(first, out)
        return out

    @property
    def waiting(self) -> int:
        """How many lines are held."""
        return sum(len(one.held) for one in self._nodes.values())

    def _first(self) -> _Node | None:
        heads = [one for one in self._nodes.values() if one.held]
        return min(heads, key=lambda one: one.held[0][:2]) if heads else None

    def _pop(self, one: _Node, out: list[LogRow]) -> None:
        _, _, line, at, note = one.held.popleft()
        self._serial += 1
        out.append(LogRow(self._serial, one.name, line, at, note))

    def _may_go(self, tick: float) -> bool:
        awaited = [one for one in self._nodes.values() if not one.held and not one.gone]
        if not awaited:
            return True
        unheard = any(not one.heard for one in awaited)
        waits = self._patience if unheard else self._window
        return any(tick - one.held[0].came >= waits for one in self._nodes.values() if one.held)


def written_at(line: bytes) -> float | None:
    """The Unix time in a line's stamp; None without one, or with one of an unknown zone."""
    if found := _STAMP(line):
        return int(found[1], 16) - TAI_EPOCH + int(found[2], 16) / 1e9
    if line.startswith(b"@"):
        return None
    stamp = decode(line[:200].decode("utf-8", errors="backslashreplace")).stamp
    if stamp is None or stamp.seconds is None:
        return None
    return stamp.seconds + stamp.nanoseconds / 1e9


def unseen(lines: Sequence[bytes], last: bytes | None) -> tuple[Sequence[bytes], bool]:
    """Of the lines of a log that is followed anew, those after `last`; and whether the two meet.

    Lines may be equal to one another, stamps too, so the latest `last` counts.
    """
    if last is None:
        return lines, True
    for at in range(len(lines) - 1, -1, -1):
        if lines[at] == last:
            return lines[at + 1 :], True
    return lines, False
