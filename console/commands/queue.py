"""`mirrorgate queue`: what lies in the mail queues of the nodes, from one pass over each."""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from console.commands.complaining import complain
from console.commands.mail_nodes import nodes_of, reading
from console.model.config import Config, NodeConfig, PairConfig
from console.model.mail import Envelope, Envelopes, MailReading, MailTrouble, Queued, QueueListing
from console.ssh.text import inert

_MEANING = {
    "S2": "text arrives",
    "S3": "envelope arrives",
    "S4": "not yet preprocessed",
    "S5": "preprocessed",
    "other": "files that belong to no state",
    "unknown": "cannot be told without more rights",
}
_MOST = 5000


@dataclass(frozen=True, slots=True)
class _Seen:
    pair: PairConfig
    node: NodeConfig
    listing: QueueListing | None = None
    envelopes: Envelopes | None = None
    trouble: str = ""


async def main(arguments: argparse.Namespace, config: Config, path: Path) -> int:
    """Walk the queues and print them; raises BadConfig for a pair or node that is not there.

    Exit status 0, 1 when a node does not answer or may not be read, 2 for an odd question.
    """
    if arguments.list is not None and not 0 < arguments.list <= _MOST:
        complain(f"queue: --list takes a number from 1 to {_MOST}")
        return 2
    nodes = nodes_of(config, path, arguments.pair, arguments.node)
    async with reading(config) as mails:
        return await run(mails, nodes, arguments.list or 0, as_json=arguments.json)


async def run(
    mails: MailReading, nodes: Sequence[tuple[PairConfig, NodeConfig]], listed: int, *, as_json: bool
) -> int:
    """Print the queues of these nodes, with the `listed` oldest messages of each; exit status as `main`."""
    seen = await asyncio.gather(*(_look(mails, pair, node, listed) for pair, node in nodes))
    if as_json:
        json.dump([_value(one, listed) for one in seen], sys.stdout, indent=2)
        print()
    else:
        print("\n\n".join("\n".join(_told(one, listed)) for one in seen if one.listing is not None))
    failed = False
    for one in seen:
        if one.trouble:
            failed = True
            complain(one.trouble)
        if one.listing is not None and one.listing.denied:
            failed = True
            complain(
                f"{one.node.name}: {one.listing.user or 'this user'} may not read "
                f"{', '.join(one.listing.denied)}; it needs root: log in so, or set become"
            )
    return 1 if failed else 0


async def _look(mails: MailReading, pair: PairConfig, node: NodeConfig, listed: int) -> _Seen:
    try:
        listing = await mails.queue(pair.name, node.home)
    except MailTrouble as trouble:
        return _Seen(pair, node, trouble=str(trouble))
    try:
        shown = [one.msg for one in oldest(listing)[:listed]]
        envelopes = await mails.envelopes(pair.name, node.home, listing, shown) if shown else None
    except MailTrouble as trouble:
        return _Seen(pair, node, listing, trouble=str(trouble))
    return _Seen(pair, node, listing, envelopes)


def oldest(listing: QueueListing) -> list[Queued]:
    """The messages by age; those without a mess file come last."""
    return sorted(listing.messages, key=lambda one: (one.since is None, one.since or 0.0, one.msg))


def _value(seen: _Seen, listed: int) -> dict[str, object]:
    listing = seen.listing
    value: dict[str, object] = {"pair": seen.pair.name, "node": seen.node.name}
    if listing is None:
        return value | {"trouble": seen.trouble}
    first = oldest(listing)
    value |= {
        "trouble": seen.trouble or None,
        "queue": listing.queue,
        "todo": listing.todo,
        "states": dict(listing.states),
        "split": listing.split,
        "big_todo": listing.big_todo,
        "oldest": _message(first[0], None) if first else None,
        "biggest": _message(_biggest(listing), None) if first else None,
        "bytes": sum(one.bytes or 0 for one in listing.messages),
        "misplaced": list(listing.misplaced),
        "vanished": listing.vanished,
        "denied": list(listing.denied),
        "unread": listing.unread,
        "user": listing.user,
        "taken": listing.taken,
        "seconds": listing.seconds,
    }
    if listed:
        of = seen.envelopes.of if seen.envelopes is not None else {}
        value["messages"] = [_message(one, of.get(one.msg)) for one in first[:listed]]
    return value


def _biggest(listing: QueueListing) -> Queued:
    return max(listing.messages, key=lambda one: one.bytes or 0)


def _message(one: Queued, envelope: Envelope | None) -> dict[str, object]:
    value: dict[str, object] = {
        "message": one.msg,
        "state": one.state,
        "bytes": one.bytes,
        "since": one.since,
        "files": list(one.files),
    }
    if envelope is not None:
        value["sender"] = envelope.sender
        value["bouncing"] = envelope.bouncing
        value["recipients"] = [
            {"recipient": to.address, "channel": to.channel, "done": to.done} for to in envelope.recipients
        ]
    return value


def _told(seen: _Seen, listed: int) -> Iterator[str]:
    listing = seen.listing
    if listing is None:
        return
    total = sum(one.bytes or 0 for one in listing.messages)
    yield (
        f"{seen.node.name}: {listing.queue:,} messages in queue, {listing.todo:,} of them not"
        f" yet preprocessed · {total / 1e6:,.1f} MB"
    )
    for state, count in listing.states.items():
        yield f"  {state:<8}{count:>9,}  {_MEANING.get(state, '')}"
    first = oldest(listing)
    if first:
        yield f"  oldest   {_one_line(first[0], listing.taken)}"
        yield f"  biggest  {_one_line(_biggest(listing), listing.taken)}"
    if listing.misplaced:
        yield f"  {len(listing.misplaced):,} files lie in the wrong split directory: copied by files?"
    if listing.vanished:
        yield f"  {listing.vanished:,} files went while it was read"
    if listing.unread:
        yield f"  {listing.unread:,} lines of the listing say nothing known"
    yield f"  read as {inert(listing.user) or '?'} in {listing.seconds:.2f} s on the node"
    for one in first[:listed]:
        yield f"  {_one_line(one, listing.taken)}"
        envelope = seen.envelopes.of.get(one.msg) if seen.envelopes is not None else None
        if envelope is not None:
            sender = "sender not readable" if envelope.sender is None else f"from <{inert(envelope.sender)}>"
            yield f"    {sender}{', bouncing' if envelope.bouncing else ''}"
            for to in envelope.recipients:
                yield f"    {'done' if to.done else 'left'}  {to.channel:<6}  {inert(to.address)}"


def _one_line(one: Queued, now: float) -> str:
    size = f"{one.bytes:,} bytes" if one.bytes is not None else "no text"
    when = "" if one.since is None else f", since {_clock(one.since)} ({_age(now - one.since)})"
    return f"{one.state}  message {one.msg}, {size}{when}"


def _clock(at: float) -> str:
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
    except (ValueError, OverflowError, OSError):
        return f"{at:.0f}"


def _age(seconds: float) -> str:
    minutes = max(int(seconds), 0) // 60
    days, hours = minutes // 1440, minutes // 60 % 24
    return f"{days} d {hours} h" if days else f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"
