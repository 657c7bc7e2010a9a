"""The mail of a node over a real sshd: answers, rotation, cancelling, reconnecting."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from console.model.config import NodeConfig, PairConfig, QmailConfig
from console.model.mail import LogLines, MailTrouble, Wanted
from console.model.words import Home
from console.parse.qmail_rounds import messages_for
from console.ssh import wall
from console.ssh.mail_channel import SCRIPT
from console.ssh.mail_reader import MailReader
from console.ssh.mail_tail import BEHIND, Skew
from tests.ssh.mail_script import Node
from tests.ssh.sshd import Sshd, missing
from tests.waiting import eventually

if why := missing():
    pytest.skip(why, allow_module_level=True)

HERE = ("pair", Home.MASTER)


def pair(node: Node, host: str = "node") -> PairConfig:
    qmail = QmailConfig(home=node.settings["qmail"], log=node.settings["qmaillog"])
    nodes = (
        NodeConfig(name="web-a", home=Home.MASTER, host=host, image="/sites.img"),
        NodeConfig(name="web-b", home=Home.SLAVE, host="elsewhere", image="/sites.img"),
    )
    return PairConfig(name="pair", qmail=qmail, nodes=nodes)


@pytest.fixture
def node(tmp_path: Path) -> Node:
    node = Node(tmp_path / "node")
    node.captured_queue("05-mixed-deferred")
    node.captured_log("rotated-50000")
    return node


@pytest.fixture
async def reader(node: Node, server: Sshd) -> AsyncIterator[MailReader]:
    one = MailReader([pair(node)], server.ssh_config(), every=0.01)
    yield one
    await one.close()


@pytest.fixture
def slow(node: Node, monkeypatch: pytest.MonkeyPatch) -> str:
    """The script with a find that takes its time, which the wall lets pass here."""
    script = _slow(node)
    monkeypatch.setattr(wall, "_SCRIPTS", frozenset({script.encode()}))
    return script


def _slow(node: Node, seconds: int = 300) -> str:
    stubs = node.folder / "stubs"
    stubs.mkdir()
    (stubs / "find").write_text(f"#!/bin/sh\necho $$ >{node.folder}/running\nexec sleep {seconds}\n")
    (stubs / "find").chmod(0o755)
    return SCRIPT.replace("\nPATH=/sbin:", f"\nPATH={stubs}:/sbin:")


def alive(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def test_everything_is_answered_over_one_connection(reader: MailReader, server: Sshd) -> None:
    listing = await reader.queue(*HERE)
    assert listing.queue == sum(listing.states.values()) > 40
    msgs = [one.msg for one in listing.messages]
    envelopes = await reader.envelopes(*HERE, listing, msgs)
    assert (envelopes.asked, envelopes.denied) == (len(msgs), False)
    assert all(one.sender is not None for one in envelopes.of.values())
    first = next(iter(envelopes.of))
    message = await reader.message(*HERE, first, listing.split)
    assert message.envelope == envelopes.of[first]
    found = await reader.search(*HERE, Wanted("example"))
    assert found.node == "web-a"
    assert messages_for("example", found.lines)
    assert found.files == 4
    assert server.log.count("Accepted publickey") == 1


async def test_a_walk_is_ended_on_the_node_when_it_is_cancelled(node: Node, server: Sshd, slow: str) -> None:
    reader = MailReader([pair(node)], server.ssh_config(), script=slow)
    try:
        asking = asyncio.create_task(reader.queue(*HERE))
        running = node.folder / "running"
        await eventually(lambda: running.exists() and running.read_text().strip())
        pid = int(running.read_text())
        assert alive(pid)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await eventually(lambda: not alive(pid), what="the walk to end")
        # A channel of the same connection serves on.
        assert (await reader.message(*HERE, 1)).state is None
    finally:
        await reader.close()


async def test_a_slow_walk_holds_up_neither_search_nor_tail(node: Node, server: Sshd, slow: str) -> None:
    reader = MailReader([pair(node)], server.ssh_config(), script=slow, every=0.01)
    walk = asyncio.create_task(reader.queue(*HERE))
    try:
        running = node.folder / "running"
        await eventually(running.exists)
        tail = reader.tail(*HERE, 5)
        assert len((await anext(tail)).lines) == 5
        assert (await reader.search(*HERE, Wanted("example"))).lines
        await anext(tail)
        await tail.aclose()  # type: ignore[attr-defined]  # an async generator
        assert not walk.done()
    finally:
        walk.cancel()
        await asyncio.gather(walk, return_exceptions=True)
        await reader.close()


async def test_a_lost_connection_is_told_and_made_again(node: Node, server: Sshd, slow: str) -> None:
    reader = MailReader([pair(node)], server.ssh_config(), script=slow)
    try:
        walk = asyncio.create_task(reader.queue(*HERE))
        await eventually((node.folder / "running").exists)
        server.drop_logins()
        with pytest.raises(MailTrouble, match=r"web-a: the connection was lost .*; ask again"):
            await walk
        assert (await reader.message(*HERE, 1)).state is None
        assert server.log.count("Accepted publickey") == 2
    finally:
        await reader.close()


async def test_an_idle_connection_is_closed(node: Node, server: Sshd) -> None:
    reader = MailReader([pair(node)], server.ssh_config(), idle=0.0)
    try:
        await reader.queue(*HERE)
        await eventually(lambda: not server.children(), what="the login to end")
        assert (await reader.queue(*HERE)).queue > 40
    finally:
        await reader.close()


async def test_the_log_is_followed_over_two_rotations_without_loss(node: Node, reader: MailReader) -> None:
    written: list[bytes] = []
    seen: list[bytes] = []

    def write(count: int, end: bytes = b"\n") -> None:
        lines = [
            b"@400000006b0388e8%08x new msg %d" % (len(written) + n, len(written) + n) for n in range(count)
        ]
        written.extend(lines)
        with node.log.open("ab") as log:
            log.write(b"\n".join(lines) + end)

    def rotate(stamp: int) -> None:
        node.log.rename(node.log.with_name(f"@400000006b04{stamp:04x}00000000.s"))
        node.log.touch()

    tail = reader.tail(*HERE, 0)
    first = await anext(tail)
    assert first.lines == ()
    rotations = 0

    async def until(count: int) -> None:
        nonlocal rotations
        while len(seen) < count:
            lines: LogLines = await anext(tail)
            seen.extend(lines.lines)
            rotations += lines.rotated
            assert lines.missed == 0
            assert lines.offset is not None
            assert abs(lines.offset) < 60

    write(3)
    await until(3)
    write(2, end=b"")  # its last line is not whole yet
    await until(4)
    with node.log.open("ab") as log:
        log.write(b"\n")
    write(1, end=b" cut in the")
    written[-1] += b" cut in the middle"
    rotate(1)
    with node.log.open("ab") as log:
        log.write(b" middle\n")
    write(4)
    rotate(2)
    write(2)
    await until(len(written))
    assert seen == written
    assert rotations >= 1
    await tail.aclose()  # type: ignore[attr-defined]  # an async generator


async def test_a_log_that_runs_away_is_followed_at_its_end(node: Node, reader: MailReader) -> None:
    tail = reader.tail(*HERE, 3)
    assert len((await anext(tail)).lines) == 3
    line = b"@400000006b0388e800000000 status: local 0/10 remote 0/20\n"
    with node.log.open("ab") as log:
        log.write(line * ((BEHIND * 2) // len(line)))
    missed, last = 0, b""
    while not missed or last != line[:-1]:
        lines = await anext(tail)
        missed += lines.missed
        last = lines.lines[-1] if lines.lines else last
    assert missed > BEHIND // 2
    await tail.aclose()  # type: ignore[attr-defined]  # an async generator


async def test_troubles_are_one_line_with_node_and_remedy(tmp_path: Path, server: Sshd) -> None:
    node = Node(tmp_path / "none")
    reader = MailReader([pair(node)], server.ssh_config())
    calls = [
        (reader.queue(*HERE), "there is no queue in"),
        (reader.control(*HERE), "the settings cannot be read"),
        (reader.search(*HERE, Wanted("x")), "the log cannot be read"),
        (anext(reader.tail(*HERE)), "the log cannot be read"),
    ]
    try:
        for call, what in calls:
            with pytest.raises(MailTrouble) as trouble:
                await call
            line = str(trouble.value)
            assert line.startswith("web-a: ")
            assert what in line
            assert "\n" not in line
            assert ";" in line
        with pytest.raises(MailTrouble, match="web-b: "):
            await reader.queue("pair", Home.SLAVE)
        with pytest.raises(MailTrouble, match="no pair is called"):
            await reader.queue("other", Home.MASTER)
    finally:
        await reader.close()


async def test_a_user_without_rights_is_told_which_are_needed(tmp_path: Path, server: Sshd) -> None:
    if os.getuid() == 0:
        pytest.skip("root may read everything")
    node = Node(tmp_path / "node")
    node.empty_queue()
    node.queue.chmod(0)
    reader = MailReader([pair(node)], server.ssh_config())
    try:
        with pytest.raises(MailTrouble, match="it needs root or group qmail"):
            await reader.queue(*HERE)
    finally:
        node.queue.chmod(0o700)
        await reader.close()


def test_a_clock_is_known_better_with_every_answer() -> None:
    skew = Skew()
    ahead = 7.3
    guesses = [
        skew.take(int(at + ahead), at - 0.001, at + 0.001) for at in (100.1, 101.35, 102.6, 103.72, 104.69)
    ]
    assert abs(guesses[0] - ahead) <= 0.51
    assert abs(guesses[-1] - ahead) < 0.1
    assert abs(skew.take(500, 600.0, 600.1) + 100) < 1  # it was set
