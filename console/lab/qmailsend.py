"""What qmail-send does with a queue: take in, preprocess, deliver, defer, bounce, and say so in its log."""

import heapq
import itertools
import random

from console.lab.mailqueue import Message, Queue, Recipient
from console.lab.mailworld import NOBODY, TOO_LONG, Traffic, deferral_text, failure_text, success_text
from console.lab.multilog import Multilog
from console.lab.world import Node

HOME = "/var/qmail"
LOG = "/var/log/qmail"

_PREPROCESSING = 0.02
"""Seconds qmail-send takes to preprocess one message."""
FIRST_INODE = 1687889
CHANNELS = ("local", "remote")
LARGE = FIRST_INODE + 5_000_000
"""Numbers from here on are those of a large queue that a fault made."""
_SKIPS = {"local": 10, "remote": 20}
"""chanskip of qmail-send.c."""
_SLOW = 1200.0
"""Seconds after which qmail-remote gives up on a host that accepts and then says nothing (timeoutremote)."""
_SLEEP = 10.0
"""Seconds for which qmail-send sleeps after an alert."""

Event = tuple[float, int, str, Message, Recipient, int]
"""When a delivery ends, an order, how, of which message, to whom, its number."""


def next_try(born: float, now: float, channel: str) -> float:
    """When qmail-send tries again what it tries now: nextretry() of qmail-send.c, in whole seconds of age."""
    age = max(0, int(now) - int(born))
    return float(int(born) + (int(age**0.5) + _SKIPS[channel]) ** 2)


