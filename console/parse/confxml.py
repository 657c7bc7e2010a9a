"""A pasted kern.geom.confxml: classes, disks, partitions, labels, memory disks, gates and mirrors."""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from console.model.facts import Gate, Mirror
from console.parse.geom_fields import natural, unit_of
from console.parse.geom_tree import gates_of, mirrors_of
from console.parse.mesh import Mesh, config_of, mesh_of, number_of, text_of
from console.parse.reading import Reading


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
class Md:
    """A provider of class MD."""

    name: str
    unit: int | None = None
    type: str | None = None
    file: str | None = None
    mediasize: int | None = None
    """Bytes."""
    sectorsize: int | None = None
    access: str | None = None
    mode: str | None = None


@dataclass(frozen=True, slots=True)
class Confxml:
    """What a pasted kern.geom.confxml holds."""

    classes: tuple[str, ...] = ()
    disks: tuple[Disk, ...] = ()
    partitions: tuple[Partition, ...] = ()
    labels: tuple[Label, ...] = ()
    md: tuple[Md, ...] = ()
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
            labels=tuple(sorted(_labels(mesh), key=lambda label: natural(label.label))),
            md=tuple(sorted((_md(p) for _, p in mesh.providers("MD")), key=lambda md: natural(md.name))),
            gate=gates_of(mesh),
            mirror=mirrors_of(mesh),
        ),
        outside,
    )


def _labels(mesh: Mesh) -> Iterator[Label]:
    """Every label; its geom carries the name of the provider that it is another name of."""
    for geom, provider in mesh.providers("LABEL"):
        yield Label(label=text_of(provider, "name") or "", on=text_of(geom, "name") or "")


def _md(provider: Element) -> Md:
    name, config = text_of(provider, "name") or "", config_of(provider)
    unit = number_of(config.get("unit"))
    return Md(
        name=name,
        unit=unit_of(name, "md") if unit is None else unit,
        type=config.get("type") or None,
        file=config.get("file") or None,
        mediasize=number_of(text_of(provider, "mediasize")),
        sectorsize=number_of(text_of(provider, "sectorsize")),
        access=config.get("access") or None,
        mode=text_of(provider, "mode"),
    )


def _disk(provider: Element) -> Disk:
    config = config_of(provider)
    return Disk(
        name=text_of(provider, "name") or "",
        mediasize=number_of(text_of(provider, "mediasize")),
        sectorsize=number_of(text_of(provider, "sectorsize")),
        mode=text_of(provider, "mode"),
        ident=config.get("ident") or None,
        descr=config.get("descr") or None,
        rotationrate=config.get("rotationrate") or None,
    )


def _partition(provider: Element) -> Partition:
    config = config_of(provider)
    return Partition(
        name=text_of(provider, "name") or "",
        type=config.get("type") or None,
        mediasize=number_of(text_of(provider, "mediasize")),
        start=number_of(config.get("start")),
        end=number_of(config.get("end")),
        index=number_of(config.get("index")),
        label=config.get("label") or None,
        mode=text_of(provider, "mode"),
    )
