"""Figures of one node's mail queue: what waits, how old it is, who sent it, whom it is for, what holds it up.

Ages are counted on the node's clock: from when a message arrived to when the queue was walked.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from console.model.mail import Envelope, Queued, QueueListing
from console.parse.qmail_log import Delivered, Mangled, Starting, Status, decode_all

AGES = (
    (60.0, "< 1 min"),
    (600.0, "< 10 min"),
    (3600.0, "< 1 h"),
    (21_600.0, "< 6 h"),
    (86_400.0, "< 1 d"),
    (259_200.0, "< 3 d"),
    (float("inf"), "older"),
)
"""Upper bounds in seconds, exclusive, and their names."""
TOP = 5
"""Rows of each table of the greatest."""
SHARE = 50
"""A walk is not begun before this many times its cost has gone by: at most 2 % of the node's time."""

STATE_WORDS = {
    "S2": "the text arrives: qmail-queue reads it",
    "S3": "the text is there, the envelope arrives",
    "S4": "queued, qmail-send has not looked at it yet",
    "S5": "qmail-send knows it and delivers, now or later",
    "other": "no sound set of files, or moved while it was walked",
    "unknown": "cannot be told: it needs more rights on the node",
}
"""What a state means (qmail's INTERNALS, section 2: which files exist)."""


@dataclass(frozen=True, slots=True)
class Deferrals:
    """What the newest lines of the log tell of deliveries that did not succeed yet."""

    deliveries: int = 0
    """Deliveries with a result among the lines."""
    deferred: int = 0
    reasons: tuple[tuple[str, str, int], ...] = ()
    """Domain, what was said (its numbers left out), how often; most often first."""
    lines: int = 0
    unread: int = 0
    slots: Status | None = None
    """The newest `status:` line."""


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """A queue in numbers."""

    messages: int = 0
    """Messages with any file; `queue` and `todo` are those of qmail-qstat."""
    queue: int = 0
    todo: int = 0
    states: Mapping[str, int] = field(default_factory=dict)
    ages: tuple[tuple[str, int], ...] = ()
    """Name of the age and how many messages have it, youngest first."""
    undated: int = 0
    """Messages without a mess file that was seen, so without an age."""
    ahead: int = 0
    """Messages that arrived after the walk by their date: the clock was set back. They count as youngest."""
    oldest: tuple[Queued, float] | None = None
    """The message and its age in seconds."""
    biggest: Queued | None = None
    bytes: int = 0
    read: int = 0
    """Envelopes that were read; all that follows is of these."""
    local_left: int = 0
    """Recipients to whom nothing was delivered yet, and not refused either."""
    remote_left: int = 0
    done: int = 0
    bouncing: int = 0
    senders: tuple[tuple[str, int], ...] = ()
    """Messages by sender; the empty sender is that of a bounce."""
    domains: tuple[tuple[str, int], ...] = ()
    """Recipients left by domain, in lower case."""
    denied: tuple[str, ...] = ()


def figures(listing: QueueListing, envelopes: Mapping[int, Envelope], now: float) -> QueueFigures:
    """Count a queue; `now` is the node's clock, most often `listing.taken`."""
    bounds = [bound for bound, _ in AGES]
    counted = [0] * len(AGES)
    undated = ahead = total = 0
    oldest = biggest = None
    for one in listing.messages:
        if one.bytes is not None:
            total += one.bytes
            if biggest is None or one.bytes > (biggest.bytes or 0):
                biggest = one
        if one.since is None:
            undated += 1
            continue
        age = now - one.since
        ahead += age < 0
        counted[bisect_right(bounds, age)] += 1
        if oldest is None or one.since < (oldest.since or 0):
            oldest = one
    senders: Counter[str] = Counter()
    domains: Counter[str] = Counter()
    left = Counter({"local": 0, "remote": 0})
    done = bouncing = 0
    for letter in envelopes.values():
        if letter.sender is not None:
            senders[letter.sender] += 1
        bouncing += letter.bouncing
        for recipient in letter.recipients:
            if recipient.done:
                done += 1
            else:
                left[recipient.channel] += 1
                domains[domain_of(recipient.address)] += 1
    return QueueFigures(
        messages=len(listing.messages),
        queue=listing.queue,
        todo=listing.todo,
        states=listing.states,
        ages=tuple((name, count) for (_, name), count in zip(AGES, counted, strict=True)),
        undated=undated,
        ahead=ahead,
        oldest=(oldest, max(0.0, now - (oldest.since or now))) if oldest else None,
        biggest=biggest,
        bytes=total,
        read=len(envelopes),
        local_left=left["local"],
        remote_left=left["remote"],
        done=done,
        bouncing=bouncing,
        senders=tuple(_greatest(senders)),
        domains=tuple(_greatest(domains)),
        denied=listing.denied,
    )


def _greatest(counter: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counter.items(), key=lambda item: (-item[1], item[0]))[:TOP]


def domain_of(address: str) -> str:
    """What stands after the last `@`, in lower case; empty for a name without a host."""
    return address.rpartition("@")[2].lower() if "@" in address else ""


def sample(listing: QueueListing, most: int) -> tuple[int, ...]:
    """At most this many messages, evenly out of the whole queue by number: their envelopes stand for all."""
    having = [one.msg for one in listing.messages if "info" in one.files]
    step = max(1, -(-len(having) // most))
    return tuple(having[::step])


def next_walk(interval: float, cost: float) -> float:
    """Seconds to wait after a walk that cost this many: the interval, or longer where a walk is dear."""
    return max(interval, SHARE * cost)


def deferrals(lines: Iterable[bytes]) -> Deferrals:
    """What the end of a qmail-send log says of deliveries; it may begin in the middle of anything."""
    recipients: dict[int, str] = {}
    reasons: Counter[tuple[str, str]] = Counter()
    deliveries = deferred = count = unread = 0
    slots: Status | None = None
    for line in decode_all(line.decode("utf-8", "backslashreplace") for line in lines):
        count += 1
        match line.event:
            case None:
                unread += 1
            case Starting(delivery=delivery, recipient=recipient):
                recipients[delivery] = recipient
            case Delivered(delivery, result, report):
                deliveries += 1
                domain = domain_of(recipients.pop(delivery, ""))
                if result == "deferral":
                    deferred += 1
                    reasons[domain, shortened(report)] += 1
            case Mangled(delivery):
                deliveries, deferred = deliveries + 1, deferred + 1
                reasons[domain_of(recipients.pop(delivery, "")), "report mangled"] += 1
            case Status() as status:
                slots = status
            case _:
                pass
    ranked = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))[:TOP]
    return Deferrals(deliveries, deferred, tuple((*key, n) for key, n in ranked), count, unread, slots)


def shortened(report: str) -> str:
    """A delivery's report as words, without what differs from one delivery to the next: words with digits.

    Of a remote host's answer only its own words are kept; reply codes (450, 4.2.1) stay, one looks for them.
    """
    said = report.partition("Remote_host_said:_")[2].partition("/Giving_up_on_")[0] or report
    words = said[:300].replace("/", "_").split("_")
    kept = ["*" if any("0" <= c <= "9" for c in word) and not _code(word) else word for word in words]
    return " ".join(word for word in kept if word)


def _code(word: str) -> bool:
    parts = word.strip(":;,.()#").split(".")
    if not all(part.isdigit() and len(part) <= 3 for part in parts):
        return False
    return len(parts) == 3 or (len(parts) == 1 and len(parts[0]) == 3)
