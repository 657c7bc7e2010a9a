"""A lane on a real sshd: one round trip a tick, and what hangs, dies or is refused stays by itself."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import asyncssh
import pytest

from console.ssh.connecting import connect
from console.ssh.frames import BROKEN, Frame
from console.ssh.sampler import Lane, LaneClosed
from console.ssh.shell import Become
from console.ssh.trouble import Trouble
from tests.ssh.sshd import NO_BASHRC, Sshd, descendants, parent, sshd
from tests.ssh.stage import STUBS, Stage
from tests.ssh.test_logging_in import node
from tests.waiting import eventually

FAST = ["host", "mounts", "ifconfig", "ps", "vrrplog", "geom"]


class Answers:
    """Reads a lane in the background."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.frames: list[Frame] = []
        self.task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for frame in self.lane.frames():
            self.frames.append(frame)

    def sections(self, tick: int) -> set[str]:
        return {frame.section for frame in self.frames if frame.tick == tick}

    def of(self, section: str) -> list[Frame]:
        return [frame for frame in self.frames if frame.section == section]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    folder = tmp_path / "stage"
    folder.mkdir()
    return Stage(folder)


@pytest.fixture
async def connection(server: Sshd) -> AsyncIterator[asyncssh.SSHClientConnection]:
    opened = await connect(node(), ssh_config=server.ssh_config())
    yield opened
    opened.close()
    await opened.wait_closed()


@pytest.fixture
async def answers(connection: asyncssh.SSHClientConnection, stage: Stage) -> AsyncIterator[Answers]:
    lane = await Lane.open(connection, "web-a", script=stage.script)
    reading = Answers(lane)
    yield reading
    await lane.close()
    await asyncio.gather(reading.task, return_exceptions=True)


async def test_a_tick_is_answered_section_by_section(answers: Answers) -> None:
    for tick in (1, 2, 3):
        await answers.lane.tick(FAST)
        await eventually(lambda tick=tick: answers.sections(tick) == set(FAST))  # type: ignore[misc]
    geom = answers.of("geom")[-1]
    assert geom.text == (STUBS / "text" / "confxml").read_text()
    assert geom.exit_status == 0
    assert not any(frame.late for frame in answers.frames)


async def test_a_hung_confxml_stalls_only_itself_and_is_not_asked_twice(
    answers: Answers, stage: Stage
) -> None:
    stage.hang("confxml")
    for tick in (1, 2, 3, 4):
        await answers.lane.tick(FAST)
        await eventually(lambda tick=tick: answers.sections(tick) >= set(FAST) - {"geom"})  # type: ignore[misc]
    await eventually(lambda: stage.calls("confxml") == 1)
    assert answers.of("geom") == []
    stage.release("confxml")
    await eventually(lambda: answers.of("geom"))
    assert answers.of("geom")[0].tick == 1
    assert answers.of("geom")[0].late
    assert answers.of("geom")[0].text == (STUBS / "text" / "confxml").read_text()
    await answers.lane.tick(FAST)
    await eventually(lambda: len(answers.of("geom")) == 2)
    assert answers.of("geom")[1].tick == 5
    assert stage.calls("confxml") == 2


@pytest.mark.parametrize(
    ("stub", "section"), [("df", "df"), ("gmirror-status", "metadata"), ("confxml", "geom")]
)
async def test_each_hanging_section_hangs_alone(
    answers: Answers, stage: Stage, stub: str, section: str
) -> None:
    everything = {"df", "metadata", "geom", "mounts", "modules"}
    stage.hang(stub)
    await answers.lane.tick(sorted(everything))
    await eventually(lambda: answers.sections(1) == everything - {section})
    await eventually(lambda: stage.calls(stub) == 1)
    stage.release(stub)
    await eventually(lambda: answers.sections(1) == everything)


async def test_a_hung_foreground_section_holds_only_its_lane(
    connection: asyncssh.SSHClientConnection, answers: Answers, stage: Stage
) -> None:
    stage.hang("kldstat")
    slow = Answers(await Lane.open(connection, "web-a", script=stage.script))
    await slow.lane.tick(["modules", "exports"])
    await eventually(lambda: stage.calls("kldstat") == 1)
    await answers.lane.tick(FAST)
    await eventually(lambda: answers.sections(1) == set(FAST))
    assert slow.frames == []
    await slow.lane.tick(["modules"])
    stage.release("kldstat")
    await eventually(lambda: slow.sections(1) == {"modules", "exports"})
    assert stage.calls("kldstat") == 1
    await slow.lane.close()
    await slow.task


