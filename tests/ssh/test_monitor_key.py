"""A monitor's key at a real sshd: the console works over it, and everything else is refused."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from asyncssh.packet import Boolean, String, UInt32

from console.model.mail import MailTrouble
from console.model.words import Home
from console.parse.qmail_envelopes import read_archive
from console.ssh.mail_reader import MailReader
from console.ssh.policy import read_only_opener
from console.ssh.programs import REFUSAL
from playbooks.monitor_key import ROOT_READS
from tests.ssh.monitored import Monitored, client, monitored
from tests.ssh.sshd import NO_BASHRC, Sshd, missing, sshd
from tests.ssh.stage import BOUNDARY, SALT
from tests.ssh.test_lane import Answers
from tests.waiting import eventually

if why := missing():
    pytest.skip(why, allow_module_level=True)

HELLO = f"hello {BOUNDARY} {SALT}\n"
NO_CONFIG = ["restrict", "long", "oldest"]


@pytest.fixture(params=[None, "10.2-RELEASE", "7.4-RELEASE"], ids=NO_CONFIG)
async def each(request: pytest.FixtureRequest, server: Sshd, tmp_path: Path) -> Monitored:
    """The key with each of the lines that releases of FreeBSD understand."""
    return monitored(server, tmp_path, release=request.param)


@pytest.fixture
async def here(server: Sshd, tmp_path: Path) -> Monitored:
    return monitored(server, tmp_path)


@pytest.fixture
async def connection(here: Monitored) -> AsyncIterator[asyncssh.SSHClientConnection]:
    async with await here.connect() as opened:
        yield opened


async def sampled(here: Monitored, *lines: str) -> str:
    """What the sampler behind the gate says to these lines."""
    async with await here.connect() as opened:
        said = await opened.run("mirrorgate-sampler", input=HELLO + "".join(f"{line}\n" for line in lines))
    return str(said.stdout)


async def test_the_console_works_over_a_monitors_key(each: Monitored) -> None:
    each.stage.write("gg.exports", "192.168.1.100 RW /root/images/x.img\n")
    opener = read_only_opener(each.ssh_config(), None, [each.pair()])
    session = await opener(each.pair().master)
    answers = Answers(await session.lane())
    await answers.lane.tick(["host", "exports", "geom"])
    await eventually(lambda: answers.sections(1) == {"host", "exports", "geom"})
    assert "/root/images/x.img" in answers.of("exports")[0].text
    await session.close()
    await asyncio.wait_for(answers.task, 30)
    reader = MailReader([each.pair()], each.ssh_config())
    assert (await reader.queue("pair", Home.MASTER)).messages == ()
    await reader.close()


COMMANDS = [
    "",
    "sh",
    "exec /bin/sh",
    "exec sudo -n /bin/sh",
    "touch {owned}",
    "/bin/sh -c 'touch {owned}'",
    "mirrorgate-sampler; touch {owned}",
    "mirrorgate-sampler && touch {owned}",
    "mirrorgate-sampler | tee {owned}",
    "mirrorgate-sampler > {owned}",
    "mirrorgate-sampler\ntouch {owned}",
    "mirrorgate-sampler $(touch {owned})",
    "mirrorgate-sampler `touch {owned}`",
    "$(touch {owned})",
    "`touch {owned}`",
    "${{x:-$(touch {owned})}}",
    "mirrorgate-mail {owned}",
    "mirrorgate-mail -c 'touch {owned}'",
    " mirrorgate-sampler",
    "mirrorgate-sampler ",
    "mirrorgate-*",
    "mirrorgate-[ms]*",
    "*",
    "MIRRORGATE-SAMPLER",
    "mirrorgate-sampler.sh",
    "{libexec}/sampler.sh",
    "/bin/sh {libexec}/sampler.sh {owned}",
    "true",
    "internal-sftp",
    "/usr/lib/openssh/sftp-server",
    "scp -t {owned}",
    "scp -f {libexec}/sampler.sh",
    "rsync --server . {owned}",
    "env SSH_ORIGINAL_COMMAND=mirrorgate-sampler touch {owned}",
    "\x1b]0;touch {owned}\x07",
    "\x80\xff\u202e",
    "x" * 20000,
]


@pytest.mark.parametrize("line", [None, "10.2-RELEASE"], ids=["restrict", "long"])
async def test_every_other_command_is_refused(server: Sshd, tmp_path: Path, line: str | None) -> None:
    here = monitored(server, tmp_path, release=line)
    text = f"touch {here.owned}\nexit\n".encode()
    async with await here.connect() as opened:
        for pattern in COMMANDS:
            command = pattern.format(owned=here.owned, libexec=here.libexec)
            process = await opened.create_process(command or None, encoding=None)
            # The gate may be gone before anything can be said to it.
            with suppress(BrokenPipeError):
                process.stdin.write(text)
                process.stdin.write_eof()
            said = await process.wait()
            assert said.exit_status == 126, command
            assert isinstance(said.stdout, bytes)
            assert said.stdout.startswith(REFUSAL), command
            assert said.stdout.count(b"\n") == 1, command
    assert not here.owned.exists()


async def test_no_subsystem_is_started(connection: asyncssh.SSHClientConnection, here: Monitored) -> None:
    with pytest.raises((asyncssh.SFTPError, asyncssh.ChannelOpenError, asyncssh.Error, OSError)):
        await asyncio.wait_for(connection.start_sftp_client(), 30)
    assert not here.owned.exists()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ssh", ("-tt", "node", "touch", "OWNED")),
        ("ssh", ("-N", "-T", "-o", "ExitOnForwardFailure=yes", "-R", "PORT:127.0.0.1:9", "node")),
        ("ssh", ("-W", "127.0.0.1:SSHD", "node")),
        ("ssh", ("-T", "node")),
        ("scp", ("-O", "FILE", "node:OWNED")),
        ("scp", ("-s", "FILE", "node:OWNED")),
        ("scp", ("-O", "node:FILE", "OWNED")),
        ("sftp", ("-b", "BATCH", "node")),
    ],
    ids=["pty", "remote-forward", "local-forward", "shell", "scp", "scp-over-sftp", "scp-from", "sftp"],
)
async def test_stock_clients_are_refused(each: Monitored, name: str, words: tuple[str, ...]) -> None:
    file = each.stage.write("file", "x")
    batch = each.stage.write("batch", f"put {file} {each.owned}\n")
    places = {
        "OWNED": str(each.owned),
        "FILE": str(file),
        "BATCH": str(batch),
        "SSHD": str(each.server.port),
        "PORT": "0",
    }
    given = []
    for word in words:
        for place, value in places.items():
            word = word.replace(place, value)
        given.append(word)
    said = await asyncio.to_thread(
        subprocess.run, client(each, name, *given), input=b"", capture_output=True, timeout=60, check=False
    )
    assert said.returncode != 0, said
    assert not each.owned.exists()
    if "-tt" in words:
        assert b"PTY allocation request failed" in said.stderr
    if "-R" in words:
        assert b"remote port forwarding failed" in said.stderr
    if "-W" in words:
        assert b"administratively prohibited" in said.stderr


class _Quiet(asyncssh.SSHClientSession[bytes]):
    """Waits for its end."""


REQUESTS: dict[str, bytes] = {
    "pty-req": String("xterm") + UInt32(80) + UInt32(24) + UInt32(0) + UInt32(0) + String(b"\0"),
    "x11-req": Boolean(False) + String("MIT-MAGIC-COOKIE-1") + String("0" * 32) + UInt32(0),
    "auth-agent-req@openssh.com": b"",
    "env": String("SSH_ORIGINAL_COMMAND") + String("mirrorgate-mail"),
}


async def test_a_session_gets_neither_terminal_nor_display_nor_agent_nor_environment(
    each: Monitored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    granted: dict[str, bool] = {}
    make = asyncssh.SSHClientChannel.create

    async def asking(channel: Any, *words: Any, **named: Any) -> Any:
        real = channel._make_request

        async def request(name: bytes, *parts: bytes) -> bool:
            if name in (b"exec", b"shell"):
                for wanted, body in REQUESTS.items():
                    granted[wanted] = await real(wanted.encode(), body)
            return bool(await real(name, *parts))

        channel._make_request = request
        return await make(channel, *words, **named)

    monkeypatch.setattr(asyncssh.SSHClientChannel, "create", asking)
    async with await each.connect() as opened:
        await opened.run("true")
    assert granted == dict.fromkeys(REQUESTS, False)


async def test_no_forwarding_in_either_direction(each: Monitored, tmp_path: Path) -> None:
    async with await each.connect() as opened:
        with pytest.raises(asyncssh.ChannelOpenError) as local:
            await opened.open_connection("127.0.0.1", each.server.port)
        assert local.value.code == asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED
        came: list[asyncio.StreamWriter] = []
        listening = await asyncio.start_unix_server(
            lambda _, writer: came.append(writer), tmp_path / "socket"
        )
        with pytest.raises(asyncssh.ChannelOpenError):
            await opened.open_unix_connection(str(tmp_path / "socket"))
        listening.close()
        assert not came
        with pytest.raises(asyncssh.ChannelListenError):
            await opened.forward_remote_port("127.0.0.1", 0, "127.0.0.1", 9)
        with pytest.raises(asyncssh.ChannelListenError):
            await opened.forward_remote_path(str(tmp_path / "there"), str(tmp_path / "here"))
        with pytest.raises(asyncssh.ChannelOpenError):
            await opened.create_tun(lambda: asyncssh.SSHTunTapSession())
    assert not (tmp_path / "there").exists()


async def test_nothing_of_the_clients_environment_reaches_the_programs(tmp_path: Path) -> None:
    options = [
        f"SetEnv LD_PRELOAD=/nowhere.so ENV=/nowhere PS4=$(id) IFS=x LC_ALL=xx {NO_BASHRC}",
        "AcceptEnv *",
    ]
    async with sshd(tmp_path / "sshd", options=options) as server:
        here = monitored(server, tmp_path)
        (here.libexec / "sampler.sh").write_text("env; ulimit -v; echo args $# $1\n")
        async with await here.connect() as opened:
            tricks = {"LC_X": "y", "SSH_ORIGINAL_COMMAND": "touch x", "PATH": "/nowhere", "CDPATH": "/"}
            said = await opened.run("mirrorgate-sampler", env=tricks)
    lines = str(said.stdout).splitlines()
    names = {line.partition("=")[0] for line in lines if "=" in line}
    assert names <= {"PATH", "HOME", "PWD", "OLDPWD", "SHLVL", "_"}
    assert "PATH=/sbin:/bin:/usr/sbin:/usr/bin" in lines
    assert lines[-2:] == ["524288", f"args 1 {here.conf}"]


HOSTILE = [
    "set qmail {evil}",
    "set qmaillog /etc/passwd",
    "set image /etc",
    "set qmail $(touch {owned})",
    "set qmail /x;touch${{IFS}}{owned}",
    "set image /x`touch {owned}`",
    "root sudo vrrpconf",
    "tick 1 $(touch {owned})",
    "tick $(touch {owned}) host",
    "tick 1;touch host",
    "exec touch {owned}",
    "eval touch {owned}",
    "; touch {owned}",
    "hello $(touch {owned}) x",
]


async def test_settings_and_odd_words_from_the_client_change_nothing(here: Monitored) -> None:
    evil = here.folder / "evil"
    (evil / "bin").mkdir(parents=True)
    (evil / "bin" / "qmail-qstat").write_text(f"#!/bin/sh\ntouch {here.owned}\n")
    (evil / "bin" / "qmail-qstat").chmod(0o755)
    lines = [line.format(evil=evil, owned=here.owned) for line in HOSTILE]
    said = await sampled(here, *lines, "tick 7 mail images exports")
    assert f"@{BOUNDARY} done 7" in said
    assert "root:" not in said
    assert "/etc" not in said.split("begin 7 images")[1].split("end 7 images")[0]
    assert not here.owned.exists()


async def test_the_mail_reader_reads_below_its_own_places_only(here: Monitored) -> None:
    """Every path a client can name, aimed at a file that it must not see."""
    secret = here.stage.write("secret", "the secret text\n")
    (here.mail.queue / "info" / "0" / "7").write_text("Fsender@x.example\0")
    up = "../" * 20
    requests = [
        "set qmail /",
        f"set qmaillog {secret}",
        *(
            "envelopes 1",
            f"+{secret}",
            f"+info/{up}{secret}",
            "+info/0/../../../../secret",
            "+info/0/7",
            "+-T/etc/passwd",
            ".",
        ),
        f"message 2 {up}{secret} -",
        f"message 3 7 {up}",
        *("grep 4", f"+{secret}", f"+{up}{secret}", "+@../secret.s", "+/etc/passwd", ".", "+secret", "."),
        *("grep 5", "+current", ".", f"+-f{secret}", "+--include=*", "."),
        "more 6 1 0 100000;cat",
        f"queue $(touch {here.owned})",
        f"control 8;touch {here.owned}",
        "files 9",
        "bye",
    ]
    async with await here.connect() as opened:
        said = await opened.run(
            "mirrorgate-mail",
            input=f"hello {BOUNDARY}\n".encode() + "".join(f"{one}\n" for one in requests).encode(),
            encoding=None,
        )
    assert isinstance(said.stdout, bytes)
    assert f"@{BOUNDARY} end 9 done 0".encode() in said.stdout
    archive = said.stdout.split(b"begin 1 archive\n")[1].split(b"\n@" + BOUNDARY.encode())[0]
    assert [one.path for one in read_archive(archive)] == ["info/0/7"]
    assert b"the secret text" not in said.stdout
    assert b"root:" not in said.stdout
    assert not here.owned.exists()


async def test_a_huge_line_is_read_and_passed_over(here: Monitored) -> None:
    said = await sampled(here, "tick 1 " + "x" * (1 << 19), "y" * (1 << 19), "tick 2 exports")
    assert f"@{BOUNDARY} done 2" in said


async def test_input_that_never_ends_a_line_meets_the_limit_of_memory(here: Monitored) -> None:
    """The limit that the gate sets, made so small here that the test is quick."""
    gate = here.libexec / "monitor.sh"
    text = gate.read_text()
    assert text.count("ulimit -v 524288") == 1
    gate.write_text(text.replace("ulimit -v 524288", "ulimit -v 16384"))
    async with await here.connect() as opened:
        process = await opened.create_process("mirrorgate-sampler", encoding=None)
        process.stdin.write(b"x" * (24 << 20))
        process.stdin.write_eof()
        said = await asyncio.wait_for(process.wait(), 120)
    assert said.exit_status not in (0, None)


SUDO = """#!/bin/sh
echo "$*" >>{folder}/sudo.calls
[ "$1" = -n ] || exit 1
shift
exec "$@"
"""


async def test_reads_as_root_are_exact_commands_and_keep_the_password(here: Monitored) -> None:
    tools = here.folder / "tools"
    tools.mkdir()
    (tools / "sudo").write_text(SUDO.format(folder=here.folder))
    (tools / "sudo").chmod(0o755)
    sampler = here.libexec / "sampler.sh"
    sampler.write_text(here.stage.script.replace("\nPATH=", f"\nPATH={tools}:"))
    here.conf.write_text(here.conf.read_text() + "root sudo " + " ".join(ROOT_READS) + "\n")
    here.stage.write("freevrrpd.conf", "[VRID]\npassword = topsecretword\n")
    here.stage.write("gg.exports", "10.0.0.1 RW /x.img\n")
    said = await sampled(here, "tick 1 mounts " + " ".join(ROOT_READS))
    assert f"@{BOUNDARY} done 1" in said
    calls = (here.folder / "sudo.calls").read_text().splitlines()
    assert calls == [f"-n {sampler} {here.conf} {section}" for section in ROOT_READS]
    assert "topsecret" not in said
    assert "password = ******** (length 13, check " in said
    assert "10.0.0.1 RW /x.img" in said


@pytest.mark.parametrize("section", ["geom", "mail", "ps", "$(touch owned)", "", "lock lineage", "../lock"])
def test_as_root_the_sampler_answers_no_other_section(tmp_path: Path, section: str) -> None:
    program = Path("playbooks/node/sampler.sh").resolve()
    conf = tmp_path / "conf"
    conf.write_text("set image /x\n")
    words = ["/bin/sh", str(program), str(conf)]
    said = subprocess.run(
        [*words, section] if section else [*words, "geom"],
        input=HELLO.encode(),
        capture_output=True,
        cwd=tmp_path,
        check=False,
    )
    assert said.returncode == 1
    assert said.stdout == b""
    assert not (tmp_path / "owned").exists()


def test_as_root_the_sampler_says_nothing_without_a_boundary(tmp_path: Path) -> None:
    program = Path("playbooks/node/sampler.sh").resolve()
    conf = tmp_path / "conf"
    conf.write_text("set image /x\n")
    for line in (b"", b"tick 1 lock\n", b"hello short short\n", b"hello $(id) $(id)\n"):
        said = subprocess.run(
            ["/bin/sh", str(program), str(conf), "lock"], input=line, capture_output=True, check=False
        )
        assert (said.returncode, said.stdout) == (1, b"")


async def test_a_gate_without_its_programs_is_told_as_trouble(here: Monitored) -> None:
    (here.libexec / "mail.sh").unlink()
    reader = MailReader([here.pair()], here.ssh_config())
    with pytest.raises(MailTrouble, match=r"mail\.sh"):
        await reader.queue("pair", Home.MASTER)
    await reader.close()
