"""qmail's settings on both nodes: each control file, what it says, whether it is in force, what is wrong."""

from collections import Counter
from collections.abc import Mapping
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.reactive import var
from textual.widgets import OptionList

from console.health.qmail_control.checks import Complaint
from console.health.qmail_control.comparing import differences
from console.health.qmail_control.reading import shown, shown_showctl
from console.health.qmail_control.survey import Row, Survey, survey
from console.model.mail import ControlFile, ControlFiles, MailTrouble
from console.model.words import Home
from console.screens.control_words import control_line, details, worst
from console.screens.raw import RawScreen
from console.screens.showing import PairScreen
from widgets.drawn import Drawn
from widgets.option_lines import OptionLines
from widgets.plain import one_line
from widgets.signs import SEVERITY_TONES, Tone, mark

HOMES = (Home.MASTER, Home.SLAVE)
ABSENT = "the control files are not available here"


class ControlScreen(PairScreen):
    """Every file of /var/qmail/control on one node, seen beside the other node."""

    HERE = "mail"
    CSS_PATH = "mail_control.tcss"
    HELP = """
Every control file of qmail, the worst first: whether it is in force (`not yet`: qmail-send has not read it
since it was changed; `HUP?`: only if it got a HUP since), whether the nodes differ (`own`: as is usual for
this file), and what it says. Files that are not there are shown with the default that holds.

Beside it: what the file is for, what is wrong and what to do, and its text as a difference to the other
node's: after a failover the other node's settings hold. Text of unknown files, keys and databases is never
read; words behind a relay in smtproutes may be a password and are left out.

`n` shows the other node, `enter` the whole file, `r` what qmail-showctl says, `u` reads again.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "other", "Other node", tooltip="Show the files of the other node"),
        Binding("u", "again", "Read again", tooltip="Read the files of both nodes again"),
        Binding("escape", "back", "Back", show=False),
    ]

    home: var[Home] = var(Home.MASTER)
    read: var[Mapping[Home, ControlFiles]] = var(dict)
    reading: var[frozenset[Home]] = var(frozenset())

    def __init__(self) -> None:
        super().__init__()
        self._survey = Survey()
        self._apart: tuple[Complaint, ...] = ()
        self._rows: dict[str, Row] = {}

    def content(self) -> ComposeResult:
        """How both nodes stand, the files of one, and the one under the cursor in full."""
        yield Drawn(id="told")
        yield OptionLines(id="files")
        with VerticalScroll(id="details") as box:
            box.border_title = Content("details")
            yield Drawn(id="words")

    def on_mount(self) -> None:
        """The list has the keys; the node that was looked at last is shown."""
        self.home = self.app.home
        self.query_one("#files").focus()
        self._list()

    def watch_pair(self) -> None:
        """Another pair has other files."""
        if self.pair:
            self.read = {}
            self.action_again()

    def action_again(self) -> None:
        """Read both nodes."""
        self.workers.cancel_group(self, "control")
        self.reading = frozenset()
        if self.app.mails is not None:
            self.reading = frozenset(HOMES)
            for home in HOMES:
                self._look(self.pair, home)
        self._show()

    @work(group="control")
    async def _look(self, pair: str, home: Home) -> None:
        mails = self.app.mails
        if mails is None:
            return
        try:
            found = await mails.control(pair, home)
        except MailTrouble as trouble:
            found = ControlFiles(trouble=str(trouble))
        self.reading -= {home}
        self.read = {**self.read, home: found}

    def watch_read(self) -> None:
        """Files came."""
        self._show()

    def watch_reading(self) -> None:
        """A reading began or ended."""
        self._tell()

    def watch_home(self) -> None:
        """The other node."""
        self._show()

    def watch_filter(self) -> None:
        """Other words are looked for."""
        self._list()

    def watch_state(self) -> None:
        """The names of the nodes."""
        self._tell()

    def on_resize(self) -> None:
        """Differences are folded to the width there is."""
        super().on_resize()
        self.call_after_refresh(self._list)

    @property
    def _there(self) -> Home:
        return Home.SLAVE if self.home is Home.MASTER else Home.MASTER

    def _node(self, home: Home) -> str:
        pair = next((one for one in self.app.pairs if one.name == self.pair), None)
        if pair is None:
            return home.value
        return pair.master.name if home is Home.MASTER else pair.slave.name

    def _show(self) -> None:
        mine, other = self.read.get(self.home), self.read.get(self._there)
        self._survey = survey(mine, other) if mine is not None else Survey()
        names = (self._node(self.home), self._node(self._there))
        self._apart = differences(mine, other, names) if mine is not None and other is not None else ()
        self._list()

    def _of(self, row: Row) -> tuple[Complaint, ...]:
        """Complaints about a file, those of the node first."""
        return (*row.complaints, *(each for each in self._apart if each.file == row.name))

    def _list(self) -> None:
        if not self.query("#words"):
            return
        wanted = self.filter.casefold()
        ranked = []
        for at, row in enumerate(self._survey.rows):
            told = self._of(row)
            text = f"{row.name} {row.value} {' '.join(f'{c.id} {c.severity} {c.what}' for c in told)}"
            if wanted in text.casefold():
                severity = worst(told)
                ranked.append((severity.rank if severity is not None else 9, at, row))
        ranked.sort(key=lambda one: one[:2])
        self._rows = {row.name: row for _, _, row in ranked}
        lines = [(row.name, control_line(row, self._of(row))) for row in self._rows.values()]
        files = self.query_one("#files", OptionLines)
        at_top = files.highlighted in (None, 0)
        files.show_lines(lines or [("", self._nothing())])
        if at_top and files.highlighted is not None:
            # Who has not moved yet stays at the worst, also when the other node's answer changes that.
            files.highlighted = 0
        self._detail()
        self._tell()

    def _nothing(self) -> Content:
        if self.app.mails is None:
            return Content.styled(ABSENT, "dim")
        if self._survey.trouble:
            return mark(Tone.UNKNOWN, one_line(self._survey.trouble, 200))
        if self.home in self.reading:
            return mark(Tone.WORKING, "reading the control files; escape breaks it off")
        if self._survey.rows:
            return Content.styled("nothing matches the filter", "dim")
        return Content.styled("not read: u reads the files", "dim")

    def _tell(self) -> None:
        if not self.query("#words"):
            return
        if self.app.mails is None:
            self.query_one("#told", Drawn).draw(Content.styled(ABSENT, "dim"))
            return
        self.query_one("#told", Drawn).draw(Content("   ").join([self._standing(home) for home in HOMES]))
        looked_for = f"  / {one_line(self.filter, 30)}" if self.filter else ""
        number = Counter(each.severity for each in (*self._survey.complaints, *self._apart))
        counted = Content("  ").join(
            Content.assemble((tone.sign, tone.style), f" {number[severity]}")
            for severity, tone in SEVERITY_TONES.items()
            if number[severity]
        )
        title = f"control files of {one_line(self._node(self.home), 20)}{looked_for}"
        self.query_one("#files", OptionLines).entitle(Content.styled(title, "dim"), counted)

    def _standing(self, home: Home) -> Content:
        name, found = one_line(self._node(home), 20), self.read.get(home)
        if home in self.reading:
            return mark(Tone.WORKING, f"{name} is read")
        if found is None:
            return mark(Tone.UNKNOWN, f"{name} not read")
        if found.trouble:
            why = one_line(found.trouble.removeprefix(f"{self._node(home)}: "), 80)
            return mark(Tone.UNKNOWN, f"{name}: {why}")
        since = "" if found.started is not None else ", when qmail-send started is unknown"
        return Content(f"{name} {len(found.files)} files{since}")

    @property
    def _pointed(self) -> Row | None:
        return self._rows.get(self.query_one("#files", OptionLines).highlighted_key or "")

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """The cursor moved."""
        event.stop()
        self._detail()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """`enter`: the file as it is."""
        event.stop()
        row = self._pointed
        if row is not None and row.file is not None and row.file.text is not None:
            title = f"{row.name} on {self._node(self.home)}"
            self.app.push_screen(RawScreen(title, shown(row.name, row.file.text)))

    def _detail(self) -> None:
        if not self.query("#words"):
            return
        row = self._pointed
        if row is None:
            self.query_one("#words", Drawn).draw(Content(""))
            return
        names = (self._node(self.home), self._node(self._there))
        width = self.query_one("#details").scrollable_content_region.width
        self.query_one("#words", Drawn).draw(
            details(row, self._of(row), names, self._beside(row.name), width)
        )

    def _beside(self, name: str) -> ControlFile | None:
        other = self.read.get(self._there)
        return next((file for file in other.files if file.name == name), None) if other is not None else None

    def action_other(self) -> None:
        """The files of the other node."""
        self.home = self._there

    def action_back(self) -> None:
        """Break a reading off; else clear the filter; else back to what the mail is doing."""
        if self.reading:
            self.workers.cancel_group(self, "control")
            self.reading = frozenset()
            self._list()
        elif self.filter or self.query_one("#filter").display:
            self.action_leave_filter()
        else:
            self.go_back()

    def go_back(self) -> bool:
        """To what the mail is doing."""
        self.app.pop_screen()
        return True

    def action_raw(self) -> None:
        """What qmail-showctl says on the node."""
        found = self.read.get(self.home)
        if found is not None:
            self.app.push_screen(
                RawScreen(f"qmail-showctl on {self._node(self.home)}", shown_showctl(found.showctl))
            )

    def action_copy(self) -> None:
        """What is told of the file under the cursor."""
        row = self._pointed
        if row is not None:
            self.app.copy_text(self.query_one("#words", Drawn).shown.plain, row.name)
