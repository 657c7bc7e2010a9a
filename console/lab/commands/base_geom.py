"""Disks and partitions as the base system shows them: gpart(8), geom(8), camcontrol(8), gstat(8)."""

from console.lab import mesh
from console.lab.arguments import read_options
from console.lab.call import Call, Command
from console.lab.mesh import Provider

_STEPS = "BKMGTPE"


def human(size: int) -> str:
    """A size as humanize_number(3) writes it: 3.5G, 512M, 23K."""
    value, unit = float(size), 0
    while value >= 999.5 and unit < len(_STEPS) - 1:
        value, unit = value / 1024, unit + 1
    text = f"{value:.1f}" if unit and value < 9.95 else str(int(value + 0.5))
    return f"{text}{_STEPS[unit]}"


async def gpart(call: Call) -> int:
    """Show partition tables: `show`, with -l labels, -p provider names, -r raw types."""
    arguments = call.arguments
    if not arguments or arguments[0] not in ("show", "status", "list"):
        call.complain(
            f"gpart: Unknown command: {arguments[0]}."
            if arguments
            else "usage: gpart show [-l | -r] [-p] [geom ...]"
        )
        return 1
    flags = "".join(word[1:] for word in arguments[1:] if word.startswith("-"))
    names = [word.removeprefix("/dev/") for word in arguments[1:] if not word.startswith("-")]
    tables = [
        geom
        for group in mesh.mesh(call.node).findall("class")
        if group.findtext("name") == "PART"
        for geom in group.findall("geom")
    ]
    for name in names:
        if not any(table.findtext("name") == name for table in tables):
            call.complain(f"gpart: No such geom: {name}.")
            return 1
    for table in tables:
        if not names or table.findtext("name") in names:
            parts = [Provider("PART", "", 0, element) for element in table.findall("provider")]
            first, last = int(table.findtext("config/first", "0")), int(table.findtext("config/last", "0"))
            scheme = table.findtext("config/scheme", "")
            _show_table(call, table.findtext("name", ""), (first, last, scheme), parts, flags)
    return 0


def _show_table(
    call: Call, name: str, table: tuple[int, int, str], parts: list[Provider], flags: str
) -> None:
    first, last, scheme = table
    kind = "config/label" if "l" in flags else "config/rawtype" if "r" in flags else "config/type"
    rows: list[tuple[str, int, int, str, str]] = [("=>", first, last - first + 1, name, scheme)]
    at = first
    for part in sorted(parts, key=lambda known: int(known.text("config/start"))):
        start, end = int(part.text("config/start")), int(part.text("config/end"))
        if start > at:
            rows.append(("", at, start - at, "", "- free -"))
        label = part.name if "p" in flags else part.text("config/index")
        rows.append(("", start, end - start + 1, label, part.text(kind) or "(null)"))
        at = end + 1
    if at <= last:
        rows.append(("", at, last - at + 1, "", "- free -"))
    start_width = max(len(str(row[1])) for row in rows)
    size_width = max(len(str(row[2])) for row in rows)
    name_width = max(len(row[3]) for row in rows)
    for mark, start, count, label, text in rows:
        first_columns = (
            f"{mark:2}{start:>{start_width}}" if not mark else f"{mark:2}  {start:>{start_width - 2}}"
        )
        call.say(
            f"{first_columns}  {count:>{size_width}}  {label:>{name_width}}  {text}  ({human(count * 512)})"
        )
    call.say("")


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
    for number, disk in enumerate(mesh.providers(call.node, "DISK")):
        if disk.name.startswith(("ada", "da")):
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
    "gpart": gpart,
    "geom": geom,
    "camcontrol": camcontrol,
    "gstat": gstat,
    "iostat": iostat,
}
