"""The queue of qmail, seen by qmail-qread, by qmail-qstat and as a list of files, agrees with itself."""

from pathlib import Path
from typing import Any

import pytest

from console.parse.kinds import explain
from console.parse.qmail_control import read_qmail_showctl
from console.parse.qmail_queue import read_qmail_qread, read_qmail_queue_listing
from console.parse.svstat import Service, read_svstat
from tests.parse_kinds.captures import QMAIL, captured

QUEUES = sorted(path for path in (QMAIL / "queue").iterdir() if path.is_dir())


def file_of(queue: Path, name: str) -> str:
    plain = queue / name
    return captured(plain if plain.exists() else queue / f"{name}.gz")


def table() -> dict[str, list[str]]:
    """The table of the notes beside the captures: directory → its cells."""
    rows = (line.split("|") for line in (QMAIL / "README.md").read_text().split("\n"))
    return {cells[1].strip(): [cell.strip() for cell in cells[2:-1]] for cells in rows if len(cells) == 14}


TABLE = table()


@pytest.mark.parametrize("queue", QUEUES, ids=lambda path: path.name)
def test_a_listing_counts_what_is_there(queue: Path) -> None:
    reading = read_qmail_queue_listing(file_of(queue, "listing.tsv"))
    cells = TABLE[queue.name]
    assert [str(count) for count in reading.facts.counts.values()] == cells[:8]
    assert reading.unread == ()
    assert reading.facts.split == 23
    assert reading.facts.misplaced == ()
    assert reading.facts.big_todo == queue.name.startswith("v")
    if queue.name != "06-busy-running":  # mail arrived between the two commands
        qstat = explain("qmail-qstat", file_of(queue, "qmail-qstat.txt"))["facts"]
        assert {"queue": reading.facts.queue, "todo": reading.facts.todo} == qstat


@pytest.mark.parametrize("queue", QUEUES, ids=lambda path: path.name)
def test_qread_lists_what_the_notes_say(queue: Path) -> None:
    reading = read_qmail_qread(file_of(queue, "qmail-qread.txt"))
    messages, recipients = TABLE[queue.name][9:11]
    done, not_done = (part.split()[0] for part in recipients.split("/"))
    assert reading.unread == ()
    assert str(reading.facts.message_count) == messages
    assert (str(reading.facts.done), str(reading.facts.not_done)) == (done, not_done)


@pytest.mark.parametrize(
    ("queue", "states"),
    [
        ("03a-S2-being-received", {"S2": 1, "S4": 25}),
        ("03b-S3-envelope-being-written", {"S3": 1, "S4": 25}),
        ("03c-leftovers-of-killed-qmail-queue", {"S2": 2, "S3": 1, "S4": 25}),
        ("04a-S5-deferred-running", {"S2": 2, "S3": 1, "S5": 16}),
        ("04e-S4-info-local-remote-being-written", {"S4": 1, "S5": 3}),
        ("04g-S4-intd-removed-todo-not", {"S4": 1, "S5": 4}),
        ("08-inconsistent-not-running", {"S5": 53, "other": 1}),
        ("11-backlog-5000-part-preprocessed", {"S4": 3543, "S5": 1457}),
    ],
)
def test_the_files_of_a_message_tell_its_state(queue: str, states: dict[str, int]) -> None:
    assert read_qmail_queue_listing(file_of(QMAIL / "queue" / queue, "listing.tsv")).facts.states == states


def test_a_bare_list_of_paths_counts_too() -> None:
    text = "/var/qmail/queue\n/var/qmail/queue/mess\n/var/qmail/queue/mess/0\n/var/qmail/queue/mess/0/23\n"
    text += "/var/qmail/queue/mess/1\n/var/qmail/queue/mess/1/23\n/var/qmail/queue/todo/23\n/etc/passwd\n"
    reading = read_qmail_queue_listing(text)
    assert (reading.facts.queue, reading.facts.todo, reading.facts.split) == (2, 1, 2)
    assert reading.facts.misplaced == ("mess/0/23",)
    assert reading.unread == ("/var/qmail/queue", "/etc/passwd")


def test_done_and_bouncing_marks_are_read() -> None:
    text = (
        "23 Nov 2026 00:30:12 GMT  #1687970  6971  <todo5@queued.example>  bouncing\n"
        "  done\tlocal\tbob@local.example\n"
        "\tremote\ta <b> c@h.example\n"
        "warning: trouble with #12: file does not exist\n"
        "1 Jan 2027 00:00:00 GMT  #7  0  <> \n"
    )
    reading = read_qmail_qread(text)
    first, second = reading.facts.messages
    assert (first.msg, first.bouncing, first.date) == (1687970, True, "23 Nov 2026 00:30:12")
    assert [(r.channel, r.address, r.done) for r in first.recipients] == [
        ("local", "bob@local.example", True),
        ("remote", "a <b> c@h.example", False),
    ]
    assert (second.sender, second.bouncing, second.recipients) == ("", False, ())
    assert reading.facts.vanished == (12,)
    assert reading.unread == ()


TOOLS = {"qread": "qmail-qread", "showctl": "qmail-showctl", "svstat": "svstat", "qstat": "qmail-qstat"}
ANSWERS = sorted(path for name in TOOLS for path in (QMAIL / "tools").glob(f"{name}-*.stdout*"))


@pytest.mark.parametrize("path", ANSWERS, ids=lambda path: path.name)
def test_every_answer_of_the_tools_is_understood(path: Path) -> None:
    assert explain(TOOLS[path.name.split("-")[0]], captured(path))["unread"] == []


def test_why_qread_failed_is_a_fact() -> None:
    facts = read_qmail_qread(captured(QMAIL / "tools/qread-user-backlog.stdout")).facts
    assert facts.fatal == "unable to chdir: access denied"


@pytest.mark.parametrize(
    ("line", "service"),
    [
        ("q: up (pid 7) 1 seconds", Service("q", True, 7, 1)),
        (
            "q: up (pid 7) 35 seconds, normally down, want down",
            Service("q", True, 7, 35, "down", "down"),
        ),
        ("q: up (pid 7) 35 seconds, paused", Service("q", True, 7, 35, paused=True)),
        ("q: down 0 seconds, normally up, want up", Service("q", False, None, 0, "up", "up")),
        (
            "q: unable to open supervise/ok: access denied",
            Service("q", error="unable to open supervise/ok: access denied"),
        ),
        (
            "q: unable to chdir: file does not exist",
            Service("q", error="unable to chdir: file does not exist"),
        ),
        ("q: supervise not running", Service("q", error="supervise not running")),
    ],
)
def test_a_service_line(line: str, service: Service) -> None:
    reading = read_svstat(line)
    assert reading.facts.services == (service,)
    assert reading.unread == ()


def test_showctl_gives_the_controls_in_use() -> None:
    facts = read_qmail_showctl(captured(QMAIL / "control/qmail-showctl.txt")).facts
    wanted: dict[str, Any] = {
        "home": "/var/qmail",
        "split": 23,
        "concurrency_limit": 120,
        "me": "mx.example.net",
        "concurrencylocal": 10,
        "concurrencyremote": 20,
        "queuelifetime": 604800,
        "databytes": 20971520,
        "locals": ("localhost", "mx.example.net", "local.example"),
        "defaults": ("qmqpservers", "morercpthosts", "morercpthosts.cdb"),
    }
    assert {name: getattr(facts, name) for name in wanted} == wanted
    assert len(facts.smtproutes) == 15
    assert facts.virtualdomains[2] == "special@corner.example:alice-corner"
