"""qmail on a simulated node: mail arrives, is preprocessed, delivered, deferred or bounced, and logged."""

import asyncio
import heapq
import itertools
import random
import signal
from weakref import WeakKeyDictionary

from console.lab.mailqueue import Message, Recipient
from console.lab.mailworld import DEFERRALS, Traffic, failure_text, success_text
from console.lab.multilog import Multilog
from console.lab.network import interfaces_of
from console.lab.processes import Process
from console.lab.usage import usage_of
from console.lab.world import Node

HOME = "/var/qmail"
MAILBOXES = "/home/sites"
"""Where the mailboxes are: on the pair's file system."""
LOG = "/var/log/qmail"
SERVICE = "/service/qmail-send"

_PREPROCESSING = 0.02
"""Seconds qmail-send takes to preprocess one message."""
_FIRST_INODE = 1687889
_FLOODED = "bulk.example"
_CHANNELS = ("local", "remote")
_SKIPS = {"local": 10, "remote": 20}
"""chanskip: the next try comes after (skip + square root of the age) squared seconds."""


class Mail:
    """The mail system of one node: its queue and the processes that move it."""

    def __init__(self, node: Node, traffic: Traffic | None = None) -> None:
        self.node = node
        self.traffic = traffic if traffic is not None else Traffic()
        self.queue: dict[int, Message] = {}
        self.deferred_domains: set[str] = set()
        self.stuck = False
        """True while the file system of the mailboxes does not answer: local deliveries do not end."""
        self._probe: asyncio.Task[None] | None = None
        self.log = Multilog(node, LOG)
        self.started = 0.0
        self.process: Process | None = None
        self._random = random.Random(f"{node.world.random.random()}{node.name}")  # noqa: S311 - a simulation
        self._events: list[tuple[float, int, str, Message | None, Recipient | None, int]] = []
        self._order = itertools.count()
        self._wake = asyncio.Event()
        self._open: dict[int, tuple[Message, Recipient]] = {}
        self._deliveries = itertools.count(1)
        self._todo: list[Message] = []
        self._waiting: dict[str, list[tuple[float, int, Message, Recipient]]] = {c: [] for c in _CHANNELS}
        self._due_arrival = 0.0
        self._exiting = False
        self._lines: list[str] = []
        for number in range(23):
            node.fs.mkdir(f"{HOME}/queue/mess/{number}", recursive=True)
        for name in ("todo", "intd", "info", "local", "remote", "bounce", "pid", "lock"):
            node.fs.mkdir(f"{HOME}/queue/{name}", recursive=True)

    @property
    def running(self) -> bool:
        """Whether qmail-send runs."""
        return self.process is not None

    @property
    def todo(self) -> int:
        """Messages not yet preprocessed."""
        return sum(not message.preprocessed for message in self.queue.values())

    def limit(self, channel: str) -> int:
        """Delivery slots: control/concurrencylocal or control/concurrencyremote."""
        path = f"{HOME}/control/concurrency{channel}"
        text = self.node.fs.read_file(path).decode().strip() if self.node.fs.exists(path) else ""
        return int(text) if text.isdigit() else (10 if channel == "local" else 20)

    def open_deliveries(self, channel: str) -> int:
        """Deliveries under way."""
        return sum(recipient.channel == channel for _, recipient in self._open.values())

    def start(self) -> None:
        """Start qmail-send and its helpers; what is in the queue is tried again."""
        if self.running or not self.node.power:
            return
        table = self.node.processes
        process = table.spawn("qmail-send", stat="S", user="qmails", on_signal=self._on_signal)
        self.process = process
        for command, user in (
            (f"multilog t s1000000 n5 {LOG}", "qmaill"), ("qmail-lspawn ./Maildir/", "root"),
            ("qmail-rspawn", "qmailr"), ("qmail-clean", "qmailq"),
        ):  # fmt: skip
            table.spawn(command, ppid=process.pid, stat="S", user=user)
        self.started = self.node.clock.now()
        self._deliveries = itertools.count(1)
        self._exiting = False
        self._open.clear()
        self._events.clear()
        self._waiting = {channel: [] for channel in _CHANNELS}
        self._todo = [m for m in self.queue.values() if not m.preprocessed]
        for message in self.queue.values():
            if message.preprocessed:
                for recipient in message.recipients:
                    recipient.trying = False
                    self._schedule(message, recipient)
        self._say(self._status())
        self._due_arrival = self.node.clock.now() + self._random.expovariate(self.traffic.rate)
        self.node.start(self._run(process))

    def stop(self) -> None:
        """Ask qmail-send to end once its deliveries are over, as TERM does."""
        if self.process is not None:
            self._exiting = True
            if self._open:
                self._say(self._status())
            self._wake.set()

    def retry_now(self) -> None:
        """Try everything at once, as ALRM does."""
        for channel in _CHANNELS:
            self._waiting[channel] = [(0.0, n, m, r) for _, n, m, r in self._waiting[channel]]
            heapq.heapify(self._waiting[channel])
        self._wake.set()

    def inject(self, sender: str, recipients: list[tuple[str, str]], size: int, uid: int = 1005) -> Message:
        """Put a message into the queue, as qmail-queue does."""
        number = _FIRST_INODE
        while number in self.queue:
            number += 1 + (number * 7) % 3
        message = Message(
            number, sender, size, self.node.clock.now(), [Recipient(c, a) for c, a in recipients],
            self.node.processes.take_pid(), uid,
        )  # fmt: skip
        self.queue[number] = message
        self._todo.append(message)
        self._wake.set()
        return message

    def flood(self, count: int) -> None:
        """Let many messages for a domain that defers arrive at once."""
        self.deferred_domains.add(_FLOODED)
        sender = f"news{self._random.randrange(10**6)}@shop.example"
        number = max([_FIRST_INODE + 200_000, *self.queue])
        for index in range(count):
            message = Message(
                number + 1 + index, sender, self._random.randint(900, 40_000), self.node.clock.now(),
                [Recipient("remote", f"user{index}@{_FLOODED}")], self.node.processes.take_pid(),
            )  # fmt: skip
            self.queue[message.number] = message
            self._todo.append(message)
        self._wake.set()

    def forget_flood(self) -> None:
        """Take what a flood left out of the queue."""
        flood = [m for m in self.queue.values() if m.recipients[0].address.endswith("@" + _FLOODED)]
        for message in flood:
            if not any(recipient.trying for recipient in message.recipients):
                del self.queue[message.number]
        self._todo = [message for message in self._todo if message.number in self.queue]

    def seed(self, count: int) -> None:
        """Leave some messages in the queue that earlier tries deferred."""
        now = self.node.clock.now()
        for _ in range(count):
            age = self._random.uniform(60, 6 * 3600)
            message = self.inject(*self.traffic.message(self._random, slow=True))
            message.born = now - age
            message.preprocessed = True
            for recipient in message.recipients:
                recipient.due = now + self._random.uniform(20, 1800)
        self._todo = [m for m in self._todo if not m.preprocessed]

    def serving(self) -> bool:
        """Mail arrives where the floating address is."""
        return any(
            interface.up and interface.inet
            for name, interface in interfaces_of(self.node).items()
            if name.startswith("ngeth")
        )

    def _has_room(self) -> bool:
        """A full disk takes no new mail; who sends it hears a temporary error, the log says nothing."""
        root = self.node.mounts.at("/")
        return root is None or usage_of(self.node, root).available > 0

    async def _run(self, process: Process) -> None:
        clock = self.node.clock
        while process in self.node.processes:
            now = clock.now()
            await self._look_at_disk()
            self._arrive(now)
            preprocessing = self._preprocess(now)
            while self._events and self._events[0][0] <= now and not self._held(self._events[0]):
                _, _, kind, message, recipient, number = heapq.heappop(self._events)
                if message is not None and recipient is not None:
                    self._report(kind, message, recipient, number)
            self._begin(now)
            self._flush()
            if self._exiting and not self._open:
                self._say("status: exiting")
                self._flush()
                self._end(process)
                return
            wait = [now + 5.0, self._due_arrival]
            if preprocessing:
                wait.append(now + 0.25)
            wait += [event[0] for event in self._events[:1] if event[0] > now]
            if self.stuck:
                wait.append(now + 1.0)
            wait += [w[0][0] for c, w in self._waiting.items() if w and self._has_slot(c)]
            await self._pause(max(min(wait), now + 0.05))

    async def _look_at_disk(self) -> None:
        if self._probe is None or self._probe.done():
            self._probe = self.node.start(self.node.mounts.wait_for(MAILBOXES))
        for _ in range(3):
            await asyncio.sleep(0)
        self.stuck = not self._probe.done()

    async def _pause(self, until: float) -> None:
        self._wake.clear()
        timer = self.node.clock.call_at(until, self._wake.set)
        try:
            await self._wake.wait()
        finally:
            timer.cancel()

    def _arrive(self, now: float) -> None:
        while self._due_arrival <= now:
            self._due_arrival += self._random.expovariate(self.traffic.rate)
            if self.serving() and not self._exiting and self._has_room():
                self.inject(*self.traffic.message(self._random))
        self._due_arrival = max(self._due_arrival, now)

    def _preprocess(self, now: float) -> bool:
        """Work through todo for a quarter of a second; True while some is left."""
        if self._exiting:
            return False
        for message in self._todo[: int(0.25 / _PREPROCESSING)]:
            if now - message.born < _PREPROCESSING * 2:
                return True
            self._todo.remove(message)
            message.preprocessed = True
            self._say(f"new msg {message.number}")
            self._say(
                f"info msg {message.number}: bytes {message.size} from <{message.sender}> "
                f"qp {message.qp} uid {message.uid}"
            )
            for recipient in message.recipients:
                recipient.due = now
                self._schedule(message, recipient)
        return bool(self._todo)

    def _schedule(self, message: Message, recipient: Recipient) -> None:
        if not recipient.done:
            entry = (recipient.due, next(self._order), message, recipient)
            heapq.heappush(self._waiting[recipient.channel], entry)

    def _has_slot(self, channel: str) -> bool:
        return not self._exiting and self.open_deliveries(channel) < self.limit(channel)

    def _begin(self, now: float) -> None:
        for channel in _CHANNELS:
            waiting = self._waiting[channel]
            while waiting and waiting[0][0] <= now and self._has_slot(channel):
                _, _, message, recipient = heapq.heappop(waiting)
                if recipient.done or message.number not in self.queue:
                    continue
                number = next(self._deliveries)
                recipient.trying = True
                self._open[number] = (message, recipient)
                self._say(
                    f"starting delivery {number}: msg {message.number} to {channel} {recipient.address}"
                )
                self._say(self._status())
                fast = channel == "local"
                ends = now + (self._random.uniform(0.05, 0.4) if fast else self._random.uniform(0.4, 2.5))
                heapq.heappush(
                    self._events,
                    (ends, next(self._order), self._outcome(recipient), message, recipient, number),
                )

    def _held(self, event: tuple[float, int, str, Message | None, Recipient | None, int]) -> bool:
        return self.stuck and event[4] is not None and event[4].channel == "local"

    def _outcome(self, recipient: Recipient) -> str:
        domain = recipient.address.rpartition("@")[2]
        if domain in self.deferred_domains:
            return "deferral"
        return self.traffic.outcome(self._random, domain, recipient.channel)

    def _report(self, kind: str, message: Message, recipient: Recipient, number: int) -> None:
        del self._open[number]
        recipient.trying = False
        now = self.node.clock.now()
        text = {
            "success": success_text(self._random, recipient.channel),
            "failure": failure_text(recipient.channel),
            "deferral": self._random.choice(DEFERRALS),
        }[kind]
        self._say(f"delivery {number}: {kind}: {text}")
        self._say(self._status())
        if kind == "deferral":
            age = max(0.0, now - message.born)
            recipient.due = message.born + (_SKIPS[recipient.channel] + age**0.5) ** 2
            self._schedule(message, recipient)
            return
        recipient.done = True
        if kind == "failure":
            message.bounced.append(recipient.address)
        if all(r.done for r in message.recipients):
            self._finish(message)

    def _finish(self, message: Message) -> None:
        if message.bounced and message.sender != "#@[]":
            double = message.sender == ""
            to = ("local", "postmaster@mx.example.net") if double else self.traffic.back_to(message.sender)
            size = message.size + 600
            bounce = self.inject("#@[]" if double else "", [to], size, uid=1007)
            self._say(f"bounce msg {message.number} qp {bounce.qp}")
        self._say(f"end msg {message.number}")
        self.queue.pop(message.number, None)

    def _status(self) -> str:
        words = [f"{c} {self.open_deliveries(c)}/{self.limit(c)}" for c in _CHANNELS]
        return f"status: {words[0]} {words[1]}" + (" exitasap" if self._exiting else "")

    def _say(self, line: str) -> None:
        self._lines.append(line)

    def _flush(self) -> None:
        lines, self._lines = self._lines, []
        self.log.write(lines)

    def _on_signal(self, number: int) -> bool:
        if number == signal.SIGTERM:
            self.stop()
            return True
        if number == signal.SIGALRM:
            self.retry_now()
            return True
        if number == signal.SIGHUP:
            return True
        if self.process is not None:
            self._end(self.process)
        return False

    def _end(self, process: Process) -> None:
        table = self.node.processes
        for child in [p for p in table if p.ppid == process.pid]:
            table.exit(child)
        table.exit(process)
        self.process = None


_systems: "WeakKeyDictionary[Node, Mail]" = WeakKeyDictionary()


def mail_of(node: Node) -> Mail | None:
    """The mail system of a node, if qmail is installed there."""
    return _systems.get(node)


def install_mail(node: Node, traffic: Traffic | None = None) -> Mail:
    """Give a node a mail system; it starts when the node boots and its queue outlives the power."""
    mail = Mail(node, traffic)
    _systems[node] = mail

    async def boot(node: Node) -> None:
        mail.process = None
        node.processes.spawn("/usr/local/bin/svscan /service", stat="S")
        node.processes.spawn("supervise qmail-send", stat="S")
        mail.start()

    def cut(node: Node) -> None:
        mail.process = None

    node.after_boot.append(boot)
    node.at_power_cut.append(cut)
    return mail
