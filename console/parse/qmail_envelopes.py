"""What info, local and remote files hold (qmail INTERNALS), out of a gzipped tar archive of them.

A file comes with its name, its size and its time before it: nothing that somebody put into an address can be
taken for the beginning of another file. A record is a letter and an address, ended by NUL; one without an end
is still being written, and left out.
"""

import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from console.model.mail import Channel, Envelope, EnvelopeRecipient, Envelopes

MOST = 256 << 20
"""Bytes that an archive may unpack to."""
_BLOCK = 512
_PATH = re.compile(r"(info|local|remote)/(?:[0-9]{1,6}/)?([0-9]{1,20})")


@dataclass(frozen=True, slots=True)
class Archived:
    """A file out of an archive."""

    path: str
    content: bytes
    changed: float


def read_archive(packed: bytes) -> tuple[Archived, ...]:
    """The plain files of a gzipped ustar archive, up to where it is damaged."""
    unpacking = zlib.decompressobj(31)
    try:
        data = unpacking.decompress(packed, MOST)
    except zlib.error:
        return ()
    found: list[Archived] = []
    at = 0
    while at + _BLOCK <= len(data):
        head = data[at : at + _BLOCK]
        size = _octal(head[124:136])
        changed = _octal(head[136:148])
        at += _BLOCK
        if not head[0] or size is None or at + size > len(data):
            break
        if head[156:157] in (b"0", b"\0"):
            name = head[:100].partition(b"\0")[0].decode("utf-8", errors="backslashreplace")
            found.append(Archived(name, data[at : at + size], float(changed or 0)))
        at += -(-size // _BLOCK) * _BLOCK
    return tuple(found)


def _octal(field: bytes) -> int | None:
    """A number of a header; a big one may be in binary, marked by the highest bit (GNU tar)."""
    if field[0] & 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    return int(digits, 8) if digits and not digits.strip(b"01234567") else None


def read_envelopes(
    files: Sequence[Archived],
    bouncing: Mapping[int, bool],
    asked: int,
    *,
    denied: bool = False,
    seconds: float = 0.0,
) -> Envelopes:
    """Join files to envelopes; `bouncing` names the messages that were asked for, and which have a bounce."""
    senders: dict[int, tuple[str | None, float]] = {}
    recipients: dict[int, list[EnvelopeRecipient]] = {}
    for file in files:
        path = _PATH.fullmatch(file.path)
        if path is None:
            continue
        msg = int(path[2])
        if path[1] == "info":
            senders[msg] = sender_of(file.content), file.changed
        else:
            channel: Channel = "local" if path[1] == "local" else "remote"
            recipients.setdefault(msg, []).extend(recipients_of(file.content, channel))
    return Envelopes(
        of={
            msg: Envelope(
                msg,
                sender=senders.get(msg, (None, 0.0))[0],
                recipients=tuple(recipients.get(msg, ())),
                bouncing=bouncing.get(msg, False),
                info_since=senders[msg][1] if msg in senders else None,
            )
            for msg in sorted(senders.keys() | recipients.keys())
        },
        asked=asked,
        denied=denied,
        seconds=seconds,
    )


def sender_of(content: bytes) -> str | None:
    """The sender in an info file; None while it is not whole."""
    record, end, _ = content.partition(b"\0")
    return _text(record[1:]) if end and record.startswith(b"F") else None


def recipients_of(content: bytes, channel: Channel) -> tuple[EnvelopeRecipient, ...]:
    """The recipients in a local or remote file: `T` is still to do, `D` is done."""
    records = content.split(b"\0")
    return tuple(
        EnvelopeRecipient(channel, _text(record[1:]), record.startswith(b"D"))
        for record in records[:-1]
        if record.startswith((b"T", b"D"))
    )


def _text(address: bytes) -> str:
    return address.decode("utf-8", errors="backslashreplace")
