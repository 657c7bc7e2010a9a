"""The queue of one node, message by message, however many there are."""

import asyncio
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.reactive import var

from console.model.mail import MailTrouble, Queued, QueueListing
from console.model.words import Home
from console.screens.mail_message import MessageScreen
from console.screens.mail_trace import TraceScreen
from console.screens.mail_walking import ABSENT, LETTERS, Walk, WalkingScreen
from console.screens.mail_words import unseen
from widgets.amounts import clock
from widgets.drawn import Drawn
from widgets.plain import one_line
from widgets.queue_rows import NEEDS_LETTERS, Prepared
from widgets.queue_table import QueueTable
from widgets.signs import Tone, mark

AHEAD = 40
"""Rows beyond those that can be seen whose envelopes are read with them."""


class QueueScreen(WalkingScreen):
    """The messages in a node's queue: state, age, size, recipients left, sender and recipients."""

    CSS_PATH = "mail.tcss"
    FIGURES = False
    HELP = """
Every message of the queue. `s` changes the order: age (oldest first), size, sender, recipients left, state,
number; `S` turns it round. `/` looks for words: a number, a state, a part of a sender or a recipient. `left`
counts recipients without a final answer, local + remote.

Senders and recipients stand in files of their own: they are read for the rows that are shown, and up to 5,000
of them when an order or words need them; `m` reads 5,000 more. The title says how many were read. `enter`
opens a message, `w` looks for it in the logs, `u` walks the queue again.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "more", "More senders", tooltip="Read 5,000 more senders and recipients"),
        Binding("w", "trace", "Where is…", tooltip="What the logs tell of this message"),
    ]

    reading: var[bool] = var(False)
    """Whether envelopes are read just now."""

    def __init__(self, home: Home, walk: Walk | None = None) -> None:
        """`walk` is what is known already: it is shown at once, and walked again when it is due."""
        super().__init__()
        self.home = home
        self._first = walk if walk is not None and walk.listing is not None else None
        self._denied = walk.denied if walk is not None else False
        self._trouble = ""
        self._allowed = 0
        """Envelopes that may be read for orders and words; grows by key."""

    def homes(self) -> tuple[Home, ...]:
        """The one."""
        return (self.home,)

    def content(self) -> ComposeResult:
        """What goes on, and the messages."""
        yield Drawn(id="told")
        yield QueueTable()

    def on_mount(self) -> None:
        """What is known already."""
        table = self.query_one(QueueTable)
        table.focus()
        if self._first is not None:
            self.walks = {self.home: self._first}
        self._tell()

    def watch_walks(self) -> None:
        """Another listing."""
        listing = self.walks.get(self.home, Walk()).listing
        table = self.query_one(QueueTable)
        if listing is not None and listing.messages is not table.rows.messages:
            self._trouble = ""
            self.show(listing)
        self._tell()

    @work(group="show", exclusive=True)
    async def show(self, listing: QueueListing) -> None:
        """Make a listing ready beside the screen, then show it."""
        prepared = await asyncio.to_thread(Prepared, listing.messages)
        table = self.query_one(QueueTable)
        table.load(prepared, listing.taken)
        if self._first is not None and self._first.listing is listing:
            table.add(tuple(self._first.letters), self._first.letters)
        self._first = None
        self._tell()

    def watch_walking(self) -> None:
        """A walk began or ended."""
        self._tell()

    def watch_reading(self) -> None:
        """Envelopes are read, or were."""
        self._tell()

    def watch_state(self) -> None:
        """The name of the node."""
        self._tell()

    def on_resize(self) -> None:
        """The title reaches from corner to corner."""
        self.call_after_refresh(self._tell)

    def watch_filter(self) -> None:
        """Other words are looked for."""
        self.query_one(QueueTable).order(wanted=self.filter)
        self._need_letters()

    def on_queue_table_moved(self) -> None:
        """Other rows can be seen."""
        self._need_letters()
        self._tell()

    def on_queue_table_chosen(self, event: QueueTable.Chosen) -> None:
        """`enter` on a message."""
        self._open(event.one)

    def _open(self, one: Queued) -> None:
        listing = self.walks.get(self.home, Walk()).listing
        self.app.push_screen(MessageScreen(self.home, one.msg, listing.split if listing else None))

    def _wanting(self) -> list[int]:
        """The messages whose envelopes are to be read next: those that can be seen, then those needed.

        Where the order comes from the envelopes, rows are not read for being seen: they would move away.
        """
        table = self.query_one(QueueTable)
        rows, seen = table.rows, table.seen
        by_letters = rows.sort in NEEDS_LETTERS
        if not by_letters and rows.missing(seen):
            return rows.missing(range(max(0, seen.start - AHEAD), seen.stop + AHEAD))[:LETTERS]
        if (rows.wanted and not rows.wanted.isdigit()) or by_letters:
            self._allowed = max(self._allowed, LETTERS)
        room = min(self._allowed - rows.read, LETTERS)
        return rows.unread(room) if room > 0 else []

    def _need_letters(self) -> None:
        listing = self.walks.get(self.home, Walk()).listing
        if listing is not None and {"info", "local", "remote"} & set(listing.denied):
            self._denied = True
        if self.reading or self._denied or self._trouble or self.app.mails is None:
            return
        if listing is not None and self._wanting():
            self.read()

    @work(group="letters")
    async def read(self) -> None:
        """Read envelopes until those that are shown or needed are there, one request at a time."""
        mails, table = self.app.mails, self.query_one(QueueTable)
        if mails is None or self.reading:
            return
        self.reading = True
        try:
            while not self._denied and (msgs := self._wanting()):
                listing = self.walks[self.home].listing
                if listing is None:
                    return
                found = await mails.envelopes(self.pair, self.home, listing, msgs)
                self._denied = found.denied and not found.of
                table.add(msgs, found.of)
                self._tell()
        except MailTrouble as trouble:
            self._trouble = str(trouble)
        finally:
            self.reading = False

    def break_off(self) -> bool:
        """Stop walking and reading."""
        reading = self.reading
        self.workers.cancel_group(self, "letters")
        if reading:
            self._trouble = "reading of senders was broken off: u goes on"
        return super().break_off() or reading

    def action_walk(self) -> None:
        """Again, and what could not be read is tried again."""
        self._trouble = ""
        self._denied = False
        super().action_walk()

    def action_more(self) -> None:
        """Read more envelopes."""
        self._allowed = self.query_one(QueueTable).rows.read + LETTERS
        self._trouble = ""
        self._need_letters()

    def action_trace(self) -> None:
        """What the logs tell of the message under the cursor."""
        one = self.query_one(QueueTable).pointed
        self.app.push_screen(TraceScreen(f"msg {one.msg}" if one else ""))

    def go_back(self) -> bool:
        """To what the mail is doing."""
        self.app.pop_screen()
        return True

    def _tell(self) -> None:
        if not self.is_mounted or self.state is None:
            return
        walk, table = self.walks.get(self.home, Walk()), self.query_one(QueueTable)
        rows = table.rows
        name = one_line(self.state.snapshot.node(self.home).name, 20)
        looked_for = f"  / {one_line(self.filter, 24)}" if self.filter else ""
        turned = ", turned" if rows.backwards else ""
        count = f"{len(rows.shown):,} of {len(rows.messages):,}" if self.filter else f"{len(rows.messages):,}"
        table.entitle(
            Content.styled(f"queue of {name}{looked_for}", "dim"),
            Content.styled(f"{count} by {rows.sort}{turned}", "dim"),
        )
        self.query_one("#told", Drawn).draw(self._words(walk, table))

    def _words(self, walk: Walk, table: QueueTable) -> Content:
        if self.app.mails is None:
            return Content.styled(ABSENT, "dim")
        if self.home in self.walking:
            return mark(Tone.WORKING, "walking the queue; escape breaks it off")
        parts = []
        if walk.trouble or self._trouble:
            parts.append(mark(Tone.UNKNOWN, one_line(walk.trouble or self._trouble, 200)))
        rows = table.rows
        if self._denied:
            parts.append(mark(Tone.UNKNOWN, "senders are unknown: only root and qmails may read envelopes"))
        elif rows.messages:
            said = f"senders of {min(rows.read, len(rows.messages)):,} of {len(rows.messages):,} read"
            parts.append(mark(Tone.WORKING, said) if self.reading else Content.styled(said, "dim"))
        if walk.listing is not None:
            parts.append(Content.styled(f"walked {clock(walk.at)} in {walk.listing.seconds:.2f} s", "dim"))
            if rows.messages and not rows.shown:
                parts.insert(0, Content("no message matches the words"))
            elif not walk.listing.messages and not walk.trouble:
                parts.insert(0, Content("the queue is empty"))
        parts += [mark(Tone.UNKNOWN, one_line(line, 120)) for line in unseen(walk)]
        return Content("   ").join(parts)

    def action_copy(self) -> None:
        """The number of the message under the cursor."""
        one = self.query_one(QueueTable).pointed
        if one is not None:
            self.app.copy_text(str(one.msg), f"message {one.msg}")
