"""What the mail overview says of a node's queue, line by line: pure text, no widget."""

from collections.abc import Iterable
from textwrap import wrap

from textual.content import Content

from console.health.mail_queue import STATE_WORDS, QueueFigures
from console.health.mail_shapes import shapes, slots_of
from console.model.facts import Mail
from console.model.mail import QueueListing
from console.model.words import Severity
from console.screens.mail_walking import Walk
from widgets.amounts import clock, size, span
from widgets.drawn import words
from widgets.plain import one_line
from widgets.signs import SEVERITY_TONES, Tone, mark

LABEL = 11
"""Cells of the labels at the left."""
BAR = 24
"""Cells of the longest bar of the ages."""
_STATES = ("S2", "S3", "S4", "S5", "other", "unknown")


def walk_lines(walk: Walk, mail: Mail | None, walking: bool, width: int, *, short: bool = False) -> Content:
    """All that is known of one node's queue; `mail` is what the sampler counted last.

    `short` leaves out ages that no message has.
    """
    parts: list[Content] = []
    if walking:
        parts.append(mark(Tone.WORKING, "walking the queue; escape breaks it off"))
    if walk.trouble:
        parts.append(mark(Tone.UNKNOWN, one_line(walk.trouble, 2 * max(width, 40))))
    if walk.figures is not None and walk.listing is not None:
        parts += _shape_lines(walk, mail, max(width, 30))
        parts += _count_lines(walk, walk.listing, walk.figures, mail)
        parts += _age_lines(walk.figures, short)
        parts += _top_lines(walk, walk.figures, width)
        parts += _cost_lines(walk, walk.listing)
    return Content("\n").join(parts or [Content.styled("not walked yet", "dim")])


def _label(name: str, text: Content | str) -> Content:
    return Content.assemble((f"{name:<{LABEL}}", "dim"), text)


def _shape_lines(walk: Walk, mail: Mail | None, width: int) -> Iterable[Content]:
    for shape in shapes(walk.figures, mail, walk.log, walk.todos):
        tone = Tone.OK if not shape.id and not shape.todo else SEVERITY_TONES[shape.severity]
        loud = shape.severity is Severity.CRITICAL
        name = f"{shape.id}  " if shape.id else ""
        first, *rest = wrap(f"{name}{one_line(shape.what)}", width - 2) or [""]
        yield mark(tone, first, loud=loud)
        yield from (Content(f"  {line}") for line in rest)
        yield from (Content.styled(f"  {line}", "dim") for line in wrap(shape.todo, width - 2))


def _count_lines(
    walk: Walk, listing: QueueListing, figures: QueueFigures, mail: Mail | None
) -> Iterable[Content]:
    yield _label(
        "queue", Content.assemble((f"{figures.queue:,}", "bold"), f"   not preprocessed {figures.todo:,}")
    )
    for state in _STATES:
        count = figures.states.get(state, 0)
        text = Content.assemble(f"{count:>7,}  ", (STATE_WORDS[state], "dim"))
        odd = state == "other" and count
        label = (
            mark(Tone.WARNING, f"{state:<8} ") if odd else Content.styled(f"  {state:<{LABEL - 2}}", "dim")
        )
        if count or state in ("S4", "S5"):
            yield Content.assemble(label, text)
    if listing.misplaced:
        yield mark(
            Tone.CRITICAL,
            f"{len(listing.misplaced):,} files lie in the wrong split directory: this queue was copied "
            "file by file (P49)",
        )
    slots = Content("   ").join(
        mark(Tone.WARNING, f"{side} {used[0]}/{used[1]}")
        if used and used[0] >= used[1]
        else Content(f"{side} {used[0]}/{used[1]}" if used else f"{side} ?")
        for side in ("local", "remote")
        for used in (slots_of(side, mail, walk.log),)
    )
    yield _label("slots used", slots)
    if walk.denied:
        text = Content.styled("unknown: only root and qmails may read envelopes", "dim")
    else:
        text = Content(
            f"local {figures.local_left:,}   remote {figures.remote_left:,}   done {figures.done:,}"
            + (f"   bouncing {figures.bouncing:,}" if figures.bouncing else "")
        )
        if figures.read < figures.messages:
            text = Content.assemble(text, (f"   in {figures.read:,} of {figures.messages:,}", "dim"))
    yield _label("left to do", text)


