import re
from collections.abc import Iterable, Iterator
from itertools import islice

import pytest

from console.model.mail import Channel
from console.model.mail_timeline import Timeline
from console.parse import qmail_joining
from console.parse.qmail_blocks import text_of
from console.parse.qmail_log import Line, decode_all
from console.parse.qmail_retry import LIFETIME, is_last, next_attempt
from console.parse.qmail_timeline import concerning, timelines
from console.parse.qmail_times import when
from tests.mails import QUEUES
from tests.parse.qmail_logs import LOGS, recorded

DIRECTORIES = sorted(path.name for path in LOGS.iterdir() if path.is_dir() and path.name != "smtpd")


def lines(directory: str) -> Iterator[Line]:
    blocks = recorded(directory)
    return decode_all(text_of(line) for block in blocks for line in block.split(b"\n"))


def said(*texts: str, at: int = 1_795_393_074) -> Iterable[Line]:
    """Lines, one second after another."""
    stamped = (f"@{2**62 + 10 + at + n:016x}00000000 {text}" for n, text in enumerate(texts))
    return decode_all(stamped)


def as_joined(one: Timeline | None) -> object:
    """What `qmail_joining` knows of a message."""
    if one is None:
        return None
    recipients: dict[tuple[str, str], list[object]] = {}
    answered: dict[object, float] = {}
    for attempt in one.attempts:
        key = (attempt.recipient, attempt.channel)
        row = recipients.setdefault(key, [0, "queued", None, [], 0])
        assert isinstance(row[0], int)
        assert isinstance(row[3], list)
        assert isinstance(row[4], int)
        row[0] += 1
        row[3].append(attempt.delivery)
        assert attempt.number == row[0]
        row[1] = attempt.outcome if attempt.outcome in ("success", "failure") else "queued"
        # The same recipient may stand in an envelope more than once: then the latest answer counts.
        if attempt.ended is not None and (at := attempt.ended.at or 0.0) >= answered.get(key, 0.0):
            row[2], answered[key] = attempt.report, at
        row[4] += attempt.outcome == "lost"
    ended = one.ended.text if one.ended else None
    return (one.msg, one.sender, one.bytes, one.qp, one.announced, ended, recipients, as_joined(one.bounce))


def joined_value(one: qmail_joining.Message | None) -> object:
    if one is None:
        return None
    recipients = {
        key: [r.attempts, r.outcome, r.reason, [t.delivery for t in one.tries if t.to is r], r.lost]
        for key, r in one.recipients.items()
    }
    ended = one.ended.text if one.ended else None
    return (
        one.message,
        one.sender,
        one.bytes,
        one.qp,
        one.announced,
        ended,
        recipients,
        joined_value(one.bounce),
    )


@pytest.mark.parametrize("directory", DIRECTORIES)
def test_a_timeline_tells_the_same_as_the_joining(directory: str) -> None:
    told = [as_joined(one) for one in timelines(lines(directory))]
    joined = [joined_value(one) for one in qmail_joining.joined(lines(directory))]
    assert told == joined


def test_each_attempt_has_its_own_times_and_report() -> None:
    (one,) = timelines(
        said(
            "new msg 7",
            "info msg 7: bytes 300 from <s@x.example> qp 12 uid 1000",
            "starting delivery 1: msg 7 to remote r@y.example",
            "delivery 1: deferral: 10.0.0.1_does_not_like_recipient./Remote_host_said:_451_later/",
            "starting delivery 2: msg 7 to remote r@y.example",
            "delivery 2: success: 10.0.0.1_accepted_message./Remote_host_said:_250_ok/",
            "end msg 7",
        )
    )
    first, second = one.attempts
    assert (first.number, second.number) == (1, 2)
    assert first.started.at is not None
    assert first.ended is not None
    assert second.ended is not None
    assert one.ended is not None
    assert one.arrived is not None
    assert [first.started.at - one.arrived.at, one.ended.at - one.arrived.at] == [2.0, 6.0]  # type: ignore[operator]
    assert first.outcome == "deferral"
    assert first.next_try == first.started.at - 1 + (1 + 20) ** 2
    assert second.next_try is None
    assert one.state == "delivered"


def test_without_its_info_line_the_next_attempt_is_not_known() -> None:
    (one,) = timelines(said("starting delivery 4: msg 7 to local r", "delivery 4: deferral: "))
    assert one.attempts[0].next_try is None
    assert one.arrived is None
    assert one.state == "deferred"


