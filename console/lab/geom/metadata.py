"""gmirror's metadata: one sector at the end of each component, laid out as in sys/geom/mirror/g_mirror.h."""

import hashlib
import struct
from dataclasses import dataclass, replace

MAGIC = b"GEOM::MIRROR"
VERSION = 4
SIZE = 512

BALANCES = ("none", "round-robin", "load", "split", "prefer")

DIRTY = 0x01
SYNCHRONIZING = 0x02
FORCE_SYNC = 0x04
INACTIVE = 0x08
HARDCODED = 0x10
BROKEN = 0x20
CANDELETE = 0x40
STORED_FLAGS = DIRTY | SYNCHRONIZING | FORCE_SYNC | INACTIVE | CANDELETE

DISK_FLAGS = (
    (DIRTY, "DIRTY"),
    (HARDCODED, "HARDCODED"),
    (INACTIVE, "INACTIVE"),
    (SYNCHRONIZING, "SYNCHRONIZING"),
    (FORCE_SYNC, "FORCE_SYNC"),
    (BROKEN, "BROKEN"),
)

NOAUTOSYNC = 0x01
NOFAILSYNC = 0x02

DEVICE_FLAGS = ((NOFAILSYNC, "NOFAILSYNC"), (NOAUTOSYNC, "NOAUTOSYNC"))

_FORM = struct.Struct("<16sI16sIIBIIBIBQIQQQ16sQ")


@dataclass(frozen=True, slots=True)
class Metadata:
    """What one component says about its mirror and itself."""

    name: str
    mid: int
    did: int
    all: int
    genid: int
    syncid: int
    priority: int
    slice: int
    balance: str
    mediasize: int
    sectorsize: int = 512
    syncoffset: int = 0
    mflags: int = 0
    dflags: int = 0
    hcprovider: str = ""
    provsize: int = 0
    version: int = VERSION

    def encode(self) -> bytes:
        """The sector, its MD5 included."""
        text = _FORM.pack(
            MAGIC,
            self.version,
            self.name.encode()[:15],
            self.mid,
            self.did,
            self.all,
            self.genid,
            self.syncid,
            self.priority & 0xFF,
            self.slice,
            BALANCES.index(self.balance),
            self.mediasize,
            self.sectorsize,
            self.syncoffset,
            self.mflags,
            self.dflags,
            self.hcprovider.encode()[:15],
            self.provsize,
        )
        return (text + _md5(text)).ljust(SIZE, b"\0")

    @property
    def digest(self) -> str:
        """The MD5 hash in hex, as `gmirror dump` prints it."""
        return self.encode()[_FORM.size : _FORM.size + 16].hex()

    def but(self, **changes: object) -> "Metadata":
        """The same metadata with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]  # replace() checks the names at run time


def decode(sector: bytes) -> Metadata | None:
    """Read a sector; None when it holds no valid gmirror metadata."""
    if not sector.startswith(MAGIC) or len(sector) < _FORM.size + 16:
        return None
    if sector[_FORM.size : _FORM.size + 16] != _md5(sector[: _FORM.size]):
        return None
    fields = _FORM.unpack(sector[: _FORM.size])
    _, version, name, mid, did, total, genid, syncid, priority, size, balance, media, *rest = fields
    sectorsize, offset, mflags, dflags, provider, provsize = rest
    return Metadata(
        name=_text(name),
        mid=mid,
        did=did,
        all=total,
        genid=genid,
        syncid=syncid,
        priority=priority,
        slice=size,
        balance=BALANCES[balance] if balance < len(BALANCES) else "none",
        mediasize=media,
        sectorsize=sectorsize,
        syncoffset=offset,
        mflags=mflags,
        dflags=dflags,
        hcprovider=_text(provider),
        provsize=provsize,
        version=version,
    )


def flag_words(flags: int, words: tuple[tuple[int, str], ...]) -> str:
    """Flags joined by ", ", NONE when there is none at all; unknown bits print nothing."""
    if flags == 0:
        return "NONE"
    return ", ".join(word for bit, word in words if flags & bit)


def _text(field: bytes) -> str:
    return field.rstrip(b"\0").decode("ascii", "replace")


def _md5(text: bytes) -> bytes:
    return hashlib.md5(text, usedforsecurity=False).digest()
