"""The day before: a log with something of each kind to trace, and a queue that agrees with it."""

import pytest

from console.commands.trace import find
from console.lab.mailpast import STORIES, Told
from console.lab.qmail import Mail
from console.lab.running import run_text


def log(mail: Mail) -> bytes:
    fs = mail.node.fs
    names = sorted(str(item["name"]) for item in fs.read_dir("/var/log/qmail"))
    return b"".join(fs.read_file(f"/var/log/qmail/{name}") for name in names)


@pytest.mark.parametrize("story", [s for s in STORIES if s.node == "a"], ids=lambda s: s.ends)
async def test_a_trace_of_each_kind_is_in_the_log(lived: Mail, story: Told) -> None:
    text = log(lived)
    found = [m for m in find(story.recipient, lambda: iter([text])) if m.sender == story.sender]
    assert found
    recipient = next(r for r in found[0].recipients.values() if r.recipient == story.recipient)
    assert recipient.outcome == (story.outcomes[-1] if story.outcomes else "queued")
    if story.outcomes:
        assert recipient.attempts == len(story.outcomes)


async def test_what_is_still_queued_is_in_the_queue(lived: Mail) -> None:
    text = log(lived)
    waiting = {m.number for m in lived.queue.values() if m.preprocessed}
    assert waiting
    for number in waiting:
        address = lived.queue[number].recipients[0].address
        assert any(m.message == number and not m.over for m in find(address, lambda: iter([text])))


async def test_rotated_files_end_when_the_next_begins_and_keep_their_inode(lived: Mail) -> None:
    before = (await run_text(lived.node, "ls -i /var/log/qmail")).out.split()
    assert len(before) >= 6
    lived.log.put_aside()
    after = (await run_text(lived.node, "ls -i /var/log/qmail")).out.split()
    inode = before[before.index("current") - 1]
    assert after[after.index(inode) + 1].startswith("@")
    assert after[after.index("current") - 1] not in before


async def test_stamps_never_go_back(lived: Mail) -> None:
    stamps = [line.split(b" ", 1)[0] for line in log(lived).splitlines()]
    assert len(stamps) > 2000
    assert stamps == sorted(stamps)
