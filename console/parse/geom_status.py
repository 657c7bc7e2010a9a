"""`geom CLASS status` in all its shapes: human table, -s, -g, and what is left of them after a paste.

Source: the status printer of geom(8), sbin/geom/core/geom.c, and gmirror(8). Names and states are
right-aligned, so a leading blank proves nothing; further components stand alone on their lines; old tools
print no state words.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from console.parse.geom_fields import percent_of
from console.parse.lines import filled
from console.parse.reading import Reading

_HEADER = re.compile(r"\s*Name\s+Status\s+Components\b")
_GAP = re.compile(r" {2,}")
_INLINE = re.compile(r"(\S+)(?: \(([^()]*)\))?")
_DEVICE = re.compile(r"[A-Za-z0-9][\w./:+@=,#%~-]{0,255}")
_STATE_WORD = re.compile(r"[A-Z0-9/()_%.,:-]{1,40}")
_MIRROR_STATES = ("STARTING", "COMPLETE", "DEGRADED")


@dataclass(frozen=True, slots=True)
class StatusComponent:
    """A component as printed: `NAME`, `NAME (STATE)`, `NAME (STATE, 54%)`; `NAME (54%)` on old releases."""

    name: str
    state: str | None = None
    percent: int | None = None


@dataclass(frozen=True, slots=True)
class StatusMirror:
    """A mirror as printed: its name with `mirror/` unless -g was given."""

    name: str
    state: str
    components: tuple[StatusComponent, ...] = ()


@dataclass(frozen=True, slots=True)
class Mirrors:
    """`gmirror status`; no mirror at all prints nothing."""

    mirrors: tuple[StatusMirror, ...] = ()


@dataclass(frozen=True, slots=True)
class StatusGeom:
    """A geom of another class as printed; components by name, with their state where one is printed."""

    name: str
    state: str
    components: tuple[str | StatusComponent, ...] = ()


@dataclass(frozen=True, slots=True)
class Geoms:
    """`geom CLASS status` of a class other than MIRROR."""

    geoms: tuple[StatusGeom, ...] = ()


def read_gmirror_status(text: str) -> Reading[Mirrors]:
    """`gmirror status`, also -s and -gs, padded or collapsed (gmirror(8))."""
    table = _Table(_mirror_state, several=True)
    unread = table.read(text)
    return Reading(
        Mirrors(
            tuple(StatusMirror(name, state, tuple(parts)) for name, (state, parts) in table.rows.items())
        ),
        unread,
    )


def read_gmirror_status_script(text: str) -> Reading[Mirrors]:
    """`gmirror status -s` and `-gs`: name and state on every line."""
    return read_gmirror_status(text)


def read_geom_status_other(text: str) -> Reading[Geoms]:
    """`geom CLASS status` of any class: states may hold blanks and parentheses, or be `N/A`."""
    table = _Table(_any_state, several=False)
    unread = table.read(text)
    geoms = (
        StatusGeom(name, state, tuple(map(_plain, parts))) for name, (state, parts) in table.rows.items()
    )
    return Reading(Geoms(tuple(geoms)), unread)


def _plain(component: StatusComponent) -> str | StatusComponent:
    bare = component.state is None and component.percent is None
    return component.name if bare else component


class _Table:
    """The rows read so far, and where a line that holds only a component belongs."""

    def __init__(self, is_state: Callable[[str], bool], several: bool) -> None:
        self.rows: dict[str, tuple[str, list[StatusComponent]]] = {}
        self._is_state = is_state
        self._several = several
        self._last: str | None = None
        self._padded = False

    def read(self, text: str) -> tuple[str, ...]:
        """Take every line; returns those that are no rows."""
        unread: list[str] = []
        for line in filled(text, unread):
            header = _HEADER.match(line)
            body = line[header.end() :] if header else line
            if body.strip() and not self._take(body):
                unread.append(line)
        return tuple(unread)

    def _take(self, line: str) -> bool:
        said = line.expandtabs().strip()
        before, component = _cut_component(said)
        if component is None:
            return False
        if before is None:
            if self._last is None or (self._padded and not _continues(line, component)):
                return False
            self.rows[self._last][1].append(component)
            return True
        columns = _GAP.split(said)
        self._padded = self._padded or len(columns) > 1
        if len(columns) == 3 and self._is_state(columns[1]):
            # Padding tells where a name that holds blanks ends.
            self._add(columns[0], columns[1], [] if component.name == "N/A" else [component])
            return True
        return self._row(before, component) or (self._several and self._flattened(said))

    def _row(self, before: str, component: StatusComponent) -> bool:
        name, _, rest = before.partition(" ")
        state = " ".join(rest.split())
        if not _DEVICE.fullmatch(name):
            return False
        if state and self._is_state(state):
            self._add(name, state, [] if component.name == "N/A" else [component])
            return True
        # A row that names no component: what was taken for one is the state.
        if not state and component.name in (*_MIRROR_STATES, "N/A") and component.state is None:
            self._add(name, component.name, [])
            return True
        return False

    def _flattened(self, said: str) -> bool:
        """Several components, or several mirrors, in one line: a table that lost its newlines."""
        parts = [(found[1], found[2]) for found in _INLINE.finditer(" ".join(said.split()))]
        if len(parts) < 3 or parts[1][0] not in _MIRROR_STATES:
            return False
        if not all(_DEVICE.fullmatch(word) for word, _ in parts):
            return False
        place = 0
        while place < len(parts):
            word, inside = parts[place]
            if place + 1 < len(parts) and parts[place + 1][0] in _MIRROR_STATES:
                self._add(word, parts[place + 1][0], [])
                place += 2
            else:
                self.rows[self._last or word][1].append(_component(word, inside))
                place += 1
        return True

    def _add(self, name: str, state: str, components: list[StatusComponent]) -> None:
        _, before = self.rows.get(name, (state, []))
        before.extend(components)
        self.rows[name] = (state, before)
        self._last = name


def _mirror_state(words: str) -> bool:
    return words in (*_MIRROR_STATES, "N/A") or (words.isalpha() and words.isupper() and len(words) > 3)


def _any_state(words: str) -> bool:
    parts = words.split()
    return bool(parts) and all(_STATE_WORD.fullmatch(part) for part in parts)


def _cut_component(said: str) -> tuple[str | None, StatusComponent | None]:
    """Split a row before its component: the last word and the parenthesis that may follow it."""
    inside = None
    head = said
    if said.endswith(")"):
        depth = 0
        for place in range(len(said) - 1, -1, -1):
            depth += (said[place] == ")") - (said[place] == "(")
            if depth == 0:
                head, inside = said[:place].rstrip(), said[place + 1 : -1]
                break
    before, _, name = head.rpartition(" ")
    if not _DEVICE.fullmatch(name):
        return None, None
    return before.strip() or None, _component(name, inside)


def _component(name: str, inside: str | None) -> StatusComponent:
    if inside is None:
        return StatusComponent(name)
    state, comma, percent = inside.rpartition(",")
    if inside.endswith("%") and (number := percent_of(percent.strip())) is not None:
        return StatusComponent(name, state.strip() if comma else None, number)
    return StatusComponent(name, inside)


def _continues(line: str, component: StatusComponent) -> bool:
    """A further component is indented in a padded table; one that lost that still looks like a device."""
    name = component.name
    return line[0].isspace() or component.state is not None or "/" in name or any(c.isdigit() for c in name)
