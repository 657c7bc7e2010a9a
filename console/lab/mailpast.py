"""What a node's qmail did before anybody looked: its log of a day, and what is left of it in the queue.

The same simulation as for the present, run through a day at once. Some of the mail is there to be traced.
"""

from dataclasses import dataclass

from console.lab.files import set_modified
from console.lab.qmail import Mail
from console.lab.qmailsend import HOME

HOURS = 26
"""How far back the log goes."""
_CHANGED = 4200.0
"""Seconds since somebody changed virtualdomains on the home master."""
_RATE = 0.012
"""Messages per second in that time."""
_ROTATED = 8 * 3600.0
"""Seconds after which cron has multilog begin a new file."""
_FIRST_ROTATED = 5 * 3600.0
"""The same for the first time."""
_DRILL = (16.0, 15.0)
"""Hours ago between which the slave served: a failover drill."""


@dataclass(frozen=True, slots=True)
class Told:
    """One message worth tracing."""

    hours: float
    """How long ago it came."""
    sender: str
    channel: str
    recipient: str
    outcomes: tuple[str, ...]
    """How the deliveries to the recipient end."""
    ends: str
    """What a trace will show, in two words."""
    node: str = "a"


STORIES = (
    Told(15.5, "heidi@partner.example", "local", "frank@local.example", ("success",), "delivered", "b"),
    Told(11.2, "ann@partner.example", "local", "frank@local.example", ("success",), "delivered"),
    Told(
        9.1, "sales@local.example", "remote", "orders@slow.example",
        ("deferral", "deferral", "deferral", "success"), "deferred, then delivered",
    ),
    Told(7.4, "erin@local.example", "remote", "gone@shop.example", ("failure",), "refused, bounced"),
    Told(5.3, "ghost@nowhere.example", "local", "nobody-here@local.example", ("failure",), "double bounce"),
    Told(3.2, "bob@local.example", "remote", "dirk@mute.example", (), "still queued"),
)  # fmt: skip


def relive(mail: Mail, until: float, up_since: float) -> None:
    """Make up the last day of a node up to a moment, and let its mail system go on from there.

    `up_since`: when the node was booted. Both are Unix seconds.
    """
    now = until - HOURS * 3600.0
    stories = sorted((until - s.hours * 3600.0, s) for s in STORIES if s.node == mail.node.name)
    rate, mail.traffic.rate = mail.traffic.rate, _RATE
    aside = now + _FIRST_ROTATED
    shut = up_since - 90.0
    mail.past = now
    mail.log.hold()
    try:
        mail.take_up()
        while now < until:
            mail.past = now
            while stories and stories[0][0] <= now:
                _, story = stories.pop(0)
                mail.planned.setdefault(story.recipient, []).extend(story.outcomes)
                mail.inject(story.sender, [(story.channel, story.recipient)], 2_417)
            drill = _DRILL[1] < (until - now) / 3600.0 <= _DRILL[0]
            due = mail.turn(now, drill if mail.node.name == "b" else not drill)
            if due is None:
                now = up_since + 30.0
                mail.past = now
                mail.take_up()
                continue
            if now >= shut:
                shut = float("inf")
                mail.told_to_exit()
                continue
            if now >= aside:
                mail.log.put_aside(now)
                aside += _ROTATED
            now = min([max(due, now + 0.05), until, shut, *(moment for moment, _ in stories[:1])])
    finally:
        mail.past = None
        mail.traffic.rate = rate
        mail.log.release()
    mail.go_on(up_since + 30.0)
    if mail.node.name == "a":
        # Nobody has told qmail-send yet.
        set_modified(mail.node, f"{HOME}/control/virtualdomains", until - _CHANGED)


def hints() -> list[str]:
    """What of this is worth tracing, a line or two."""
    told = [
        f"{s.sender if s.ends == 'double bounce' else s.recipient} ({s.ends})"
        for s in STORIES
        if s.node == "a"
    ]
    return [f"addresses to trace: {', '.join(told[:3])},", f"  {', '.join(told[3:])}"]
