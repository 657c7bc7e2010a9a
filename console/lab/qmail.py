"""qmail on a simulated node: mail arrives, is preprocessed, delivered, deferred or bounced, and logged."""

import asyncio
import heapq
import signal
from collections.abc import Callable, Iterable
from weakref import WeakKeyDictionary

from console.lab.lazyfiles import install_lazy
from console.lab.mailqueue import Message, Recipient
from console.lab.mailworld import Traffic
from console.lab.network import interfaces_of
from console.lab.processes import Process
from console.lab.qmailsend import FIRST_INODE, LARGE, LOG, QmailSend
from console.lab.queuefiles import QueueFiles, make_directories
from console.lab.usage import usage_of
from console.lab.world import Node

MAILBOXES = "/home/sites"
"""Where the mailboxes are: on the pair's file system."""
SERVICE = "/service/qmail-send"

_FLOODED = "bulk.example"


class Mail(QmailSend):
    """The mail system of one node: its queue and the processes that move it."""

    def __init__(self, node: Node, traffic: Traffic | None = None) -> None:
        super().__init__(node, traffic)
        self._probe: asyncio.Task[None] | None = None
        self.started = 0.0
        self.process: Process | None = None
        self.log_rate = 0
        """Lines per second that a fault adds to the log."""
        self._wake = asyncio.Event()
        make_directories(self)
        install_lazy(node, QueueFiles(self))

    @property
    def running(self) -> bool:
        """Whether qmail-send runs."""
        return self.process is not None

    def start(self) -> None:
        """Start qmail-send and its helpers; what is in the queue is tried again."""
        if self.running or not self.node.power:
            return
        self.take_up()
        self.go_on(self.node.clock.now())

    def go_on(self, since: float) -> None:
        """Let the processes run, started at a moment, and move the queue."""
        table = self.node.processes
        process = table.spawn("qmail-send", stat="S", user="qmails", on_signal=self._on_signal)
        self.process = process
        children = [
            table.spawn(command, ppid=process.pid, stat="S", user=user)
            for command, user in (
                (f"multilog t s1000000 n5 {LOG}", "qmaill"), ("qmail-lspawn ./Maildir/", "root"),
                ("qmail-rspawn", "qmailr"), ("qmail-clean", "qmailq"),
            )
        ]  # fmt: skip
        for one in (process, *children):
            one.started = since
        self.started = since
        self.expect()
        self.node.start(self._run(process))

    def stop(self) -> None:
        """Ask qmail-send to end once its deliveries are over, as TERM does."""
        if self.process is not None:
            self.told_to_exit()

    def restart_when_exited(self) -> None:
        """What was told to end is started again once it has, as by `svc -t`."""
        if self._exiting and self.running:
            self.restart()

    def restart(self) -> None:
        """Supervise starts a service again a second after it ended."""
        self.node.start(self._start_again())

    async def _start_again(self) -> None:
        while self.running:
            await self.node.clock.sleep(0.5)
        await self.node.clock.sleep(1.0)
        self.start()

    def flood(self, count: int) -> None:
        """Let many messages for a domain that defers arrive at once."""
        self.deferred_domains.add(_FLOODED)
        sender = f"news{self._random.randrange(10**6)}@shop.example"
        number = max([FIRST_INODE + 200_000, *self.queue])
        for index in range(count):
            message = Message(
                number + 1 + index, sender, self._random.randint(900, 40_000), self.node.clock.now(),
                [Recipient("remote", f"user{index}@{_FLOODED}")], self.node.processes.take_pid(),
            )  # fmt: skip
            self.queue[message.number] = message
            self._todo.append(message)
        self._wake.set()

    async def fill(self, messages: Iterable[Message]) -> None:
        """Have messages in the queue that were preprocessed long ago and wait for their next try."""
        for number, message in enumerate(messages):
            self.queue[message.number] = message
            for recipient in message.recipients:
                self._schedule(message, recipient)
            if number % 2000 == 1999:
                await asyncio.sleep(0)
        self.wake()

    def mend(self) -> None:
        """Take back what faults did, but for floods and domains that defer."""
        self.halted = self.hanging = False
        self.alert = ""
        self.log_rate = 0
        if self.slow_domains:
            self.slow_domains.clear()
            self.end_slow()
        self.restart_when_exited()
        self.forget(lambda message: message.number >= LARGE)
        self.wake()

    def forget_flood(self) -> None:
        """Take what a flood left out of the queue."""
        self.forget(lambda message: message.recipients[0].address.endswith("@" + _FLOODED))

    def forget(self, which: Callable[[Message], bool]) -> None:
        """Take messages out of the queue that are not being delivered now, as if they had never come."""
        for message in [m for m in self.queue.values() if which(m)]:
            if not any(recipient.trying for recipient in message.recipients):
                self.queue.discard(message.number)
        self._todo = [message for message in self._todo if message.number in self.queue]
        for channel, waiting in self._waiting.items():
            self._waiting[channel] = [one for one in waiting if one[2].number in self.queue]
            heapq.heapify(self._waiting[channel])

    def seed(self, count: int) -> None:
        """Leave some messages in the queue that earlier tries deferred."""
        now = self.node.clock.now()
        for _ in range(count):
            age = self._random.uniform(60, 6 * 3600)
            message = self.inject(*self.traffic.message(self._random, slow=True))
            message.born = message.entered = now - age
            message.preprocessed = True
            for recipient in message.recipients:
                recipient.due = now + self._random.uniform(20, 1800)
        self._todo = [m for m in self._todo if not m.preprocessed]

    def wake(self) -> None:
        """Look at once at what has changed."""
        self._wake.set()

    def forget_arriving(self) -> None:
        """Nothing comes any more of what was on its way in: its files are left over."""
        self._arriving.clear()

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
            until = self.turn(now, self.serving() and self._has_room())
            if until is None:
                self._end(process)
                return
            await self._pause(max(until, now + 0.05))

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
        mail.forget_arriving()

    node.after_boot.append(boot)
    node.at_power_cut.append(cut)
    return mail
