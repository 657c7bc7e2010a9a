"""Which fixed strings to look for next in the logs of a node, until all about the wanted messages is known.

First the words; then `msg N` of the messages that have them; then the results of their deliveries, and the
bounces that they cause; then what became of those. What is found may be more than needed (other lives of a
number, a longer number): real lines of the log, which joining sorts out. A delivery numbered 1 is a new start
of qmail-send and always wanted: it ends what ran before.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from console.parse.qmail_blocks import text_of
from console.parse.qmail_joining import Joining, Message, deliveries
from console.parse.qmail_log import (
    Bounced,
    Delivered,
    Ended,
    Mangled,
    MessageInfo,
    NewMessage,
    Stamp,
    Starting,
    TripleBounce,
    decode,
    decode_all,
)

MOST_MESSAGES = 500
"""Messages that are followed in one search."""
MOST_STRINGS = 2000
"""Strings for one pass over the logs: they have to fit on a command line."""
_MOST_PASSES = 24

_NUMBERED = re.compile(r"(?:(msg|delivery)[ :])?([0-9]{1,20})")
_RESTART = "starting delivery 1: "
_TRIPLE = "triple bounce: "
_CONCERNS = re.compile(
    rb"(?:new|info|end) msg ([0-9]{1,20})|starting delivery ([0-9]{1,20}): msg ([0-9]{1,20})"
    rb"|delivery ([0-9]{1,20}): |bounce msg ([0-9]{1,20}) qp ([0-9]{1,20})"
    rb"|triple bounce: discarding bounce/(?:[0-9]+/)?([0-9]{1,20})"
)
_QP = re.compile(rb"> qp ([0-9]{1,20}) uid ")
_LAST = 1 << 62
"""Stands for the number of a line that begins at the end of a file and goes on in the next."""

Place = tuple[int, int]
"""Which file, in the order of time, and which line of it."""


def chosen(message: Message, words: str) -> bool:
    """Whether a message is one that the words ask for; a bare number asks for a message."""
    if numbered := _NUMBERED.fullmatch(words):
        number = int(numbered[2])
        if numbered[1] == "delivery":
            return number in deliveries(message)
        return message.message == number
    return words in (message.sender or "") or any(words in one for one, _ in message.recipients)


def messages_for(words: str, lines: Sequence[bytes]) -> list[Message]:
    """The messages that the words ask for, out of the lines that a search has found, in their order."""
    joined = _joined(lines)
    found = [one for one in joined if chosen(one, words)]
    if not found and (numbered := _NUMBERED.fullmatch(words)) and numbered[1] is None:
        found = [one for one in joined if int(numbered[2]) in deliveries(one)]
    return found


def _joined(lines: Sequence[bytes]) -> list[Message]:
    joining = Joining()
    for line in decode_all(text_of(line) for line in lines):
        joining.take(line)
    return joining.messages


class Rounds:
    """One search on one node: `wanted` says what to look for, `take` hears what was found."""

    def __init__(
        self, words: str, files: Sequence[str], torn: Mapping[str, tuple[bytes, bytes | None]]
    ) -> None:
        """`files` are the logs, oldest first; `torn` are those that do not end with a line feed.

        Of a torn file its last bytes are given, and the first bytes of the one after it.
        """
        self._words = words
        self._files = {name: place for place, name in enumerate(files)}
        self._found: dict[Place, bytes] = {}
        self._torn = torn
        self._asked: set[str] = set()
        self._waiting: list[str] = []
        self._messages: set[int] = set()
        self._deliveries: set[int] = set()
        self._qps: set[int] = set()
        self._lives: list[tuple[int, Stamp, Stamp]] = []
        self._passes = 0
        self.rounds = 0
        self.capped = False
        """Whether there is more than is followed."""
        numbered = _NUMBERED.fullmatch(words)
        self._bare = numbered is not None and numbered[1] is None
        if numbered is None:
            self._want([words])
        elif numbered[1] == "delivery":
            self._want([f"delivery {numbered[2]}: "])
        else:
            self._messages.add(int(numbered[2]))
            self._want([f"msg {int(numbered[2])}"])
        self._want([_RESTART, _TRIPLE])

    @property
    def messages(self) -> int:
        """How many messages are followed."""
        return len(self._messages)

    def wanted(self) -> tuple[str, ...]:
        """The strings of the next pass over all logs; none when all is known."""
        if self._passes >= _MOST_PASSES:
            self.capped = self.capped or bool(self._waiting)
            return ()
        now, self._waiting = self._waiting[:MOST_STRINGS], self._waiting[MOST_STRINGS:]
        self._passes += 1
        return tuple(now)

    def _want(self, strings: Sequence[str]) -> None:
        for string in strings:
            if string not in self._asked:
                self._asked.add(string)
                self._waiting.append(string)

    def take(self, matches: bytes) -> None:
        """What `grep -n` printed for the strings: `FILE:NUMBER:LINE`."""
        for row in matches.split(b"\n"):
            name, _, rest = row.partition(b":")
            number, colon, line = rest.partition(b":")
            place = self._files.get(name.decode("ascii", errors="replace"))
            if place is not None and colon and number.isdigit() and len(number) < 19:
                self._found[place, int(number)] = line
        self._mend()
        if not self._waiting:
            self.rounds += 1
            self._follow()

    def _mend(self) -> None:
        """Lines that multilog cut at the end of a file become whole; an end without a rest is none."""
        for name, (end, rest) in self._torn.items():
            place = self._files.get(name)
            if place is None:
                continue
            begun = end.rpartition(b"\n")[2]
            last = max(
                (number for file, number in self._found if file == place and number < _LAST), default=0
            )
            if last and self._found[place, last].endswith(begun):
                begun = self._found.pop((place, last))
            first = (rest or b"").partition(b"\n")[0]
            line = decode(text_of(first[:4096]))
            if rest and line.stamp is None and line.event is None:
                first = self._found.pop((place + 1, 1), first)
                self._found.setdefault((place, _LAST), begun + first)

    def _follow(self) -> None:
        """Join what is known so far, and want what is not known yet of the messages that are asked for."""
        messages = _joined(tuple(self._in_order()))
        asked = [one for one in messages if chosen(one, self._words)]
        if not asked and self._bare:
            number = int(self._words)
            self._want([f"delivery {number}: "])
            asked = [one for one in messages if number in deliveries(one)]
        if len(asked) > MOST_MESSAGES:
            self.capped = True
            asked = asked[-MOST_MESSAGES:]
        strings: list[str] = []
        self._lives = []
        followed = {id(one) for one in asked}
        todo = list(asked)
        for one in todo:
            if one.bounce is not None and id(one.bounce) not in followed:
                followed.add(id(one.bounce))
                todo.append(one.bounce)
            if one.message is not None:
                self._messages.add(one.message)
                if one.started is not None and one.last is not None:
                    self._lives.append((one.message, one.started, one.last))
                strings.append(f"msg {one.message}")
            for delivery in deliveries(one):
                self._deliveries.add(delivery)
                strings.append(f"delivery {delivery}: ")
            if one.bounce is not None and one.bounce.qp is not None:
                self._qps.add(one.bounce.qp)
                strings.append(f" qp {one.bounce.qp}")
        self._want(strings)

    def _in_order(self) -> Iterator[bytes]:
        for place in sorted(self._found):
            yield self._found[place]

    def lines(self) -> tuple[bytes, ...]:
        """The lines that concern the messages, in the order of the log."""
        found = [line for line in self._in_order() if self._concerns(line)]
        return tuple(self._of_lives(found) if self.capped else found)

    def _of_lives(self, lines: Sequence[bytes]) -> Iterator[bytes]:
        """Where not all is followed, only the lines of what is: of another there would be half the truth."""
        spans: dict[int, list[tuple[Stamp, Stamp]]] = {}
        for msg, first, last in self._lives:
            spans.setdefault(msg, []).append((first, last))
        running: set[int] = set()
        for line in lines:
            now = decode(text_of(line))
            match now.event:
                case Delivered(delivery) | Mangled(delivery):
                    if delivery in running:
                        running.discard(delivery)
                        yield line
                case NewMessage(msg) | MessageInfo(msg) | Bounced(msg) | TripleBounce(msg) | Ended(msg):
                    if _during(now.stamp, spans.get(msg, ())):
                        yield line
                case Starting(delivery, msg):
                    if delivery == 1:
                        running.clear()
                    running.discard(delivery)
                    if _during(now.stamp, spans.get(msg, ())):
                        running.add(delivery)
                        yield line

    def _concerns(self, line: bytes) -> bool:
        if (qp := _QP.search(line)) and int(qp[1]) in self._qps:
            return True
        if (found := _CONCERNS.search(line)) is None:
            return False
        told, starting, of, result, bounced, by, triple = (
            int(one) if one else None for one in found.groups()
        )
        return (
            bool({told, of, bounced, triple} & self._messages)
            or bool({starting, result} & (self._deliveries | {1}))
            or by in self._qps
        )


def _during(at: Stamp | None, spans: Sequence[tuple[Stamp, Stamp]]) -> bool:
    def order(stamp: Stamp) -> tuple[int, int]:
        return stamp.seconds or 0, stamp.nanoseconds

    return at is not None and any(order(first) <= order(at) <= order(last) for first, last in spans)