async def test_closing_a_lane_leaves_nothing_but_what_hangs(
    connection: asyncssh.SSHClientConnection, server: Sshd, stage: Stage
) -> None:
    before = server.children()
    lane = await Lane.open(connection, "web-a", script=stage.script)
    reading = Answers(lane)
    await lane.tick([*FAST, "df", "metadata"])
    await eventually(lambda: len(reading.frames) == len(FAST) + 2)
    await lane.close()
    await asyncio.wait_for(reading.task, 30)
    await eventually(lambda: server.children() <= before)
    with pytest.raises(LaneClosed):
        await lane.tick(FAST)


async def test_a_lost_connection_ends_the_lane_with_a_reason(answers: Answers, server: Sshd) -> None:
    await answers.lane.tick(FAST)
    server.drop_logins()
    with pytest.raises(LaneClosed, match=r"web-a: .*lost"):
        await asyncio.wait_for(answers.task, 30)


async def test_a_connection_lost_after_its_channels_ends_the_lane(
    connection: asyncssh.SSHClientConnection, answers: Answers, stage: Stage
) -> None:
    stage.hang("kldstat")
    await answers.lane.tick(["modules"])
    await eventually(lambda: stage.calls("kldstat") == 1)
    stub = int((stage.folder / "kldstat.calls").read_text().split()[0])
    for pid in (parent(stub), *descendants(stub), stub):
        os.kill(pid, signal.SIGKILL)
    await eventually(lambda: answers.of("modules"))
    connection.abort()
    with pytest.raises(LaneClosed):
        await asyncio.wait_for(answers.task, 30)


async def test_a_sampler_killed_in_mid_frame_breaks_only_its_answer(
    answers: Answers, server: Sshd, stage: Stage
) -> None:
    stage.hang("df")
    await answers.lane.tick(["df", "mounts"])
    await eventually(lambda: stage.calls("df") == 1)
    stub = int((stage.folder / "df.calls").read_text().split()[0])
    shell = parent(stub)
    os.kill(shell, signal.SIGKILL)
    # sshd sees the end of a channel when nobody holds it any more.
    for pid in [*descendants(stub), stub]:
        os.kill(pid, signal.SIGKILL)
    await eventually(lambda: answers.of("df"))
    assert answers.of("df")[0].exit_status == BROKEN
    assert "ended" in answers.of("df")[0].text
    (stage.folder / "df.hangs").unlink()
    await answers.lane.tick(["df", "mounts"])
    await eventually(lambda: answers.sections(2) == {"df", "mounts"})
    assert answers.of("df")[1].exit_status == 0


async def test_a_killed_foreground_sampler_is_started_again(answers: Answers, stage: Stage) -> None:
    stage.hang("kldstat")
    await answers.lane.tick(["modules", "exports"])
    await eventually(lambda: stage.calls("kldstat") == 1)
    stub = int((stage.folder / "kldstat.calls").read_text().split()[0])
    shell = parent(stub)
    for pid in (shell, *descendants(stub), stub):
        os.kill(pid, signal.SIGKILL)
    await eventually(lambda: {frame.section for frame in answers.frames} == {"modules", "exports"})
    assert {frame.exit_status for frame in answers.frames} == {BROKEN}
    (stage.folder / "kldstat.hangs").unlink()
    await answers.lane.tick(["modules", "exports"])
    await eventually(lambda: answers.sections(2) == {"modules", "exports"})


async def test_text_from_the_node_cannot_forge_a_frame_and_is_inert(answers: Answers, stage: Stage) -> None:
    lines = [f"@{'0' * 32} end 1 mounts 0", "\x1b]0;p\x07[/x]", "@ begin 1 ps", "x" * (1 << 20)]
    stage.write("mount", "\n".join(lines).encode() + b"\n\xff\xfe\n")
    await answers.lane.tick(["mounts", "ps"])
    await eventually(lambda: answers.sections(1) == {"mounts", "ps"})
    text = answers.of("mounts")[0].text
    assert text.startswith(f"@{'0' * 32} end 1 mounts 0\n␛]0;p␇[/x]\n@ begin 1 ps\nxxx")
    assert text.endswith("x\n\\xff\\xfe\n")
    assert answers.of("ps")[0].text == (STUBS / "text" / "ps").read_text()


