"""`mirrorgate trace`: where is my message? Its deliveries, its bounces and its end, out of the log.

What not every search needs is imported where it is needed: the start takes as long as searching 50 MB.
"""

import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import NamedTuple, TypeAlias

from console.commands.complaining import complain
from console.commands.log_files import readable_at, rereadable
from console.parse.qmail_joining import Message, deliveries, joined
from console.parse.qmail_lives import ReadAt, near
from console.parse.qmail_log import TAI_EPOCH, Stamp, decode_all, moment
from console.parse.qmail_sieve import Places, Sieve, messages_of, messages_of_delivery
from console.ssh.text import inert

_NUMBERED = re.compile(r"(?:(msg|delivery)[ :])?([0-9]{1,20})")


Readable: TypeAlias = tuple[ReadAt, int]


class Wanted(NamedTuple):
    """What is looked for; times are Unix seconds."""

    words: str
    since: float | None = None
    until: float | None = None


def main(wanted: Wanted, files: Sequence[str], *, as_json: bool) -> int:
    """Print the messages. Exit status 0, 1 when there is none or a file is damaged, 2 for an odd question."""
    if not wanted.words or "\n" in wanted.words:
        complain("trace: name a sender or recipient, a message number or `delivery N`")
        return 2
    troubles: list[str] = []
    with rereadable(files, troubles) as again, ExitStack() as stack:
        at = readable_at(files, stack)
        found = [one for one in find(wanted.words, again, at) if _within(one, wanted)]
    if as_json:
        import json

        json.dump([as_value(one) for one in found], sys.stdout, indent=2)
        print()
    else:
        print("\n\n".join("\n".join(told(one)) for one in found) or "no such message in this log")
    for trouble in dict.fromkeys(troubles):
        complain(trouble)
    return 0 if found and not troubles else 1


def find(words: str, again: Callable[[], Iterator[bytes]], at: Readable | None = None) -> list[Message]:
    """The messages with these words in sender or recipient, or with this number.

    A bare number is a message number, or a delivery number when no message has it. With `at`, any bytes of
    the log can be read at once: then not all of it is read twice.
    """
    read = 0

    def counted() -> Iterator[bytes]:
        nonlocal read
        for block in again():
            read += len(block)
            yield block

    if numbered := _NUMBERED.fullmatch(words):
        kind, number = numbered[1], int(numbered[2])
        found: list[Message] = []
        if kind != "delivery":
            found = [one for one in _joined({b"%d" % number: []}, again) if one.message == number]
        if kind != "msg" and not found:
            candidates = messages_of_delivery(number, counted())
            found = [one for one in _joined(candidates, again, at, read) if number in deliveries(one)]
        return found
    candidates = messages_of(words.encode("utf-8", errors="surrogateescape"), counted())
    return [one for one in _joined(candidates, again, at, read) if _names(one, words)]


def _joined(
    places: Places, again: Callable[[], Iterator[bytes]], at: Readable | None = None, read: int = 0
) -> list[Message]:
    if not places:
        return []
    # A log that has grown, or with a huge line that was not kept: places are not where they are in the file.
    lines = near(places, *at) if at and at[1] == read else None
    if lines is None:
        sieve = Sieve(places)
        lines = (line for block in again() if block.endswith(b"\n") for line in sieve.lines(block))
    return joined(decode_all(lines))


def _names(message: Message, words: str) -> bool:
    return words in (message.sender or "") or any(words in one for one, _ in message.recipients)


def _within(message: Message, wanted: Wanted) -> bool:
    """Whether something happened to it between the two times."""
    first, last = message.started, message.last
    if wanted.until is not None and first and first.seconds is not None and first.seconds > wanted.until:
        return False
    return not (
        wanted.since is not None and last and last.seconds is not None and last.seconds < wanted.since
    )


def when(word: str) -> float:
    """A time as people give it, see `qmail_times.when`."""
    from console.parse import qmail_times

    return qmail_times.when(word, time.time())


def _iso(stamp: Stamp | None) -> str | None:
    if stamp is None:
        return None
    if stamp.seconds is None:
        return stamp.text
    return moment(b"%016x%08x" % (stamp.seconds + TAI_EPOCH, stamp.nanoseconds)) or stamp.text


def as_value(message: Message) -> dict[str, object]:
    """A message for JSON. Its bounce has the same shape; `message` is null when its lines are not here."""
    bounce: dict[str, object] | None = None
    if message.bounce is not None:
        bounce = as_value(message.bounce)
    elif message.discarded:
        bounce = as_value(Message(None))
    if bounce is not None:
        bounce["discarded"] = message.discarded
    return {
        "message": message.message,
        "sender": message.sender,
        "bytes": message.bytes,
        "qp": message.qp,
        "started": _iso(message.started),
        "ended": _iso(message.ended),
        "recipients": [
            {
                "recipient": one.recipient,
                "channel": one.channel,
                "attempts": one.attempts,
                "outcome": one.outcome,
                "reason": one.reason,
            }
            for one in message.recipients.values()
        ],
        "bounce": bounce,
    }


def told(message: Message, indent: str = "") -> Iterator[str]:
    """A message for a reader, at 80 columns."""
    name = f"message {message.message}" if message.message is not None else "a message not in this log"
    yield f"{indent}{name}  {_clock(message.started)}"
    sender = "sender not in this log" if message.sender is None else f"from <{inert(message.sender)}>"
    size = f", {message.bytes} bytes" if message.bytes is not None else ""
    yield from _wrapped(
        f"{sender}{size}{f', qp {message.qp}' if message.qp is not None else ''}", indent + "  "
    )
    for one in message.recipients.values():
        tries = "1 attempt" if one.attempts == 1 else f"{one.attempts} attempts"
        lost = f", {one.lost} lost when qmail-send died" if one.lost else ""
        yield from _wrapped(
            f"{one.outcome}: {one.channel} {inert(one.recipient)} ({tries}{lost})", indent + "  "
        )
        if one.reason:
            yield from _wrapped(inert(one.reason).replace("_", " "), indent + "    ")
    if message.discarded:
        yield f"{indent}  a bounce of a bounce that failed: qmail-send gave it up (triple bounce)"
    if message.bounce is not None:
        yield f"{indent}  bounced to the sender:"
        yield from told(message.bounce, indent + "    ")
    if message.over:
        yield f"{indent}  ended {_clock(message.ended)}"
    elif message.message is not None:
        yield f"{indent}  still in the queue where this log ends"


def _clock(stamp: Stamp | None) -> str:
    if stamp is None:
        return "(no time)"
    if stamp.seconds is None:
        return inert(stamp.text)
    try:
        return (
            time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(stamp.seconds))
            + f".{stamp.nanoseconds // 10**6:03d}"
        )
    except (ValueError, OverflowError, OSError):
        return inert(stamp.text)


def _wrapped(text: str, indent: str) -> list[str]:
    import textwrap

    lines = textwrap.wrap(text, 79, initial_indent=indent, subsequent_indent=indent + "  ")
    return lines if len(lines) <= 6 else [*lines[:6], f"{indent}  …"]
