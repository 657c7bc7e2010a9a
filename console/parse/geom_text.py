"""Storage from `gmirror list`, `ggatec list -v` and `mdconfig -lv`, where confxml cannot be read."""

from dataclasses import replace

from console.model.facts import Component, Geom, Mirror
from console.parse.complaints import complaint
from console.parse.geom_list import read_gmirror_list
from console.parse.ggate import read_ggatec_list
from console.parse.mdconfig import read_memory_disks
from console.parse.parts import parts

FALLBACK = "#fallback"
"""The line that the sampler prints before the texts."""
_UNLOADED = ("Class MIRROR not found", "not available; try 'load' first", "Command 'list' not available")


def read_geom_text(text: str) -> Geom | str:
    """The texts after `#fallback`, each after a line `## NAME`; in words why, when one cannot be used."""
    said_by = {name.split()[0]: "\n".join(body) for name, body in parts(text)}
    listed, gates, disks = (said_by.get(name, "") for name in ("gmirror", "ggatec", "mdconfig"))
    if "gmirror" not in said_by:
        return "neither kern.geom.confxml nor gmirror list could be read"
    loaded = not any(words in listed for words in _UNLOADED)
    mirrors = read_gmirror_list(listed if loaded else "")
    gated, attached = read_ggatec_list(gates), read_memory_disks(disks)
    for said, unread, command in (
        (listed, mirrors.unread, "gmirror list"),
        (gates, gated.unread, "ggatec list"),
        (disks, attached.unread, "mdconfig -l"),
    ):
        if unread:
            return complaint(said, 1, command) or f"{command}: {unread[0].strip()[:160]}"
    return Geom(
        mirrors=tuple(_resolved(mirror) for mirror in mirrors.facts.mirrors),
        gates=gated.facts,
        mds=attached.facts,
        mirror_loaded=loaded,
        source="text",
    )


def _resolved(mirror: Mirror) -> Mirror:
    return replace(mirror, components=tuple(_named(component) for component in mirror.components))


def _named(component: Component) -> Component:
    """Without confxml only a component that is named after its device says what it lies on."""
    for prefix, group in (("ggate", "GATE"), ("md", "MD")):
        if component.name.startswith(prefix) and component.name.removeprefix(prefix).isdigit():
            return replace(component, device=component.name, device_class=group)
    return component
