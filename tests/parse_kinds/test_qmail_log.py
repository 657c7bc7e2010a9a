"""The log of qmail-send: exact stamps, every line shape, nothing guessed."""

import time
from collections import Counter
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.parse.kinds import explain
from console.parse.qmail_log import (
    EVENT_NAMES,
    Delivered,
    Event,
    Line,
    Mangled,
    MessageInfo,
    Stamp,
    Starting,
    Status,
    TripleBounce,
    decode,
    decode_all,
    local_stamp,
    localised,
)
from console.parse.qmail_log_paste import read_qmail_log
from tests.parse_kinds.captures import QMAIL, captured

LOGS = sorted(
    path
    for path in (QMAIL / "logs").glob("*/*")
    if path.is_file() and "tai64nlocal" not in path.name and path.parent.name != "splogger"
)
CUT_AT_THE_START = {
    "rotated-4096/@400000006b0388d1132b6304.s",
    "rotated-4096/@400000006b0388d11c3d06dc.s",
    "rotated-4096/current",
}
"""Files that begin with the rest of a line that multilog cut."""


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


@pytest.mark.parametrize("path", LOGS, ids=name_of)
def test_every_line_of_a_real_log_is_understood(path: Path) -> None:
    unread = [line for line in decode_all(captured(path).split("\n")) if line.event is None and line.text]
    assert len(unread) == (1 if name_of(path) in CUT_AT_THE_START else 0)
    assert all(line.stamp is None for line in unread)


@pytest.mark.parametrize("path", LOGS, ids=name_of)
def test_stamps_are_decoded_as_tai64nlocal_does(path: Path) -> None:
    bare = path.name.removesuffix(".gz")
    wanted = path.with_name(f"{bare}.tai64nlocal-utc{'.gz' if path.suffix == '.gz' else ''}")
    assert "\n".join(localised(line, UTC) for line in captured(path).split("\n")) == captured(wanted)


def test_the_line_shapes_are_counted_as_the_notes_count_them() -> None:
    counts: Counter[str] = Counter()
    senders: Counter[str] = Counter()
    for path in LOGS:
        for line in decode_all(captured(path).split("\n")):
            if line.event is not None:
                counts[EVENT_NAMES[type(line.event)]] += 1
            if isinstance(line.event, Status) and line.event.exitasap:
                counts["exitasap"] += 1
            if isinstance(line.event, MessageInfo):
                senders[line.event.sender] += 1
    assert counts["status"] == 18894 + 10
    assert counts["exitasap"] == 10
    assert counts["new msg"] == 7206
    assert counts["starting delivery"] == 6883 + 2560
    assert counts["end msg"] == 2144
    assert counts["bounce msg"] == 568
    assert counts["triple bounce"] == 5
    assert counts["exiting"] == 19
    assert (senders["#@[]"], senders[""]) == (289, 288)


def test_splogger_lines_are_put_together_again() -> None:
    text = captured(QMAIL / "logs/splogger/syslog-datagrams.txt")
    lines = list(decode_all(text.split("\n")))
    assert not any(line.event is None for line in lines if line.text)
    assert not any(line.continues for line in lines)
    longest = max((line.event.report for line in lines if isinstance(line.event, Delivered)), key=len)
    assert longest.startswith("127.0.0.1_does_not_like_recipient./Remote_host_said:_550-line_000_of")
    assert longest.endswith("_refusal,_Giving_up_on_127.0.0.1./") or longest.endswith("/")
    assert read_qmail_log(text).unread == ()


@pytest.mark.parametrize(
    ("line", "event"),
    [
        ("delivery 7: deferral: ", Delivered(7, "deferral", "")),
        ("delivery 7: deferral:", Delivered(7, "deferral", "")),
        ("delivery 7: failure: a:_b:_c/", Delivered(7, "failure", "a:_b:_c/")),
        ("delivery 7: report mangled, will defer", Mangled(7)),
        ("status: local 1/10 remote 0/20 exitasap", Status(1, 10, 0, 20, True)),
        (
            "starting delivery 3: msg 9 to local [bold]x[/bold]@h",
            Starting(3, 9, "local", "[bold]x[/bold]@h"),
        ),
        ("info msg 9: bytes 1 from <>tricky<@h> qp 2 uid 3", MessageInfo(9, 1, ">tricky<@h", 2, 3)),
        ("info msg 9: bytes 1 from <#@[]> qp 2 uid 3", MessageInfo(9, 1, "#@[]", 2, 3)),
        ("triple bounce: discarding bounce/12", TripleBounce(12)),
        ("triple bounce: discarding bounce/5/12", TripleBounce(12)),
        ("delivery x: success: y", None),
        ("new msg ", None),
        ("new msg \u0664", None),
        ("status: local 1/10", None),
        ("end msg 1 2", None),
    ],
)
def test_a_line_without_a_stamp(line: str, event: Event | None) -> None:
    assert decode(line) == Line(None, event, line)


