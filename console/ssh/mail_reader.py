"""Looking closely at the mail of nodes, over connections of its own: console.model.mail, done by SSH."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from console.model.asking import Asker
from console.model.config import PairConfig
from console.model.mail import (
    ControlFiles,
    Envelope,
    Envelopes,
    LogLines,
    MailTrouble,
    MessageFiles,
    NodeSearch,
    Queued,
    QueueListing,
    Wanted,
)
from console.model.words import Home
from console.parse.qmail_envelopes import read_archive, read_envelopes
from console.parse.qmail_files_of import read_control, read_message
from console.parse.qmail_walk import denied_in, read_walk, told_time
from console.ssh.mail_channel import SCRIPT, Answer
from console.ssh.mail_links import IDLE, MailLinks
from console.ssh.mail_search import search
from console.ssh.mail_tail import Tail
from console.ssh.text import one_line

QUEUE_LIMIT = 180.0
"""Seconds for a pass over a queue; a big one on a slow disk takes its time."""
LOOK_LIMIT = 60.0
"""Seconds for the envelopes of a page, one message, or the settings."""
TAIL_LIMIT = 30.0
TAIL_EVERY = 1.0
"""Seconds between two looks at a log that is followed."""
_PER_LINE = 100
_MOST_ENVELOPES = 5000


class MailReader:
    """Reads the mail of pairs; a node is connected at the first request. It can change nothing."""

    def __init__(
        self,
        pairs: Sequence[PairConfig],
        ssh_config: Path | None = None,
        asker: Callable[[], Asker | None] = lambda: None,
        *,
        script: str = SCRIPT,
        idle: float = IDLE,
        every: float = TAIL_EVERY,
    ) -> None:
        """`asker` is asked for at each connection: who vouches for host keys and passphrases then."""
        self._links = MailLinks(pairs, ssh_config, asker, script=script, idle=idle)
        self._every = every
        self._tails = itertools.count(1)

    async def queue(self, pair: str, home: Home) -> QueueListing:
        """The whole queue of a node, in one pass; raises MailTrouble."""
        asked = time.time()
        async with self._links.channel(pair, home, "queue") as channel:
            answer = await channel.ask("queue", limit=QUEUE_LIMIT)
        grounds = answer.text("grounds")
        self._admit(pair, home, grounds)
        if answer.status("pass") is None:
            raise MailTrouble(f"{self._name(pair, home)}: the walk over the queue broke off; ask again")
        taken = told_time(grounds, asked)
        # As long as a blink for 100,000 messages, and the keyboard must not wait for it.
        return await asyncio.to_thread(
            read_walk, answer.text("pass"), answer.text("said"), grounds, taken, answer.seconds
        )

    def _name(self, pair: str, home: Home) -> str:
        return self._links.node(pair, home).name

    def _admit(self, pair: str, home: Home, grounds: str) -> None:
        """Raises MailTrouble where the queue as a whole cannot be seen."""
        lines = grounds.split("\n")
        qmail = self._links.settings(pair, home)["qmail"]
        if "missing ." in lines:
            raise MailTrouble(
                f"{self._name(pair, home)}: there is no queue in {qmail}; set `home` in the pair's qmail"
            )
        if "." in denied_in(grounds):
            user = next((line[5:] for line in lines if line.startswith("user ")), "this user")
            raise MailTrouble(
                f"{self._name(pair, home)}: {user} may not look into {qmail}/queue; "
                "it needs root or group qmail: log in so, or set become"
            )

    async def envelopes(self, pair: str, home: Home, listing: QueueListing, msgs: Sequence[int]) -> Envelopes:
        """Senders and recipients of messages of a listing; raises MailTrouble."""
        wanted = set(msgs[:_MOST_ENVELOPES])
        held = [one for one in listing.messages if one.msg in wanted]
        paths = [path for one in held for path in _paths(one, listing.split)]
        if not paths:
            return Envelopes(
                asked=len(wanted), denied=bool({"info", "local", "remote"} & set(listing.denied))
            )
        rows = [" ".join(paths[at : at + _PER_LINE]) for at in range(0, len(paths), _PER_LINE)]
        async with self._links.channel(pair, home, "look") as channel:
            answer = await channel.ask("envelopes", lists=(rows,), limit=LOOK_LIMIT)
        grounds = answer.text("grounds")
        self._admit(pair, home, grounds)
        bouncing = {one.msg: "bounce" in one.files for one in held}
        return await asyncio.to_thread(_envelopes, answer, bouncing, len(wanted), bool(denied_in(grounds)))

    async def message(self, pair: str, home: Home, msg: int, split: int | None = None) -> MessageFiles:
        """The files of one message; raises MailTrouble."""
        asked = time.time()
        place = msg % split if split else "-"
        async with self._links.channel(pair, home, "look") as channel:
            answer = await channel.ask("message", (msg, place), limit=LOOK_LIMIT)
        grounds = answer.text("grounds")
        self._admit(pair, home, grounds)
        taken = told_time(grounds, asked)
        return read_message(
            msg, answer.text("files"), grounds, answer.raw("archive"), answer.text("bounce"), taken
        )

    async def control(self, pair: str, home: Home) -> ControlFiles:
        """The settings; raises MailTrouble."""
        taken = time.time()
        async with self._links.channel(pair, home, "look") as channel:
            answer = await channel.ask("control", limit=LOOK_LIMIT)
        texts = {
            one.name.removeprefix("file/"): (one.text, one.status)
            for one in answer.sections
            if one.name.startswith("file/")
        }
        read = read_control(
            answer.text("listing"), texts, answer.text("showctl"), answer.text("sending"), taken
        )
        if read.trouble:
            raise MailTrouble(
                f"{self._name(pair, home)}: the settings cannot be read ({one_line(read.trouble)}); "
                "set `home` in the pair's qmail, or log in as a user who may"
            )
        return read

    async def search(
        self, pair: str, home: Home, wanted: Wanted, told: Callable[[str], None] | None = None
    ) -> NodeSearch:
        """The lines of the node's logs that concern what is wanted; raises MailTrouble."""
        async with self._links.channel(pair, home, "search") as channel:

            async def ask(
                word: str, words: tuple[object, ...], lists: tuple[tuple[str, ...], ...], limit: float
            ) -> Answer:
                return await channel.ask(word, words, lists, limit=limit)

            return await search(self._name(pair, home), wanted, ask, told)

    async def tail(self, pair: str, home: Home, last: int = 200) -> AsyncIterator[LogLines]:
        """The log as it grows; raises MailTrouble."""
        kind = f"tail {next(self._tails)}"
        try:
            async with self._links.channel(pair, home, kind) as channel:

                async def ask(word: str, words: tuple[object, ...]) -> Answer:
                    return await channel.ask(word, words, limit=TAIL_LIMIT)

                tail = Tail(self._name(pair, home), ask, time.time, last)
                while True:
                    lines, at_once = await tail.more()
                    # An empty answer too: it tells that the node still answers.
                    yield lines
                    if not at_once:
                        await asyncio.sleep(self._every)
        finally:
            self._links.drop(pair, home, kind)

    async def close(self) -> None:
        """Close every connection."""
        await self._links.close()


def _paths(one: Queued, split: int | None) -> list[str]:
    return [
        f"{directory}/{one.msg % split}/{one.msg}" if split else f"{directory}/{one.msg}"
        for directory in ("info", "local", "remote")
        if directory in one.files
    ]


def _envelopes(answer: Answer, bouncing: dict[int, bool], asked: int, denied: bool) -> Envelopes:
    read = read_envelopes(
        read_archive(answer.raw("archive")), bouncing, asked, denied=denied, seconds=answer.seconds
    )
    missing = {msg: Envelope(msg, bouncing=True) for msg, is_bouncing in bouncing.items() if is_bouncing}
    if not missing.keys() - read.of.keys():
        return read
    return Envelopes({**missing, **read.of}, read.asked, read.denied, read.seconds)
