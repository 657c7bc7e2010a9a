"""What a recording of one pair takes after a year: texts of the lab, made as busy as a production pair.

Run by hand: `python -m tests.bench.recording_year [DAYS]`. It prints a line for each month and each section,
and exits 1 when the target is missed. A pair is told by a clock of its own and thinned as the time goes by: a
reading an hour until nine days before the end (what is kept of so long ago), then one a minute, and one a
second in the last two hours and while a node fails over.

Busy means: 150 processes of which some come, go and change their state between any two readings, 40 lines of
mail log a minute by day and 4 by night, a queue that moves, a line in the system log every ten minutes, a
failover with half an hour of rebuild each week.
"""

import asyncio
import os
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from console import config_file
from console.commands.sampling import opener
from console.lab.pair import serve
from console.memory.figures import Bucket
from console.memory.reading import Recording
from console.memory.thinning import DAY, HOUR, used
from console.memory.writing import Batch, NewStretch, ServiceSeen, Writing
from console.model.snapshot import Event, Link, LinkState
from console.model.tape import LinkChanged, SectionRead, Taped
from console.model.words import Answer, Home
from console.watch.pair_watch import PairWatch

TARGET = 50.0
"""Megabytes a pair a year."""
_BEGAN = 1_700_000_000 // 86400 * 86400.0


async def texts_of_the_lab() -> dict[tuple[Home, str], str]:
    """Each section of both nodes as the lab's answer it."""
    lab = await serve()
    told: dict[tuple[Home, str], str] = {}

    def hear(piece: Taped) -> None:
        if isinstance(piece.news, SectionRead):
            told[piece.home, piece.news.section] = piece.news.text

    config = config_file.load(lab.config_file)
    watch = PairWatch(config.pairs[0], opener(config, None), hear)
    states = watch.states()
    try:
        async with asyncio.timeout(60):
            async for _ in states:
                if watch.settled:
                    break
    finally:
        await states.aclose()
        await lab.close()
    return told


class Processes:
    """150 processes of a server at work."""

    def __init__(self, text: str, dice: random.Random) -> None:
        self._fixed = text.rstrip("\n").split("\n")
        self._dice = dice
        self._pid = 2000
        self._work = [self._new() for _ in range(110)]

    def _new(self) -> list[str]:
        self._pid = (self._pid + self._dice.randrange(1, 40)) % 90_000 + 1000
        program = self._dice.choice(
            (
                "/usr/local/sbin/httpd -DNOHTTPACCEPT",
                "qmail-remote shop.example frank@local.example gina@shop.example",
                "/var/qmail/bin/qmail-smtpd",
                "tcpserver: 192.168.1.17",
                "/usr/local/libexec/mysqld --basedir=/usr/local",
                "sshd: www [priv] (sshd)",
                "php-fpm: pool www (php-fpm)",
            )
        )
        return [f"{self._pid:5}", f"{self._dice.choice((648, 1849, 1, 902)):5}", "S", program]

    def text(self) -> str:
        """After some came, went and changed."""
        for _ in range(self._dice.randrange(6)):
            self._work[self._dice.randrange(len(self._work))] = self._new()
        for _ in range(self._dice.randrange(12)):
            self._work[self._dice.randrange(len(self._work))][2] = self._dice.choice(
                ("S", "I", "Is", "R", "D")
            )
        rows = (f"{pid} {parent} {stat:4} {words}" for pid, parent, stat, words in self._work)
        return "\n".join([*self._fixed, *rows]) + "\n"


