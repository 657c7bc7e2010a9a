"""The wall on the console's side: whatever asks, only two fixed programs are started."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncssh
import pytest

from console.ssh import programs
from console.ssh.connecting import connect
from console.ssh.mail_channel import MailChannel
from console.ssh.policy import SamplerOnly
from console.ssh.programs import MAIL, PROGRAMS, SAMPLER
from console.ssh.sampler import Lane
from console.ssh.shell import SHELLS
from console.ssh.wall import ReadOnlyConnection, WallError
from tests.ssh.sshd import Sshd, missing
from tests.ssh.test_lane import Answers
from tests.ssh.test_logging_in import node
from tests.waiting import eventually

if why := missing():
    pytest.skip(why, allow_module_level=True)


class Session(asyncssh.SSHClientSession[bytes]):
    """What a bug, a plugin or a screen might hand to the connection."""

    def __init__(self) -> None:
        self.channel: asyncssh.SSHClientChannel[bytes] | None = None
        self.said = b""
        self.closed = asyncio.Event()

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        self.channel = chan

    def data_received(self, data: bytes, datatype: int | None) -> None:
        self.said += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()


@pytest.fixture
async def walled(server: Sshd) -> AsyncIterator[ReadOnlyConnection]:
    opened = ReadOnlyConnection(await connect(node(), ssh_config=server.ssh_config()))
    yield opened
    opened.close()
    await opened.wait_closed()


def test_there_are_two_programs_and_both_only_read() -> None:
    assert PROGRAMS == (SAMPLER, MAIL)
    assert [program.word for program in PROGRAMS] == ["mirrorgate-sampler", "mirrorgate-mail"]
    for program in PROGRAMS:
        assert program.greeting == f"{program.word} 1\n".encode()
        for word in (" rm ", " mv ", "kill -9", "mount /", "umount", "gmirror remove", "mdconfig -d", "tee "):
            assert word not in program.script, (program.word, word)


@pytest.mark.parametrize(
    "command", ["touch OWNED", "true", "", "exec /bin/sh -c 'touch OWNED'", "mirrorgate-sampler x", "/bin/sh"]
)
async def test_no_other_command_is_sent(walled: ReadOnlyConnection, tmp_path: Path, command: str) -> None:
    with pytest.raises(WallError):
        await walled.create_session(Session, command.replace("OWNED", str(tmp_path / "owned")))
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("how", ["request_pty", "x11_forwarding", "env", "send_env", "encoding"])
async def test_no_terminal_environment_or_display_is_asked_for(walled: ReadOnlyConnection, how: str) -> None:
    with pytest.raises(WallError):
        await walled.create_session(Session, SHELLS["none"], **{how: True})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        lambda script, owned: f"touch {owned}\n",
        lambda script, owned: f"touch {owned}\n{script}",
        lambda script, owned: f"{script}touch {owned}\n",
        lambda script, owned: script.replace("echo 'mirrorgate-sampler 1'", f"touch {owned}"),
        lambda script, owned: script[:-2],
        lambda script, owned: "",
    ],
)
async def test_a_shell_is_given_nothing_but_a_fixed_script_first(
    walled: ReadOnlyConnection, tmp_path: Path, change: object
) -> None:
    owned, session = tmp_path / "owned", Session()
    await walled.create_session(lambda: session, SHELLS["none"])
    assert session.channel is not None
    assert callable(change)
    with pytest.raises(WallError):
        session.channel.write(change(SAMPLER.script, owned).encode())
    await asyncio.wait_for(session.closed.wait(), 30)
    assert session.said == b""
    assert not owned.exists()


async def test_after_the_script_what_is_sent_is_a_request_and_never_shell_text(
    walled: ReadOnlyConnection, tmp_path: Path
) -> None:
    owned, session = tmp_path / "owned", Session()
    await walled.create_session(lambda: session, SHELLS["none"])
    assert session.channel is not None
    session.channel.write(SAMPLER.script.encode())
    session.channel.write(f"touch {owned}\n; touch {owned}\n}}\ntouch {owned}\nbye\n".encode())
    await asyncio.wait_for(session.closed.wait(), 30)
    assert session.said == SAMPLER.greeting
    assert not owned.exists()


async def test_lanes_and_the_mail_reader_with_another_script_are_stopped(
    walled: ReadOnlyConnection, tmp_path: Path
) -> None:
    """As if a bug had handed them one."""
    owned = tmp_path / "owned"
    with pytest.raises(WallError):
        await Lane.open(walled, "web-a", script=f"touch {owned}\n{SAMPLER.script}")
    with pytest.raises(WallError):
        await MailChannel.open(walled, "web-a", "none", {}, f"touch {owned}\n{MAIL.script}")
    assert not owned.exists()


async def test_the_two_programs_get_through(walled: ReadOnlyConnection) -> None:
    answers = Answers(await Lane.open(walled, "web-a"))
    await answers.lane.tick(["host"])
    await eventually(lambda: answers.of("host"))
    await answers.lane.close()
    await answers.task
    mail = await MailChannel.open(walled, "web-a", "none", {"qmail": "/nowhere"})
    assert (await mail.ask("files", limit=30)).status("readable") != 0
    mail.close()


def test_nothing_leads_from_what_watches_to_its_connection() -> None:
    """Names only: a screen cannot reach the connection by mistake."""
    offered = {name for name in dir(ReadOnlyConnection) if not name.startswith("_")}
    assert offered == {"abort", "close", "create_session", "is_closed", "wait_closed"}
    assert not hasattr(ReadOnlyConnection, "__dict__") or "__dict__" not in ReadOnlyConnection.__slots__
    assert {name for name in dir(SamplerOnly) if not name.startswith("_")} == {"lane", "close"}
    assert programs.REFUSAL not in SAMPLER.script.encode()
