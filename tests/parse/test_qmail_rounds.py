"""The rounds of a search, on captured logs with the real script: exactly what reading everything finds."""

import random
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.commands.trace import as_value
from console.model.mail import MailTrouble, Wanted
from console.parse.qmail_blocks import text_of
from console.parse.qmail_joining import Message, deliveries, joined
from console.parse.qmail_log import decode_all
from console.parse.qmail_rounds import MOST_MESSAGES, Rounds, chosen, messages_for
from console.ssh.mail_search import LogFile, not_over_before, search
from tests.parse.qmail_logs import recorded
from tests.ssh.mail_script import Node

WORDS = {
    "small-remote": ["example", "1"],
    "mixed": ["alice", "bob@", "delivery 1", "delivery 7", "5", "ok.example", "msg 1687905"],
    "busy": ["alice@", "delivery 7", "nobody-here"],
    "restart": ["alice", "ok.example", "delivery 1", "5"],
    "troubles": ["example", "delivery 2"],
    "odd-reports": ["example", "delivery 7"],
    "rotated-4096": ["example", "long@odd", "delivery 109", "postmaster"],
    "rotated-50000": ["rot5", "delivery 12"],
    "backlog": ["delivery 7"],
}


@lru_cache(maxsize=1)
def everything(name: str) -> list[Message]:
    """All messages of a log, every line of it joined."""

    def lines() -> Iterator[str]:
        for block in recorded(name):
            if block.endswith(b"\n"):
                yield from (text_of(line) for line in block.split(b"\n")[:-1])

    return joined(decode_all(lines()))


def wanted_of(name: str, words: str) -> list[Message]:
    found = [one for one in everything(name) if chosen(one, words)]
    if not found and words.isdigit():
        found = [one for one in everything(name) if int(words) in deliveries(one)]
    return found


@pytest.mark.parametrize("name", WORDS)
async def test_a_search_finds_what_joining_every_line_finds(name: str, tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.captured_log(name)
    numbers = sorted({one.message for one in everything(name) if one.message is not None})
    some = random.Random(name).sample(numbers, min(len(numbers), 3))
    for words in [*WORDS[name], *(str(number) for number in some)]:
        found = await search("web-a", Wanted(words), node.ask)
        mine = messages_for(words, found.lines)
        assert [as_value(one) for one in mine] == [as_value(one) for one in wanted_of(name, words)], words
        assert not found.capped
        assert found.searched == sum(path.stat().st_size for path in node.log.parent.iterdir())


async def test_a_search_for_too_much_tells_the_whole_truth_of_the_newest(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.captured_log("busy")
    found = await search("web-a", Wanted("example"), node.ask)
    assert found.capped
    mine = [as_value(one) for one in messages_for("example", found.lines)]
    all_of_them = [as_value(one) for one in wanted_of("busy", "example")]
    assert len(mine) >= MOST_MESSAGES < len(all_of_them)
    assert all(one in all_of_them for one in mine)


async def test_a_log_that_is_rotated_meanwhile_is_searched_again(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.captured_log("small-remote")
    told: list[str] = []

    def rotate(line: str) -> None:
        told.append(line)
        if len(told) == 2:
            node.log.rename(node.log.with_name("@400000006b0388d111dd1114.s"))
            node.log.write_text("")

    found = await search("web-a", Wanted("example"), node.ask, rotate)
    assert node.asked.count("files") == 2
    assert [as_value(one) for one in messages_for("example", found.lines)] == [
        as_value(one) for one in wanted_of("small-remote", "example")
    ]


async def test_a_log_that_is_not_there_is_told_with_what_to_do(tmp_path: Path) -> None:
    node = Node(tmp_path)
    with pytest.raises(MailTrouble, match=r"web-a: the log cannot be read .*No such file.*; log in as root"):
        await search("web-a", Wanted("x"), node.ask)
    with pytest.raises(MailTrouble, match="name a sender"):
        await search("web-a", Wanted(" \n"), node.ask)


def test_files_that_ended_before_are_left_out() -> None:
    end = 1_795_393_000
    older = [LogFile(1, 1, f"@{2**62 + 10 + end - 100:016x}00000000.s"), LogFile(2, 1, "current")]
    assert not_over_before(older, None) == older
    assert not_over_before(older, float(end)) == older[1:]
    assert not_over_before(older, float(end - 200)) == older


@given(st.binary(max_size=400), st.text(max_size=20), st.binary(max_size=60))
def test_any_answer_is_taken(matches: bytes, words: str, end: bytes) -> None:
    rounds = Rounds(words, ("@a.s", "current"), {"@a.s": (end, matches), "current": (end, None)})
    for _ in range(30):
        if not rounds.wanted():
            break
        rounds.take(matches)
        rounds.take(b"current:1:" + matches)
    assert rounds.wanted() == ()
    messages_for(words, rounds.lines())