def _age_lines(figures: QueueFigures, short: bool) -> Iterable[Content]:
    most = max((count for _, count in figures.ages), default=0)
    if not most:
        return
    shown = [(name, count) for name, count in figures.ages if count or not short]
    for at, (name, count) in enumerate(shown):
        bar = "▇" * max(1 if count else 0, round(BAR * count / most))
        yield _label("ages" if not at else "", Content.assemble(f"{name:<9}{count:>8,}  ", (bar, "$primary")))
    odd = [
        f"{number:,} {what}"
        for number, what in (
            (figures.undated, "without a date"),
            (figures.ahead, "dated after the walk: the clock was set back"),
        )
        if number
    ]
    if odd:
        yield _label("", mark(Tone.UNKNOWN, ", ".join(odd)))
    if figures.oldest is not None:
        one, age = figures.oldest
        yield _label("oldest", f"#{one.msg}  {span(age)}  {one.state}")
    if figures.biggest is not None:
        big = figures.biggest
        yield _label("biggest", f"#{big.msg}  {size(big.bytes or 0)}   all {size(figures.bytes)}")


def _top_lines(walk: Walk, figures: QueueFigures, width: int) -> Iterable[Content]:
    room = max(20, width - LABEL - 10)
    senders = [(count, f"<{who}>" if who in ("", "#@[]") else who) for who, count in figures.senders]
    yield from _table("senders", senders, room)
    yield from _table("domains", [(count, what or "no host") for what, count in figures.domains], room)
    if walk.listing is not None and figures.read < figures.messages and (figures.read or walk.denied):
        what = f"senders and domains of {figures.read:,} of {figures.messages:,} messages"
        yield _label("", Content.styled(what, "dim"))
    if walk.log_trouble:
        yield _label("deferred", mark(Tone.UNKNOWN, one_line(walk.log_trouble, room)))
        return
    log = walk.log
    yield from _table(
        "deferred", [(n, f"{domain or '?'}: {why or 'no words'}") for domain, why, n in log.reasons], room
    )
    if log.lines:
        of = (
            f"{log.deferred:,} of {log.deliveries:,} deliveries, in the newest {log.lines:,} lines of the log"
        )
        unread = f", {log.unread:,} unread" if log.unread else ""
        yield _label("" if log.reasons else "deferred", Content.styled(of + unread, "dim"))


def _table(name: str, rows: Iterable[tuple[int, str]], room: int) -> Iterable[Content]:
    for at, (count, what) in enumerate(rows):
        yield _label(name if not at else "", Content.assemble(f"{count:>7,}  ", words(one_line(what, room))))


def _cost_lines(walk: Walk, listing: QueueListing) -> Iterable[Content]:
    again = "u walks again" if walk.waits else f"next {clock(walk.due)}"
    yield _label(
        "read by",
        words(f"{listing.user or '?'} at {clock(walk.at)}, {walk.cost:.2f} s on the node; {again}"),
    )
    for line in unseen(walk):
        yield _label("", mark(Tone.UNKNOWN, line))


def unseen(walk: Walk) -> list[str]:
    """What the listing could not tell, each in one line."""
    if (listing := walk.listing) is None:
        return []
    found = []
    if listing.denied:
        names, user = one_line(", ".join(listing.denied), 60), one_line(listing.user or "who logs in", 20)
        found.append(f"{user} may not look into {names}")
        found.append(_who_may(listing.denied))
    if listing.vanished:
        found.append(f"{listing.vanished:,} files went while the walk went on")
    if listing.unread:
        found.append(f"{listing.unread:,} lines of the listing say nothing known")
    return found


def _who_may(denied: Iterable[str]) -> str:
    if set(denied) & {"info", "local", "remote", "bounce"}:
        return "root or qmails may"
    return "root and group qmail may" if set(denied) & {"mess", "todo", "queue"} else "root or qmailq may"
