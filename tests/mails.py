"""A MailReading for tests: it answers from captured queues, or from queues made up of any size."""

import asyncio
import base64
import gzip
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TypeVar

from console.model.mail import (
    Channel,
    ControlFile,
    ControlFiles,
    Envelope,
    EnvelopeRecipient,
    Envelopes,
    LogLines,
    MailTrouble,
    MessageFiles,
    NodeSearch,
    Queued,
    QueueFile,
    QueueListing,
    QueueState,
    Wanted,
)
from console.model.words import Home
from tests.parse.captured import CAPTURES

T = TypeVar("T")
QUEUES = CAPTURES / "qmail" / "queue"
ORDER = ("mess", "todo", "intd", "info", "local", "remote", "bounce")
NOW = 1_795_400_000.0
"""When made up queues were walked."""


def _read(directory: str, name: str) -> str:
    path = QUEUES / directory / name
    if path.exists():
        return path.read_text()
    packed = path.with_name(f"{name}.gz")
    return gzip.decompress(packed.read_bytes()).decode() if packed.exists() else ""


def _state(files: set[str]) -> QueueState:
    if "mess" not in files:
        return "other"
    if "todo" in files:
        return "S4"
    if "info" in files:
        return "other" if "intd" in files else "S5"
    return "S2" if files == {"mess"} else "S3" if files == {"mess", "intd"} else "other"


def _files(directory: str) -> Iterator[tuple[int, QueueFile]]:
    for line in _read(directory, "listing.tsv").splitlines():
        path, size, changed, _, kind = line.split("\t")
        top, name = path.partition("/")[0], path.rpartition("/")[2]
        if kind == "f" and top in ORDER and name.isdigit():
            yield int(name), QueueFile(top, path, int(size), float(changed))


def captured_queue(directory: str, user: str = "root") -> QueueListing:
    """The listing of a captured queue, as a sound reader would make it."""
    held: dict[int, dict[str, QueueFile]] = {}
    for msg, file in _files(directory):
        held.setdefault(msg, {})[file.directory] = file
    queued = tuple(
        Queued(
            msg,
            _state(set(files)),
            tuple(name for name in ORDER if name in files),
            files["mess"].bytes if "mess" in files else None,
            files["mess"].changed if "mess" in files else None,
        )
        for msg, files in sorted(held.items())
    )
    taken = float(_read(directory, "when.txt").split()[0])
    return summed(queued, taken=taken, seconds=0.12, user=user, split=23, big_todo=directory.startswith("v"))


def summed(
    queued: tuple[Queued, ...],
    *,
    taken: float = NOW,
    seconds: float = 0.8,
    user: str = "root",
    split: int | None = 23,
    big_todo: bool = False,
) -> QueueListing:
    """A listing of these messages, its counts with them."""
    states: dict[str, int] = {}
    for one in queued:
        states[one.state] = states.get(one.state, 0) + 1
    return QueueListing(
        queued,
        states,
        queue=sum("mess" in one.files for one in queued),
        todo=sum("todo" in one.files for one in queued),
        split=split,
        big_todo=big_todo,
        taken=taken,
        seconds=seconds,
        user=user,
    )


def captured_envelopes(directory: str) -> dict[int, Envelope]:
    """The envelopes of a captured queue, by message."""
    senders: dict[int, str] = {}
    since: dict[int, float | None] = {m: f.changed for m, f in _files(directory) if f.directory == "info"}
    recipients: dict[int, list[EnvelopeRecipient]] = {}
    bouncing: set[int] = set()
    for line in _read(directory, "contents-base64.tsv").splitlines():
        path, _, packed = line.partition("\t")
        top, name = path.partition("/")[0], path.rpartition("/")[2]
        if not name.isdigit():
            continue
        records = base64.b64decode(packed).decode("utf-8", "backslashreplace").split("\0")[:-1]
        if top == "info":
            senders[int(name)] = records[0][1:]
        elif top == "local" or top == "remote":
            channel: Channel = "local" if top == "local" else "remote"
            recipients.setdefault(int(name), []).extend(
                EnvelopeRecipient(channel, record[1:], record[0] == "D") for record in records
            )
        elif top == "bounce":
            bouncing.add(int(name))
    return {
        msg: Envelope(msg, senders.get(msg), tuple(recipients.get(msg, ())), msg in bouncing, since.get(msg))
        for msg in senders.keys() | recipients.keys()
    }


