"""When qmail-send tries a deferred message again: the rule of `nextretry` in qmail-send.c, and its giving up.

The time between attempts grows with the message's age as a square: after an attempt n seconds into the
message's life the next one follows at (√n + skip)², skip being 10 for local and 20 for remote recipients.
All times are Unix seconds by the node's clock; qmail-send reckons in whole ones.
"""

from math import isqrt

from console.model.mail import Channel

SKIP: dict[Channel, int] = {"local": 10, "remote": 20}
LIFETIME = 604_800
"""queuelifetime where the control file says nothing: a week."""


def next_attempt(birth: float, recent: float, channel: Channel) -> int:
    """When the recipients of a channel are tried next, if the pass over them that began at `recent` defers.

    `birth` is when the message's info file was written. A full channel, a stopped qmail-send or SIGALRM move
    the real attempt; the rule does not know of them.
    """
    born = int(birth)
    lived = int(recent) - born
    root = isqrt(lived) if lived > 0 else 0
    return born + (root + SKIP[channel]) ** 2


def is_last(birth: float, at: float, lifetime: float = LIFETIME) -> bool:
    """Whether an attempt at `at` is the last: what it defers then fails, the message being too old."""
    return int(at) > int(birth) + int(lifetime)
