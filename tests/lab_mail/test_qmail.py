"""qmail in the lab: the queue moves, the log has qmail's own shapes, trouble shows as it does there."""

import re
from itertools import pairwise

from console.lab.multilog import tai64n, unix_time
from console.lab.qmail import Mail
from console.lab.running import run_text
from tests.waiting import eventually

SHAPES = re.compile(
    r"@4[0-9a-f]{23} (?:"
    r"status: local \d+/10 remote \d+/20(?: exitasap)?|status: exiting|new msg \d+|end msg \d+"
    r"|info msg \d+: bytes \d+ from <[^ ]*> qp \d+ uid \d+"
    r"|starting delivery \d+: msg \d+ to (?:local|remote) \S+@\S+"
    r"|delivery \d+: (?:success|deferral|failure): \S+|bounce msg \d+ qp \d+)"
)


def lines(mail: Mail) -> list[str]:
    return mail.node.fs.read_file("/var/log/qmail/current").decode().splitlines()


async def test_mail_arrives_is_delivered_and_every_line_has_qmail_s_shape(mail: Mail) -> None:
    await eventually(lambda: sum(" end msg " in line for line in lines(mail)) > 20)
    odd = [line for line in lines(mail) if not SHAPES.fullmatch(line)]
    assert odd == []


async def test_new_is_followed_by_info_and_each_start_and_end_by_a_status_line(mail: Mail) -> None:
    await eventually(lambda: len(lines(mail)) > 150)
    texts = [line.split(" ", 1)[1] for line in lines(mail)]
    running = 0
    for first, second in pairwise(texts):
        if first.startswith("new msg"):
            assert second.startswith("info msg " + first.split()[-1])
        if re.match(r"(?:starting )?delivery", first):
            running += 1 if first.startswith("starting") else -1
            found = re.match(r"status: local (\d+)/\d+ remote (\d+)/\d+", second)
            assert found is not None
            assert int(found[1]) + int(found[2]) == running


async def test_qstat_counts_todo_as_part_of_the_queue(mail: Mail) -> None:
    mail.flood(400)
    out = (await run_text(mail.node, "/var/qmail/bin/qmail-qstat")).out
    found = re.fullmatch(
        r"messages in queue: (\d+)\nmessages in queue but not yet preprocessed: (\d+)\n", out
    )
    assert found is not None
    total, todo = int(found[1]), int(found[2])
    assert total >= todo > 0
    await eventually(lambda: mail.todo < 20)
    assert len(mail.queue) >= 400


async def test_qread_lists_what_is_preprocessed_with_its_recipients(mail: Mail) -> None:
    mail.seed(5)
    out = (await run_text(mail.node, "qmail-qread")).out
    heads = re.findall(
        r"^\d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d GMT  #\d+  \d+  <\S*> (?: bouncing)?$", out, re.M
    )
    assert len(heads) >= 5
    assert re.search(r"^\tremote\t\S+@\S+$", out, re.M)


async def test_an_ordinary_user_counts_nothing_and_reads_nothing(mail: Mail) -> None:
    await run_text(mail.node, "pw useradd monitor")
    ran = await run_text(mail.node, "su -m monitor -c '/var/qmail/bin/qmail-qstat'")
    assert ran.out == "messages in queue: 0\nmessages in queue but not yet preprocessed: 0\n"
    assert "Permission denied" in ran.err
    ran = await run_text(mail.node, "su -m monitor -c '/var/qmail/bin/qmail-qread'")
    assert (ran.status, ran.out) == (111, "fatal: unable to chdir: access denied\n")


async def test_a_domain_that_defers_keeps_its_mail_in_the_queue(mail: Mail) -> None:
    mail.flood(60)
    await eventually(lambda: sum(": deferral: " in line for line in lines(mail)) >= 60)
    assert (
        sum(message.recipients[0].address.endswith("@bulk.example") for message in mail.queue.values()) == 60
    )


async def test_a_frozen_file_system_holds_local_deliveries_until_all_slots_are_full(mail: Mail) -> None:
    async def frozen(path: str) -> None:
        await mail.node.clock.sleep(10**6)

    mail.node.mounts.wait_for = frozen  # type: ignore[method-assign]  # a mount that does not answer
    await eventually(lambda: mail.open_deliveries("local") == 10)
    assert mail.open_deliveries("remote") <= 20


async def test_term_finishes_what_runs_and_says_so(mail: Mail) -> None:
    mail.flood(30)
    await eventually(lambda: mail.open_deliveries("remote") > 5)
    assert (await run_text(mail.node, "svc -d /service/qmail-send")).status == 0
    await eventually(lambda: not mail.running)
    texts = [line.split(" ", 1)[1] for line in lines(mail)]
    assert texts[-1] == "status: exiting"
    assert any(text.endswith("exitasap") for text in texts)
    assert "down" in (await run_text(mail.node, "svstat /service/qmail-send")).out
    await run_text(mail.node, "svc -u /service/qmail-send")
    assert re.match(
        r"/service/qmail-send: up \(pid \d+\) \d+ seconds\n",
        (await run_text(mail.node, "svstat /service/qmail-send")).out,
    )


async def test_the_queue_outlives_a_power_cut(mail: Mail) -> None:
    mail.flood(50)
    mail.node.cut_power()
    await mail.node.boot(0)
    assert mail.running
    assert len(mail.queue) >= 50


async def test_showctl_explains_the_control_files(mail: Mail) -> None:
    out = (await run_text(mail.node, "/var/qmail/bin/qmail-showctl")).out
    assert "concurrencyremote: Remote concurrency is 20.\n" in out
    assert "Messages for local.example are delivered locally.\n" in out


async def test_labels_are_those_of_tai64n(mail: Mail) -> None:
    assert tai64n(1795393074.7451075).startswith("400000006b03863c")
    moment = unix_time("400000006b03863c2c69702c")
    assert moment is not None
    assert abs(moment - 1795393074.7451075) < 1e-6
    ran = await run_text(mail.node, "echo '@400000006b03863c2c69702c new msg 5' | tai64nlocal")
    assert ran.out == "2026-11-23 00:17:54.745107500 new msg 5\n"
