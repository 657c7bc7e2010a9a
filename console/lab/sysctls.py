"""The sysctl tree of a simulated node: names in the kernel's order, each with where its value comes from."""

from collections.abc import Callable, Iterator

from console.lab import mesh
from console.lab.world import Node

Value = Callable[[Node], str]


def _boot_time(node: Node) -> str:
    seconds, rest = divmod(node.boot_time, 1)
    from_epoch = int(seconds)
    return f"{{ sec = {from_epoch}, usec = {int(rest * 1e6)} }} {_ctime(from_epoch)}"


def _ctime(moment: float) -> str:
    from datetime import UTC, datetime

    when = datetime.fromtimestamp(moment, UTC)
    return f"{when:%a %b} {when.day:2d} {when:%H:%M:%S %Y}"


def _load(node: Node) -> str:
    up = node.clock.now() - node.boot_time
    return f"{{ {0.15 + 60 / (60 + up):.2f} {0.12 + 90 / (180 + up):.2f} {0.08 + 90 / (600 + up):.2f} }}"


FIXED: dict[str, str] = {
    "kern.ostype": "FreeBSD",
    "kern.osrelease": "13.2-RELEASE",
    "kern.osrevision": "199506",
    "kern.osreldate": "1302001",
    "kern.version": "FreeBSD 13.2-RELEASE FBLAB\n",
    "kern.ident": "FBLAB",
    "kern.securelevel": "-1",
    "kern.maxfiles": "25248",
    "kern.geom.part.mbr.enforce_chs": "0",
    "kern.geom.part.gpt.allow_nesting": "0",
    "kern.geom.part.ebr.compat_aliases": "1",
    "kern.geom.part.separator": "",
    "kern.geom.part.allow_nesting": "0",
    "kern.geom.part.auto_resize": "1",
    "kern.geom.part.check_integrity": "1",
    "kern.geom.label.disk_ident.enable": "0",
    "kern.geom.label.gptid.enable": "0",
    "kern.geom.label.gpt.enable": "1",
    "kern.geom.label.ufs.enable": "1",
    "kern.geom.label.ufsid.enable": "1",
    "kern.geom.label.reiserfs.enable": "1",
    "kern.geom.label.ntfs.enable": "1",
    "kern.geom.label.msdosfs.enable": "1",
    "kern.geom.label.iso9660.enable": "1",
    "kern.geom.label.flashmap.enable": "1",
    "kern.geom.label.ext2fs.enable": "1",
    "kern.geom.label.debug": "0",
    "kern.geom.collectstats": "1",
    "kern.geom.notaste": "0",
    "kern.geom.debugflags": "0",
}

GEOM_TEXTS: dict[str, Value] = {
    "kern.geom.conftxt": mesh.conftxt,
    "kern.geom.confdot": mesh.confdot,
    "kern.geom.confxml": lambda node: node.geom.confxml(),
}

TRANSIENT: dict[str, str] = {
    "kern.geom.inflight_transient_maps": "0",
    "kern.geom.transient_map_soft_failures": "0",
    "kern.geom.transient_map_hard_failures": "0",
    "kern.geom.transient_map_retries": "10",
    "kern.geom.transient_maps": "0",
}

BY_MODULE: dict[str, dict[str, str]] = {
    "geom_mirror": {
        "kern.geom.mirror.sync_update_period": "5",
        "kern.geom.mirror.sync_requests": "2",
        "kern.geom.mirror.disconnect_on_failure": "1",
        "kern.geom.mirror.idletime": "5",
        "kern.geom.mirror.timeout": "4",
        "kern.geom.mirror.launch_mirror_before_timeout": "1",
        "kern.geom.mirror.debug": "0",
    },
    "geom_gate": {"kern.geom.gate.units": "256", "kern.geom.gate.debug": "0"},
    "carp": {
        "net.inet.carp.ifdown_demotion_factor": "240",
        "net.inet.carp.senderr_demotion_factor": "240",
        "net.inet.carp.demotion": "0",
        "net.inet.carp.log": "1",
        "net.inet.carp.preempt": "0",
        "net.inet.carp.dscp": "56",
        "net.inet.carp.allow": "1",
    },
}
"""Names that exist only while a module is loaded, with their defaults."""

MACHINE: dict[str, str] = {
    "net.inet.ip.forwarding": "0",
    "hw.machine": "amd64",
    "hw.model": "QEMU TCG CPU version 2.5+",
    "hw.ncpu": "1",
    "hw.physmem": "793198592",
    "hw.pagesize": "4096",
    "vfs.read_max": "64",
    "vm.swap_total": "536870912",
}


def _disk_flags(node: Node) -> Iterator[tuple[str, Value]]:
    # From the geoms themselves: every sysctl(8) comes by here, and the mesh as text is slow to make.
    disks = next((known.geoms for known in node.geom.classes if known.name == "DISK"), [])
    for provider in (offered for geom in disks for offered in geom.providers):
        scsi = provider.name.startswith("ada")
        opened = provider.mode != "r0w0e0"
        number = (0x80 if scsi else 0) + 0x3C + (2 if opened else 0)
        words = "OPEN," * opened + "CANDELETE,CANFLUSHCACHE,UNMAPPEDBIO,DIRECTCOMPLETION" + ",CANZONE" * scsi
        text = f"{number:x}<{words}>"
        yield f"kern.geom.disk.{provider.name}.flags", lambda _, text=text: text  # type: ignore[misc]
        yield f"kern.geom.disk.{provider.name}.led", lambda _: ""


def names(node: Node) -> Iterator[tuple[str, Value]]:
    """Every name of the tree, in order, with its value."""
    kept = node.sysctls

    def constant(name: str, default: str) -> tuple[str, Value]:
        return name, lambda _: kept.get(name, default)

    yield from (constant(name, value) for name, value in FIXED.items() if name.count(".") == 1)
    yield constant("kern.hostname", f"{node.hostname}.lab")
    yield "kern.boottime", _boot_time
    yield "kern.disks", mesh.disks
    for module in ("geom_mirror", "geom_gate"):
        if module in node.modules:
            yield from (constant(name, value) for name, value in BY_MODULE[module].items())
    yield from (constant(name, value) for name, value in FIXED.items() if name.startswith("kern.geom"))
    yield from GEOM_TEXTS.items()
    yield from (constant(name, value) for name, value in TRANSIENT.items())
    yield from _disk_flags(node)
    yield constant("kern.geom.dev.delete_max_sectors", "262144")
    yield "vm.loadavg", _load
    if "carp" in node.modules:
        yield from (constant(name, value) for name, value in BY_MODULE["carp"].items())
    yield from (constant(name, value) for name, value in MACHINE.items())


WRITABLE = ("kern.geom.mirror.", "kern.geom.gate.", "kern.geom.debugflags", "kern.geom.label.", "net.inet.")
"""Beginnings of the names that may be set while the system runs."""
