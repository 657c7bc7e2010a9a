"""kern.geom.confxml, the whole of GEOM at one instant (layout: sys/geom/geom_dump.c; keys: each class)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from console.model.facts import Component, Gate, Geom, MemoryDisk, Mirror
from console.model.words import ComponentState, MirrorState
from console.parse.lines import whole
from console.parse.reading import Reading

_LONGEST = 16 * 1024 * 1024
"""Characters. The largest real one seen is under 1 MB."""
_PREFIX = "kern.geom.confxml:"
_ENTITY = re.compile(r"&#(?:x([0-9A-Fa-f]{1,8})|([0-9]{1,8}));")
_BYTES = re.compile(r"(?:&#x[89A-Fa-f][0-9A-Fa-f];)+")
_UNPRINTED = dict.fromkeys((*range(0x20), 0x7F, *range(0x80, 0xA0), *range(0x202A, 0x202F)), 0xFFFD)
_UNPRINTED |= dict.fromkeys((*range(0x2066, 0x206A), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF), 0xFFFD)
for _kept in (0x09, 0x0A, 0x0D):
    del _UNPRINTED[_kept]


@dataclass(frozen=True, slots=True)
class Disk:
    """A provider of class DISK."""

    name: str
    mediasize: int | None = None
    """Bytes."""
    sectorsize: int | None = None
    mode: str | None = None
    ident: str | None = None
    descr: str | None = None
    rotationrate: str | None = None


@dataclass(frozen=True, slots=True)
class Partition:
    """A provider of class PART."""

    name: str
    type: str | None = None
    mediasize: int | None = None
    start: int | None = None
    end: int | None = None
    index: int | None = None
    label: str | None = None
    mode: str | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """A provider of class LABEL and the provider it is another name of."""

    label: str
    on: str


@dataclass(frozen=True, slots=True)
class Confxml:
    """What a pasted kern.geom.confxml holds."""

    classes: tuple[str, ...] = ()
    disks: tuple[Disk, ...] = ()
    partitions: tuple[Partition, ...] = ()
    labels: tuple[Label, ...] = ()
    md: tuple[MemoryDisk, ...] = ()
    gate: tuple[Gate, ...] = ()
    mirror: tuple[Mirror, ...] = ()


def read_kern_geom_confxml(text: str) -> Reading[Confxml]:
    """`sysctl [-n] kern.geom.confxml` as pasted (sys/geom/geom_dump.c)."""
    mesh, outside = mesh_of(text)
    if isinstance(mesh, str):
        return Reading(Confxml(), tuple(line for line in text.split("\n") if line.strip()))
    return Reading(
        Confxml(
            classes=mesh.classes,
            disks=tuple(sorted((_disk(p) for _, p in mesh.providers("DISK")), key=lambda d: natural(d.name))),
            partitions=tuple(
                sorted((_partition(p) for _, p in mesh.providers("PART")), key=lambda p: natural(p.name))
            ),
            labels=tuple(sorted(mesh.labels(), key=lambda label: natural(label.label))),
            md=mesh.mds(),
            gate=mesh.gates(),
            mirror=mesh.mirrors(),
        ),
        outside,
    )


def read_geom(text: str) -> Reading[Geom] | str:
    """Mirrors, gates and memory disks, or why the text says nothing of them."""
    mesh, outside = mesh_of(text)
    if isinstance(mesh, str):
        return mesh
    return Reading(
        Geom(
            mirrors=mesh.mirrors(),
            gates=mesh.gates(),
            mds=mesh.mds(),
            mirror_loaded="MIRROR" in mesh.classes,
            gate_loaded="GATE" in mesh.classes,
        ),
        outside,
    )


class Mesh:
    """The parsed tree and its providers by id: a consumer names its provider by id only."""

    def __init__(self, root: Element) -> None:
        self._geoms: dict[str, list[Element]] = {}
        self._origin: dict[str, tuple[str, Element, Element]] = {}
        for group in root.iterfind("class"):
            name = _text(group, "name") or ""
            for geom in group.iterfind("geom"):
                self._geoms.setdefault(name, []).append(geom)
                for provider in geom.iterfind("provider"):
                    self._origin[provider.get("id", "")] = (name, geom, provider)
        self.classes = tuple(_text(group, "name") or "" for group in root.iterfind("class"))

    def geoms(self, group: str) -> list[Element]:
        """The geoms of a class."""
        return self._geoms.get(group, [])

    def providers(self, group: str) -> Iterator[tuple[Element, Element]]:
        """Geom and provider for every provider of a class."""
        for geom in self.geoms(group):
            for provider in geom.iterfind("provider"):
                yield geom, provider

    def under(self, consumer: Element) -> tuple[str, Element, Element] | None:
        """Class, geom and provider that a consumer is attached to."""
        reference = consumer.find("provider")
        return None if reference is None else self._origin.get(reference.get("ref", ""))

    def device(self, consumer: Element) -> tuple[str | None, str | None]:
        """The device under a consumer and its class; names that GEOM_LABEL gave it are followed down."""
        found = self.under(consumer)
        seen: set[int] = set()
        while found is not None and found[0] == "LABEL" and id(found[1]) not in seen:
            seen.add(id(found[1]))
            below = found[1].find("consumer")
            lower = None if below is None else self.under(below)
            if lower is None:
                break
            found = lower
        return (None, None) if found is None else (_text(found[2], "name"), found[0])

    def labels(self) -> Iterator[Label]:
        """Every label with the provider it names; the geom carries that provider's name."""
        for geom, provider in self.providers("LABEL"):
            yield Label(label=_text(provider, "name") or "", on=_text(geom, "name") or "")

    def mirrors(self) -> tuple[Mirror, ...]:
        """The mirrors; `NAME.sync`, the geom that copies, has no configuration and is none."""
        return tuple(self._mirror(geom) for geom in self.geoms("MIRROR") if _config(geom).get("State"))

    def gates(self) -> tuple[Gate, ...]:
        """The ggate devices."""
        found = (_gate(geom) for geom in self.geoms("GATE"))
        return tuple(gate for gate in found if gate is not None)

    def mds(self) -> tuple[MemoryDisk, ...]:
        """The memory disks."""
        found = (_memory_disk(provider) for _, provider in self.providers("MD"))
        return tuple(md for md in found if md is not None)

    def _mirror(self, geom: Element) -> Mirror:
        config = _config(geom)
        provider = geom.find("provider")
        state = config.get("State", "")
        return Mirror(
            name=_text(geom, "name") or "",
            state=MirrorState(state),
            components=tuple(self._component(consumer) for consumer in geom.iterfind("consumer")),
            expected=_number(config.get("Components")),
            balance=config.get("Balance") or None,
            flags=flags_of(config.get("Flags")),
            id=config.get("ID") or None,
            genid=_number(config.get("GenID")),
            syncid=_number(config.get("SyncID")),
            mediasize=None if provider is None else _number(_text(provider, "mediasize")),
            open_counts=None if provider is None else _text(provider, "mode"),
            state_raw=state,
        )

    def _component(self, consumer: Element) -> Component:
        config = _config(consumer)
        below = self.under(consumer)
        device, group = self.device(consumer)
        state = config.get("State", "")
        return Component(
            name=(_text(below[2], "name") if below else None) or "?",
            state=ComponentState(state),
            percent=percent_of(config.get("Synchronized")),
            device=device,
            device_class=group,
            priority=_number(config.get("Priority")),
            flags=flags_of(config.get("Flags")),
            genid=_number(config.get("GenID")),
            syncid=_number(config.get("SyncID")),
            bytes_synced=_number(config.get("BytesSynced")),
            id=config.get("ID") or None,
            state_raw=state,
        )


