"""One message of a queue: where it is, its files, who has it already, and what the log says of it."""

from dataclasses import dataclass
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.reactive import var
from textual.worker import Worker, get_current_worker

from console.health.mail_life import Life, life
from console.health.mail_queue import next_walk
from console.model.mail import MailReading, MailTrouble, MessageFiles, Wanted
from console.model.words import Home
from console.screens.mail_message_words import message_lines
from console.screens.mail_trace import TraceScreen
from console.screens.mail_walking import ABSENT
from console.screens.raw import RawScreen
from console.screens.showing import PairScreen
from widgets.drawn import Drawn
from widgets.plain import one_line
from widgets.signs import Tone, mark

EVERY = 5.0
"""Seconds between looks at a message that is still there, where looking is cheap."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the last look found."""

    files: MessageFiles
    life: Life
    searched: str = ""
    """What the search in the log cost, in words."""
    log_trouble: str = ""
    raw: str = ""
    at: float = 0.0


class MessageScreen(PairScreen):
    """Where a message is, which files it has, who has it already, and what the log says of it."""

    HERE = "mail"
    CSS_PATH = "mail.tcss"
    HELP = """
The programs that a message goes through, the one it is at between [ and ]: qmail-smtpd or qmail-inject hand
it to qmail-queue, qmail-send looks at it and has qmail-lspawn or qmail-rspawn start a delivery for each
recipient. Below: its files and what each means, its recipients, what will be told to the sender, and the
lines of the log since it came, at your time of day by the node's clock. It is looked at again every few
seconds. The text of the message is never read. `w` looks for it in the logs of both nodes, `r` shows its
lines as they stand there.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("u", "look", "Look now", tooltip="Look at the message again now"),
        Binding("w", "trace", "Where is…", tooltip="What the logs of both nodes tell of it"),
    ]

    seen: var[Seen | None] = var(None)
    trouble: var[str] = var("")
    told: var[str] = var("")
    """How far the search is; empty while nothing is looked at."""

    def __init__(self, home: Home, msg: int, split: int | None = None) -> None:
        """`split` is conf-split where it is known."""
        super().__init__()
        self.home = home
        self.msg = msg
        self._split = split
        self._born: float | None = None
        self._other = False
        """Whether the number belongs to another message by now."""
        self._due = 0.0
        self._waits = False
        self._looking: Worker[None] | None = None
        self._pair = ""

    def content(self) -> ComposeResult:
        """All in one box that scrolls."""
        with VerticalScroll(id="message") as box:
            box.border_title = Content.styled(f"message {self.msg}", "dim")
            yield Drawn(id="told")
            yield Drawn(id="words")

    def on_mount(self) -> None:
        """Arrow keys scroll at once."""
        self.query_one("#message").focus()

    def take(self) -> None:
        """The message is of the pair that was shown when it was opened."""
        super().take()
        self._pair = self._pair or self.pair
        self._look_if_due()
        self._draw()

    def watch_moment(self) -> None:
        """Each second: is it time?"""
        self._look_if_due()

    def on_screen_suspend(self) -> None:
        """What nobody looks at is not looked for."""
        self._stop()

    def on_resize(self) -> None:
        """Lines are as long as there is room."""
        self.call_after_refresh(self._draw)

    def _look_if_due(self) -> None:
        if self.is_current and not self._waits and self.app.beat >= self._due and not self._gone:
            self.action_look()

    @property
    def _gone(self) -> bool:
        return self._other or (self.seen is not None and self.seen.files.state is None)

    def action_look(self) -> None:
        """Look at it now."""
        if self.app.mails is not None and self._looking is None and self._pair:
            self._waits = False
            self.told = "looking at the message; escape breaks it off"
            self._looking = self._look(self.app.mails)

    def _stop(self) -> None:
        self.workers.cancel_group(self, "look")
        self._looking = None
        self.told = ""

    def action_leave_filter(self) -> None:
        """`escape`: break off what goes on, else back."""
        if self._looking is not None:
            self._stop()
            self._waits = True
            self.trouble = "broken off: u looks again"
        else:
            self.go_back()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is nothing to filter."""
        return action != "filter"

    @work(group="look")
    async def _look(self, mails: MailReading) -> None:
        cost = 0.0
        try:
            files = await mails.message(self._pair, self.home, self.msg, self._split)
            self._compare(files)
            known = self.seen.life if self.seen is not None else Life()
            if self.seen is None:
                self.seen = Seen(files, known, at=self.app.beat)
            said, raw, searched = "", self.seen.raw, self.seen.searched
            try:
                found = await mails.search(self._pair, self.home, Wanted(f"msg {self.msg}"), self._hear)
                known, said, cost = life(found.lines, self.msg), found.trouble, found.seconds
                searched = f"{found.searched / 2**20:,.1f} MB of log in {found.files} files: {cost:.2f} s"
                raw = b"\n".join(found.lines).decode("utf-8", "backslashreplace")
            except MailTrouble as odd:
                said = str(odd)
            self.seen = Seen(files, known, searched, said, raw, self.app.beat)
            self.trouble = ""
        except MailTrouble as trouble:
            self.trouble = str(trouble)
        finally:
            if self._looking is get_current_worker():
                self._looking = None
                self._due = self.app.beat + next_walk(EVERY, cost)
                self.told = ""

    def _hear(self, how_far: str) -> None:
        self.told = f"searching the log: {one_line(how_far, 60)}; escape breaks it off"

    def _compare(self, files: MessageFiles) -> None:
        born = next((file.changed for file in files.files if file.directory == "mess"), None)
        if self._born is None:
            self._born = born
        elif born is not None and born != self._born:
            self._other = True

    def watch_seen(self) -> None:
        """It was looked at."""
        self._draw()

    def watch_trouble(self) -> None:
        """It could not be looked at."""
        self._draw()

    def watch_told(self) -> None:
        """A look goes on."""
        self._draw()

    def _local_by(self) -> str:
        """What qmail-lspawn was started with, out of the process list."""
        processes = self.state.snapshot.node(self.home).facts.processes.last if self.state else None
        spawn = next((p for p in processes or () if p.program == "qmail-lspawn"), None)
        return one_line(spawn.command.partition(" ")[2], 40) if spawn is not None else ""

    def _draw(self) -> None:
        if not self.is_mounted or not self.query("#words"):
            return
        parts = []
        if self.app.mails is None:
            parts.append(Content.styled(ABSENT, "dim"))
        if self.trouble:
            parts.append(mark(Tone.UNKNOWN, one_line(self.trouble, 200)))
        if self._other:
            parts.append(mark(Tone.WARNING, "the message is gone; its number belongs to another one by now"))
        if self.told and (self.seen is None or not self.seen.raw):
            parts.append(mark(Tone.WORKING, self.told))
        told = self.query_one("#told", Drawn)
        told.draw(Content("\n").join(parts))
        told.display = bool(parts)
        if self.seen is None:
            return
        width = self.query_one("#message").scrollable_content_region.width
        lines = message_lines(
            self.seen.files,
            self.seen.life,
            self._local_by(),
            width,
            log_trouble=self.seen.log_trouble,
            searched=self.seen.searched,
            looked=self.seen.at,
        )
        self.query_one("#words", Drawn).draw(Content("\n").join(lines))

    def action_trace(self) -> None:
        """What the logs of both nodes tell of it."""
        self.app.push_screen(TraceScreen(f"msg {self.msg}"))

    def action_raw(self) -> None:
        """The lines of the log as they stand there."""
        if self.seen is not None:
            self.app.push_screen(RawScreen(f"log lines of message {self.msg}", self.seen.raw))

    def action_copy(self) -> None:
        """All that is shown."""
        self.app.copy_text(self.query_one("#words", Drawn).shown.plain, f"message {self.msg}")

    def go_back(self) -> bool:
        """To the list."""
        self.app.pop_screen()
        return True
