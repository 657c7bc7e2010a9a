"""Each shape of a backlog as the lab makes it, told apart by what the log and qmail-qstat say."""

from types import SimpleNamespace
from typing import cast

import pytest

from console.lab import mailfaults
from console.lab.control import Refused
from console.lab.pair import LabPair
from console.lab.qmail import Mail
from tests.waiting import eventually


def lab_of(mail: Mail) -> LabPair:
    """As much of a lab as the faults look at."""
    return cast("LabPair", SimpleNamespace(world=mail.node.world))


def lines(mail: Mail) -> list[str]:
    text = mail.node.fs.read_file("/var/log/qmail/current").decode()
    return [line.split(" ", 1)[1] for line in text.splitlines()]


async def test_a_stuck_qmail_send_lets_new_mail_pile_up_and_says_nothing(mail: Mail) -> None:
    await mailfaults.stuck(lab_of(mail), [])
    said = len(lines(mail))
    await eventually(lambda: mail.todo > 15)
    assert len(lines(mail)) == said
    mail.mend()
    await eventually(lambda: mail.todo < 5)


async def test_hanging_programs_take_every_local_slot(mail: Mail) -> None:
    await mailfaults.local_full(lab_of(mail), [])
    await eventually(lambda: any(line.startswith("status: local 10/10") for line in lines(mail)))
    mail.mend()
    await eventually(lambda: mail.open_deliveries("local") < 10)


async def test_one_slow_domain_takes_every_remote_slot(mail: Mail) -> None:
    await mailfaults.remote_full(lab_of(mail), [])
    await eventually(lambda: any(line.endswith("remote 20/20") for line in lines(mail)))
    mail.mend()
    await eventually(lambda: mail.open_deliveries("remote") < 20)


async def test_an_end_that_waits_says_exitasap_and_is_over_when_mended(mail: Mail) -> None:
    await mailfaults.exitasap(lab_of(mail), [])
    await eventually(lambda: any(line.endswith(" exitasap") for line in lines(mail)))
    assert mail.running
    mail.mend()
    await eventually(lambda: "status: exiting" in lines(mail) and mail.running)


@pytest.mark.parametrize(
    ("fault", "words"), [("broken", "unable to opendir todo"), ("helpless", "HELP! sleeping...")]
)
async def test_a_broken_queue_raises_its_alert_again_and_again(mail: Mail, fault: str, words: str) -> None:
    await getattr(mailfaults, fault)(lab_of(mail), [])
    await eventually(lambda: sum(line.startswith("alert: ") and words in line for line in lines(mail)) >= 2)


async def test_a_large_queue_comes_and_goes(mail: Mail) -> None:
    await mailfaults.large(lab_of(mail), ["3000"])
    assert len(mail.queue) >= 3000
    mail.mend()
    await eventually(lambda: len(mail.queue) < 400)
    with pytest.raises(Refused):
        await mailfaults.large(lab_of(mail), ["many"])


async def test_a_log_that_runs_has_whole_lives_and_status_lines_that_count(mail: Mail) -> None:
    await mailfaults.log_rate(lab_of(mail), ["500"])
    await eventually(lambda: sum(line.startswith("end msg 46") for line in lines(mail)) > 50)
    await mailfaults.log_rate(lab_of(mail), ["0"])
    said = lines(mail)
    at = next(i for i, line in enumerate(said) if line.startswith("new msg 46"))
    assert [line.split()[0] for line in said[at : at + 7]] == [
        "new", "info", "starting", "status:", "delivery", "status:", "end",
    ]  # fmt: skip
