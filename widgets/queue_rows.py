"""The messages of a queue in the order and choice that is shown: 100,000 of them in a moment."""

from collections.abc import Callable, Mapping, Sequence

from console.model.mail import Envelope, Queued

SORTS = ("age", "size", "sender", "left", "state", "number")
"""What rows can stand in the order of; oldest, biggest and most recipients left come first."""
NEEDS_LETTERS = ("sender", "left")
"""Orders that know only messages whose envelope was read; the others follow by number."""


class QueueRows:
    """A listing's messages, the envelopes that were read, and which of them are shown in which order."""

    def __init__(self) -> None:
        self.messages: tuple[Queued, ...] = ()
        self.letters: dict[int, Envelope] = {}
        self.shown: list[int] = []
        """Places in `messages`."""
        self.sort = "age"
        self.backwards = False
        self.wanted = ""
        self._place: dict[int, int] = {}
        self._fresh: set[int] = set()
        self._words: list[str] = []
        self._ordered: tuple[str, list[int]] | None = None

    def load(self, messages: tuple[Queued, ...]) -> None:
        """Another listing; an envelope stays with its message as long as the number is the same one's."""
        before = {one.msg: one.since for one in self.messages if one.msg in self.letters}
        self.messages = messages
        self._place = {one.msg: at for at, one in enumerate(messages)}
        kept = {}
        for msg, letter in self.letters.items():
            at = self._place.get(msg)
            if at is not None and messages[at].since == before.get(msg):
                kept[msg] = letter
        self.letters = kept
        self._fresh = set()
        self._words = [f"{one.msg} {one.state.lower()}" for one in messages]
        for letter in kept.values():
            self._note(letter)
        self._ordered = None
        self.arrange()

    def add(self, asked: Sequence[int], letters: Mapping[int, Envelope]) -> None:
        """Envelopes that were read; those asked for and not found are not asked for again."""
        self._fresh.update(asked)
        for letter in letters.values():
            if letter.msg in self._place:
                self.letters[letter.msg] = letter
                self._note(letter)
        if self.sort in NEEDS_LETTERS:
            self._ordered = None
        if self.wanted or self.sort in NEEDS_LETTERS:
            self.arrange()

    def _note(self, letter: Envelope) -> None:
        at = self._place[letter.msg]
        one = self.messages[at]
        addresses = " ".join(recipient.address for recipient in letter.recipients)
        self._words[at] = f"{one.msg} {one.state} {letter.sender or ''} {addresses}".casefold()

    def place(self, msg: int) -> int | None:
        """Where a message stands among those shown."""
        at = self._place.get(msg)
        try:
            return self.shown.index(at) if at is not None else None
        except ValueError:
            return None

    def missing(self, rows: range) -> list[int]:
        """The messages of these rows whose envelopes were not asked for since the last walk."""
        return [
            msg
            for at in self.shown[rows.start : rows.stop]
            if (msg := self.messages[at].msg) not in self._fresh
        ]

    def unread(self, most: int) -> list[int]:
        """The first messages in this order, words or not, that were not asked for since the last walk."""
        order = self._ordered[1] if self._ordered else []
        found: list[int] = []
        for at in order:
            if len(found) >= most:
                break
            if (msg := self.messages[at].msg) not in self._fresh:
                found.append(msg)
        return found

    @property
    def read(self) -> int:
        """How many envelopes were read, or tried, since the last walk."""
        return len(self._fresh)

    def arrange(
        self, sort: str | None = None, backwards: bool | None = None, wanted: str | None = None
    ) -> None:
        """Choose what is shown and in which order; what is not given stays as it is."""
        self.sort = self.sort if sort is None else sort
        self.backwards = self.backwards if backwards is None else backwards
        self.wanted = self.wanted if wanted is None else wanted.casefold().strip().removeprefix("#")
        if self._ordered is None or self._ordered[0] != self.sort:
            self._ordered = (self.sort, self._in_order())
        order = self._ordered[1]
        if self.wanted:
            words, looked_for = self._words, self.wanted
            order = [at for at in order if looked_for in words[at]]
        self.shown = order[::-1] if self.backwards else order

    def _in_order(self) -> list[int]:
        every = range(len(self.messages))
        if self.sort == "number":
            return list(every)
        if self.sort == "state":
            states = [one.state for one in self.messages]
            return sorted(every, key=states.__getitem__)
        if self.sort in NEEDS_LETTERS:
            return self._by_letters()
        if self.sort == "age":
            ages = [one.since if one.since is not None else float("inf") for one in self.messages]
            return sorted(every, key=ages.__getitem__)
        sizes = [-one.bytes if one.bytes is not None else 1 for one in self.messages]
        return sorted(every, key=sizes.__getitem__)

    def _by_letters(self) -> list[int]:
        known: list[int] = []
        unknown: list[int] = []
        for at, one in enumerate(self.messages):
            (known if one.msg in self.letters else unknown).append(at)
        letter: Callable[[int], Envelope] = lambda at: self.letters[self.messages[at].msg]  # noqa: E731
        if self.sort == "sender":
            known.sort(key=lambda at: (letter(at).sender is None, (letter(at).sender or "").casefold()))
        else:
            known.sort(key=lambda at: -left(letter(at)))
        return known + unknown


def left(letter: Envelope) -> int:
    """Recipients that have no final answer yet."""
    return sum(not recipient.done for recipient in letter.recipients)
