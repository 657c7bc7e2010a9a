"""A wall for viewers on a jump host, through a real sshd: as a login shell, as ForceCommand, and as both."""

import asyncio
import os
import pty
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncssh
import pytest

from console.lab.pair import LabPair, serve
from tests.ssh.sshd import descendants, parent
from tests.ssh.walled import CONSOLE_DOWN, CONSOLE_UP, PROGRAM, Seen, Walled, missing, walled
from tests.waiting import eventually

if why := missing():
    pytest.skip(why, allow_module_level=True)

FORCED = ("ForceCommand WALL", "DisableForwarding yes", "Subsystem sftp internal-sftp")
KINDS = {
    "login shell": ("", ("Subsystem sftp /usr/lib/openssh/sftp-server",)),
    "forced": ("/bin/sh", FORCED),
    "forced on bash": ("/bin/bash", FORCED),
    "both": ("", FORCED),
}
HOSTILE = {
    "TEXTUAL": "devtools,debug",
    "TEXTUAL_DRIVER": "nowhere:Driver",
    "TEXTUAL_LOG": "{home}/textual.log",
    "TEXTUAL_SCREENSHOT": "1",
    "TEXTUAL_PRESS": "q",
    "PYTHONPATH": "{home}",
    "PYTHONSTARTUP": "{home}/evil.py",
    "PYTHONINSPECT": "1",
    "PYTHONHOME": "/nowhere",
    "XDG_STATE_HOME": "{home}/state",
    "XDG_CONFIG_HOME": "{home}/config",
    "XDG_DOWNLOAD_DIR": "{home}",
    "HOME": "/nowhere",
    "ENV": "{home}/evil.sh",
    "BASH_ENV": "{home}/evil.sh",
    "BROWSER": "touch {home}/owned",
    "EDITOR": "touch {home}/owned",
    "PAGER": "touch {home}/owned",
    "SSH_AUTH_SOCK": "{home}/agent",
    "LC_ALL": "C.UTF-8",
    "LC_TIME": "$(touch {home}/owned)",
    "LC_CTYPE": "x" * 4000,
    "LANG": "../../../../etc",
    "NO_COLOR": "1",
}


@pytest.fixture
async def lab() -> AsyncIterator[LabPair]:
    pair = await serve()
    try:
        yield pair
    finally:
        await pair.close()


@asynccontextmanager
async def logged_in(
    here: Walled, *, size: tuple[int, int] = (120, 40), env: dict[str, str] | None = None
) -> AsyncIterator[Seen]:
    async with await here.connect() as connection:
        process = await connection.create_process(
            None, term_type="xterm-256color", term_size=size, encoding=None, env=env or {}
        )
        seen = Seen(process)
        reading = asyncio.create_task(seen.read())
        try:
            yield seen
        finally:
            connection.abort()
            reading.cancel()
            with suppress(asyncio.CancelledError, asyncssh.Error, OSError):
                await reading


@pytest.mark.parametrize("kind", [*KINDS, "bare"])
async def test_a_viewer_sees_the_pair_and_nothing_of_the_environment_counts(
    kind: str, lab: LabPair, tmp_path: Path
) -> None:
    bare = ("/bin/sh", (f"ForceCommand {PROGRAM} --config {lab.config_file} monitor --wall",))
    shell, options = KINDS.get(kind, bare)
    async with walled(
        tmp_path / "jump", lab.config_file, shell=shell, options=(*options, "AcceptEnv *")
    ) as here:
        if shell:
            # What comes before the wall obeys these: a shell between it and sshd, or Python itself.
            early = ("ENV", "BASH_ENV", *(("PYTHONPATH", "PYTHONHOME") if kind == "bare" else ()))
            env = {name: value for name, value in HOSTILE.items() if name not in early}
        else:
            env = HOSTILE
        env = {name: value.format(home=here.home) for name, value in env.items()}
        async with logged_in(here, env=env) as seen:
            await seen.shows(CONSOLE_UP, b"web-a", b"web-b", b"remotemirror", b"read-only")
            assert len(here.consoles()) == 1
            seen.text.clear()
            seen.process.stdin.write(b"6")
            await seen.shows(b"Events")
            # ^Z, ^C, ^\\, ^D and what is a way to a shell in other programs.
            seen.process.stdin.write(b"\x1a\x03\x1c\x04!:")
            seen.text.clear()
            seen.process.stdin.write(b"?")
            await seen.shows(b"help")
            (console,) = here.consoles()
            assert descendants(console) == []
            seen.process.stdin.write(b"qqq")
            ended = await asyncio.wait_for(seen.process.wait(), 30)
            assert ended.exit_status == 0
            assert CONSOLE_DOWN in seen.text
        await eventually(lambda: not here.consoles())
        assert here.files() == []


async def told(
    connection: asyncssh.SSHClientConnection, command: str | None, terminal: str | None, text: str
) -> asyncssh.SSHCompletedProcess:
    """What a command said that was given `text` to read, if it still was there to read it."""
    process = await connection.create_process(command, term_type=terminal)
    with suppress(BrokenPipeError):
        process.stdin.write(text)
        process.stdin.write_eof()
    return await asyncio.wait_for(process.wait(), 30)


COMMANDS = [
    "sh",
    "exec /bin/sh -i",
    "touch {owned}",
    "-c",
    "{wall}x",
    "{wall} -c sh",
    "{wall}\ntouch {owned}",
]


