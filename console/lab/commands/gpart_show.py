"""What gpart(8) tells of tables: show, list, status, backup."""

from console.lab.arguments import Options
from console.lab.call import Call
from console.lab.geom.part import TableGeom
from console.lab.geom.tables import SECTOR, TableError

_STEPS = "BKMGTPE"


def human(size: int) -> str:
    """A size as humanize_number(3) writes it: 3.5G, 512M, 23K."""
    value, unit = float(size), 0
    while value >= 999.5 and unit < len(_STEPS) - 1:
        value, unit = value / 1024, unit + 1
    text = f"{value:.1f}" if unit and value < 9.95 else str(int(value + 0.5))
    return f"{text}{_STEPS[unit]}"


def _chosen(call: Call, names: list[str]) -> list[TableGeom]:
    part = call.node.geom.part
    found = []
    for name in names:
        geom = part.find(name)
        if geom is None:
            raise TableError(f"No such geom: {name}.")
        found.append(geom)
    return found if names else part.tables()


async def show(call: Call, options: Options, names: list[str]) -> None:
    """Tables with their gaps; -l labels, -r raw types, -p names instead of numbers."""
    if {"l", "r"} <= set(options):
        raise TableError("-l and -r are mutually exclusive")
    found: list[TableGeom] = []
    try:
        for name in names or [""]:
            found += _chosen(call, [name] if name else [])
    finally:
        for geom in found:
            _show(call, geom, options)


def _show(call: Call, geom: TableGeom, options: Options) -> None:
    table = geom.table
    wide = len(str(table.last))
    names = {
        part.index: geom.name_of(part.index) if "p" in options else str(part.index) for part in table.parts
    }
    column = max([len(geom.name), *(len(name) for name in names.values())])
    whole = human(geom.consumer.below.mediasize)
    bad = " [CORRUPT]" if table.corrupt else ""
    count = table.last - table.first + 1
    call.say(
        f"=>{table.first:>{wide}}  {count:>{wide}}  {geom.name:>{column}}  {table.scheme}  ({whole}){bad}"
    )
    at = table.first

    def gap(end: int) -> None:
        if end > at:
            size = human((end - at) * SECTOR)
            call.say(f"  {at:>{wide}}  {end - at:>{wide}}  {'':>{column}}  - free -  ({size})")

    for part in sorted(table.parts, key=lambda known: known.start):
        gap(part.start)
        text = geom.scheme.type_name(part.kind)
        if "l" in options:
            text = part.label or "(null)"
        elif "r" in options:
            text = part.kind
        if part.attributes:
            text += f"  [{','.join(part.attributes)}]"
        size = human(part.size * SECTOR)
        call.say(
            f"  {part.start:>{wide}}  {part.size:>{wide}}  {names[part.index]:>{column}}  {text}  ({size})"
        )
        at = part.end + 1
    gap(table.last + 1)
    call.say("")


async def backup(call: Call, options: Options, names: list[str]) -> None:
    """A table as text for `gpart restore`."""
    (geom,) = _chosen(call, names)
    table = geom.table
    wide = len(str(table.last))
    types = {part.index: geom.scheme.type_name(part.kind) for part in table.parts}
    type_wide = max((len(word) for word in types.values()), default=0)
    index_wide = len(str(table.slots))
    call.say(f"{table.scheme} {table.slots}")
    for part in table.parts:
        marks = f" [{','.join(part.attributes)}] " if part.attributes else ""
        place = f"{part.start:>{wide}} {part.size:>{wide}}"
        call.say(f"{part.index:<{index_wide}} {types[part.index]:>{type_wide}} {place} {part.label} {marks}")


async def status(call: Call, options: Options, names: list[str]) -> None:
    """One line per partition."""
    rows = [
        (
            geom.name if "g" in options else partition.name,
            "CORRUPT" if geom.table.corrupt else "OK",
            geom.name,
        )
        for geom in _chosen(call, names)
        for partition in geom.partitions()
    ]
    name_wide = max((len(row[0]) for row in rows), default=4)
    if "s" not in options:
        call.say(f"{'Name':>{name_wide}}  Status  Components")
    for name, state, disk in rows:
        call.say(f"{name}  {state}  {disk}" if "s" in options else f"{name:>{name_wide}}  {state:>6}  {disk}")


async def describe(call: Call, options: Options, names: list[str]) -> None:
    """Everything about a table and its partitions."""
    for geom in _chosen(call, names):
        config = dict(geom.config() if geom.config is not None else ())
        call.say(f"Geom name: {geom.name}")
        for key in ("modified", "state", "fwheads", "fwsectors", "last", "first", "entries", "scheme"):
            call.say(f"{key}: {config[key]}")
        call.say("Providers:")
        for number, partition in enumerate(geom.partitions(), 1):
            call.say(f"{number}. Name: {partition.name}\n   Mediasize: {partition.mediasize}", end="")
            call.say(f" ({human(partition.mediasize)})\n   Sectorsize: {partition.sectorsize}")
            call.say(
                f"   Stripesize: 0\n   Stripeoffset: {partition.stripeoffset}\n   Mode: {partition.mode}"
            )
            rows = list(partition.rows)
            for key, value in [row for row in rows if row[0] != "attrib"][::-1]:
                call.say(f"   {key}: {value or '(null)'}")
            for key, value in [row for row in rows if row[0] == "attrib"]:
                call.say(f"   {key}: {value}")
        below = geom.consumer.below
        call.say(
            f"Consumers:\n1. Name: {below.name}\n   Mediasize: {below.mediasize} ({human(below.mediasize)})"
        )
        call.say(f"   Sectorsize: {below.sectorsize}\n   Mode: {geom.consumer.mode}\n")
