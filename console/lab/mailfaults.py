"""Trouble with mail: the four shapes of a backlog, a queue of any size, and a log that runs."""

import random
from collections.abc import Iterator
from typing import TYPE_CHECKING

from console.lab import scenarios
from console.lab.control import Refused
from console.lab.mailqueue import Message, Recipient
from console.lab.qmail import Mail, mail_of
from console.lab.qmailsend import LARGE

if TYPE_CHECKING:
    from console.lab.pair import LabPair

SLOW_DOMAIN = "tarpit.example"
"""Accepts connections and then says nothing."""
MOST = 200_000
"""Messages that a fault may put into a queue."""
FASTEST = 50_000
"""Lines per second that a log may get."""

_STALL = "lists-archive"
_DAYS = 6.5
"""Age of the oldest message of a large queue."""
_LARGE_DOMAINS = (
    ("bigmail.example", 46), ("webmail.example", 21), ("post.example", 13), ("grey.example", 9),
    ("office.example", 6), ("mute.example", 3), ("tiny.example", 2),
)  # fmt: skip
"""Where the recipients of a large queue are, and how many of a hundred."""
_LARGE_SENDERS = ("newsletter@local.example", "billing@local.example", "sales@local.example", "")
_EVERY = 0.02
"""Seconds between two writes of a log that runs."""


def serving_mail(lab: "LabPair") -> Mail:
    """The mail system of the node that serves; the home master's when none or both do."""
    nodes = lab.world.nodes.values()
    node = next((n for n in nodes if scenarios.is_mounted(n)), lab.world.nodes["a"])
    mail = mail_of(node)
    if mail is None:
        raise Refused(f"{node.hostname} has no qmail")
    return mail


def _count(word: str, most: int) -> int:
    if not word.isdigit() or not 0 < int(word) <= most:
        raise Refused(f"COUNT is a number from 1 to {most}, not {word}")
    return int(word)


async def stuck(lab: "LabPair", words: list[str]) -> None:
    """qmail-send does nothing any more; what arrives waits to be preprocessed."""
    serving_mail(lab).halted = True


async def local_full(lab: "LabPair", words: list[str]) -> None:
    """Local deliveries do not end: a program in a .qmail file hangs."""
    mail = serving_mail(lab)
    mail.hanging = True
    for number in range(mail.limit("local") + 6):
        mail.inject(f"ann{number}@partner.example", [("local", f"{_STALL}@local.example")], 3_000)


async def remote_full(lab: "LabPair", words: list[str]) -> None:
    """One slow domain takes every remote slot."""
    mail = serving_mail(lab)
    mail.slow_domains.add(SLOW_DOMAIN)
    for number in range(mail.limit("remote") * 4):
        recipient = ("remote", f"member{number}@{SLOW_DOMAIN}")
        mail.inject("newsletter@local.example", [recipient], 18_000)


async def exitasap(lab: "LabPair", words: list[str]) -> str:
    """qmail-send was told to end and waits for deliveries that take long."""
    mail = serving_mail(lab)
    if not mail.running:
        raise Refused("qmail-send does not run there")
    mail.slow_domains.add(SLOW_DOMAIN)
    for number in range(5):
        mail.inject("sales@local.example", [("remote", f"buyer{number}@{SLOW_DOMAIN}")], 4_000)
    mail.wake()
    for _ in range(200):
        if mail.open_deliveries("remote") >= 5:
            break
        await mail.node.clock.sleep(0.1)
    mail.stop()
    return "qmail-send got TERM; five deliveries to a silent host hold it"


async def broken(lab: "LabPair", words: list[str]) -> None:
    """The queue's directory cannot be read; qmail-send says so, sleeps, and says so again."""
    serving_mail(lab).alert = "unable to opendir todo, sleeping..."


async def helpless(lab: "LabPair", words: list[str]) -> None:
    """A bounce file cannot be written; qmail-send calls for help."""
    serving_mail(lab).alert = "unable to append to bounce message; HELP! sleeping..."


async def mended(lab: "LabPair", words: list[str]) -> None:
    """Mail moves again on both nodes."""
    for node in lab.world.nodes.values():
        mail = mail_of(node)
        if mail is not None:
            mail.mend()


async def large(lab: "LabPair", words: list[str]) -> str:
    """So many messages that were tried before wait for their next try."""
    mail, count = serving_mail(lab), _count(words[0], MOST)
    mail.forget(lambda message: message.number >= LARGE)
    await mail.fill(_messages(count, mail.now()))
    return f"{count} messages of the last {_DAYS:.0f} days wait for their next try on {mail.node.hostname}"


def _messages(count: int, now: float) -> Iterator[Message]:
    dice = random.Random(count)  # noqa: S311 - a simulation
    domains = [name for name, share in _LARGE_DOMAINS for _ in range(share)]
    for index in range(count):
        age = 60.0 + _DAYS * 86400.0 * dice.random() ** 2
        born = now - age
        sender = _LARGE_SENDERS[min(3, int(dice.expovariate(1.1)))]
        size = int(min(9_000_000, dice.lognormvariate(9.0, 1.2))) + 300
        people = [
            Recipient("remote", f"user{index}{'abc'[n]}@{dice.choice(domains)}")
            for n in range(1 if dice.random() < 0.93 else 3)
        ]
        # Each try of a remote recipient comes when the root of the age is 20 more than at the one before.
        due = int(born) + (20 * (int(age**0.5 / 20) + 1)) ** 2
        for person in people:
            person.due = float(due)
        message = Message(LARGE + index, sender, size, born, people, 300 + index % 90_000, 82, True)
        message.entered = born + 0.1
        if len(people) > 1:
            people[0].done = True
            message.marked = born + 4.0
        yield message


async def log_rate(lab: "LabPair", words: list[str]) -> str:
    """The log gets so many lines a second more, of mail that is delivered at once; 0 ends it."""
    mail = serving_mail(lab)
    rate = 0 if words[0] == "0" else _count(words[0], FASTEST)
    runs, mail.log_rate = mail.log_rate > 0, rate
    if rate and not runs:
        mail.node.start(_run_log(mail))
    return f"{rate} lines a second more on {mail.node.hostname}"


async def _run_log(mail: Mail) -> None:
    """Write whole lives of messages, as many as are due."""
    done = mail.now()
    while rate := mail.log_rate:
        await mail.node.clock.sleep(_EVERY)
        now = mail.now()
        # After a pause of this process it goes on, and does not catch up.
        done = max(done, now - 0.5)
        lives = int((now - done) * rate / mail.LINES_OF_A_LIFE)
        done += lives * mail.LINES_OF_A_LIFE / rate
        mail.pass_through(lives)
