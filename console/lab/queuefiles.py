"""The files of a qmail queue, as qmail's INTERNALS and a real queue have them.

mess, info, local and remote are split by the number of the message; todo and intd are two names of one file;
a mess file is its own number. A recipient that is done stays in its file until the whole channel is.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from console.lab.files import FRAGMENT, Entry, set_owner
from console.lab.mailqueue import SPLIT, Message

if TYPE_CHECKING:
    from console.lab.qmail import Mail

DEEP = ("mess", "info", "local", "remote")
"""Directories that are split."""
FLAT = ("todo", "intd", "bounce")
_CLOSED = {"info": "qmails", "local": "qmails", "remote": "qmails", "bounce": "qmails",
           "intd": "qmailq", "pid": "qmailq"}  # fmt: skip
"""Directories that only their owner may enter; the others are open to group qmail."""
_SERIAL = {"mess": 0, "todo": 1, "intd": 1, "info": 2, "local": 3, "remote": 4, "bounce": 5}


def make_directories(mail: "Mail") -> None:
    """Write the empty queue as `make setup` leaves it, with its owners and modes."""
    node, root = mail.node, mail.queue_root
    for name in (*DEEP, *FLAT, "pid", "lock"):
        parts = [f"/{number}" for number in range(SPLIT)] if name in DEEP else []
        for part in ("", *parts):
            path = f"{root}/{name}{part}"
            node.fs.mkdir(path, recursive=True)
            set_owner(node, path, _CLOSED.get(name, "qmailq"), "qmail")
            node.fs.chmod(path, 0o700 if name in _CLOSED else 0o750)
    set_owner(node, root, "qmailq", "qmail")
    node.fs.chmod(root, 0o750)
    for name, owner, mode, size in (("sendmutex", "qmails", 0o600, 0), ("tcpto", "qmailr", 0o644, 1024)):
        path = f"{root}/lock/{name}"
        node.fs.write_file(path, bytes(size))
        set_owner(node, path, owner, "qmail")
        node.fs.chmod(path, mode)


def mess(message: Message) -> bytes:
    """The text of a message, made up from its envelope and as long as its size says."""
    to = ", ".join(recipient.address for recipient in message.recipients[:4])
    head = (
        f"Received: (qmail {message.qp} invoked by uid {message.uid}); {message.born:.0f}\n"
        f"From: {message.sender or 'MAILER-DAEMON'}\nTo: {to}\nSubject: {message.number}\n\n"
    ).encode()
    line = b"One line of the text of a message, as long as the others.\n"
    return (head + line * (message.size // len(line) + 1))[: message.size]


def envelope(message: Message) -> bytes:
    """What qmail-queue writes into intd and todo."""
    head = f"u{message.uid}\0p{message.qp}\0F{message.sender}\0"
    text = head + "".join(f"T{recipient.address}\0" for recipient in message.recipients)
    return text.encode("utf-8", "surrogateescape")


def channel_file(message: Message, channel: str) -> bytes:
    """The recipients of one channel, T to do and D done."""
    own = (r for r in message.recipients if r.channel == channel)
    text = "".join(f"{'D' if r.done else 'T'}{r.address}\0" for r in own)
    return text.encode("utf-8", "surrogateescape")


def bounce(message: Message) -> bytes:
    """What the sender will be told, a paragraph for each recipient that failed."""
    told = (f"<{a}>:\n{report.replace('/', chr(10)).replace('_', ' ')}\n" for a, report in message.bounced)
    return "".join(told).encode("utf-8", "surrogateescape")


_CONTENT: dict[str, Callable[[Message], bytes]] = {
    "mess": mess, "todo": envelope, "intd": envelope, "bounce": bounce,
    "info": lambda message: f"F{message.sender}\0".encode("utf-8", "surrogateescape"),
    "local": lambda message: channel_file(message, "local"),
    "remote": lambda message: channel_file(message, "remote"),
}  # fmt: skip


_HOLDS: dict[str, Callable[[Message], bool]] = {
    "mess": lambda message: True,
    "intd": lambda message: not message.preprocessed and message.stage != "S2",
    "todo": lambda message: not message.preprocessed and not message.stage,
    "info": lambda message: message.preprocessed,
    "local": lambda message: message.preprocessed and message.left("local"),
    "remote": lambda message: message.preprocessed and message.left("remote"),
    "bounce": lambda message: bool(message.bounced),
}
"""Whether a message has a file in a directory."""


class QueueFiles:
    """The queue of one node as files."""

    def __init__(self, mail: "Mail") -> None:
        self._mail = mail
        self.root = mail.queue_root + "/"

    def entry(self, path: str) -> Entry | None:
        """The file at a path."""
        found = self._find(path)
        return None if found is None else self._entry(path, *found)

    def entries(self, directory: str) -> list[Entry]:
        """The files in one directory of the queue."""
        name, _, part = directory.removeprefix(self.root).partition("/")
        if name in DEEP and part.isdigit() and int(part) < SPLIT:
            known = self._mail.queue.parts[int(part)]
        elif name in FLAT and not part:
            known = self._mail.queue
        else:
            return []
        holds = _HOLDS[name]
        found = sorted((str(number), message) for number, message in known.items() if holds(message))
        return [self._entry(f"{directory}/{number}", name, message) for number, message in found]

    def content(self, path: str) -> bytes:
        """What is in a file."""
        found = self._find(path)
        return b"" if found is None else _CONTENT[found[0]](found[1])

    def inode(self, path: str) -> int | None:
        """A mess file has the number of its message; todo and intd share one."""
        found = self._find(path)
        return None if found is None else found[1].number + 3_000_000 * _SERIAL[found[0]]

    def _find(self, path: str) -> tuple[str, Message] | None:
        name, _, rest = path.removeprefix(self.root).partition("/")
        part, _, last = rest.rpartition("/")
        if name not in _CONTENT or not last.isdigit() or bool(part) != (name in DEEP):
            return None
        message = self._mail.queue.get(int(last))
        if message is None or not _HOLDS[name](message) or (part and part != str(int(last) % SPLIT)):
            return None
        return name, message

    def _entry(self, path: str, name: str, message: Message) -> Entry:
        size = message.size if name == "mess" else len(_CONTENT[name](message))
        changed: float = message.born
        if name in ("info", "bounce"):
            changed = message.entered if name == "info" else message.marked
        elif name in ("local", "remote"):
            changed = self._channel_time(message, name)
        owner = "qmailq" if name in ("mess", "todo", "intd") else "qmails"
        mode = 0o644 if owner == "qmailq" else 0o600
        links = 2 if name == "todo" or (name == "intd" and not message.stage) else 1
        blocks = -(-size // FRAGMENT) * FRAGMENT
        return Entry(path, "file", mode, owner, "qmail", size, changed, blocks, links)

    def _channel_time(self, message: Message, name: str) -> float:
        """While qmail-send runs, when a recipient was marked; it leaves the time of the next try behind."""
        if not self._mail.running:
            due = min(r.due for r in message.recipients if r.channel == name and not r.done)
            return float(int(due)) if due else message.entered
        return max(message.marked, message.entered)