def captured_bounces(directory: str) -> dict[int, str]:
    """The bounce texts of a captured queue, by message."""
    found = {}
    for line in _read(directory, "contents-base64.tsv").splitlines():
        path, _, packed = line.partition("\t")
        if path.startswith("bounce/"):
            found[int(path.partition("/")[2])] = base64.b64decode(packed).decode("utf-8", "backslashreplace")
    return found


def made_queue(count: int, *, taken: float = NOW, waiting: int = 0) -> QueueListing:
    """A queue of any size: message n has arrived n seconds ago, `waiting` are not preprocessed."""
    queued = []
    for n in range(count):
        state: QueueState = "S4" if n < waiting else "S5"
        files = ("mess", "todo", "intd") if n < waiting else ("mess", "info", "remote")
        queued.append(Queued(5_000_000 + n, state, files, 500 + n * 7919 % 90_000, taken - n * 2.5))
    return summed(tuple(queued), taken=taken)


def made_envelope(one: Queued) -> Envelope:
    """An envelope for a made up message."""
    n = one.msg
    recipients = tuple(
        EnvelopeRecipient("remote" if k else "local", f"user{n % 1000}-{k}@dom{n % 17}.example", k == 1)
        for k in range(1 + n % 3)
    )
    sender = "" if n % 11 == 0 else f"list{n % 23}@sender.example"
    return Envelope(n, sender, recipients, False, one.since)