@pytest.mark.parametrize("kind", KINDS)
async def test_whatever_else_is_asked_for_is_refused_in_one_line(kind: str, tmp_path: Path) -> None:
    shell, options = KINDS[kind]
    async with walled(tmp_path / "jump", tmp_path / "none", shell=shell, options=options) as here:
        owned = tmp_path / "owned"
        async with await here.connect() as connection:
            for pattern in COMMANDS:
                command = pattern.format(owned=owned, wall=here.wall)
                for terminal in (None, "xterm"):
                    said = await told(connection, command, terminal, "" if terminal else f"touch {owned}\n")
                    assert said.exit_status == 126, (command, said)
                    text = str(said.stdout).strip()
                    assert text.startswith("mirrorgate: this account only watches"), (command, text)
                    assert "\n" not in text
            without = await told(connection, None, None, f"touch {owned}\n")
            assert (without.exit_status, str(without.stdout).count("\n")) == (126, 1)
            assert "needs a terminal" in str(without.stdout)
            with pytest.raises((asyncssh.SFTPError, asyncssh.Error, OSError)):
                await asyncio.wait_for(connection.start_sftp_client(), 30)
            if "DisableForwarding yes" in options:
                with pytest.raises(asyncssh.ChannelOpenError):
                    await connection.open_connection("127.0.0.1", here.server.port)
        assert not owned.exists()
        assert here.files() == []


async def test_only_the_terminal_is_told_of_the_clients_environment(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\nenv\necho args $*\n")
    program.chmod(0o755)
    async with walled(
        tmp_path / "jump", tmp_path / "none", options=("AcceptEnv *",), program=program
    ) as here:
        env = {name: value.format(home=here.home) for name, value in HOSTILE.items()}
        async with await here.connect() as connection:
            said = await connection.run(None, term_type="vt100", term_size=(80, 24), env=env)
    lines = str(said.stdout).replace("\r", "").splitlines()
    names = {line.partition("=")[0] for line in lines if "=" in line}
    ours = {"PATH", "PYTHONNOUSERSITE", "PYTHONSAFEPATH", "PWD", "OLDPWD", "SHLVL", "_"}
    assert names <= ours | {"TERM", "LANG", "LC_ALL", "LC_CTYPE", "LC_TIME"}
    assert "TERM=vt100" in lines
    assert f"args --config {tmp_path / 'none'} monitor --wall" in lines


@pytest.mark.parametrize("end", ["dropped", "login killed", "asked"])
async def test_a_console_ends_with_its_terminal(end: str, lab: LabPair, tmp_path: Path) -> None:
    # Started by `nohup`, sshd hands an ignored SIGHUP down to every login.
    prefix = ("nohup",) if end == "login killed" else ()
    async with walled(tmp_path / "jump", lab.config_file, prefix=prefix) as here, logged_in(here) as seen:
        await seen.shows(CONSOLE_UP, b"web-a")
        (console,) = here.consoles()
        match end:
            case "dropped":
                seen.process.channel.get_connection().abort()
            case "login killed":
                os.kill(parent(console), signal.SIGKILL)
            case "asked":
                os.kill(console, signal.SIGTERM)
                await seen.shows(CONSOLE_DOWN)
        await eventually(lambda: not here.consoles(), 20, "the console gone")


async def test_a_console_whose_login_died_ends_though_its_terminal_stays(
    lab: LabPair, tmp_path: Path
) -> None:
    ours, theirs = pty.openpty()
    tty = os.ttyname(theirs)
    command = (
        f"{PROGRAM} --config {lab.config_file} monitor --wall <{tty} >{tty} 2>&1 & echo $!; exec sleep 600"
    )
    login = await asyncio.create_subprocess_exec(
        "/bin/sh", "-c", command, stdout=subprocess.PIPE, env={**os.environ, "LC_ALL": "C.UTF-8"}
    )
    assert login.stdout is not None
    console = int(await login.stdout.readline())
    text = bytearray()
    loop = asyncio.get_running_loop()
    loop.add_reader(ours, lambda: text.extend(os.read(ours, 1 << 16)))
    try:
        await eventually(lambda: CONSOLE_UP in text and b"web-a" in text, 60, "a console")
        login.kill()
        await login.wait()
        await eventually(lambda: CONSOLE_DOWN in text, 20, "the console ending")
        await eventually(lambda: ended(console), 20, "the console gone")
    finally:
        loop.remove_reader(ours)
        os.close(ours)
        os.close(theirs)


def peak_memory(pid: int) -> int:
    """KiB."""
    return int(Path(f"/proc/{pid}/status").read_text().split("VmHWM:")[1].split()[0])


def ended(pid: int) -> bool:
    """Whether a process is no more, or only waits for somebody to have its status."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


async def test_a_claim_of_a_huge_terminal_is_not_believed(lab: LabPair, tmp_path: Path) -> None:
    async with (
        walled(tmp_path / "jump", lab.config_file) as here,
        logged_in(here, size=(65000, 65000)) as seen,
    ):
        await seen.shows(CONSOLE_UP, b"web-a")
        # In-band resize: 60000 rows of 60000 columns.
        seen.process.stdin.write(b"\x1b[?2048;2$y\x1b[48;60000;60000;9;9t6")
        await seen.shows(b"Events")
        (console,) = here.consoles()
        assert peak_memory(console) < 500_000
