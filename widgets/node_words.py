"""What a node card says, line by line, from one node's facts: pure text, no widget."""

from dataclasses import dataclass
from typing import Any

from textual.content import Content

from console.model.config import PairConfig
from console.model.facts import Component, Fact, Host, Mirror
from console.model.snapshot import LinkState, NodeView, Truths
from console.model.words import Answer, ComponentState, Role
from widgets.amounts import clock, offset, size, span
from widgets.drawn import words
from widgets.plain import one_line
from widgets.signs import COMPONENT_TONES, MIRROR_TONES, ROLE_TONES, Tone, mark

LABEL = 10
"""Cells of the labels at the left of a card."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a card."""

    label: str
    text: Content
    sections: tuple[str, ...] = ()
    """The sections of the node's facts it was drawn from: the age of the worst stands at the right."""


def stale(fact: Fact[Any]) -> bool:
    """Whether there is an old value to draw greyed."""
    return fact.unknown is not None and fact.last is not None


def unknown(fact: Fact[Any]) -> Content:
    """The question mark, with the reason when the node gave one."""
    return Content.styled(one_line(f"?  {fact.unknown or ''}".rstrip(), 60), "dim")


def role_words(view: NodeView, truths: Truths, both_master: bool) -> Content:
    """The role as it stands in the corner of the card."""
    if view.link.state is LinkState.REFUSED:
        return mark(Tone.CRITICAL, "refused", loud=True)
    if view.link.state is LinkState.CONNECTING and truths.role is Role.UNKNOWN:
        return mark(Tone.WORKING, "connecting", loud=True)
    if view.link.state in (LinkState.LOST, LinkState.SILENT):
        return mark(Tone.UNKNOWN, "no answer", loud=True)
    if truths.role is Role.UNKNOWN:
        return mark(Tone.UNKNOWN, "role ?", loud=True)
    if truths.role is Role.MASTER and both_master:
        return mark(Tone.CRITICAL, "MASTER on both", loud=True)
    return mark(ROLE_TONES[truths.role], truths.role.value, loud=True)


def address(view: NodeView, truths: Truths, pair: PairConfig, none: str = "–") -> Content:
    """Whether the floating address is here; `none` says that it is not."""
    fact = view.facts.interfaces
    if truths.address is Answer.YES:
        on = f" on {one_line(truths.address_on, 20)}" if truths.address_on else ""
        return Content.assemble((pair.floating, "bold"), on)
    if truths.address is Answer.NO:
        return Content.styled(none, "dim")
    if fact.last is None:
        return unknown(fact)
    held = [i.name for i in fact.last if any(a.addr == pair.floating for a in i.inet)]
    return Content.styled(f"{pair.floating} on {one_line(held[0], 20)}" if held else "was not here", "dim")


def mounted(view: NodeView, truths: Truths, pair: PairConfig, none: str = "no") -> Content:
    """Whether the mount point is mounted here, and how full it is; `none` says that it is not."""
    fact = view.facts.mounts
    mount = truths.mount
    if truths.mounted is Answer.NO:
        return Content.styled(none, "dim")
    if truths.mounted is Answer.UNKNOWN:
        if fact.last is None:
            return unknown(fact)
        mount = next((m for m in fact.last if m.node == pair.mount), None)
        if mount is None:
            return Content.styled("was not mounted", "dim")
    parts: list[Content] = [Content.styled(one_line(pair.mount, 28), "bold")]
    if mount is not None:
        parts.append(Content("rw") if mount.writable else mark(Tone.WARNING, "ro"))
        if not mount.special.startswith("/dev/mirror/"):
            parts.append(mark(Tone.WARNING, one_line(f"raw {mount.special}", 24)))
    parts.append(disk_use(view, pair))
    whole = Content("  ").join(part for part in parts if part)
    return whole.stylize("dim") if stale(fact) else whole


def disk_use(view: NodeView, pair: PairConfig) -> Content:
    """How full the mount point is, or a question mark (df hangs on a frozen mirror)."""
    fact = view.facts.df
    row = next((d for d in fact.last or () if d.on == pair.mount), None)
    if row is None:
        return Content.styled("? %", "dim") if fact.unknown else Content("")
    text = f"{row.capacity} % of {size(row.blocks * 1024)}"
    if stale(fact):
        return Content.styled(f"{text} {Tone.UNKNOWN.sign}", "dim")
    if row.capacity >= 98:
        return mark(Tone.CRITICAL, text)
    return mark(Tone.WARNING, text) if row.capacity >= 90 else Content(text)


def component_words(one: Component, short: bool = False) -> Content:
    """`md0 ● ACTIVE`, or `md0 ⟳ 41 %` while it is synchronised."""
    return Content.assemble(f"{one_line(one.device or one.name, 14)} ", component_state(one, short))


def component_state(one: Component, short: bool = False) -> Content:
    """The state alone; `short` leaves the word of the usual one out."""
    tone = COMPONENT_TONES[one.state]
    if one.percent is not None:
        return mark(tone, f"{one.percent} %")
    word = one.state.value if one.state is not ComponentState.UNKNOWN else one_line(one.state_raw or "?", 16)
    return mark(tone) if short and tone is Tone.OK else mark(tone, word)


