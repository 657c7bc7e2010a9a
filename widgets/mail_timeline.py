"""What became of a message, as lines with their times: through which programs, each attempt, its end."""

import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from textual.content import Content

from console.model.mail_timeline import Attempt, AttemptOutcome, MailState, Timeline, When
from widgets.amounts import span
from widgets.drawn import words
from widgets.plain import beginning, one_line
from widgets.signs import Tone

STATE_TONES: dict[MailState, Tone] = {
    "delivered": Tone.OK,
    "deferred": Tone.WARNING,
    "failed": Tone.CRITICAL,
    "queued": Tone.UNKNOWN,
}
OUTCOMES: dict[AttemptOutcome, tuple[Tone, str]] = {
    "success": (Tone.OK, "delivered"),
    "deferral": (Tone.WARNING, "deferred"),
    "failure": (Tone.CRITICAL, "failed"),
    "running": (Tone.WORKING, "running"),
    "lost": (Tone.UNKNOWN, "lost"),
}
ATTEMPTS = 200
"""Attempts that are drawn: the first and the last ones."""
REASON_LINES = 6
_PROGRAMS = {
    "local": ("qmail-queue", "qmail-send", "qmail-lspawn", "qmail-local"),
    "remote": ("qmail-queue", "qmail-send", "qmail-rspawn", "qmail-remote"),
}
_HOST = re.compile(r"(?:Connected_to_)?([0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9a-fA-F:]{3,39})_")


@dataclass(frozen=True, slots=True)
class Told:
    """How the lines are drawn."""

    width: int
    now: float | None = None
    """The present by the node's clock: how far off the next attempt is. None: not said."""
    lifetime: float | None = None
    """queuelifetime in seconds; None while not known."""


def took(seconds: float) -> str:
    """A length of time: `0.12 s`, `30.4 s`, `7 min 10 s`."""
    if seconds < 0:
        return f"{seconds:.1f} s"
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s" if seconds < 60 else span(seconds)


def moment(at: float, *, dated: bool) -> str:
    """The local time to the millisecond, with month and day where that is wanted; the number if odd."""
    if not 0 <= at < 253_402_214_400:
        return beginning(f"{at:.0f}", 18 if dated else 12)
    local = datetime.fromtimestamp(at, UTC).astimezone()
    clock = f"{local:%H:%M:%S}.{local.microsecond // 1000:03d}"
    return f"{local:%m-%d} {clock}" if dated else clock


def reason(report: str) -> str:
    """A report with blanks where the log has `_`, of which some were other bytes."""
    return report.replace("_", " ").rstrip("/ ")


def timeline(one: Timeline, told: Told) -> Content:
    """The whole story, its bounce with it."""
    return Content("\n").join(_Story(one, told).lines())


