"""ggate: /etc/gg.exports and what ggatec and ggated print (ggatec(8), ggated(8); sbin/ggate).

One kind for all of it, told apart line by line: exports are `host[/bits] RO|RW|WO path`, a device is
`ggateN`, and `ggatec list -v` prints right-aligned `label: value` lines, a block per device.
"""

import re
from dataclasses import dataclass

from console.model.facts import Export, Exports, Gate
from console.parse.geom_fields import info_of, unit_of
from console.parse.lines import filled, lines, whole
from console.parse.reading import Reading

_DEVICE = re.compile(r"ggate(\d{1,9})")
_LABEL = re.compile(
    r"\s*(NAME|info|access|timeout|queue_count|queue_size|references|mediasize|sectorsize|mode"
    r"|read_offset|read_provider): ?(.*)"
)
_MESSAGE = re.compile(r"(error|warning|notice|info|debug): (.*)")
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
_SIZE = re.compile(r"(\d{1,20})(?: \([^()]{1,20}\))?")


@dataclass(frozen=True, slots=True)
class ListedGate:
    """A block of `ggatec list -v`."""

    name: str
    unit: int | None = None
    info: str | None = None
    host: str | None = None
    port: int | None = None
    path: str | None = None
    access: str | None = None
    timeout: int | None = None
    """Seconds; 0 = never."""
    queue_count: int | None = None
    queue_size: int | None = None
    references: int | None = None
    mediasize: int | None = None
    """Bytes."""
    sectorsize: int | None = None
    mode: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A line of ggatec -v or ggated -v on the terminal."""

    level: str
    text: str


@dataclass(frozen=True, slots=True)
class Ggate:
    """Whatever of ggate the text holds; a part that it does not hold is absent."""

    exports: tuple[Export, ...] | None = None
    device: str | None = None
    """The one device named, as `ggatec create` prints it."""
    unit: int | None = None
    devices: tuple[str, ...] | None = None
    gates: tuple[ListedGate, ...] | None = None
    messages: tuple[Message, ...] | None = None
    bad: tuple[tuple[int, str, str], ...] | None = None
    """Lines of an exports file that ggated refuses: number, text, why."""


def read_ggate(text: str) -> Reading[Ggate]:
    """gg.exports, `ggatec create`, `ggatec list`, `ggatec list -v` (ggatec(8), ggated(8))."""
    unread: list[str] = []
    names: list[str] = []
    blocks: list[dict[str, str]] = []
    messages: list[Message] = []
    others: list[str] = []
    for line in filled(text, unread):
        said = line.strip()
        if _DEVICE.fullmatch(said):
            names.append(said)
        elif (label := _LABEL.fullmatch(line.rstrip())) and (blocks or label[1] == "NAME"):
            if label[1] == "NAME":
                blocks.append({})
            blocks[-1][label[1]] = label[2]
        elif message := _MESSAGE.fullmatch(said):
            messages.append(Message(message[1], message[2]))
        else:
            others.append(line)
    gates = tuple(_listed(block) for block in blocks)
    exports = read_exports("\n".join(others)) if others and not (names or gates) else None
    known = exports is not None and bool(exports.facts.exports)
    names = names or [gate.name for gate in gates]
    one = names[0] if len(names) == 1 else None
    return Reading(
        Ggate(
            exports=exports.facts.exports if known and exports else None,
            device=one,
            unit=unit_of(one, "ggate") if one else None,
            devices=tuple(names) if names else None,
            gates=gates or None,
            messages=tuple(messages) or None,
            bad=(exports.facts.bad or None) if known and exports else None,
        ),
        (*unread, *(exports.unread if known and exports else others)),
    )


def read_ggatec_list(text: str) -> Reading[tuple[Gate, ...]]:
    """`ggatec list -v` as gates; empty when there is none."""
    reading = read_ggate(text)
    gates = tuple(
        Gate(
            name=gate.name,
            unit=gate.unit,
            host=gate.host,
            port=gate.port,
            path=gate.path,
            access=gate.access,
            timeout=gate.timeout,
            queue_count=gate.queue_count,
            queue_size=gate.queue_size,
            mediasize=gate.mediasize,
        )
        for gate in reading.facts.gates or ()
        if gate.unit is not None
    )
    return Reading(gates, reading.unread)


def read_exports(text: str) -> Reading[Exports]:
    """/etc/gg.exports: comments from `#`, good lines, and the bad ones with the reason (ggated.c)."""
    good: list[Export] = []
    bad: list[tuple[int, str, str]] = []
    for number, line in enumerate(lines(text), 1):
        words = line.split("#", 1)[0].split()
        if not words:
            continue
        found = _export(words, number)
        if isinstance(found, Export):
            good.append(found)
        else:
            bad.append((number, line, found))
    return Reading(Exports(tuple(good), tuple(bad)), tuple(line for _, line, _ in bad))


def _export(words: list[str], number: int) -> Export | str:
    if len(words) != 3:
        return f"{'too few' if len(words) < 3 else 'too many'} words: a line is HOST[/BITS] RO|RW|WO PATH"
    target, access, path = words
    host, slash, bits = target.partition("/")
    prefix = whole(bits) if slash else 32
    if not _HOST.fullmatch(host):
        return "the first word is no address or host name"
    if prefix is None or prefix > 32:
        return "the mask is no number from 0 to 32"
    if access.upper() not in ("RO", "RW", "WO"):
        return "the second word is not RO, RW or WO"
    if not path.startswith("/"):
        return "the path is not absolute"
    return Export(host=host, prefix=prefix, access=access.upper(), path=path, line=number)


def _listed(block: dict[str, str]) -> ListedGate:
    host, port, path = info_of(block.get("info"))
    size = _SIZE.fullmatch(block.get("mediasize", "").strip())
    return ListedGate(
        name=block["NAME"],
        unit=unit_of(block["NAME"], "ggate"),
        info=block.get("info"),
        host=host,
        port=port,
        path=path,
        access=block.get("access"),
        timeout=whole(block.get("timeout", "")),
        queue_count=whole(block.get("queue_count", "")),
        queue_size=whole(block.get("queue_size", "")),
        references=whole(block.get("references", "")),
        mediasize=int(size[1]) if size else None,
        sectorsize=whole(block.get("sectorsize", "")),
        mode=block.get("mode"),
    )
