"""Searching the logs of a node: strings there, lines here, round by round until nothing is new."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from console.model.mail import MailTrouble, NodeSearch, Wanted
from console.parse.qmail_log import TAI_EPOCH
from console.parse.qmail_rounds import Rounds
from console.ssh.mail_channel import Answer
from console.ssh.text import one_line

LIMIT = 300.0
"""Seconds for one pass over all logs of a node."""
LIFETIME = 8 * 86400.0
"""Seconds that a message may have been in the queue (queuelifetime, a week) and one day: what happened since
a moment concerns messages that came before it."""
_CUT = 32 << 20
_TRIES = 3

_LOG = re.compile(r"([0-9]{1,20}) ([0-9]{1,20}) (\S{1,255})")
_ROTATED = re.compile(r"@([0-9a-f]{16})[0-9a-f]{8}\.[su]")

Ask = Callable[[str, tuple[object, ...], tuple[tuple[str, ...], ...], float], Awaitable[Answer]]
"""Word, its numbers, its lists, seconds."""


@dataclass(frozen=True, slots=True)
class LogFile:
    """A log file of a node, as it is called now."""

    inode: int
    size: int
    name: str


def log_files(text: str) -> list[LogFile]:
    """The section `logs`: `INODE BYTES NAME`, oldest first."""
    rows = (_LOG.fullmatch(line) for line in text.split("\n"))
    return [LogFile(int(row[1]), int(row[2]), row[3]) for row in rows if row]


def unreadable(node: str, answer: Answer) -> MailTrouble:
    """Why the log cannot be read, from the answer to `files`."""
    why = one_line("\n".join(line for line in answer.text("readable").split("\n") if ":" in line))
    return MailTrouble(
        f"{node}: the log cannot be read ({why or 'no such file'}); "
        "log in as root or a user who may, set become, or see qmail.log"
    )


def not_over_before(files: list[LogFile], since: float | None) -> list[LogFile]:
    """The files that do not end before `since`; the name of a rotated one is when it ended."""
    if since is None:
        return files
    ends = [(one, _ROTATED.fullmatch(one.name)) for one in files]
    return [one for one, end in ends if end is None or int(end[1], 16) - TAI_EPOCH >= since]


async def search(
    node: str, wanted: Wanted, ask: Ask, told: Callable[[str], None] | None = None
) -> NodeSearch:
    """Find the lines on one node; begins again where the log is rotated meanwhile. Raises MailTrouble."""
    loop = asyncio.get_running_loop()
    began, carried = loop.time(), 0
    words = wanted.words.strip()
    if not words or "\n" in words or "\0" in words:
        raise MailTrouble(f"{node}: name a sender or recipient, a message number or `delivery N`")
    for _ in range(_TRIES):
        answer = await ask("files", (), (), LIMIT)
        carried += answer.size
        if answer.status("readable") != 0:
            raise unreadable(node, answer)
        files = log_files(answer.text("logs"))
        since = None if wanted.since is None else wanted.since - LIFETIME
        files = not_over_before(files, since)
        names = tuple(one.name for one in files)
        torn: dict[str, tuple[bytes, bytes | None]] = {
            name: (
                answer.raw(f"torn/{name}"),
                answer.raw(f"next/{name}") if answer.status(f"next/{name}") is not None else None,
            )
            for name in names
            if answer.status(f"torn/{name}") is not None
        }
        rounds = Rounds(words, names, torn)
        searched = sum(one.size for one in files)
        cut = rotated = False
        while files and (strings := rounds.wanted()):
            if told is not None:
                told(
                    f"pass {rounds.rounds + 1} over {len(files)} files ({searched / 1e6:.1f} MB), "
                    f"{rounds.messages} messages so far"
                )
            found = await ask("grep", (), (names, strings), LIMIT)
            carried += found.size
            now = log_files(found.text("logs"))
            rotated = bool(now) and now[-1].inode != files[-1].inode
            if rotated:
                break
            matches = found.raw("matches")
            cut = cut or len(matches) >= _CUT
            rounds.take(matches)
        if rotated:
            continue
        return NodeSearch(
            node=node,
            lines=rounds.lines(),
            files=len(files),
            searched=searched,
            carried=carried,
            seconds=loop.time() - began,
            trouble=f"{node}: more than {_CUT >> 20} MiB of lines fit; ask for less" if cut else "",
            capped=rounds.capped or cut,
        )
    raise MailTrouble(f"{node}: the log was rotated {_TRIES} times during the search; ask again")