class MailLog:
    """The last 200 lines of a qmail log, each message its own."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._lines: list[str] = []
        self._delivery = 1

    def go(self, at: float, lines: int) -> None:
        """So many more lines."""
        dice = self._dice
        for _ in range(max(1, lines // 6)):
            stamp = f"@{(1 << 62) + 37 + int(at):016x}{dice.randrange(10**9):08x}"
            message, self._delivery = dice.randrange(10**6, 2 * 10**6), self._delivery + 1
            name = dice.choice(("frank", "gina", "dirk", "cleo"))
            address = f"{name}{dice.randrange(10**4)}@{dice.randrange(10**3)}.example"
            queued = f"{dice.randrange(16**10):010X}"
            self._lines += [
                f"{stamp} new msg {message}",
                f"{stamp} info msg {message}: bytes {dice.randrange(10**5)} from <{address}>"
                f" qp {dice.randrange(10**5)} uid 82",
                f"{stamp} starting delivery {self._delivery}: msg {message} to remote {address}",
                f"{stamp} status: local 0/10 remote {dice.randrange(20)}/20",
                f"{stamp} delivery {self._delivery}: success: 10.0.{dice.randrange(255)}"
                f".{dice.randrange(255)}_accepted_message./Remote_host_said:_250_2.0.0_Ok:_queued_as_{queued}/",
                f"{stamp} end msg {message}",
            ]
        del self._lines[:-200]

    def text(self, queue: int) -> str:
        """The section."""
        head = f"## qstat\nmessages in queue: {queue}\n"
        head += f"messages in queue but not yet preprocessed: {queue // 40}\n"
        return head + "## place\n/var/qmail/queue\n## log\n" + "\n".join(self._lines) + "\n"


@dataclass
class Pair:
    """A pair as it lives, told piece by piece."""

    texts: dict[tuple[Home, str], str]
    dice: random.Random

    def __post_init__(self) -> None:
        self._processes = {home: Processes(self.texts[home, "ps"], self.dice) for home in Home}
        self._mail = MailLog(self.dice)
        self._queue = 20
        self._log = {home: self.texts[home, "messages"].split("\n") for home in Home}
        self._synced = 0.0

    def news(self, at: float, step: float, *, rebuilding: bool) -> Iterator[Taped]:
        """What is read of both nodes at a time."""
        minute = int(at) % 60 < step or step > 60
        for home in Home:
            texts = dict(self.texts)
            lines = texts[home, "host"].split("\n")
            loads = " ".join(f"{self.dice.random():.2f}" for _ in range(3))
            load = f"vm.loadavg: {{ {loads} }}"
            texts[home, "host"] = "\n".join([f"{int(at)}", *lines[1:-2], load, ""])
            if home is Home.MASTER or self.dice.random() < 0.2:
                for _ in range(30 if step > 60 else 1):
                    texts[home, "ps"] = self._processes[home].text()
                self.texts[home, "ps"] = texts[home, "ps"]
            if rebuilding:
                percent = int(at) % 1800 // 18
                texts[home, "geom"] = texts[home, "geom"].replace("ACTIVE", f"SYNCHRONIZING, {percent}%", 1)
            if minute and int(at) % 600 < 60:
                self._log[home].append(
                    f"Nov 23 {int(at) // 3600 % 24:02}:{int(at) // 60 % 60:02}:00 web kernel: arp: {at:.0f}"
                )
                self.texts[home, "messages"] = texts[home, "messages"] = "\n".join(self._log[home][-120:])
            if minute and home is Home.MASTER:
                day = 7 <= int(at) // 3600 % 24 < 20
                self._mail.go(at, 240 if step > 60 else 40 if day else 4)
                self._queue = max(0, self._queue + self.dice.randrange(-4, 5))
                self.texts[home, "mail"] = texts[home, "mail"] = self._mail.text(self._queue)
            if minute:
                texts[home, "df"] = texts[home, "df"] + f"{int(at) // 60}\n"
                self.texts[home, "df"] = "\n".join(texts[home, "df"].split("\n")[:-2]) + "\n"
            for (whose, section), text in texts.items():
                if whose is home and section != "lock":
                    yield Taped("lab", home, at, SectionRead(section, text, 0, at))
            yield Taped("lab", home, at, LinkChanged(Link(LinkState.LIVE, "", at, 0.03)))


def record(file: Path, texts: dict[tuple[Home, str], str], days: int) -> float:
    """A recording of so many days; returns the seconds of processor time that it took."""
    pair, writing = Pair(texts, random.Random(1)), Writing(file, 10**12)
    end = _BEGAN + days * DAY
    writing.write(Batch(_BEGAN, [NewStretch(_BEGAN)]))
    at, spent, told = _BEGAN, 0.0, _BEGAN
    while at < end:
        into_week = (at - _BEGAN) % (7 * DAY)
        failing_over = 12 * HOUR <= into_week < 12.5 * HOUR
        late = at >= end - 9 * DAY
        step = 1.0 if (failing_over and late) or at >= end - 2 * HOUR else 60.0 if late else HOUR
        batch = Batch(at, list(pair.news(at, step, rebuilding=failing_over)))
        if into_week == 12 * HOUR:
            batch.events += [("lab", Event(at, "web-b", "role", "web-b BACKUP → MASTER"))]
        batch.service.append(ServiceSeen("lab", at, Answer.YES, "web-a"))
        for name in ("queue", "todo", "gate-queue"):
            batch.figures["lab", name, at // 60 * 60] = Bucket(at, 1, 3.0, 3.0, 3.0)
        began = time.process_time()
        writing.write(batch)
        writing.tidy(at, step)
        spent += time.process_time() - began
        at += step
        if at - told >= 30 * DAY:
            told = at
            print(f"  day {(at - _BEGAN) / DAY:4.0f}: {file.stat().st_size / 1e6:6.1f} MB", flush=True)
    # Nothing waits to be thinned.
    writing.tidy(end, 60.0)
    writing.close()
    return spent


def report(file: Path) -> float:
    """Megabytes in use, section by section."""
    db = sqlite3.connect(file)
    rows = db.execute(
        "SELECT s.section, count(*), sum(length(t.body)), sum(t.base IS NULL) FROM runs r"
        " JOIN streams s ON s.id = r.stream JOIN texts t ON t.id = r.text GROUP BY 1 ORDER BY 3 DESC"
    ).fetchall()
    for section, count, size, whole in rows:
        print(f"  {section:10} {count:7} rows, texts {size / 1e6:6.2f} MB, {whole} of them whole")
    size = used(db) / 1e6
    db.close()
    return size


def main(days: int) -> int:
    """Run it. Exit status 1 when the target is missed."""
    texts = asyncio.run(texts_of_the_lab())
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "recording.db"
        spent = record(file, texts, days)
        size = report(file)
        on_disk = os.path.getsize(file) / 1e6
        recording = Recording(file)
        began = time.perf_counter()
        for n in range(50):
            recording.pieces("lab", _BEGAN + (n + 0.5) * days * DAY / 50)
        look = (time.perf_counter() - began) / 50
        print(
            f"{days} days of a busy pair: {size:.1f} MB in use, {on_disk:.1f} MB on disk"
            f" (target {TARGET:.0f} MB a year)"
        )
        print(f"  written in {spent:.0f} s of processor time; a look at a moment takes {look * 1e3:.1f} ms")
    return int(size > TARGET * max(1.0, days / 365))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 365))