def mesh_of(text: str) -> tuple[Mesh | str, tuple[str, ...]]:
    """The tree and the lines around it, or in one sentence why there is none."""
    start, end = text.find("<mesh>"), text.rfind("</mesh>")
    if start < 0:
        return "kern.geom.confxml: no <mesh> in the answer", ()
    if end < start:
        return "kern.geom.confxml: the answer breaks off before its end", ()
    if end - start > _LONGEST:
        return "kern.geom.confxml: the answer is too large to be one", ()
    before, after = text[:start].strip(), text[end + len("</mesh>") :].strip()
    around = (*before.removeprefix(_PREFIX).split("\n"), *after.split("\n"))
    outside = tuple(line for line in around if line.strip())
    body = text[start : end + len("</mesh>")].translate(_UNPRINTED)
    if "&#" in body:
        body = _ENTITY.sub(_entity, _BYTES.sub(_bytes, body))
    try:
        return Mesh(fromstring(body, forbid_dtd=True)), outside
    except DefusedXmlException:
        return "kern.geom.confxml: the answer declares XML entities, which the kernel never does", ()
    except (ParseError, ValueError) as odd:
        return f"kern.geom.confxml: not well-formed XML ({odd})", ()


def natural(name: str) -> tuple[tuple[int, str], ...]:
    """A sort key that puts ada2 before ada10: the order of elements in the XML carries no meaning."""
    return tuple((len(part), part) if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name))


