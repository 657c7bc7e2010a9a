"""`mirrorgate log`: qmail-send logs with human times, or their figures (`--summary`)."""

import gc
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from console.commands.complaining import complain
from console.commands.log_files import read
from console.parse.qmail_blocks import BLOCK, lines_of, text_of
from console.parse.qmail_log import EVENT_NAMES, TAI_EPOCH, decode_all, moment
from console.parse.qmail_summing import Figures, most
from console.ssh.text import inert, inert_bytes

_SHOWN = 10
_BIG = 12_000_000
"""Bytes from which on importing numpy takes less time than it saves."""
_PACKED = 10
"""How much smaller a packed log is."""


def main(files: Sequence[str], *, summary: bool, as_json: bool) -> int:
    """Print the log or its figures. Exit status 0, 1 when a file is damaged (the rest was read)."""
    troubles: list[str] = []
    if summary:
        figures = _figures(files, troubles)
        print(json.dumps(as_value(figures), indent=2) if as_json else "\n".join(told(figures)))
    else:
        write = _rows if as_json else _decoded
        for block in read(files, troubles):
            write(block)
    for trouble in troubles:
        complain(trouble)
    return 1 if troubles else 0


def _figures(files: Sequence[str], troubles: list[str]) -> Figures:
    """Add up a log, by what adds one of this size up soonest."""
    figures, size = Figures(), BLOCK
    if sum(_bytes_in(name) for name in files or ("-",)) >= _BIG:
        # Nothing here is linear algebra: its threads would only be started and ended.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        # Without numpy it only takes longer.
        with suppress(ImportError), _no_collecting(), ExitStack() as stack:
            from console.commands import log_halves
            from console.parse import qmail_columns

            if parts := log_halves.halves(files, stack):
                return log_halves.summed(parts)
            figures, size = qmail_columns.ColumnFigures(), qmail_columns.BLOCK
    for block in read(files, troubles, size):
        figures.take(block)
    return figures


