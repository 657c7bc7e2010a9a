"""A channel with the mail script on it: one request at a time, each bounded in time and in size."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import asyncssh

from console.model.mail import MailTrouble
from console.ssh.channel import SamplerChannel
from console.ssh.frames import BROKEN, Frame
from console.ssh.programs import MAIL
from console.ssh.shell import Become, no_shell
from console.ssh.starting import NotStarted, start
from console.ssh.wall import ReadOnlyConnection

SCRIPT = MAIL.script
MOST = 96 << 20
"""Bytes of one answer: a queue of a million messages, or 32 MiB of log."""
_HANDSHAKE = 15.0
_CLOSING = 2.0


@dataclass(frozen=True, slots=True)
class Section:
    """A part of an answer."""

    name: str
    text: str
    raw: bytes
    status: int


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything that a request was answered."""

    sections: tuple[Section, ...] = ()
    seconds: float = 0.0
    """From the request to the last of it, by the console's clock."""
    size: int = 0
    began: float = 0.0
    """When it was asked, and when it was answered, on the loop's clock."""
    ended: float = 0.0
    _by_name: dict[str, Section] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """The text of a section, inert; empty where there is none."""
        section = self._by_name.get(name)
        return section.text if section else ""

    def raw(self, name: str) -> bytes:
        """The bytes of a section."""
        section = self._by_name.get(name)
        return section.raw if section else b""

    def status(self, name: str) -> int | None:
        """How what answered it ended."""
        section = self._by_name.get(name)
        return section.status if section else None


def answer_of(frames: Sequence[Frame], began: float = 0.0, ended: float = 0.0) -> Answer:
    """Join the frames of one request."""
    sections = tuple(Section(one.section, one.text, one.raw, one.exit_status) for one in frames)
    size = sum(len(one.raw) for one in sections)
    return Answer(sections, ended - began, size, began, ended, {one.name: one for one in sections})


def request(word: str, number: int, words: Sequence[object] = (), lists: Sequence[Sequence[str]] = ()) -> str:
    """The lines of a request; words of a list are data to the node, whatever they are.

    Raises:
        ValueError: a word has a line feed or a NUL in it.
    """
    if any("\n" in item or "\0" in item for items in lists for item in items):
        raise ValueError("what is looked for is one line")
    head = " ".join(str(one) for one in (word, number, *words))
    return f"{head}\n" + "".join("".join(f"+{item}\n" for item in items) + ".\n" for items in lists)


class MailChannel:
    """One shell that answers requests; closing it ends what works for it."""

    def __init__(self, node: str) -> None:
        self._node = node
        self._boundary = secrets.token_hex(16)
        self._channel: SamplerChannel | None = None
        self._number = 0
        self._frames: list[Frame] = []
        self._size = 0
        self._waiting: asyncio.Future[None] | None = None
        self._closed = False

    @classmethod
    async def open(
        cls,
        connection: asyncssh.SSHClientConnection | ReadOnlyConnection,
        node: str,
        become: Become,
        settings: Mapping[str, str],
        script: str = SCRIPT,
    ) -> "MailChannel":
        """Start the script; raises MailTrouble. `settings` are `qmail` and `qmaillog`, absolute paths."""
        mail = cls(node)
        try:
            async with asyncio.timeout(_HANDSHAKE):
                channel = mail._channel = await start(
                    connection,
                    lambda: SamplerChannel(mail, mail._boundary, hello=MAIL.greeting, raw=True, longest=MOST),
                    MAIL,
                    become,
                    script,
                )
        except TimeoutError as late:
            raise MailTrouble(
                f"{node}: no shell started within {_HANDSHAKE:.0f} s; the node is very busy: try again"
            ) from late
        except asyncssh.ChannelOpenError as odd:
            raise MailTrouble(
                f"{node}: sshd refuses another session ({odd.reason}); allow at least 10 (MaxSessions)"
            ) from odd
        except NotStarted as odd:
            raise MailTrouble(no_shell(node, become, odd.said, odd.exit_status).line) from odd
        except (OSError, asyncssh.Error) as odd:
            raise MailTrouble(f"{node}: the connection broke; ask again") from odd
        channel.write(
            f"hello {mail._boundary}\n" + "".join(f"set {name} {value}\n" for name, value in settings.items())
        )
        return mail

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._channel is not None and not self._channel.closed and not self._closed

    async def ask(
        self,
        word: str,
        words: Sequence[object] = (),
        lists: Sequence[Sequence[str]] = (),
        *,
        limit: float,
    ) -> Answer:
        """Ask, and wait for the whole answer; whatever else happens the channel is closed.

        Raises:
            MailTrouble: no answer within `limit` seconds, too long an answer, or the connection went.
        """
        loop = asyncio.get_running_loop()
        if self._channel is None or not self.alive:
            raise self._lost()
        self._number += 1
        self._frames, self._size = [], 0
        self._waiting = loop.create_future()
        began = loop.time()
        try:
            self._channel.write(request(word, self._number, words, lists))
            async with asyncio.timeout(limit):
                await self._waiting
        except TimeoutError as late:
            self.close()
            raise MailTrouble(
                f"{self._node}: no answer within {limit:.0f} s (a disk that hangs?); look at its findings"
            ) from late
        except BaseException:
            self.close()
            raise
        finally:
            self._waiting = None
        frames, self._frames = self._frames, []
        return answer_of(frames, began, loop.time())

    def close(self) -> None:
        """Close the channel: the script sees its input end."""
        self._closed = True
        if self._channel is not None:
            self._channel.close()

    async def wait_closed(self) -> None:
        """Wait a moment for the other end to close it too."""
        if self._channel is not None:
            try:
                async with asyncio.timeout(_CLOSING):
                    await self._channel.wait_closed()
            except TimeoutError:
                return

    def take(self, channel: SamplerChannel, frames: Sequence[Frame]) -> None:
        """Frames of the answer that is waited for."""
        waiting = self._waiting
        if waiting is None or waiting.done():
            return
        for frame in frames:
            if frame.tick != self._number:
                continue
            self._size += len(frame.raw)
            if self._size > MOST or (frame.exit_status == BROKEN and "too long" in frame.text):
                waiting.set_exception(
                    MailTrouble(f"{self._node}: the answer is longer than {MOST >> 20} MiB; ask for less")
                )
                return
            if frame.section == "done":
                waiting.set_result(None)
                return
            self._frames.append(frame)

    def ended(self, channel: SamplerChannel, why: Exception | None) -> None:
        """The channel closed."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(self._lost())

    def _lost(self) -> MailTrouble:
        return MailTrouble(f"{self._node}: the connection was lost while its mail was read; ask again")
