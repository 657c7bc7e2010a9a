"""Mounted file systems: `mount`, `mount -v` and `mount -p` (mount(8))."""

from dataclasses import dataclass

from console.model.facts import Mount
from console.parse.lines import filled
from console.parse.reading import Reading

_ESCAPES = {r"\040": " ", r"\011": "\t", r"\043": "#", r"\134": "\\"}
"""fstab(5) writes these characters so; no others, lest a name become a control character again."""


@dataclass(frozen=True, slots=True)
class Mounts:
    """The mount table."""

    mounts: tuple[Mount, ...] = ()


def read_mount(text: str) -> Reading[Mounts]:
    """`mount [-v]`, a line `SPECIAL on NODE (TYPE, option, …)` each, or `mount -p`, lines of fstab(5)."""
    unread: list[str] = []
    mounts: list[Mount] = []
    for line in filled(text, unread):
        found = _described(line.strip()) or _tabled(line.strip())
        if found is None:
            unread.append(line)
        else:
            mounts.append(found)
    return Reading(Mounts(tuple(mounts)), tuple(unread))


def _described(line: str) -> Mount | None:
    """Both paths may hold blanks and parentheses: the options are what follows the last ` (`."""
    place = line.rfind(" (")
    if place < 0 or not line.endswith(")"):
        return None
    special, on, node = line[:place].partition(" on /")
    if not on or not special:
        return None
    kind, *options = line[place + 2 : -1].split(", ")
    return Mount(special=special, node="/" + node, type=kind, options=tuple(options))


def _tabled(line: str) -> Mount | None:
    fields = line.rsplit(None, 4)
    if len(fields) != 5 or not (fields[3].isdigit() and fields[4].isdigit()):
        return None
    paths, kind, options = fields[:3]
    # A special too long for its column is followed by one blank instead of tabs.
    special, _, node = paths.partition("\t") if "\t" in paths else _at_first_slash(paths)
    special, node = special.strip(), node.strip()
    if not special or not node.startswith("/"):
        return None
    return Mount(_unescaped(special), _unescaped(node), kind, tuple(options.split(",")))


def _at_first_slash(paths: str) -> tuple[str, str, str]:
    special, blank, node = paths.partition(" /")
    return special, blank, "/" + node if blank else ""


def _unescaped(path: str) -> str:
    for code, character in _ESCAPES.items():
        path = path.replace(code, character)
    return path
