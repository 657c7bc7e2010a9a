from pathlib import Path

import pytest

from console.model.facts import Fact, Mail, NodeFacts
from console.parse.sections import read_section
from tests.parse.captured import CAPTURES


def _mail(text: str, exit_status: int = 0) -> Fact[Mail]:
    return read_section(NodeFacts(), "mail", text, exit_status, 1.0).mail


TOOLS = CAPTURES / "qmail" / "tools"
LOG = CAPTURES / "qmail" / "logs" / "small-remote"


def _qstat(name: str) -> str:
    return (TOOLS / f"{name}.stdout").read_text() + (TOOLS / f"{name}.stderr").read_text()


@pytest.mark.parametrize(
    "name", ["user-backlog", "qmaill-backlog", "no-queue-dir", "no-var-qmail", "no-var-qmail-user"]
)
def test_a_queue_that_could_not_be_counted_is_unknown_and_never_empty(name: str) -> None:
    mail = _mail(f"## qstat\n{_qstat('qstat-' + name)}## log\n")
    assert mail.value is None
    assert (mail.unknown or "").startswith("qmail-qstat could not look into the queue: find:")


def test_a_queue_that_root_counted_is_known() -> None:
    mail = _mail(f"## qstat\n{_qstat('qstat-root-backlog')}## log\n").value
    assert mail is not None
    assert (mail.queue, mail.todo, mail.local) == (421, 0, None)
    empty = _mail(f"## qstat\n{_qstat('qstat-notrunning-empty')}## log\n").value
    assert empty is not None
    assert (empty.queue, empty.todo) == (0, 0)


def test_without_qmail_the_mail_is_unknown() -> None:
    text = (
        "## qstat\nsh: /var/qmail/bin/qmail-qstat: not found\n## log\ntail: /x: No such file or directory\n"
    )
    gone = "/var/qmail/bin/qmail-qstat is not installed on the node (command not found)"
    assert _mail(text, 127).unknown == gone


def test_the_log_gives_slots_alerts_and_the_newest_stamps() -> None:
    log = (
        "@400000006b03863c2c69702c status: local 3/10 remote 20/20 exitasap\n"
        "@400000006b03863d2c69702c alert: unable to opendir todo, sleeping...\n"
        "@400000006b03863e2c69702c end msg 53\n"
        "@400000006b03863f2c69702c warning: trouble injecting bounce message, will try later\n"
    )
    mail = _mail(f"## qstat\n{_qstat('qstat-root-backlog')}## log\n{log}").value
    assert mail is not None
    assert (mail.local, mail.remote, mail.exitasap) == ((3, 10), (20, 20), True)
    assert mail.alerts == (
        "alert: unable to opendir todo, sleeping...",
        "warning: trouble injecting bounce message, will try later",
    )
    assert mail.last_event == "@400000006b03863f2c69702c"
    assert mail.last_end == "@400000006b03863e2c69702c"


@pytest.mark.parametrize(
    "log", sorted(CAPTURES.glob("qmail/logs/*/current")), ids=lambda path: path.parent.name
)
def test_the_end_of_a_real_log_has_a_newest_line(log: Path) -> None:
    said = log.read_bytes().decode("utf-8", "backslashreplace").splitlines()[-200:]
    counts = "messages in queue: 2\nmessages in queue but not yet preprocessed: 1\n"
    mail = _mail("## qstat\n" + counts + "## log\n" + "\n".join(said)).value
    assert mail is not None
    assert (mail.queue, mail.todo) == (2, 1)
    assert mail.last_event is not None
    assert mail.last_event.startswith("@4")
    if any(" status: local " in line for line in said):
        assert mail.local is not None


def test_the_queue_is_where_its_links_lead() -> None:
    counted = f"## qstat\n{_qstat('qstat-root-backlog')}"
    mail = _mail(f"{counted}## place\n/home/sites/qmail/queue\n## log\n").value
    assert mail is not None
    assert (mail.queue, mail.place) == (421, "/home/sites/qmail/queue")
    for silent in ("## place\n## log\n", "## place\nrealpath: gone\n## log\n", "## log\n"):
        mail = _mail(f"{counted}{silent}").value
        assert mail is not None
        assert mail.place is None
