"""The lab's queue as files: what is where, who may look, and that a large one costs little."""

import re

from console.lab import mailfaults
from console.lab.qmail import Mail
from console.lab.qmailsend import next_try
from console.lab.running import run_text
from console.lab.shell import Runner
from console.parse.qmail_queue import read_qmail_queue_listing
from tests.waiting import eventually

QUEUE = "cd /var/qmail/queue; "
MONITOR = Runner("monitor", 1002, ("monitor",), "/home/monitor")


async def settled(mail: Mail, sender: str, *recipients: tuple[str, str]) -> int:
    """Have a message preprocessed that stays; its number."""
    mail.deferred_domains.add("late.example")
    message = mail.inject(sender, list(recipients), 1_500)
    await eventually(lambda: message.marked or all(r.due > message.entered > 0 for r in message.recipients))
    return message.number


async def test_a_message_that_waits_has_the_files_of_its_state_in_their_directories(mail: Mail) -> None:
    number = await settled(mail, "ann@ok.example", ("remote", "joe@late.example"))
    out = (await run_text(mail.node, f"{QUEUE}find . -name {number} -type f")).out.split()
    part = number % 23
    assert sorted(out) == [f"./{name}/{part}/{number}" for name in ("info", "mess", "remote")]


async def test_the_listing_of_find_agrees_with_qmail_qstat(mail: Mail) -> None:
    mail.halted = True
    mail.traffic.rate = 1e-9
    mail.expect()
    mail.forget_arriving()
    mail.flood(30)
    await mail.fill(mailfaults._messages(50, mail.now()))
    out = (await run_text(mail.node, f"{QUEUE}find * -type d -o -print; qmail-qstat")).out
    listing = "\n".join(line for line in out.splitlines() if "/" in line)
    files = read_qmail_queue_listing(listing).facts
    assert f"messages in queue: {files.queue}\n" in out
    assert f"preprocessed: {files.todo}\n" in out
    assert files.todo >= 30
    assert files.misplaced == ()


async def test_a_done_recipient_stays_in_its_file_until_its_channel_is_done(mail: Mail) -> None:
    mail.hanging = True
    number = await settled(
        mail, "ann@ok.example", ("local", "bob@local.example"), ("remote", "joe@late.example")
    )
    message = mail.queue[number]
    part = number % 23
    ran = await run_text(mail.node, f"{QUEUE}cat info/{part}/{number} local/{part}/{number} | tr '\\000' '|'")
    assert ran.out == "Fann@ok.example|Tbob@local.example|"
    message.recipients[0].done = True
    ran = await run_text(mail.node, f"{QUEUE}ls local/{part}; cat remote/{part}/{number} | tr '\\000' '|'")
    assert str(number) not in ran.out
    assert ran.out.endswith("Tjoe@late.example|")


async def test_the_envelope_in_todo_has_uid_pid_sender_and_recipients(mail: Mail) -> None:
    mail.halted = True
    message = mail.inject("ann@ok.example", [("local", "bob@local.example")], 900)
    ran = await run_text(
        mail.node, f"{QUEUE}tr '\\000' '|' < /dev/null; cat todo/{message.number} | tr '\\000' '|'"
    )
    assert ran.out == f"u82|p{message.qp}|Fann@ok.example|Tbob@local.example|"
    ran = await run_text(mail.node, f"{QUEUE}stat -f '%i %l' todo/{message.number} intd/{message.number}")
    first, second = ran.out.splitlines()
    assert first == second
    assert first.endswith(" 2")


async def test_a_mess_file_is_its_own_number_and_has_the_size_that_the_log_says(mail: Mail) -> None:
    number = await settled(mail, "ann@ok.example", ("remote", "joe@late.example"))
    path = f"mess/{number % 23}/{number}"
    ran = await run_text(
        mail.node, f"{QUEUE}ls -i {path}; stat -f '%z %Su %Sg %Lp' {path}; cat {path} | wc -c"
    )
    assert re.sub(r"\s+", " ", ran.out) == f"{number} {path} 1500 qmailq qmail 644 1500 "


async def test_a_user_outside_of_group_qmail_is_told_that_the_queue_may_not_be_read(mail: Mail) -> None:
    await run_text(mail.node, "pw useradd monitor")
    ran = await run_text(mail.node, "find /var/qmail/queue -type f", MONITOR)
    assert ran.out == ""
    assert ran.err == "find: /var/qmail/queue: Permission denied\n"


async def test_twenty_thousand_messages_are_found_in_one_pass(mail: Mail) -> None:
    mail.traffic.rate = 0.001
    await mail.fill(mailfaults._messages(20_000, mail.now()))
    ran = await run_text(mail.node, f"{QUEUE}find mess -type f -exec stat -f '%N %z %m' {{}} +")
    lines = ran.out.splitlines()
    assert len(lines) >= 19_500
    assert all(re.fullmatch(r"mess/\d+/\d+ \d+ \d+", line) for line in lines)


async def test_find_ls_prints_a_line_that_the_parser_of_old_systems_reads(mail: Mail) -> None:
    number = await settled(mail, "ann@ok.example", ("remote", "joe@late.example"))
    ran = await run_text(mail.node, f"{QUEUE}find mess -name {number} -ls")
    assert re.fullmatch(
        rf" *{number} +\d+ -rw-r--r-- +1 qmailq +qmail +1500 \w{{3}} +\d+ \d\d:\d\d mess/\d+/{number}\n",
        ran.out,
    )


def test_the_next_try_comes_by_qmail_s_own_schedule_in_whole_seconds() -> None:
    assert next_try(1000.7, 1000.9, "remote") == 1000 + 20**2
    assert next_try(1000.7, 1400.0, "remote") == 1000 + (20 + 20) ** 2
    assert next_try(1000.0, 1401.0, "remote") == 1000 + (20 + 20) ** 2
    assert next_try(1000.0, 1000.0 + 99.9, "local") == 1000 + (9 + 10) ** 2