@dataclass
class FakeMails:
    """Implements `MailReading`. Each answer may be a MailTrouble, which is then raised.

    While `held` is an event that is not set, every call waits; a call that was cancelled meanwhile is in
    `cancelled`.
    """

    listings: dict[Home, QueueListing | MailTrouble] = field(default_factory=dict)
    letters: dict[int, Envelope] = field(default_factory=dict)
    """Envelopes by message; those of others are made up while `makes` is true."""
    makes: bool = True
    denied: bool = False
    bounces: dict[int, str] = field(default_factory=dict)
    messages: dict[int, MessageFiles | MailTrouble] = field(default_factory=dict)
    """Messages that are not as their listing says."""
    controls: dict[Home, ControlFiles | MailTrouble] = field(default_factory=dict)
    searches: dict[Home, NodeSearch | MailTrouble] = field(default_factory=dict)
    logs: dict[Home, list[LogLines] | MailTrouble] = field(default_factory=dict)
    """What `tail` yields; then it waits for more for ever."""
    held: asyncio.Event | None = None
    calls: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)

    @classmethod
    def captured(cls, directory: str, home: Home = Home.MASTER) -> "FakeMails":
        """One node has this captured queue, the other has none."""
        other = Home.SLAVE if home is Home.MASTER else Home.MASTER
        return cls(
            listings={
                home: captured_queue(directory),
                other: MailTrouble(
                    f"web-{'b' if other is Home.SLAVE else 'a'}: /var/qmail/queue is not there"
                ),
            },
            letters=captured_envelopes(directory),
            makes=False,
            bounces=captured_bounces(directory),
        )

    async def _asked(self, what: str) -> None:
        self.calls.append(what)
        if self.held is not None:
            try:
                await self.held.wait()
            except asyncio.CancelledError:
                self.cancelled.append(what)
                raise

    @staticmethod
    def _of(answers: Mapping[Home, T | MailTrouble], home: Home, empty: T) -> T:
        answer = answers.get(home, empty)
        if isinstance(answer, MailTrouble):
            raise answer
        return answer

    async def queue(self, pair: str, home: Home) -> QueueListing:
        """The listing of the node."""
        await self._asked(f"queue {home.value}")
        return self._of(self.listings, home, QueueListing(taken=NOW, seconds=0.01, user="root"))

    async def envelopes(self, pair: str, home: Home, listing: QueueListing, msgs: Sequence[int]) -> Envelopes:
        """Those that are known, or made up."""
        assert len(msgs) <= 5000
        await self._asked(f"envelopes {home.value} {len(msgs)}")
        if self.denied:
            return Envelopes({}, len(msgs), denied=True, seconds=0.01)
        wanted = set(msgs)
        made = {q.msg: made_envelope(q) for q in listing.messages if q.msg in wanted} if self.makes else {}
        known = {msg: self.letters[msg] for msg in msgs if msg in self.letters}
        return Envelopes(made | known, len(msgs), seconds=0.02)

    async def message(self, pair: str, home: Home, msg: int, split: int | None = None) -> MessageFiles:
        """The files that the listing tells of."""
        await self._asked(f"message {home.value} {msg}")
        if isinstance(known := self.messages.get(msg), MailTrouble):
            raise known
        if known is not None:
            return known
        listing = self._of(self.listings, home, QueueListing(taken=NOW))
        one = next((q for q in listing.messages if q.msg == msg), None)
        if one is None:
            return MessageFiles(msg, taken=listing.taken)
        owners = {"mess": "qmailq", "todo": "qmailq", "intd": "qmailq"}
        split = listing.split or 23
        files = tuple(
            QueueFile(
                name,
                f"{name}/{msg}" if name in ("todo", "intd", "bounce") else f"{name}/{msg % split}/{msg}",
                one.bytes if name == "mess" else 40,
                one.since,
                owners.get(name, "qmails"),
            )
            for name in one.files
        )
        letter = self.letters.get(msg) or (made_envelope(one) if self.makes else None)
        letter = letter if {"info", "local", "remote"} & set(one.files) else None
        return MessageFiles(msg, one.state, files, letter, self.bounces.get(msg, ""), taken=listing.taken)

    def change(self, msg: int, **values: object) -> None:
        """From now on a message is told of as it is, with these values."""
        known = self.messages[msg]
        assert isinstance(known, MessageFiles)
        self.messages[msg] = replace(known, **values)  # type: ignore[arg-type]  # a test knows the fields

    async def control(self, pair: str, home: Home) -> ControlFiles:
        """The settings of the node."""
        await self._asked(f"control {home.value}")
        return self._of(self.controls, home, ControlFiles())

    async def search(
        self, pair: str, home: Home, wanted: Wanted, told: Callable[[str], None] | None = None
    ) -> NodeSearch:
        """The lines given for the node, whatever is wanted."""
        await self._asked(f"search {home.value} {wanted.words}")
        if told is not None:
            told("looking through 1 file")
        return self._of(self.searches, home, NodeSearch(home.value))

    async def tail(self, pair: str, home: Home, last: int = 200) -> AsyncIterator[LogLines]:
        """The chunks given for the node, then nothing more."""
        await self._asked(f"tail {home.value} {last}")
        for chunk in self._of(self.logs, home, [LogLines()]):
            yield chunk
        await asyncio.Event().wait()


def captured_control(started: float | None = NOW - 86_400.0, /, **texts: str | None) -> ControlFiles:
    """The captured control directory; `texts` replaces files, None takes one away, `_` stands for a dot."""
    directory = CAPTURES / "qmail" / "control"
    found: dict[str, str | None] = {p.name: p.read_text() for p in directory.iterdir()}
    showctl = found.pop("qmail-showctl.txt") or ""
    found |= {name.replace("_", "."): text for name, text in texts.items()}
    files = tuple(
        ControlFile(name, text, "", len(text.encode()), NOW - 30 * 86_400, "-rw-r--r--", "root")
        for name, text in sorted(found.items())
        if text is not None
    )
    return ControlFiles(files, showctl, started, taken=NOW)


def log_of(directory: str, first: int = 1_000_000, *, packed: bool = False) -> tuple[bytes, ...]:
    """The first lines of `current` of a captured log."""
    path = CAPTURES / "qmail" / "logs" / directory / ("current.gz" if packed else "current")
    data = gzip.decompress(path.read_bytes()) if packed else path.read_bytes()
    return tuple(islice(data.split(b"\n")[:-1], first))
