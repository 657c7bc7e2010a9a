"""The messages of a queue in the order and choice that is shown: 100,000 of them in a moment."""

from collections.abc import Mapping, Sequence

from console.model.mail import Envelope, Queued

SORTS = ("age", "size", "sender", "left", "state", "number")
"""What rows can stand in the order of; oldest, biggest and most recipients left come first."""
NEEDS_LETTERS = ("sender", "left")
"""Orders that know only messages whose envelope was read; the others follow by number."""


class Prepared:
    """A listing made ready to be shown: what takes a moment for 100,000 messages, done beside the screen."""

    def __init__(self, messages: tuple[Queued, ...] = ()) -> None:
        every = range(len(messages))
        ages = [one.since if one.since is not None else float("inf") for one in messages]
        sizes = [-one.bytes if one.bytes is not None else 1 for one in messages]
        states = [one.state for one in messages]
        self.messages = messages
        self.place = {one.msg: at for at, one in enumerate(messages)}
        self.words = [f"{one.msg} {one.state.lower()}" for one in messages]
        """What is looked through for words; grows with the envelopes."""
        self.orders = {
            "age": sorted(every, key=ages.__getitem__),
            "size": sorted(every, key=sizes.__getitem__),
            "state": sorted(every, key=states.__getitem__),
            "number": list(every),
        }


class QueueRows:
    """A listing's messages, the envelopes that were read, and which of them are shown in which order."""

    def __init__(self) -> None:
        self.letters: dict[int, Envelope] = {}
        self.shown: list[int] = []
        """Places in `messages`."""
        self.sort = "age"
        self.backwards = False
        self.wanted = ""
        self._of = Prepared()
        self._fresh: set[int] = set()
        self._found: tuple[list[int], str, list[int]] | None = None
        """The order, the words, and what was found for them in it."""

    @property
    def messages(self) -> tuple[Queued, ...]:
        """All of them, by number."""
        return self._of.messages

    def load(self, prepared: Prepared) -> None:
        """Another listing; an envelope stays with its message as long as the number is the same one's."""
        old, self._of = self._of, prepared
        kept = {}
        for msg, letter in self.letters.items():
            at = prepared.place.get(msg)
            if at is not None and prepared.messages[at].since == old.messages[old.place[msg]].since:
                kept[msg] = letter
        self.letters = kept
        self._fresh = set()
        self._found = None
        for letter in kept.values():
            self._note(letter)
        self.arrange()

    def add(self, asked: Sequence[int], letters: Mapping[int, Envelope]) -> None:
        """Envelopes that were read; those asked for and not found are not asked for again."""
        self._fresh.update(asked)
        for letter in letters.values():
            if letter.msg in self._of.place:
                self.letters[letter.msg] = letter
                self._note(letter)
        for sort in NEEDS_LETTERS:
            self._of.orders.pop(sort, None)
        if self.wanted or self.sort in NEEDS_LETTERS:
            self._found = None
            self.arrange()

    def _note(self, letter: Envelope) -> None:
        at = self._of.place[letter.msg]
        one = self.messages[at]
        addresses = " ".join(recipient.address for recipient in letter.recipients)
        self._of.words[at] = f"{one.msg} {one.state} {letter.sender or ''} {addresses}".casefold()

    def place(self, msg: int) -> int | None:
        """Where a message stands among those shown."""
        at = self._of.place.get(msg)
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
        order = self._order()
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
        order = self._order()
        if self.wanted:
            order = self._matching(order)
        self.shown = order[::-1] if self.backwards else order

    def _matching(self, order: list[int]) -> list[int]:
        words, wanted = self._of.words, self.wanted
        among = order
        if self._found is not None and self._found[0] is order and self._found[1] in wanted:
            # More was typed: what did not match before does not match now.
            among = self._found[2]
        found = [at for at in among if wanted in words[at]]
        self._found = (order, wanted, found)
        return found

    def _order(self) -> list[int]:
        if self.sort not in self._of.orders:
            self._of.orders[self.sort] = self._by_letters()
        return self._of.orders[self.sort]

    def _by_letters(self) -> list[int]:
        place = self._of.place
        known = sorted(self.letters.values(), key=lambda letter: place[letter.msg])
        if self.sort == "sender":
            known.sort(key=lambda letter: (letter.sender is None, (letter.sender or "").casefold()))
        else:
            known.sort(key=lambda letter: -left(letter))
        first = [place[letter.msg] for letter in known]
        told = set(first)
        return first + [at for at in range(len(self.messages)) if at not in told]


def left(letter: Envelope) -> int:
    """Recipients that have no final answer yet."""
    return sum(not recipient.done for recipient in letter.recipients)
