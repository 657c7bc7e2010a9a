"""Disks as the base system shows them: geom(8), camcontrol(8), gstat(8), iostat(8)."""

from console.lab import mesh
from console.lab.arguments import read_options
from console.lab.call import Call, Command
from console.lab.commands.gpart import gpart
from console.lab.commands.gpart_show import human
from console.lab.mesh import Provider


async def geom(call: Call) -> int:
    """`geom disk list`, and the list and status of other classes by their own command's name."""
    words = [word for word in call.arguments if not word.startswith("-")]
    if len(words) >= 2 and words[0].lower() == "disk" and words[1] == "list":
        found = sorted(mesh.providers(call.node, "DISK"), key=lambda disk: _DISK_ORDER.get(disk.name[:4], 9))
        for disk in sorted(found, key=lambda known: (known.name.startswith("ada"), known.name)):
            if len(words) == 2 or disk.name in words[2:]:
                _describe_disk(call, disk)
        return 0
    if words[:1] == ["part"]:
        call.argv = ["gpart", *words[1:]]
        return await gpart(call)
    call.complain(
        "usage: geom <class> <command> [options]" if not words else f"geom: Unknown class: {words[0]}."
    )
    return 1


_DISK_ORDER = {"vtbd": 0, "ada0": 1}


def _describe_disk(call: Call, disk: Provider) -> None:
    call.say(f"Geom name: {disk.name}\nProviders:\n1. Name: {disk.name}")
    call.say(f"   Mediasize: {disk.size} ({human(disk.size)})")
    call.say(f"   Sectorsize: {disk.text('sectorsize')}\n   Mode: {disk.text('mode')}")
    for key in ("descr", "ident", "rotationrate", "fwsectors", "fwheads"):
        call.say(f"   {key}: {disk.text('config/' + key, '(null)')}")
    call.say("")


async def camcontrol(call: Call) -> int:
    """`camcontrol devlist`: the one CAM disk of these machines."""
    if call.arguments[:1] != ["devlist"]:
        call.complain("usage: camcontrol <command> [device id][generic args][command args]")
        return 1
    if call.uid != 0:
        call.complain("camcontrol: couldn't open /dev/xpt0: Permission denied")
        return 1
    found = [disk for disk in mesh.providers(call.node, "DISK") if disk.name.startswith(("ada", "da"))]
    for number, disk in enumerate(sorted(found, key=lambda known: known.name)):
        left = f"<{disk.text('config/descr')} 2.5+>"
        call.say(f"{left:33}  at scbus{2 + number} target 0 lun 0 ({disk.name},pass{number})")
    return 0


async def gstat(call: Call) -> int:
    """One round of statistics per provider (-b), after the interval."""
    read = read_options(call, "abcCdf:opsI:", "usage: gstat [-abcCdops] [-f filter] [-I interval]")
    if read is None:
        return 1
    await call.node.clock.sleep(1.0)
    call.say("dT: 1.022s  w: 1.000s")
    call.say(" L(q)  ops/s    r/s   kBps   ms/r    w/s   kBps   ms/w   %busy Name")
    ranked = sorted(mesh.providers(call.node), key=_statistics_order)
    for provider in ranked:
        call.say(f"    0      0      0      0    0.0      0      0    0.0    0.0  {provider.name}")
    return 0


def _statistics_order(provider: Provider) -> tuple[int, str]:
    """devstat(9) numbers devices as they appear: CAM disks are found after the others were partitioned."""
    late = provider.name.startswith(("ada", "da"))
    return {"DISK": 2 if late else 0, "PART": 1, "LABEL": 3}.get(provider.kind, 4), provider.name


async def iostat(call: Call) -> int:
    """Extended statistics per disk (-x), -c times every -w seconds."""
    read = read_options(
        call, "CdhIKM:N:n:oTt:w:xz?c:", "usage: iostat [-CdhIKoTxz?] [-c count] [-M core] [-n devs] [-w wait]"
    )
    if read is None:
        return 1
    options, _ = read
    names = [disk.name for disk in mesh.providers(call.node, "DISK")]
    units = [unit.name for unit in mesh.providers(call.node, "MD")]
    ordered = [name for name in sorted(names) if not name.startswith("ada")] + units
    ordered += [name for name in names if name.startswith("ada")] + ["pass0"]
    for round_number in range(int(options.get("c", "1"))):
        if round_number:
            await call.node.clock.sleep(float(options.get("w", "1")))
        call.say("                        extended device statistics  ")
        call.say("device       r/s     w/s     kr/s     kw/s  ms/r  ms/w  ms/o  ms/t qlen  %b  ")
        for name in ordered:
            call.say(f"{name:10} {0:5d}   {0:5d} {0.0:8.1f} {0.0:8.1f}     0     0     0     0    0   0 ")
    return 0


COMMANDS: dict[str, Command] = {
    "geom": geom,
    "camcontrol": camcontrol,
    "gstat": gstat,
    "iostat": iostat,
}
