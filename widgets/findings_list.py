"""Findings, worst first: a sign, the rule, what is so."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Resize
from textual.message import Message
from textual.reactive import var
from textual.widgets import OptionList

from console.model.snapshot import Finding, LinkState, PairState
from console.model.words import Severity
from widgets.drawn import words
from widgets.option_lines import OptionLines
from widgets.plain import one_line
from widgets.signs import SEVERITY_TONES, Tone, mark


def finding_line(finding: Finding) -> Content:
    """One finding on one line."""
    tone = SEVERITY_TONES[finding.severity]
    style = "bold" if finding.severity is Severity.CRITICAL else ""
    return Content.assemble(
        (tone.sign, tone.style),
        " ",
        (f"{one_line(finding.id, 12):<5}", tone.style),
        " ",
        words(finding.what, style),
    )


def keyed(findings: Sequence[Finding]) -> list[tuple[str, Finding]]:
    """A key for each that survives the coming and going of others."""
    seen: Counter[str] = Counter()
    out: list[tuple[str, Finding]] = []
    for finding in findings:
        key = f"{finding.id}/{finding.node or ''}"
        seen[key] += 1
        out.append((f"{key}/{seen[key]}", finding))
    return out


def counts(findings: Sequence[Finding]) -> Content:
    """How many of each severity."""
    number = Counter(finding.severity for finding in findings)
    parts = [
        Content.assemble((tone.sign, tone.style), f" {number[severity]}")
        for severity, tone in SEVERITY_TONES.items()
        if number[severity]
    ]
    return Content("  ").join(parts)


def nothing_found(state: PairState) -> Content:
    """What an empty list means: all well, or only that not enough could be seen."""
    unseen = [view.name for view in state.snapshot.nodes if view.link.state is not LinkState.LIVE]
    if unseen:
        return mark(Tone.UNKNOWN, f"nothing found, but {one_line(' and '.join(unseen), 40)} cannot be seen")
    unchecked = state.readiness.unchecked if state.readiness else 0
    if state.readiness is None or unchecked:
        return mark(Tone.UNKNOWN, "nothing found, but not everything could be checked")
    return mark(Tone.OK, "nothing wrong found")


class FindingsList(OptionLines):
    """The findings of a pair; `enter` asks for the details of one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Details", tooltip="What, why, and what to do")
    ]

    state: var[PairState | None] = var(None)
    filter: var[str] = var("")

    @dataclass
    class Chosen(Message):
        """Someone wants the details of a finding."""

        finding: Finding

    @dataclass
    class Pointed(Message):
        """The cursor came to another finding, or to none."""

        finding: Finding | None

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._findings: dict[str, Finding] = {}

    @property
    def pointed(self) -> Finding | None:
        """The finding under the cursor."""
        return self._findings.get(self.highlighted_key or "")

    def watch_state(self) -> None:
        """New findings."""
        self._draw()

    def watch_filter(self) -> None:
        """Other words are looked for."""
        self._draw()

    def on_resize(self, event: Resize) -> None:
        """The title reaches from corner to corner."""
        self._entitle()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """`enter` on a line."""
        event.stop()
        if self.pointed is not None:
            self.post_message(self.Chosen(self.pointed))

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """The cursor moved."""
        event.stop()
        self.post_message(self.Pointed(self.pointed))

    def _entitle(self) -> None:
        found = self.state.findings if self.state else ()
        shown = f"findings  / {one_line(self.filter, 30)}" if self.filter else "findings"
        self.entitle(Content.styled(shown, "dim"), counts(found))

    def _draw(self) -> None:
        if self.state is None:
            self._findings = {}
            self._entitle()
            self.show_lines([("", Content.styled("no reading yet", "dim"))])
            self.post_message(self.Pointed(None))
            return
        wanted = self.filter.casefold()
        found = [
            (key, finding)
            for key, finding in keyed(self.state.findings)
            if wanted in f"{finding.id} {finding.severity} {finding.node or ''} {finding.what}".casefold()
        ]
        was = self.pointed
        self._findings = dict(found)
        self._entitle()
        lines = [(key, finding_line(finding)) for key, finding in found]
        if not lines:
            text = (
                Content.styled("nothing matches the filter", "dim") if wanted else nothing_found(self.state)
            )
            lines = [("", text)]
        self.show_lines(lines)
        if self.pointed != was:
            self.post_message(self.Pointed(self.pointed))