def test_the_retry_is_counted_from_the_pass_not_from_the_recipient() -> None:
    (one,) = timelines(
        said(
            "new msg 7",
            "info msg 7: bytes 3 from <s> qp 1 uid 0",
            "starting delivery 1: msg 7 to local a",
            "delivery 1: deferral: full",
            "status: local 0/10 remote 0/20",
            "starting delivery 2: msg 7 to local b",
            "delivery 2: deferral: full",
        )
    )
    assert one.attempts[0].next_try == one.attempts[1].next_try


def test_a_bounce_that_is_said_to_be_its_own_cause_ends() -> None:
    info = "info msg 7: bytes 3 from <> qp 5 uid 0"
    (one,) = timelines(said("new msg 7", info, "bounce msg 7 qp 5", "new msg 7", info))
    assert one.bounce is not None
    assert one.bounce.msg is None


def test_messages_are_found_by_address_number_delivery_and_time() -> None:
    found = timelines(lines("mixed"))
    some = next(one for one in found if one.attempts and one.sender)
    delivery = some.attempts[0].delivery
    assert some in concerning(found, some.sender or "")
    assert some in concerning(found, some.attempts[0].recipient[:6])
    assert all(one.msg == some.msg for one in concerning(found, f"msg {some.msg}"))
    assert some in concerning(found, f"delivery {delivery}")
    assert some.first is not None
    assert some.last is not None
    assert some.first.at is not None
    assert some.last.at is not None
    assert some not in concerning(found, some.sender or "", since=some.last.at + 1)
    assert some not in concerning(found, some.sender or "", until=some.first.at - 1)
    assert some in concerning(found, some.sender or "", some.last.at, some.last.at)


def test_every_kind_of_end_is_met_in_the_captures() -> None:
    states = {one.state for one in timelines(islice(lines("busy"), 3000))}
    states |= {one.state for one in timelines(lines("mixed"))} | {one.state for one in timelines(lines("s4"))}
    assert states == {"delivered", "deferred", "failed", "queued"}


def _files(directory: str) -> tuple[dict[int, float], dict[tuple[int, str], float]]:
    """When info was written, and what qmail-send noted as the next attempt when it stopped."""
    birth: dict[int, float] = {}
    again: dict[tuple[int, str], float] = {}
    for line in (QUEUES / directory / "listing.tsv").read_text().splitlines():
        path, _, changed, *_ = line.split("\t")
        if found := re.fullmatch(r"(info|local|remote)/[0-9]+/([0-9]+)", path):
            if found[1] == "info":
                birth[int(found[2])] = float(changed)
            else:
                again[int(found[2]), found[1]] = float(changed)
    return birth, again


@pytest.mark.parametrize(
    ("queue", "log", "count"),
    [("07-after-busy-not-running", "busy", 45), ("08-inconsistent-not-running", "troubles", 53)],
)
def test_the_next_attempt_is_the_one_that_qmail_send_noted_when_it_stopped(
    queue: str, log: str, count: int
) -> None:
    birth, again = _files(queue)
    found = {one.msg: one for one in timelines(lines(log)) if one.ended is None}
    checked = 0
    for (msg, channel), noted in again.items():
        tries = [a for a in found[msg].attempts if a.channel == channel] if msg in found else []
        if msg in birth and tries and tries[-1].started.at is not None:
            assert next_attempt(birth[msg], tries[-1].started.at, tries[-1].channel) == noted
            if found[msg].born is not None:
                assert tries[-1].next_try == noted
            checked += 1
    assert checked == count


@pytest.mark.parametrize(
    ("lived", "channel", "after"),
    [
        (0, "local", 100),
        (0, "remote", 400),
        (99, "local", 19 * 19),
        (100, "local", 400),
        (400, "remote", 1600),
        (1599, "remote", 59 * 59),
        (1600, "remote", 3600),
        (-5, "remote", 400),
    ],
)
def test_the_wait_grows_with_the_square(lived: int, channel: Channel, after: int) -> None:
    assert next_attempt(1000.9, 1000 + lived + 0.3, channel) == 1000 + after


def test_past_its_lifetime_an_attempt_is_the_last() -> None:
    assert not is_last(1000, 1000 + LIFETIME)
    assert is_last(1000, 1001 + LIFETIME)


def test_times_are_typed_as_people_write_them() -> None:
    assert when("90m", 10_000.0) == 10_000.0 - 5400
    assert when("@400000006b03863c2c69702c", 0.0) == pytest.approx(1795393074.745107500)
    assert when("2026-11-23T00:17+00:00", 0.0) == 1795393020.0
    for odd in ("", "yesterday", "@4000", "1w", "99999999999h"):
        with pytest.raises(ValueError, match="give 2026"):
            when(odd, 0.0)