@pytest.mark.parametrize(
    ("line", "stamp"),
    [
        (
            "@400000006b03863c2c69702c end msg 1",
            Stamp("tai64n", "@400000006b03863c2c69702c", 1795393074, 745107500),
        ),
        ("1054189045.549445 end msg 1", Stamp("unix", "1054189045.549445", 1054189045, 549445000)),
        ("qmail: 1795.1 end msg 1", Stamp("unix", "1795.1", 1795, 100000000)),
        (
            "2013-06-22 14:19:30.670252500 end msg 1",
            Stamp("local", "2013-06-22 14:19:30", None, 670252500),
        ),
        ("Nov  3 00:50:47 mx qmail: end msg 1", Stamp("syslog", "Nov  3 00:50:47", None, 0)),
        ("Nov 23 00:50:47 mx qmail[9]: 5.5 end msg 1", Stamp("unix", "5.5", 5, 500000000)),
        ("qmail: end msg 1", None),
    ],
)
def test_a_stamp_is_kept_exactly(line: str, stamp: Stamp | None) -> None:
    decoded = decode(line)
    assert decoded.stamp == stamp
    assert decoded.text == "end msg 1"
    assert decoded.event is not None


def test_a_stamp_is_shown_in_the_zone_asked_for() -> None:
    stamp = decode("@400000006b03863c2c69702c end msg 1").stamp
    assert stamp is not None
    assert local_stamp(stamp) == "2026-11-23 00:17:54.745107500"
    assert local_stamp(stamp, ZoneInfo("Europe/Athens")) == "2026-11-23 02:17:54.745107500"


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1))
def test_any_stamp_at_all_can_be_shown(label: int, nanoseconds: int) -> None:
    line = f"@{label:016x}{nanoseconds:08x} end msg 1"
    stamp = decode(line).stamp
    assert stamp is not None
    assert stamp.seconds == label - 2**62 - 10
    assert stamp.nanoseconds == nanoseconds
    assert local_stamp(stamp)


@pytest.mark.parametrize(
    "end", ["@", "@40000", "@400000006b03863c2c69702c", "@400000006B03863C2C69702C end msg 1"]
)
def test_a_stamp_that_is_cut_is_no_stamp(end: str) -> None:
    assert decode(end) == Line(None, None, end)


def test_single_values_are_those_of_the_first_message_and_the_last_report() -> None:
    text = (
        "@400000006b03863c2c69702c new msg 5\n"
        "@400000006b03863c2c69702c info msg 5: bytes 9 from <a@b> qp 1 uid 2\n"
        "@400000006b03863c2c69702c starting delivery 1: msg 5 to local x@y\n"
        "@400000006b03863c2c69702c delivery 1: deferral: busy/\n"
        "@400000006b03863c2c69702c starting delivery 2: msg 5 to remote x@z\n"
        "@400000006b03863c2c69702c delivery 2: failure: no/\n"
        "@400000006b03863c2c69702c bounce msg 5 qp 77\n"
        "@400000006b03863c2c69702c end msg 5\n"
        "@400000006b03863c2c69702c status: exiting\n"
        "?!\n"
    )
    told = explain("qmail-log", text)
    facts = told["facts"]
    assert isinstance(facts, dict)
    wanted = {
        "msg": 5,
        "bytes": 9,
        "sender": "a@b",
        "delivery": 2,
        "channel": "remote",
        "recipient": "x@z",
        "result": "failure",
        "detail": "no/",
        "bounced": True,
        "bounce_qp": 77,
        "ended": True,
        "exiting": True,
        "tai64n": True,
        "time": "2026-11-23 00:17:54",
    }
    assert {key: facts.get(key) for key in wanted} == wanted
    assert told["unread"] == ["?!"]


def test_a_large_log_is_decoded_fast() -> None:
    lines = captured(QMAIL / "logs/backlog/current.gz").split("\n")
    begun = time.process_time()
    decoded = sum(1 for _ in decode_all(lines))
    rate = decoded / (time.process_time() - begun)
    # A quarter of what a slow core does: a change of order is to be seen, not the load of the machine.
    assert rate > 50_000
