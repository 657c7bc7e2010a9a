"""`mirrorgate trace` without `--log`: the logs are searched on the nodes, and their lines joined here."""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from console.commands import trace
from console.commands.complaining import complain
from console.commands.mail_nodes import nodes_of, reading
from console.model.config import Config, NodeConfig, PairConfig
from console.model.mail import MailReading, MailTrouble, NodeSearch, Wanted
from console.parse.qmail_joining import Message
from console.parse.qmail_rounds import messages_for


async def main(arguments: argparse.Namespace, config: Config, path: Path) -> int:
    """Search the nodes; raises BadConfig for a pair or node that is not there.

    Exit status 0, 1 when there is no such message or a node does not answer, 2 for an odd question.
    """
    words = " ".join(arguments.words).strip()
    try:
        since, until = (trace.when(word) if word else None for word in (arguments.since, arguments.until))
    except ValueError as odd:
        complain(f"trace: {odd}")
        return 2
    if not words or "\n" in words or "\0" in words:
        complain("trace: name a sender or recipient, a message number or `delivery N`")
        return 2
    nodes = nodes_of(config, path, arguments.pair, arguments.node)
    async with reading(config) as mails:
        return await run(mails, nodes, Wanted(words, since, until), as_json=arguments.json)


async def run(
    mails: MailReading,
    nodes: Sequence[tuple[PairConfig, NodeConfig]],
    wanted: Wanted,
    *,
    as_json: bool,
) -> int:
    """Print what each node's log says, in the order of the nodes; exit status 0, or 1 as for `main`."""
    searches = await asyncio.gather(*(_search(mails, pair, node, wanted) for pair, node in nodes))
    told: list[tuple[NodeSearch, list[Message]]] = []
    for search in searches:
        found = await asyncio.to_thread(messages_for, wanted.words, search.lines)
        told.append((search, [one for one in found if within(one, wanted)]))
    if as_json:
        values = [{"node": search.node, **trace.as_value(one)} for search, found in told for one in found]
        json.dump(values, sys.stdout, indent=2)
        print()
    else:
        for search, found in told:
            _tell(search, found)
    failed = False
    for search, _ in told:
        if search.trouble:
            failed = True
            complain(search.trouble)
        if search.capped:
            complain(f"{search.node}: more messages than are followed; ask for less, or use --since")
    return 0 if any(found for _, found in told) and not failed else 1


def within(message: Message, wanted: Wanted) -> bool:
    """Whether something happened to it between the two times; an unknown time is no reason to hide."""
    first, last = message.started, message.last
    begins = None if first is None else first.seconds
    ends = None if last is None else last.seconds
    if wanted.until is not None and begins is not None and begins > wanted.until:
        return False
    return wanted.since is None or ends is None or ends >= wanted.since


async def _search(mails: MailReading, pair: PairConfig, node: NodeConfig, wanted: Wanted) -> NodeSearch:
    try:
        return await mails.search(pair.name, node.home, wanted)
    except MailTrouble as trouble:
        return NodeSearch(node.name, trouble=str(trouble))


def _tell(search: NodeSearch, found: Sequence[Message]) -> None:
    if search.trouble and not search.lines:
        return
    print(
        f"{search.node}: {len(found)} {'message' if len(found) == 1 else 'messages'}"
        f" · {search.searched / 1e6:,.1f} MB of log in {search.files} files"
        f", {search.carried / 1e3:,.0f} kB came over · {search.seconds:.1f} s"
    )
    print()
    for one in found:
        print("\n".join(trace.told(one)))
        print()
    if not found:
        print("  no such message in this log\n")
