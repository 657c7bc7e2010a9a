"""A control file in words: its line in the list, and everything about it beside the list."""

from collections.abc import Iterator, Sequence

from textual.content import Content

from console.health.qmail_control.checks import Complaint
from console.health.qmail_control.comparing import Sameness
from console.health.qmail_control.reading import shown
from console.health.qmail_control.setting import Effect, Setting
from console.health.qmail_control.survey import Row
from console.model.mail import ControlFile
from console.model.words import Severity
from widgets.amounts import date_and_clock
from widgets.drawn import words
from widgets.plain import one_line, padded
from widgets.signs import SEVERITY_TONES, Tone, mark
from widgets.text_diff import diff_lines

MOST_LINES = 2000
"""Lines of a file up to which a difference is worked out: it must not hold up the keys."""
SHOWN = 300
"""Lines of a file that are shown where there is no difference to show."""


def worst(complaints: Sequence[Complaint]) -> Severity | None:
    """The worst of some complaints."""
    return min((c.severity for c in complaints), key=lambda s: s.rank, default=None)


def state_of(row: Row) -> str:
    """Whether the file is there and in force, in a word."""
    if row.file is None:
        return "absent" if row.setting is None or row.setting.origin else "default"
    if row.in_force is not None:
        return "in force" if row.in_force else "not yet"
    return "HUP?" if row.setting is not None and row.setting.effect is Effect.HUP else "?"


def control_line(row: Row, complaints: Sequence[Complaint]) -> Content:
    """One file on one line: how it stands, its name, whether it is in force and differs, what it says."""
    severity = worst(complaints)
    tone = SEVERITY_TONES[severity] if severity is not None else None
    if tone is None:
        sign = Content.styled(Tone.OK.sign, Tone.OK.style) if row.file is not None else Content(" ")
    else:
        sign = Content.styled(tone.sign, tone.style)
    state = state_of(row)
    differs = {Sameness.DIFFERENT: "differs", Sameness.OWN: "own", Sameness.UNKNOWN: "?"}.get(
        row.sameness or Sameness.SAME, ""
    )
    return Content.assemble(
        sign,
        " ",
        (padded(row.name, 18), "dim" if row.file is None else ""),
        " ",
        (f"{state:<8}", Tone.WARNING.style if state in ("not yet", "HUP?") else "dim"),
        " ",
        (f"{differs:<7}", Tone.WARNING.style if differs == "differs" else "dim"),
        " ",
        (one_line(row.value), "dim" if row.file is None else ""),
    )


def details(
    row: Row, complaints: Sequence[Complaint], names: tuple[str, str], other: ControlFile | None, width: int
) -> Content:
    """Everything about a file: purpose, complaints, effect, and its text beside the other node's."""
    parts = [
        Content.styled(one_line(row.name, 60), "bold"),
        Content(row.setting.purpose if row.setting else "Nothing is known here of a file of this name."),
        *_told(complaints),
        Content(""),
        *_facts(row),
        Content(""),
        *_text(row, names, other, width),
    ]
    return Content("\n").join(parts)


def _told(complaints: Sequence[Complaint]) -> Iterator[Content]:
    for each in complaints:
        place = f"line {each.line}: " if each.line else ""
        yield Content("")
        yield mark(SEVERITY_TONES[each.severity], f"{each.id} {place}{one_line(each.what, 200)}", loud=True)
        yield Content.assemble(("why ", "dim"), each.why)
        yield Content.assemble(("do  ", "dim"), each.todo)


def _facts(row: Row) -> Iterator[Content]:
    setting, file = row.setting, row.file
    if setting is not None:
        yield _fact("read by", setting.reader)
        yield _fact("a change", f"is in force {setting.effect.value}")
        yield _fact("written", setting.kind.value)
        yield _fact("without", without(setting))
        if setting.origin:
            yield _fact("from", setting.origin)
    if file is not None:
        changed = date_and_clock(file.changed) if file.changed is not None else "at an unknown time"
        size = f"{file.bytes:,} bytes" if file.bytes is not None else "of unknown size"
        yield _fact("the file", f"changed {changed}, {size}  {file.mode} {file.owner}".rstrip())


def without(setting: Setting) -> str:
    """What holds when the file is absent."""
    if setting.default is not None:
        return f"{setting.default} {setting.unit}".rstrip()
    return "the name in me" if setting.from_me else setting.absent


def _fact(name: str, text: str) -> Content:
    return Content.assemble((f"{name:<9}", "dim"), words(text))


def _text(row: Row, names: tuple[str, str], other: ControlFile | None, width: int) -> Iterator[Content]:
    here, there = names
    mine = shown(row.name, row.file.text) if row.file is not None and row.file.text is not None else None
    theirs = shown(row.name, other.text) if other is not None and other.text is not None else None
    if row.file is not None and mine is None:
        yield mark(Tone.UNKNOWN, one_line(row.file.unknown or "its text is not read: it may hold a key", 120))
        return
    if row.sameness in (None, Sameness.SAME) or (theirs is None and other is not None):
        if row.sameness is Sameness.SAME:
            yield Content.styled(f"the same on {one_line(there, 30)}", "dim")
        yield from _plain(mine)
        return
    if max((mine or "").count("\n"), (theirs or "").count("\n")) > MOST_LINES:
        yield Content.styled(f"too long to compare here: more than {MOST_LINES:,} lines", "dim")
        yield from _plain(mine)
        return
    yield Content.assemble(
        ("-", "$text-error"),
        f" only {one_line(here, 30)}   ",
        ("+", "$text-success"),
        f" only {one_line(there, 30)}",
    )
    yield from diff_lines(mine or "", theirs or "", width)


def _plain(text: str | None) -> Iterator[Content]:
    if text is None:
        yield Content.styled("there is no such file", "dim")
        return
    lines = text.removesuffix("\n").split("\n") if text else ["(empty)"]
    for number, line in enumerate(lines[:SHOWN], 1):
        yield Content.assemble((f"{number:>4} ", "dim"), words(line))
    if len(lines) > SHOWN:
        yield Content.styled(f"     … {len(lines) - SHOWN:,} more lines: enter shows all", "dim")