@contextmanager
def _no_collecting() -> Iterator[None]:
    """Importing makes a great many objects and no garbage, and two processes share what neither looks at."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _bytes_in(name: str) -> int:
    """About how much there will be to read; standard input may be anything."""
    if name == "-":
        return _BIG
    return os.stat(name).st_size * (_PACKED if name.endswith((".gz", ".zst")) else 1)


_by_second: dict[bytes, bytes | None] = {}


def _second(digits: bytes) -> bytes | None:
    if digits not in _by_second:
        if len(_by_second) > 4096:
            _by_second.clear()
        try:
            clock = time.localtime(int(digits, 16) - TAI_EPOCH)
            _by_second[digits] = time.strftime("%Y-%m-%d %H:%M:%S.", clock).encode()
        except (ValueError, OverflowError, OSError):
            _by_second[digits] = None
    return _by_second[digits]


_HEXADECIMAL = b"0123456789abcdef"


def localised(line: bytes) -> bytes:
    """A line as tai64nlocal(8) prints it, in the time zone of TZ; without a stamp unchanged."""
    if line[:1] != b"@" or len(line) < 25 or line[1:25].translate(None, _HEXADECIMAL):
        return line
    second = _second(line[1:17])
    return line if second is None else b"%s%09d%s" % (second, int(line[17:25], 16), line[25:])


def _decoded(block: bytes) -> None:
    lines, whole = lines_of(block)
    text = b"\n".join(map(localised, lines)) + (b"\n" if whole else b"")
    if sys.stdout.isatty():
        sys.stdout.write(inert_bytes(text))
    else:
        # For other programs: the same bytes as tai64nlocal.
        sys.stdout.flush()
        sys.stdout.buffer.write(text)


def _rows(block: bytes) -> None:
    lines, whole = lines_of(block)
    last = len(lines) - 1
    for number, line in enumerate(decode_all(map(text_of, lines))):
        event = line.event if whole or number < last else None
        stamp = line.stamp
        row: dict[str, Any] = {"time": None, "event": EVENT_NAMES[type(event)] if event else None}
        if stamp is not None and stamp.seconds is not None:
            row["time"] = moment(b"%016x%08x" % (stamp.seconds + TAI_EPOCH, stamp.nanoseconds))
        elif stamp is not None:
            row["time"] = stamp.text
        row |= event._asdict() if event else {"unread": line.text}
        print(json.dumps(row))


def _percentiles(ordered: Sequence[float]) -> dict[str, float | int | None]:
    def at(part: float) -> float | None:
        return (
            round(float(ordered[min(int(part * len(ordered)), len(ordered) - 1)]), 6)
            if len(ordered)
            else None
        )

    return {"count": len(ordered), "p50": at(0.5), "p90": at(0.9), "p99": at(0.99), "max": at(1.0)}


def as_value(figures: Figures) -> dict[str, object]:
    """The figures for JSON; times in seconds, `read` and `unread` make `lines`."""
    return {
        "messages": figures.messages,
        "bounces": figures.bounces,
        "deliveries": {name.decode(): count for name, count in figures.outcomes.items()},
        "lines": figures.lines,
        "read": figures.lines - figures.unread,
        "unread": figures.unread,
        "torn": figures.torn,
        "announced_again": figures.announced_again,
        "ended": figures.ended,
        "open": figures.still_open,
        "triple_bounces": figures.triple_bounces,
        "started_deliveries": figures.started,
        "results_without_start": figures.unknown_deliveries,
        "from": moment(figures.first) if figures.first else None,
        "to": moment(figures.last) if figures.last else None,
        "latency": {
            "queued_until_success": _percentiles(figures.ordered(figures.queued)),
            "one_delivery": _percentiles(figures.ordered(figures.delivering)),
        },
        "reasons": [
            {"domain": inert_bytes(domain), "reason": inert_bytes(reason), "count": count}
            for (domain, reason), count in most(figures.reasons, 100)
        ],
        "senders": [
            {"sender": inert_bytes(sender), "messages": count} for sender, count in most(figures.senders, 100)
        ],
        "rare_ones_dropped": figures.dropped,
    }


def told(figures: Figures) -> Iterator[str]:
    """The figures for a reader, at most 80 columns wide."""
    outcomes = figures.outcomes
    yield f"lines       {figures.lines}, of these unread {figures.unread} (torn {figures.torn})"
    for name, stamp in (("from", figures.first), ("to", figures.last)):
        yield f"{name:<12}{(stamp and moment(stamp)) or '-'}"
    yield f"messages    {figures.messages} announced, {figures.ended} ended, {figures.still_open} open"
    yield f"bounces     {figures.bounces}, thrown away {figures.triple_bounces}"
    yield "deliveries  " + ", ".join(f"{outcomes[name]} {name.decode()}" for name in outcomes)
    yield from _times("in the queue until success", figures.ordered(figures.queued))
    yield from _times("one delivery", figures.ordered(figures.delivering))
    yield from _table("Why not delivered", most(figures.reasons, _SHOWN), _reason)
    yield from _table("Top senders", most(figures.senders, _SHOWN), lambda one: f"<{inert_bytes(one)}>")


def _times(what: str, ordered: Sequence[float]) -> Iterator[str]:
    some = _percentiles(ordered)
    if some["count"]:
        parts = "  ".join(f"{name} {some[name]:.2f} s" for name in ("p50", "p90", "p99", "max"))
        yield f"{what}: {parts}"


def _reason(key: tuple[bytes, bytes]) -> str:
    return f"{inert_bytes(key[0]) or '(unknown)'}: {inert_bytes(key[1]).replace('_', ' ')}"


def _table(head: str, rows: Sequence[tuple[Any, int]], words: Callable[[Any], str]) -> Iterator[str]:
    if rows:
        yield ""
        yield head
    for key, count in rows:
        text = inert(words(key)).replace("\n", "␊")
        yield f"{count:>8}  {text if len(text) <= 70 else text[:69] + '…'}"