def mirror_words(mirror: Mirror, short: bool = False) -> Content:
    """A mirror's state and those of its components."""
    state = mark(MIRROR_TONES[mirror.state], one_line(mirror.state_raw or mirror.state.value, 16))
    return Content("  ").join([state, *(component_words(c, short) for c in mirror.components[:4])])


def mirror(
    view: NodeView, truths: Truths, pair: PairConfig, short: bool = False, none: str = "none here"
) -> Content:
    """The mirror as this node has it; `none` says that it has not."""
    fact = view.facts.geom
    if truths.mirror is not None:
        return mirror_words(truths.mirror, short)
    if truths.mirror_known:
        return Content.styled(none, "dim")
    last = fact.last.mirror(pair.mirror) if fact.last else None
    if last is not None:
        # Signs are verdicts; an old state is only told.
        halves = "  ".join(f"{one_line(c.device or c.name, 14)} {c.state}" for c in last.components[:4])
        return Content.styled(f"was {last.state}  {halves}", "dim")
    return Content.styled("there was none here", "dim") if fact.last else unknown(fact)


def freevrrpd(view: NodeView, pair: PairConfig, short: bool = False) -> Content:
    """The VRRP daemon: its process id, and priority from the configuration."""
    fact, conf = view.facts.processes, view.facts.vrrpconf
    if fact.last is None:
        return unknown(fact)
    daemon = next((p for p in fact.last if p.program == "freevrrpd"), None)
    pid = f"{daemon.pid}" if daemon and short else f"pid {daemon.pid}" if daemon else ""
    parts = [Content(pid) if daemon else mark(Tone.WARNING, "not running")]
    section = next((s for s in (conf.last.sections if conf.last else ()) if s.serverid == pair.vrid), None)
    if not short:
        parts.append(Content(f"vrid {pair.vrid}"))
    if section and section.priority is not None:
        parts.append(Content(f"prio {section.priority}"))
    else:
        parts.append(Content.styled("prio ?", "dim"))
    whole = Content("  ").join(parts)
    return Content.styled(whole.plain, "dim") if stale(fact) else whole


def host(view: NodeView, now: float) -> Content:
    """Load, time since boot, and how far the clock is off."""
    fact, clock_fact = view.facts.host, view.facts.clock_offset
    if fact.last is None:
        return unknown(fact)
    one: Host = fact.last
    load = f"{one.load[0]:.2f}" if one.load else "?"
    node_now = now + (clock_fact.last or 0.0)
    up = span(max(0.0, node_now - one.boottime)) if one.boottime else "?"
    if clock_fact.value is None:
        off = Content.styled("clock ?", "dim")
    elif abs(clock_fact.value) >= 2:
        off = mark(Tone.WARNING, f"clock {offset(clock_fact.value)}")
    else:
        # Tenths hide the jitter of the round trip: a calm clock is not repainted.
        off = Content(
            "clock within 0.5 s" if abs(clock_fact.value) < 0.5 else f"clock {clock_fact.value:+.1f} s"
        )
    whole = Content.assemble(f"{load}   up {up}   ", off)
    return Content.styled(whole.plain, "dim") if stale(fact) else whole


def notice(view: NodeView, now: float) -> Content | None:
    """What is wrong with the link to the node; None while it answers."""
    link = view.link
    if link.state is LinkState.LIVE:
        return None
    tone = Tone.CRITICAL if link.state is LinkState.REFUSED else Tone.UNKNOWN
    if link.last_seen is None:
        return mark(tone, one_line(link.why or "no answer yet"))
    said = f"no answer for {span(now - link.last_seen)}, last seen {clock(link.last_seen)}"
    return mark(tone, said if tone is Tone.UNKNOWN else one_line(link.why))


def lines(
    view: NodeView, truths: Truths, pair: PairConfig, now: float, short: bool = False
) -> tuple[Line, ...]:
    """The whole card; `short` where there is no room for the word of every well component."""
    return (
        Line("address", address(view, truths, pair), ("interfaces",)),
        Line("mounted", mounted(view, truths, pair), ("mounts",)),
        Line("mirror", mirror(view, truths, pair, short), ("geom",)),
        Line("freevrrpd", freevrrpd(view, pair), ("processes",)),
        Line("load", host(view, now), ("host",)),
    )


def brief(view: NodeView, truths: Truths, pair: PairConfig, both_master: bool) -> tuple[Line, Line]:
    """The card in two lines: who it is and what it holds; what runs on it."""
    name = words(view.name).truncate(16, ellipsis=True)
    first = Content("  ").join(
        [
            Content.assemble(name.stylize("bold"), " ", role_words(view, truths, both_master)),
            address(view, truths, pair, "no address"),
            mounted(view, truths, pair, "not mounted"),
        ]
    )
    second = Content("  ").join(
        [
            Content.styled(f"home {view.config.home.value:<6}", "dim"),
            mirror(view, truths, pair, short=True, none="no mirror"),
            Content.assemble(("freevrrpd ", "dim"), freevrrpd(view, pair, short=True)),
        ]
    )
    return (
        Line("", first, ("interfaces", "mounts")),
        Line("", second, ("geom", "processes")),
    )