def flags_of(words: str | None) -> tuple[str, ...]:
    """The flags of a mirror or component; none is printed as `NONE`, as nothing, or as `(null)` (13.2)."""
    parts = [part.strip() for part in (words or "").split(",")]
    return tuple(part for part in parts if part and part not in ("NONE", "(null)"))


def percent_of(word: str | None) -> int | None:
    """`54%` as 54; what is no percentage is None."""
    value = whole((word or "").strip().removesuffix("%"))
    return None if value is None else min(value, 100)


def info_of(info: str | None) -> tuple[str | None, int | None, str | None]:
    """Host, port and path of a gate's `info`, `host:port path` (ggatec) or a path alone (ggatel)."""
    if not info:
        return None, None, None
    peer, _, path = info.partition(" ")
    host, colon, port = peer.rpartition(":")
    if path and colon and (number := whole(port)) is not None:
        return host, number, path.strip()
    return None, None, info.strip()


def unit_of(name: str, prefix: str) -> int | None:
    """`md12` → 12."""
    return whole(name.removeprefix(prefix)) if name.startswith(prefix) else None


def _bytes(found: re.Match[str]) -> str:
    """Each byte above 0x7e is printed as an entity of its own: together they are UTF-8, or odd bytes."""
    codes = bytes.fromhex(found[0].replace("&#x", "").replace(";", ""))
    return codes.decode("utf-8", "backslashreplace").translate(_UNPRINTED)


def _entity(found: re.Match[str]) -> str:
    code = int(found[1], 16) if found[1] else int(found[2])
    if code > 0x10FFFF or _UNPRINTED.get(code) == 0xFFFD:
        return "\ufffd"
    return found[0]


def _text(element: Element, tag: str) -> str | None:
    found = element.find(tag)
    return None if found is None or found.text is None else found.text.strip()


def _config(element: Element) -> dict[str, str]:
    config = element.find("config")
    return {} if config is None else {key.tag: (key.text or "").strip() for key in config}


def _number(word: str | None) -> int | None:
    return None if word is None else whole(word)


def _gate(geom: Element) -> Gate | None:
    name, config, provider = _text(geom, "name") or "", _config(geom), geom.find("provider")
    unit = _number(config.get("unit"))
    unit = unit_of(name, "ggate") if unit is None else unit
    if unit is None:
        return None
    host, port, path = info_of(config.get("info"))
    return Gate(
        name=name,
        unit=unit,
        host=host,
        port=port,
        path=path,
        access=config.get("access") or None,
        timeout=_number(config.get("timeout")),
        queue_count=_number(config.get("queue_count")),
        queue_size=_number(config.get("queue_size")),
        mediasize=None if provider is None else _number(_text(provider, "mediasize")),
    )


def _memory_disk(provider: Element) -> MemoryDisk | None:
    name, config = _text(provider, "name") or "", _config(provider)
    unit = _number(config.get("unit"))
    unit = unit_of(name, "md") if unit is None else unit
    if unit is None or provider.find("wither") is not None:
        return None
    return MemoryDisk(
        name=name,
        unit=unit,
        type=config.get("type") or None,
        file=config.get("file") or None,
        size=_number(config.get("length") or _text(provider, "mediasize")),
    )


def _disk(provider: Element) -> Disk:
    config = _config(provider)
    return Disk(
        name=_text(provider, "name") or "",
        mediasize=_number(_text(provider, "mediasize")),
        sectorsize=_number(_text(provider, "sectorsize")),
        mode=_text(provider, "mode"),
        ident=config.get("ident") or None,
        descr=config.get("descr") or None,
        rotationrate=config.get("rotationrate") or None,
    )


def _partition(provider: Element) -> Partition:
    config = _config(provider)
    return Partition(
        name=_text(provider, "name") or "",
        type=config.get("type") or None,
        mediasize=_number(_text(provider, "mediasize")),
        start=_number(config.get("start")),
        end=_number(config.get("end")),
        index=_number(config.get("index")),
        label=config.get("label") or None,
        mode=_text(provider, "mode"),
    )
