"""Which lines of a block of a qmail-send log have a regular shape, told for all of them at once with numpy.

A line that is not found here to have one of the frequent shapes is left to `qmail_log.decode`: nothing is
refused here, and nothing is taken that decoding would not take.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Places: TypeAlias = NDArray[np.int64]
"""Bytes of the block, or other whole numbers, one for each line."""
Flags: TypeAlias = NDArray[np.bool_]
_Words: TypeAlias = NDArray[np.uint64]

MARGIN: Final = 64
"""Bytes at the end of a block whose lines are left to decoding, so that looking ahead stays in the block."""
MOST_DIGITS: Final = 18
"""Numbers of more digits are left to decoding."""
OUTCOMES: Final = (b"success", b"failure", b"deferral")


def _of(text: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(text, "little"))


def _each(byte: int) -> np.uint64:
    return np.uint64(byte * 0x0101010101010101)


_STATUS = _of(b"status: ")
_ERA = _of(b"40000000")
"""The first digits of every TAI64N label from 1970 to 2106."""


@dataclass(frozen=True, slots=True)
class Regular:
    """The regular lines of a block, by kind; each array has one entry for each line of that kind."""

    begins: Places
    """Where each line of the block begins, whatever its shape, and where the block ends."""
    odd: Places
    """The lines, counted from 0, that are left to decoding."""
    stamped: Flags
    """Whether a line begins with a TAI64N stamp of this era."""
    new: "Numbered"
    ended: "Numbered"
    starting: "Numbered"
    message: Places
    """The message of each `starting delivery`."""
    recipient: Places
    """Where the recipient of each begins; it ends with its line."""
    delivery: "Numbered"
    outcome: Places
    """Of each `delivery`: its place in OUTCOMES."""
    report: Places
    sender: Places
    sender_end: Places
    bounces: int


@dataclass(frozen=True, slots=True)
class Numbered:
    """Lines of a kind: which lines, the number each is about, and when."""

    lines: Places
    numbers: Places
    seconds: Places
    """As in the label, without its first 32 bits."""
    nanoseconds: Places

    @property
    def what(self) -> tuple[Places, Places, Places]:
        """Everything but the lines."""
        return self.numbers, self.seconds, self.nanoseconds


class Block:
    """The bytes of a block and how to look at many places of it at once; `end` is where its margin begins."""

    def __init__(self, data: bytes) -> None:
        self.end = max(len(data) - MARGIN, 0)
        self.bytes = np.frombuffer(data, np.uint8)
        self._words = np.ndarray((max(len(data) - 7, 0),), "<u8", data, 0, (1,))

    def words(self, at: Places) -> _Words:
        """The eight bytes from each place on."""
        return self._words[at]

    def says(self, at: Places, text: bytes) -> Flags:
        """Whether `text`, of at most eight bytes, stands at each place."""
        words = self.words(at)
        if len(text) < 8:
            words &= np.uint64((1 << 8 * len(text)) - 1)
        found: Flags = words == _of(text)
        return found

    def digits(self, at: Places) -> Places:
        """Where the digits that begin at each place end."""
        at = at.copy()
        for _ in range(MOST_DIGITS + 2):
            some = (self.bytes[at] - np.uint8(48)) < 10
            if not some.any():
                break
            at += some
        return at

    def digits_before(self, at: Places) -> Places:
        """Where the digits that end before each place begin."""
        at = at - 1
        for _ in range(MOST_DIGITS + 2):
            some = (self.bytes[at] - np.uint8(48)) < 10
            if not some.any():
                break
            at -= some
        return at + 1

    def numbers(self, at: Places) -> tuple[Places, Places, Flags]:
        """The numbers at each place, where they end, and whether there is one that is short enough."""
        start, at = at, at.copy()
        values = np.zeros(len(at), np.int64)
        for _ in range(MOST_DIGITS + 2):
            digit = self.bytes[at] - np.uint8(48)
            some = digit < 10
            if not some.any():
                break
            np.copyto(values, values * 10 + digit, where=some)
            at += some
        return values, at, _short(start, at)


def _short(start: Places, end: Places) -> Flags:
    size = end - start
    found: Flags = (size > 0) & (size <= MOST_DIGITS)
    return found


def _hexadecimal(words: _Words) -> tuple[_Words, Flags]:
    """Eight digits each: their values, one in each byte, and whether they are digits of TAI64N."""
    values = (words & _each(0x0F)) + ((words >> np.uint64(6)) & _each(1)) * np.uint64(9)
    above = ((values + _each(6)) >> np.uint64(4)) & _each(1)
    return values, values + _each(0x30) + above * np.uint64(0x27) == words


def _whole(values: _Words) -> Places:
    """Eight values of four bits, the first is the highest, as one number."""
    pairs = ((values << np.uint64(4)) | (values >> np.uint64(8))) & np.uint64(0x00FF00FF00FF00FF)
    fours = ((pairs << np.uint64(8)) | (pairs >> np.uint64(16))) & np.uint64(0x0000FFFF0000FFFF)
    number: _Words = ((fours << np.uint64(16)) | (fours >> np.uint64(32))) & np.uint64(0xFFFFFFFF)
    places: Places = number.astype(np.int64)
    return places


def regular(data: bytes, known: "KnownStatus") -> Regular:
    """Look at a block of whole lines."""
    block = Block(data)
    ends = np.flatnonzero(block.bytes == 10)
    begins = np.zeros(len(ends) + 1, np.int64)
    np.add(ends, 1, out=begins[1:])
    odd = np.ones(len(ends), np.bool_)
    stamped = np.zeros(len(ends), np.bool_)
    ends = ends[: np.searchsorted(ends, block.end)]
    starts = begins[: len(ends)]
    # The words of a stamp are read wherever a line begins: a short line's are those of the next lines.
    seconds, good = _hexadecimal(block.words(starts + 9))
    nanoseconds, also = _hexadecimal(block.words(starts + 17))
    good &= also & (block.words(starts + 1) == _ERA) & (ends - starts > 26)
    good &= (block.bytes[starts] == ord("@")) & (block.bytes[starts + 25] == ord(" "))
    stamped[: len(ends)] = good
    kinds = np.where(good, block.words(starts + 26), np.uint64(0))

    def lines(text: bytes) -> Places:
        found: Places = others[other_kinds == _of(text)]
        return found

    def numbered(which: Places, numbers: Places) -> Numbered:
        return Numbered(which, numbers, _whole(seconds[which]), _whole(nanoseconds[which]))

    def bare(text: bytes) -> Numbered:
        which = lines(text)
        numbers, end, good = block.numbers(starts[which] + 34)
        good &= end == ends[which]
        odd[which[good]] = False
        return numbered(which[good], numbers[good])

    which = np.flatnonzero(kinds == _STATUS)
    odd[which[known.good(block, starts[which] + 34, ends[which])]] = False
    others = np.flatnonzero(kinds != _STATUS)
    other_kinds = kinds[others]

    which = lines(b"starting")
    deliveries, messages, recipient, good = _starting(block, starts[which] + 34, ends[which])
    which, deliveries, messages, recipient = which[good], deliveries[good], messages[good], recipient[good]
    odd[which] = False
    starting = numbered(which, deliveries)

    which = lines(b"delivery")
    deliveries, outcome, report, good = _delivery(block, starts[which] + 34, ends[which])
    which, deliveries, outcome, report = which[good], deliveries[good], outcome[good], report[good]
    odd[which] = False
    delivery = numbered(which, deliveries)

    which = lines(b"info msg")
    sender, sender_end, good = _info(block, starts[which] + 34, ends[which])
    odd[which[good]] = False
    which = lines(b"bounce m")
    bounced = _bounce(block, starts[which] + 34, ends[which])
    odd[which[bounced]] = False
    return Regular(
        bounces=int(np.count_nonzero(bounced)),
        begins=begins,
        new=bare(b"new msg "),
        ended=bare(b"end msg "),
        starting=starting,
        message=messages,
        recipient=recipient,
        delivery=delivery,
        outcome=outcome,
        report=report,
        sender=sender[good],
        sender_end=sender_end[good],
        stamped=stamped,
        odd=np.flatnonzero(odd),
    )


class KnownStatus:
    """The `status:` lines met so far: a third of a log, and few different ones."""

    _SLOTS = 1 << 12

    def __init__(self) -> None:
        self._rows = np.zeros((5, self._SLOTS), np.uint64)

    def good(self, block: Block, at: Places, ends: Places) -> Flags:
        """Whether the words from each place to the end of its line are those of a status line."""
        size = ends - at
        # Sixteen bytes from the beginning and sixteen up to the end hold the whole of it.
        usual = (size >= 16) & (size <= 32)
        if not usual.all():
            return _status(block, at, ends)
        words = (block.words(at), block.words(at + 8), block.words(ends - 16), block.words(ends - 8))
        mixed = size.astype(np.uint64)
        for word in words:
            mixed = (mixed ^ word) * np.uint64(0x9E3779B97F4A7C15)
            mixed ^= mixed >> np.uint64(29)
        slot = (mixed >> np.uint64(64 - 12)).astype(np.int64)
        found: Flags = self._rows[4][slot] == size.astype(np.uint64)
        for row, word in zip(self._rows, words, strict=False):
            found &= row[slot] == word
        unknown = np.flatnonzero(~found)
        if len(unknown):
            good = _status(block, at[unknown], ends[unknown])
            found[unknown] = good
            learnt = unknown[good]
            for row, word in zip(self._rows, (*words, size.astype(np.uint64)), strict=True):
                row[slot[learnt]] = word[learnt]
        return found


def _status(block: Block, at: Places, ends: Places) -> Flags:
    good = block.says(at, b"local ")
    at = at + 6
    for after in (b"/", b" remote ", b"/"):
        end = block.digits(at)
        good &= _short(at, end) & block.says(end, after)
        # Past the end of the block nothing is looked at; a line that is too short is no longer good.
        at = np.minimum(end + len(after), block.end)
    end = block.digits(at)
    good &= _short(at, end)
    leaving = (end + 9 == ends) & block.says(end, b" exitasa") & block.says(ends - 1, b"p")
    good &= (end == ends) | leaving
    return good


def _starting(block: Block, at: Places, ends: Places) -> tuple[Places, Places, Places, Flags]:
    good = block.says(at, b" deliver") & block.says(at + 8, b"y ")
    at = np.minimum(at + 10, block.end)
    deliveries, at, short = block.numbers(at)
    good &= short & block.says(at, b": msg ")
    messages, at, short = block.numbers(np.minimum(at + 6, block.end))
    good &= short
    local = block.says(at, b" to loca") & block.says(at + 8, b"l ")
    remote = block.says(at, b" to remo") & block.says(at + 8, b"te ")
    recipient = at + np.where(local, 10, 11)
    return deliveries, messages, recipient, good & (local | remote) & (recipient <= ends)


def _delivery(block: Block, at: Places, ends: Places) -> tuple[Places, Places, Places, Flags]:
    good = block.says(at, b" ")
    deliveries, at, short = block.numbers(at + 1)
    good &= short & block.says(at, b": ")
    at = np.minimum(at + 2, block.end)
    outcome = np.full(len(at), -1, np.int64)
    report = at.copy()
    for n, name in enumerate(OUTCOMES):
        those = block.says(at, name) & block.says(at + len(name), b": ")
        outcome[those] = n
        report[those] += len(name) + 2
    return deliveries, outcome, report, good & (outcome >= 0) & (report <= ends)


def _bounce(block: Block, at: Places, ends: Places) -> Flags:
    good = block.says(at, b"sg ")
    end = block.digits(at + 3)
    good &= _short(at + 3, end) & block.says(end, b" qp ")
    at = np.minimum(end + 4, block.end)
    good &= (block.digits(at) == ends) & _short(at, ends)
    return good


def _info(block: Block, at: Places, ends: Places) -> tuple[Places, Places, Flags]:
    good = block.says(at, b" ")
    at = at + 1
    for after in (b": bytes ", b" from <"):
        end = block.digits(at)
        good &= _short(at, end) & block.says(end, after)
        at = np.minimum(end + len(after), block.end)
    sender, end = at, ends
    for before in (b" uid ", b"> qp "):
        at = block.digits_before(end)
        good &= _short(at, end)
        end = np.maximum(at - len(before), 0)
        good &= block.says(end, before)
    return sender, end, good & (sender <= end)