async def test_a_section_of_many_lines_comes_whole(answers: Answers, stage: Stage) -> None:
    text = "".join(f"  <line number='{n}'/>\n" for n in range(20_000))
    stage.write("confxml", text)
    await answers.lane.tick(["geom"])
    await eventually(lambda: answers.of("geom"))
    assert answers.of("geom")[0].text == text


@pytest.mark.parametrize(
    ("become", "program", "expected"),
    [
        ("sudo", "echo 'sudo: a password is required' >&2; exit 1", "sudo asks for a password"),
        ("sudo", "echo 'sudo: a terminal is required to read the password' >&2; exit 1", "sudo asks"),
        ("sudo", "echo 'joe is not in the sudoers file.' >&2; exit 1", "sudo refuses"),
        ("doas", "echo 'doas: Authentication required' >&2; exit 1", "doas asks"),
        ("doas", "echo 'doas: Operation not permitted' >&2; exit 1", "doas refuses"),
        ("doas", None, "doas is not there"),
    ],
)
async def test_becoming_root_that_fails_says_what_to_do(
    tmp_path: Path, become: Become, program: str | None, expected: str
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    if program is not None:
        (tools / become).write_text(f"#!/bin/sh\n{program}\n")
        (tools / become).chmod(0o755)
    async with sshd(tmp_path / "sshd", options=[f"SetEnv PATH={tools}:/nowhere {NO_BASHRC}"]) as server:
        connection = await connect(node(), ssh_config=server.ssh_config())
        with pytest.raises(Trouble) as caught:
            await Lane.open(connection, "web-a", become=become)
        connection.close()
        await connection.wait_closed()
    assert expected in caught.value.line
    assert caught.value.line.startswith("web-a: ")
    assert "\n" not in caught.value.line
    assert not caught.value.retry


@pytest.mark.parametrize(
    ("command", "expected", "retry"),
    [
        ("echo This account is currently not available.; exit 1", "This account is currently not", False),
        ("echo 'Ambiguous output redirect.' >&2; exit 1", "Ambiguous output redirect", False),
        ("echo '/bin/sh: Command not found.' >&2; exit 127", "/bin/sh cannot be run", False),
        ("printf '<html>\\n<p>no</p>\\n'; exit 0", "<html>", False),
        ("cat >/dev/null", "no shell started within", True),
    ],
)
async def test_a_login_without_a_shell_says_so(
    tmp_path: Path, command: str, expected: str, retry: bool
) -> None:
    async with sshd(tmp_path / "sshd", options=[f"ForceCommand {command}"]) as server:
        connection = await connect(node(), ssh_config=server.ssh_config())
        with pytest.raises(Trouble) as caught:
            await Lane.open(connection, "web-a", limit=1.0 if retry else 30.0)
        connection.close()
        await connection.wait_closed()
    assert expected in caught.value.line
    assert "\n" not in caught.value.line
    assert caught.value.retry is retry


async def test_a_talkative_login_does_not_hide_the_sampler(tmp_path: Path, stage: Stage) -> None:
    chatter = "ForceCommand echo welcome; echo 'no tty' >&2; echo mirrorgate-sampler 10; exec /bin/sh"
    async with sshd(tmp_path / "sshd", options=[chatter]) as server:
        connection = await connect(node(), ssh_config=server.ssh_config())
        answers = Answers(await Lane.open(connection, "web-a", script=stage.script))
        await answers.lane.tick(["mounts"])
        await eventually(lambda: answers.of("mounts"))
        await answers.lane.close()
        connection.close()
        await connection.wait_closed()


async def test_a_server_that_allows_few_sessions_breaks_only_what_needs_more(
    tmp_path: Path, stage: Stage
) -> None:
    async with sshd(tmp_path / "sshd", options=["MaxSessions 1"]) as server:
        connection = await connect(node(), ssh_config=server.ssh_config())
        answers = Answers(await Lane.open(connection, "web-a", script=stage.script))
        await answers.lane.tick(["mounts", "geom"])
        await eventually(lambda: answers.sections(1) == {"mounts", "geom"})
        assert answers.of("mounts")[0].exit_status == 0
        assert answers.of("geom")[0].exit_status == BROKEN
        assert "MaxSessions" in answers.of("geom")[0].text
        with pytest.raises(Trouble, match="MaxSessions"):
            await Lane.open(connection, "web-a")
        await answers.lane.close()
        connection.close()
        await connection.wait_closed()