class _Story:
    def __init__(self, one: Timeline, told: Told, depth: int = 0) -> None:
        self._one, self._told, self._depth = one, told, depth
        days = {moment(w.at, dated=True)[:5] for w in (one.first, one.last) if w and w.at is not None}
        self._dated = len(days) > 1 or self._bounces_later()
        newest = one.newest
        self._many = len(newest) > 1
        self._newest = {id(attempt) for attempt in newest}
        self._ways_told: set[str] = set()
        self._hosts: dict[str, str] = {}
        for attempt in one.attempts:
            if found := _HOST.match(attempt.report):
                self._hosts.setdefault(attempt.recipient, found[1])
        self._width = max(20, told.width - 2 * depth)

    def _bounces_later(self) -> bool:
        first = self._one.first
        bounce = self._one.bounce
        last = bounce.last if bounce else None
        if not first or first.at is None or not last or last.at is None:
            return False
        return moment(first.at, dated=True)[:5] != moment(last.at, dated=True)[:5]

    def lines(self) -> Iterator[Content]:
        one = self._one
        yield from self._arrival()
        happened: list[tuple[float, Callable[[], Iterator[Content]]]] = []
        before = 0.0

        def add(when: When | None, tell: Callable[[], Iterator[Content]]) -> None:
            nonlocal before
            before = when.at if when is not None and when.at is not None else before
            happened.append((before, tell))

        attempts, left_out = one.attempts, len(one.attempts) - ATTEMPTS
        if left_out > 0:
            attempts = (*attempts[: ATTEMPTS // 2], *attempts[-ATTEMPTS // 2 :])
        for n, attempt in enumerate(attempts):
            if left_out > 0 and n == ATTEMPTS // 2:
                add(attempt.started, lambda: self._left_out(left_out))
            if attempt.number == 1:
                add(attempt.started, lambda a=attempt: self._way(a))  # type: ignore[misc]
            add(attempt.ended or attempt.started, lambda a=attempt: self._attempt(a))  # type: ignore[misc]
        if one.bounced is not None:
            add(one.bounced, self._bounced)
        if one.discarded is not None:
            add(one.discarded, self._discarded)
        for _, tell in sorted(happened, key=lambda pair: pair[0]):
            yield from tell()
        yield from self._end()
        if one.bounce is not None:
            yield from self._bounce(one.bounce)

    def _line(self, when: When | None, *parts: Content | str | tuple[str, str]) -> Content:
        width = 18 if self._dated else 12
        text = " " * width
        if when is not None:
            text = (
                moment(when.at, dated=self._dated) if when.at is not None else beginning(when.text, width)
            ).ljust(width)
        return Content.assemble("  " * self._depth, (text, "dim"), "  ", *parts)

    def _below(self, text: str, style: str = "") -> Iterator[Content]:
        indent = (18 if self._dated else 12) + 4
        lines = textwrap.wrap(one_line(text, 6000), max(10, self._width - indent)) or []
        if len(lines) > REASON_LINES:
            lines = [*lines[:REASON_LINES], "… (r shows all)"]
        for line in lines:
            yield Content.assemble(" " * (indent + 2 * self._depth), (line, style))

    def _arrival(self) -> Iterator[Content]:
        one = self._one
        name = f"msg {one.msg}" if one.msg is not None else "a message that is not in these logs"
        known = [f"{one.bytes:,} bytes"] if one.bytes is not None else []
        known += [f"qp {one.qp}"] if one.qp is not None else []
        about = ("   " + "   ".join(known)) if known else ""
        if one.sender is None:
            who = Content("")
        elif one.sender in ("", "#@[]"):
            kind = "a bounce" if not one.sender else "a double bounce"
            who = Content.assemble("   from ", (f"<{one.sender}>", "bold"), (f" {kind}", "dim"))
        else:
            who = Content.assemble("   from ", words(one.sender, "bold"))
        if one.arrived is None:
            yield self._line(one.first if one.msg is not None else None, name, who, (about, "dim"))
            if one.msg is not None:
                yield from self._below("its arrival is not in these logs", "dim")
        else:
            yield self._line(one.arrived, "new ", name, who, (about, "dim"))
        if one.announced > 1:
            yield from self._below(
                f"announced {one.announced} times: qmail-send ended while it preprocessed", "$text-warning"
            )

    def _way(self, attempt: Attempt) -> Iterator[Content]:
        if attempt.channel in self._ways_told:
            # The programs are the same for every recipient of a channel: once is enough.
            to = one_line(attempt.recipient, 200)
            yield self._line(
                attempt.started, ("▶ ", "$text-accent"), f"{_PROGRAMS[attempt.channel][-1]} ─ {to}"
            )
            return
        self._ways_told.add(attempt.channel)
        last = one_line(attempt.recipient, 200)
        if attempt.channel == "remote":
            host = one_line(attempt.recipient.rpartition("@")[2], 120)
            address = self._hosts.get(attempt.recipient)
            last = f"{host} [{address}]" if address and address != host.strip("[]") else host
        way = " ─ ".join((*_PROGRAMS[attempt.channel], last))
        to = f"   to {one_line(attempt.recipient, 200)}" if attempt.channel == "remote" else ""
        room = self._width - (18 if self._dated else 12) - 4
        if len(way) + len(to) <= room:
            yield self._line(attempt.started, ("▶ ", "$text-accent"), way, (to, "dim"))
            return
        yield self._line(attempt.started, ("▶ ", "$text-accent"), " ─ ".join(_PROGRAMS[attempt.channel]))
        yield from self._below(f"─ {last}")
        if to:
            yield from self._below(to.strip(), "dim")

    def _attempt(self, attempt: Attempt) -> Iterator[Content]:
        tone, word = OUTCOMES[attempt.outcome]
        parts = [f"attempt {attempt.number}"]
        if self._many:
            parts.append(one_line(attempt.recipient, 60))
        parts += self._times(attempt)
        sign = Content.assemble((tone.sign, tone.style), " ", (word.ljust(9), tone.style), " ")
        said = reason(attempt.report)
        line = self._line(attempt.ended or attempt.started, sign, "  ".join(parts))
        if attempt.outcome == "lost":
            said = "qmail-send ended while it ran: the recipient is delivered to again"
        if said and line.cell_length + len(said) + 3 <= self._told.width:
            yield Content.assemble(line, "   ", words(said))
            return
        yield line
        yield from self._below(said)

    def _times(self, attempt: Attempt) -> Iterator[str]:
        began, ended = attempt.started.at, attempt.ended.at if attempt.ended else None
        arrived = self._one.arrived.at if self._one.arrived else None
        if ended is not None and began is not None and attempt.outcome != "deferral":
            yield f"took {took(ended - began)}"
        if ended is not None and arrived is not None:
            yield f"{took(ended - arrived)} after arrival"
        if attempt.outcome == "deferral":
            yield from self._next(attempt)

    def _next(self, attempt: Attempt) -> Iterator[str]:
        again = attempt.next_try
        if again is None:
            yield "next try not known: its arrival is not in these logs"
            return
        same_day = attempt.ended and attempt.ended.at and abs(again - attempt.ended.at) < 43_200
        text = f"next try {moment(again, dated=not same_day)[:-4]}"
        now, born, lifetime = self._told.now, self._one.born, self._told.lifetime
        if now is not None and self._one.ended is None and id(attempt) in self._newest:
            text += f", in {span(again - now)}" if again > now else f", due for {span(now - again)}"
        if born is not None and lifetime is not None and again > born + lifetime:
            text += ", the last"
        yield text

    def _left_out(self, count: int) -> Iterator[Content]:
        yield self._line(None, (f"… {count:,} more attempts (r shows all)", "dim"))

    def _bounced(self) -> Iterator[Content]:
        qp = self._one.bounce.qp if self._one.bounce is not None else None
        tone = Tone.WARNING
        yield self._line(
            self._one.bounced, (tone.sign, tone.style), " bounced   ", (f"told the sender, qp {qp}", "dim")
        )

    def _discarded(self) -> Iterator[Content]:
        tone = Tone.CRITICAL
        told = "a double bounce that failed: qmail-send gave it up (triple bounce)"
        yield self._line(self._one.discarded, (tone.sign, tone.style), " discarded  ", (told, tone.style))

    def _end(self) -> Iterator[Content]:
        one = self._one
        if one.ended is not None:
            total = ""
            if one.arrived is not None and one.arrived.at is not None and one.ended.at is not None:
                total = f"   total {took(one.ended.at - one.arrived.at)}"
            yield self._line(one.ended, f"end msg {one.msg}", (total, "bold"))
        elif one.msg is not None:
            yield self._line(None, (f"{Tone.UNKNOWN.sign} still in the queue where these logs end", "dim"))

    def _bounce(self, bounce: Timeline) -> Iterator[Content]:
        yield self._line(None, ("the bounce:", "bold"))
        yield from _Story(bounce, self._told, self._depth + 1).lines()
