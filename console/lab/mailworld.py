"""Who writes to whom in the lab, and how other mail servers answer."""

import random
from dataclasses import dataclass

LOCAL_DOMAINS = ("mx.example.net", "local.example")
_USERS = ("alice", "bob", "carol", "dave", "erin", "frank", "heidi", "postmaster", "sales", "webmaster")
_SENDERS = ("ann", "ben", "cleo", "dirk", "eve", "finn", "gina", "hugo", "ida", "jan")
_FAR_DOMAINS = ("ok.example", "smart.example", "partner.example", "list.example", "shop.example")
_SLOW_DOMAINS = ("grey.example", "slow.example", "mute.example")

_UNAVAILABLE = (
    "127.0.0.1_does_not_like_recipient./Remote_host_said:_450_4.2.1_mailbox_temporarily_unavailable/"
    "Giving_up_on_127.0.0.1./"
)
_DEFERRALS = {
    "grey.example": (
        "127.0.0.1_does_not_like_recipient./Remote_host_said:_451_4.7.1_Greylisting_in_action,"
        "_please_come_back_later/Giving_up_on_127.0.0.1./"
    ),
    "mute.example": "Sorry,_I_wasn't_able_to_establish_an_SMTP_connection._(#4.4.1)/",
    "slow.example": "Connected_to_127.0.0.1_but_connection_died._(#4.4.2)/",
}
DEAD_DOMAIN = "mute.example"
"""Its host does not answer at all: mail to it waits until it is too old."""
NO_DOMAIN = "nowhere.example"
"""Does not exist."""
NOBODY = "nobody-here"
"""Has no mailbox."""
TOO_LONG = "I'm_not_going_to_try_again;_this_message_has_been_in_the_queue_too_long./"

_REFUSED = (
    "127.0.0.1_does_not_like_recipient./Remote_host_said:_550_5.1.1_no_such_user/Giving_up_on_127.0.0.1./"
)


@dataclass
class Traffic:
    """How much mail there is, and what becomes of it."""

    rate: float = 0.7
    """Messages that arrive per second of world time."""
    local_share: float = 0.55
    slow_share: float = 0.05
    """Share of remote mail that goes to domains that defer."""
    bounce_share: float = 0.03
    crawling_share: float = 0.03
    """Share of messages whose sender takes seconds to hand them over."""

    def message(self, random: random.Random, slow: bool = False) -> tuple[str, list[tuple[str, str]], int]:
        """Sender, recipients by channel and size of a new message."""
        size = int(min(4_000_000, random.lognormvariate(8.2, 1.3))) + 300
        if not slow and random.random() < self.local_share:
            sender = f"{random.choice(_SENDERS)}{random.randint(1, 99)}@{random.choice(_FAR_DOMAINS)}"
            user = NOBODY if random.random() < self.bounce_share else random.choice(_USERS)
            return sender, [("local", f"{user}@{random.choice(LOCAL_DOMAINS)}")], size
        sender = f"{random.choice(_USERS)}@{LOCAL_DOMAINS[1]}"
        slow = slow or random.random() < self.slow_share
        domains = _SLOW_DOMAINS if slow else _FAR_DOMAINS
        count = 1 if random.random() < 0.9 else random.randint(2, 4)
        people = random.sample(_SENDERS, count)
        return sender, [("remote", f"{name}@{random.choice(domains)}") for name in people], size

    def outcome(self, random: random.Random, domain: str, channel: str) -> str:
        """What becomes of one delivery: success, deferral or failure."""
        if channel == "local":
            return "failure" if random.random() < self.bounce_share / 2 else "success"
        if domain in (DEAD_DOMAIN, NO_DOMAIN):
            return "deferral" if domain == DEAD_DOMAIN else "failure"
        if domain in _SLOW_DOMAINS:
            return "deferral" if random.random() < 0.6 else "success"
        return "failure" if random.random() < self.bounce_share else "success"

    def back_to(self, sender: str) -> tuple[str, str]:
        """Channel and address of a bounce."""
        return ("local" if sender.rpartition("@")[2] in LOCAL_DOMAINS else "remote", sender)


def success_text(random: random.Random, channel: str) -> str:
    """The report of a delivery that worked."""
    if channel == "local":
        return "did_1+0+0/"
    return (
        f"127.0.0.1_accepted_message./Remote_host_said:_250_2.0.0_Ok:_queued_as_{random.getrandbits(32):08X}/"
    )


def deferral_text(random: random.Random, domain: str) -> str:
    """The report of a delivery that will be tried again."""
    if domain in _DEFERRALS:
        return _DEFERRALS[domain]
    return _UNAVAILABLE if random.random() < 0.7 else _DEFERRALS["slow.example"]


def failure_text(channel: str, domain: str = "") -> str:
    """The report of a delivery that will not work."""
    if domain == NO_DOMAIN:
        return f"Sorry,_I_couldn't_find_any_host_named_{domain}._(#5.1.2)/"
    return "Sorry,_no_mailbox_here_by_that_name._(#5.1.1)/" if channel == "local" else _REFUSED
