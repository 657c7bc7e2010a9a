"""Mirrors, gates and memory disks out of kern.geom.confxml (the classes MIRROR, GATE and MD)."""

from xml.etree.ElementTree import Element

from console.model.facts import Component, Gate, Geom, MemoryDisk, Mirror
from console.model.words import ComponentState, MirrorState
from console.parse.geom_fields import flags_of, info_of, percent_of, unit_of
from console.parse.mesh import Mesh, config_of, mesh_of, number_of, text_of
from console.parse.reading import Reading


def read_geom(text: str) -> Reading[Geom] | str:
    """Mirrors, gates and memory disks, or why the text says nothing of them."""
    mesh, outside = mesh_of(text)
    if isinstance(mesh, str):
        return mesh
    return Reading(
        Geom(
            mirrors=mirrors_of(mesh),
            gates=gates_of(mesh),
            mds=mds_of(mesh),
            mirror_loaded="MIRROR" in mesh.classes,
            gate_loaded="GATE" in mesh.classes,
        ),
        outside,
    )


def mirrors_of(mesh: Mesh) -> tuple[Mirror, ...]:
    """The mirrors; `NAME.sync`, the geom that copies, has no configuration and is none."""
    return tuple(_mirror(mesh, geom) for geom in mesh.geoms("MIRROR") if config_of(geom).get("State"))


def gates_of(mesh: Mesh) -> tuple[Gate, ...]:
    """The ggate devices."""
    found = (_gate(geom) for geom in mesh.geoms("GATE") if not _withers(geom))
    return tuple(gate for gate in found if gate is not None)


def mds_of(mesh: Mesh) -> tuple[MemoryDisk, ...]:
    """The memory disks."""
    found = (_memory_disk(provider) for geom, provider in mesh.providers("MD") if not _withers(geom))
    return tuple(md for md in found if md is not None)


def _mirror(mesh: Mesh, geom: Element) -> Mirror:
    config = config_of(geom)
    provider = geom.find("provider")
    state = config.get("State", "")
    return Mirror(
        name=text_of(geom, "name") or "",
        state=MirrorState(state),
        components=tuple(_component(mesh, consumer) for consumer in geom.iterfind("consumer")),
        expected=number_of(config.get("Components")),
        balance=config.get("Balance") or None,
        flags=flags_of(config.get("Flags")),
        id=config.get("ID") or None,
        genid=number_of(config.get("GenID")),
        syncid=number_of(config.get("SyncID")),
        mediasize=None if provider is None else number_of(text_of(provider, "mediasize")),
        open_counts=None if provider is None else text_of(provider, "mode"),
        state_raw=state,
    )


def _component(mesh: Mesh, consumer: Element) -> Component:
    config = config_of(consumer)
    below = mesh.under(consumer)
    device, group = mesh.device(consumer)
    state = config.get("State", "")
    return Component(
        name=(text_of(below[2], "name") if below else None) or "?",
        state=ComponentState(state),
        percent=percent_of(config.get("Synchronized")),
        device=device,
        device_class=group,
        priority=number_of(config.get("Priority")),
        flags=flags_of(config.get("Flags")),
        genid=number_of(config.get("GenID")),
        syncid=number_of(config.get("SyncID")),
        bytes_synced=number_of(config.get("BytesSynced")),
        id=config.get("ID") or None,
        state_raw=state,
    )


def _withers(geom: Element) -> bool:
    """Whether it is going away and only waits for the last one to let go of it."""
    return geom.find("wither") is not None or geom.find("provider/wither") is not None


def _gate(geom: Element) -> Gate | None:
    name, config, provider = text_of(geom, "name") or "", config_of(geom), geom.find("provider")
    unit = number_of(config.get("unit"))
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
        timeout=number_of(config.get("timeout")),
        queue_count=number_of(config.get("queue_count")),
        queue_size=number_of(config.get("queue_size")),
        mediasize=None if provider is None else number_of(text_of(provider, "mediasize")),
    )


def _memory_disk(provider: Element) -> MemoryDisk | None:
    name, config = text_of(provider, "name") or "", config_of(provider)
    unit = number_of(config.get("unit"))
    unit = unit_of(name, "md") if unit is None else unit
    if unit is None:
        return None
    return MemoryDisk(
        name=name,
        unit=unit,
        type=config.get("type") or None,
        file=config.get("file") or None,
        size=number_of(config.get("length") or text_of(provider, "mediasize")),
    )