class QmailSend:
    """The queue of one node and its movement, whatever the clock; `Mail` runs it."""

    def __init__(self, node: Node, traffic: Traffic | None = None) -> None:
        self.node = node
        self.traffic = traffic if traffic is not None else Traffic()
        self.queue = Queue()
        self.queue_root = f"{HOME}/queue"
        self.deferred_domains: set[str] = set()
        self.stuck = False
        """True while the file system of the mailboxes does not answer: local deliveries do not end."""
        self.halted = False
        """Set by a fault: qmail-send does nothing any more, mail still arrives."""
        self.hanging = False
        """Set by a fault: what delivers locally does not end."""
        self.slow_domains: set[str] = set()
        """Set by a fault: hosts that accept a connection and then say nothing."""
        self.alert = ""
        """Set by a fault: what qmail-send says about its queue before it sleeps, again and again."""
        self.past: float | None = None
        """The moment that it is, while the past is made up."""
        self.planned: dict[str, list[str]] = {}
        """How the next deliveries to an address end, in order."""
        self.log = Multilog(node, LOG)
        self._random = random.Random(f"{node.world.random.random()}{node.name}")  # noqa: S311 - a simulation
        self._limits = {"local": 10, "remote": 20}
        self._lifetime = 604_800
        self._events: list[Event] = []
        self._order = itertools.count()
        self._open: dict[int, tuple[Message, Recipient]] = {}
        self._deliveries = itertools.count(1)
        self._todo: list[Message] = []
        self._arriving: list[tuple[float, float, Message]] = []
        self._waiting: dict[str, list[tuple[float, int, Message, Recipient]]] = {c: [] for c in CHANNELS}
        self._due_arrival = 0.0
        self._exiting = False
        self._alerted = 0.0
        self._passed = 0
        self._lines: list[str] = []

    @property
    def todo(self) -> int:
        """Messages not yet preprocessed."""
        return sum(not message.preprocessed and not message.stage for message in self.queue.values())

    def now(self) -> float:
        """The moment by the node's clock, or the one of the past that is being made up."""
        return self.node.clock.now() if self.past is None else self.past

    def limit(self, channel: str) -> int:
        """Delivery slots: what control/concurrencylocal or …remote said when qmail-send started."""
        return self._limits[channel]

    def open_deliveries(self, channel: str) -> int:
        """Deliveries under way."""
        return sum(recipient.channel == channel for _, recipient in self._open.values())

    def wake(self) -> None:
        """Something has changed: look at once."""

    def take_up(self) -> None:
        """Begin as qmail-send does when it starts: with number 1, and with what the queue holds."""
        self._deliveries = itertools.count(1)
        for channel, otherwise in (("local", 10), ("remote", 20)):
            self._limits[channel] = self._control(f"concurrency{channel}", otherwise)
        self._lifetime = self._control("queuelifetime", 604_800)
        self._exiting = False
        self._open.clear()
        self._events.clear()
        self._waiting = {channel: [] for channel in CHANNELS}
        self._todo = [m for m in self.queue.values() if not m.preprocessed and not m.stage]
        for message in self.queue.values():
            if message.preprocessed:
                for recipient in message.recipients:
                    recipient.trying = False
                    self._schedule(message, recipient)
        self._say(self._status())
        self.expect()

    def expect(self) -> None:
        """Choose when the next message comes."""
        self._due_arrival = self.now() + self._random.expovariate(self.traffic.rate)

    def inject(self, sender: str, recipients: list[tuple[str, str]], size: int, uid: int = 82) -> Message:
        """Put a message into the queue, as qmail-queue does."""
        message = self._new(sender, recipients, size, uid)
        self._todo.append(message)
        self.wake()
        return message

    def _new(self, sender: str, recipients: list[tuple[str, str]], size: int, uid: int) -> Message:
        number = FIRST_INODE
        while number in self.queue:
            number += 1 + (number * 7) % 3
        message = Message(
            number, sender, size, self.now(), [Recipient(c, a) for c, a in recipients],
            self.node.processes.take_pid(), uid,
        )  # fmt: skip
        self.queue[number] = message
        return message

    LINES_OF_A_LIFE = 7
    """Lines that `pass_through` says of each message."""

    def pass_through(self, count: int) -> None:
        """Have messages come and be delivered at once, which only the log tells of."""
        for _ in range(count):
            self._passed += 1
            number, delivery = FIRST_INODE + 3_000_000 + self._passed % 997, next(self._deliveries)
            ours, theirs = self.open_deliveries("local"), self.open_deliveries("remote")
            end = " exitasap" if self._exiting else ""
            slots = f"/{self._limits['local']} remote {theirs}/{self._limits['remote']}{end}"
            sender, reader = (
                f"feed{self._passed % 61}@ok.example",
                f"reader{self._passed % 389}@local.example",
            )
            size, qp = 900 + self._passed % 7919, 1000 + self._passed % 98_000
            self._lines += (
                f"new msg {number}",
                f"info msg {number}: bytes {size} from <{sender}> qp {qp} uid 82",
                f"starting delivery {delivery}: msg {number} to local {reader}",
                f"status: local {ours + 1}{slots}",
                f"delivery {delivery}: success: did_1+0+0/",
                f"status: local {ours}{slots}",
                f"end msg {number}",
            )
        self._flush()

    def told_to_exit(self) -> None:
        """Begin nothing any more, and end when the last delivery has."""
        self._exiting = True
        if self._open:
            self._say(self._status())
        self.wake()

    def retry_now(self) -> None:
        """Try everything at once, as ALRM does."""
        for channel in CHANNELS:
            self._waiting[channel] = [(0.0, n, m, r) for _, n, m, r in self._waiting[channel]]
            heapq.heapify(self._waiting[channel])
        self.wake()

    def end_slow(self) -> None:
        """Deliveries that wait for a slow host end now."""
        now = self.now()
        self._events = [(min(event[0], now + 2.0), *event[1:]) for event in self._events]
        heapq.heapify(self._events)
        self.wake()

    def turn(self, now: float, takes: bool) -> float | None:
        """Do what is due; `takes`: new mail comes in. Returns when to look again, None when it has exited."""
        self._arrive(now, takes)
        if self.halted:
            return now + 1.0
        if self.alert:
            if now - self._alerted >= _SLEEP:
                self._alerted = now
                self._say(f"alert: {self.alert}")
                self._flush()
            return now + 1.0
        preprocessing = self._preprocess(now)
        for event in self._ended(now):
            self._report(*event[2:])
        self._begin(now)
        self._flush()
        if self._exiting and not self._open:
            self._say("status: exiting")
            self._flush()
            return None
        wait = [now + 5.0 if self.past is None else now + 3600.0, self._due_arrival]
        wait += [now + 0.25] * (preprocessing or bool(self._todo)) + [now + 1.0] * (
            self.stuck or self.hanging
        )
        wait += [event[0] for event in self._events[:1] if event[0] > now]
        wait += [moment for moment, _, _ in self._arriving]
        wait += [w[0][0] for c, w in self._waiting.items() if w and self._has_slot(c)]
        return min(wait)

    def _arrive(self, now: float, takes: bool) -> None:
        while self._due_arrival <= now:
            self._due_arrival += self._random.expovariate(self.traffic.rate)
            if not takes or self._exiting:
                continue
            new = self.traffic.message(self._random)
            if self.past is None and self._random.random() < self.traffic.crawling_share:
                message = self._new(*new, 82)
                message.stage = "S2"
                ends = now + self._random.uniform(4.0, 20.0)
                self._arriving.append((ends, ends + 1.0, message))
            else:
                self.inject(*new)
        self._due_arrival = max(self._due_arrival, now)
        for whole, queued, message in list(self._arriving):
            if now >= queued:
                message.stage = ""
                self._arriving.remove((whole, queued, message))
                self._todo.append(message)
            elif now >= whole:
                message.stage = "S3"

    def _preprocess(self, now: float) -> bool:
        """Work through todo for a quarter of a second; True while some is left."""
        if self._exiting:
            return False
        for message in self._todo[: int(0.25 / _PREPROCESSING)]:
            if now - message.born < _PREPROCESSING * 2:
                return True
            self._todo.remove(message)
            message.preprocessed = True
            message.entered = now
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
        for channel in CHANNELS:
            waiting = self._waiting[channel]
            while waiting and waiting[0][0] <= now and self._has_slot(channel):
                _, _, message, recipient = heapq.heappop(waiting)
                if recipient.done or message.number not in self.queue:
                    continue
                number = next(self._deliveries)
                recipient.trying = True
                recipient.due = next_try(message.entered, now, channel)
                self._open[number] = (message, recipient)
                self._say(
                    f"starting delivery {number}: msg {message.number} to {channel} {recipient.address}"
                )
                self._say(self._status())
                least, most = (0.05, 0.4) if channel == "local" else (0.4, 2.5)
                ends = now + self._random.uniform(least, most)
                if recipient.address.rpartition("@")[2] in self.slow_domains:
                    ends = now + _SLOW
                event = (ends, next(self._order), self._outcome(recipient), message, recipient, number)
                heapq.heappush(self._events, event)

    def _ended(self, now: float) -> list[Event]:
        """The deliveries that are over; local ones never are while their mailboxes do not answer."""
        ended: list[Event] = []
        held: list[Event] = []
        while self._events and self._events[0][0] <= now:
            event = heapq.heappop(self._events)
            local = event[4].channel == "local"
            (held if local and (self.stuck or self.hanging) else ended).append(event)
        for event in held:
            heapq.heappush(self._events, event)
        return ended

    def _outcome(self, recipient: Recipient) -> str:
        plan = self.planned.get(recipient.address)
        if plan:
            return plan.pop(0)
        user, _, domain = recipient.address.rpartition("@")
        if user == NOBODY and recipient.channel == "local":
            return "failure"
        if domain in self.deferred_domains or domain in self.slow_domains:
            return "deferral"
        return self.traffic.outcome(self._random, domain, recipient.channel)

    def _report(self, kind: str, message: Message, recipient: Recipient, number: int) -> None:
        del self._open[number]
        recipient.trying = False
        now = self.now()
        domain = recipient.address.rpartition("@")[2]
        if kind == "deferral":
            text = deferral_text(self._random, domain)
            if now - message.entered > self._lifetime:
                kind, text = "failure", text + TOO_LONG
        elif kind == "failure":
            text = failure_text(recipient.channel, domain)
        else:
            text = success_text(self._random, recipient.channel)
        self._say(f"delivery {number}: {kind}: {text}")
        self._say(self._status())
        if kind == "deferral":
            self._schedule(message, recipient)
            return
        recipient.done = True
        message.marked = now
        if kind == "failure":
            message.bounced += ((recipient.address, text),)
        if all(r.done for r in message.recipients):
            self._finish(message)

    def _control(self, name: str, otherwise: int) -> int:
        path = f"{HOME}/control/{name}"
        text = self.node.fs.read_file(path).decode().strip() if self.node.fs.exists(path) else ""
        return int(text) if text.isdigit() else otherwise

    def _finish(self, message: Message) -> None:
        if message.bounced and message.sender != "#@[]":
            double = message.sender == ""
            to = ("local", "postmaster@mx.example.net") if double else self.traffic.back_to(message.sender)
            size = message.size + 600
            bounce = self.inject("#@[]" if double else "", [to], size, uid=87)
            self._say(f"bounce msg {message.number} qp {bounce.qp}")
        self._say(f"end msg {message.number}")
        self.queue.discard(message.number)

    def _status(self) -> str:
        words = [f"{c} {self.open_deliveries(c)}/{self.limit(c)}" for c in CHANNELS]
        return f"status: {words[0]} {words[1]}" + (" exitasap" if self._exiting else "")

    def _say(self, line: str) -> None:
        self._lines.append(line)

    def _flush(self) -> None:
        lines, self._lines = self._lines, []
        self.log.write(lines, self.past)
