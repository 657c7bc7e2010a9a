"""The qmail queue on disk: qmail-qread(8), and a listing of the files under /var/qmail/queue."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from console.model.mail import QueueState
from console.parse.lines import lines, whole
from console.parse.reading import Reading


@dataclass(frozen=True, slots=True)
class QueuedRecipient:
    """A recipient; a finished one stays listed until its whole channel is done."""

    channel: str
    address: str
    done: bool


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """A message that has an info file. `date` is its arrival, in GMT as printed."""

    date: str
    msg: int
    bytes: int
    sender: str
    bouncing: bool
    recipients: tuple[QueuedRecipient, ...]


@dataclass(frozen=True, slots=True)
class QueueReading:
    """All messages in the order printed: by split directory, not by time."""

    messages: tuple[QueuedMessage, ...] = ()
    message_count: int = 0
    done: int = 0
    """Recipients that are done, and those that are not."""
    not_done: int = 0
    bouncing: int = 0
    vanished: tuple[int, ...] = ()
    """Messages that ended while qmail-qread looked."""
    warnings: tuple[str, ...] = ()
    fatal: str | None = None


_MESSAGE = re.compile(
    r"([0-9]{1,2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8}) GMT +#([0-9]{1,20}) +([0-9]{1,20})"
    r" +<(.*)>(?: *|  ?(bouncing) *)"
)
_RECIPIENT = re.compile(r"(  done)?\t(local|remote)\t(.*)|\s*(done)?\s+(local|remote)\s+(\S.*)")
_VANISHED = re.compile(r"warning: trouble with #([0-9]{1,20}): file does not exist\s*")


def read_qmail_qread(text: str) -> Reading[QueueReading]:
    """Read qmail-qread(8); its `fatal:` line is on standard output too."""
    unread: list[str] = []
    messages: list[QueuedMessage] = []
    recipients: list[QueuedRecipient] = []
    header: re.Match[str] | None = None
    vanished: list[int] = []
    warnings: list[str] = []
    fatal: str | None = None
    for line in lines(text):
        if found := _VANISHED.fullmatch(line):
            vanished.append(int(found[1]))
        elif line.startswith("warning: "):
            warnings.append(line.removeprefix("warning: "))
        elif line.startswith("fatal: "):
            fatal = line.removeprefix("fatal: ")
        elif found := _MESSAGE.fullmatch(line):
            if header:
                messages.append(_message(header, recipients))
            header, recipients = found, []
        elif header and (found := _RECIPIENT.fullmatch(line)):
            done, channel, address = found.group(1, 2, 3) if found[2] else found.group(4, 5, 6)
            recipients.append(QueuedRecipient(channel, address, done is not None))
        elif line and not line.isspace():
            unread.append(line)
    if header:
        messages.append(_message(header, recipients))
    done = sum(recipient.done for message in messages for recipient in message.recipients)
    total = sum(len(message.recipients) for message in messages)
    reading = QueueReading(
        messages=tuple(messages),
        message_count=len(messages),
        done=done,
        not_done=total - done,
        bouncing=sum(message.bouncing for message in messages),
        vanished=tuple(vanished),
        warnings=tuple(warnings),
        fatal=fatal,
    )
    return Reading(reading, tuple(unread))


def _message(header: re.Match[str], recipients: list[QueuedRecipient]) -> QueuedMessage:
    date, msg, size, sender, bouncing = header.groups()
    return QueuedMessage(date, int(msg), int(size), sender, bouncing is not None, tuple(recipients))


DIRECTORIES = ("mess", "todo", "intd", "info", "local", "remote", "bounce", "pid")


@dataclass(frozen=True, slots=True)
class QueueFiles:
    """How many files each directory holds, and which message is in which state.

    A state is known by which files exist: S2 a message arriving, S3 its envelope arriving, S4 queued and
    not yet preprocessed, S5 preprocessed; `other` is a set of files that a sound queue never has.
    """

    counts: dict[str, int] = field(default_factory=dict)
    queue: int = 0
    """The first number of qmail-qstat: mess files, whatever their state."""
    todo: int = 0
    """The second number; part of the first."""
    states: dict[str, int] = field(default_factory=dict)
    by_state: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """Message numbers of every state but S4 and S5, which may be thousands."""
    split: int | None = None
    """Number of directories under mess (conf-split)."""
    big_todo: bool = False
    """todo and intd are split too."""
    misplaced: tuple[str, ...] = ()
    """Files in a split directory that is not the number modulo the split."""


_PATH = re.compile(
    r"(?:.*/queue/|\./)?(mess|todo|intd|info|local|remote|bounce|pid|lock)(?:/([0-9]{1,6})(?=/|$))?(?:/([^/]+))?"
)


def read_qmail_queue_listing(text: str) -> Reading[QueueFiles]:
    """Read a list of paths under the queue, alone or as the first of tab-separated fields.

    The fields are path, size, mtime, inode, type (`f`, `d`, `p`); with paths alone, a number without a
    directory below it is a file in the directories that are never split.
    """
    unread: list[str] = []
    rows: list[tuple[str, str | None, str]] = []
    splits: dict[str, set[int]] = {}
    for line in lines(text):
        if not line or line.isspace():
            continue
        path, *fields = line.split("\t")
        found = _PATH.fullmatch(path.rstrip()) if len(path) < 4096 else None
        if found is None:
            unread.append(line)
            continue
        directory, number, name = found.groups()
        kind = fields[3] if len(fields) >= 4 else None
        if name is None and number is not None:
            if kind == "d" or (kind is None and directory in ("mess", "info", "local", "remote")):
                splits.setdefault(directory, set()).add(int(number))
            else:
                rows.append((directory, None, number))
        elif name is not None:
            rows.append((directory, number, name))
    return Reading(_queue_files(rows, splits), tuple(unread))


def _queue_files(rows: list[tuple[str, str | None, str]], splits: dict[str, set[int]]) -> QueueFiles:
    deep = {directory for directory, number, _ in rows if number is not None} | set(splits)
    split = max((max(splits[name]) + 1 for name in ("mess", "info") if splits.get(name)), default=None)
    held: dict[int, set[str]] = {}
    counts: Counter[str] = Counter()
    misplaced: list[str] = []
    for directory, number, name in rows:
        counts[directory] += 1
        msg = whole(name)
        if msg is None or directory in ("pid", "lock"):
            continue
        held.setdefault(msg, set()).add(directory)
        if split and number is not None and msg % split != int(number):
            misplaced.append(f"{directory}/{number}/{name}")
    by_state: dict[str, list[int]] = {}
    for msg in sorted(held):
        by_state.setdefault(state_of(held[msg]), []).append(msg)
    return QueueFiles(
        counts={name: counts[name] for name in DIRECTORIES},
        queue=counts["mess"],
        todo=counts["todo"],
        states={state: len(msgs) for state, msgs in sorted(by_state.items())},
        by_state={
            state: tuple(msgs) for state, msgs in sorted(by_state.items()) if state not in ("S4", "S5")
        },
        split=split,
        big_todo=bool({"todo", "intd"} & deep),
        misplaced=tuple(misplaced),
    )


def state_of(held: Iterable[str]) -> QueueState:
    """The state of a message that these directories hold (qmail INTERNALS)."""
    files = set(held)
    if "mess" not in files:
        return "other"
    if "todo" in files:
        return "other" if "bounce" in files else "S4"
    if "info" in files:
        return "other" if "intd" in files else "S5"
    if files == {"mess"}:
        return "S2"
    return "S3" if files == {"mess", "intd"} else "other"
