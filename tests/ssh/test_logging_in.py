"""Logging in to a real sshd: keys, agent, passphrases, host keys, jump hosts."""

import asyncio
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from console.model.config import NodeConfig
from console.model.words import Home
from console.ssh.commanding import ask
from console.ssh.connecting import connect
from console.ssh.keys import Keyring
from console.ssh.trouble import Trouble
from tests.ssh.asking import Answers
from tests.ssh.sshd import USER, Sshd, sshd, write_key
from tests.waiting import eventually


def node(host: str = "node", **more: object) -> NodeConfig:
    settings = {"name": "web-a", "home": Home.MASTER, "host": host, "image": "/sites.img"} | more
    return NodeConfig.model_validate(settings)


async def whoami(config: Path, target: NodeConfig | None = None, **more: object) -> str:
    connection = await connect(target or node(), ssh_config=config, **more)  # type: ignore[arg-type]
    try:
        return (await ask(connection, ["id", "-un"], 30)).out.strip()
    finally:
        connection.close()
        await connection.wait_closed()


async def refusal(config: Path | None, target: NodeConfig | None = None, **more: object) -> Trouble:
    with pytest.raises(Trouble) as caught:
        await connect(target or node(), ssh_config=config, **more)  # type: ignore[arg-type]
    assert "\n" not in caught.value.line
    assert caught.value.line.startswith("web-a: ")
    return caught.value


async def test_a_key_named_in_ssh_config_logs_in(server: Sshd) -> None:
    assert await whoami(server.ssh_config()) == USER


async def test_the_nodes_own_settings_override_ssh_config(server: Sshd) -> None:
    config = server.ssh_config(extra="Host wrong\n  Port 1\n  User nobody-at-all\n  IdentityFile /missing\n")
    config.write_text(config.read_text().replace("Host node", "Host other"))
    known = f"  HostName 127.0.0.1\n  UserKnownHostsFile {server.folder / 'known_hosts-node'}\n"
    config.write_text(config.read_text() + known)
    target = node("wrong", port=server.port, user=USER, identity=str(server.key_file))
    assert await whoami(config, target) == USER


async def test_an_agent_logs_in(server: Sshd, agent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    config = server.ssh_config()
    config.write_text(config.read_text().replace("IdentitiesOnly yes", "IdentitiesOnly no"))
    server.key_file.rename(server.folder / "moved")
    (await refusal(config)).line.index("No such file")
    monkeypatch.setenv("SSH_AUTH_SOCK", agent)
    adding = await asyncio.create_subprocess_exec("ssh-add", "-q", str(server.folder / "moved"))
    assert await adding.wait() == 0
    assert await whoami(config) == USER


async def test_an_agent_that_is_gone_does_no_harm(server: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", str(server.folder / "no-such-agent"))
    assert await whoami(server.ssh_config()) == USER


async def test_a_passphrase_is_asked_for_once(server: Sshd) -> None:
    locked = server.folder / "locked"
    key = write_key(locked, "open sesame")
    with (server.folder / "authorized").open("ab") as authorized:
        authorized.write(key.export_public_key("openssh"))
    config = server.ssh_config()
    config.write_text(config.read_text().replace(str(server.key_file), str(locked)))
    asker = Answers(passphrases=["wrong", "open sesame"])
    keyring = Keyring()
    assert await whoami(config, asker=asker, keyring=keyring) == USER
    assert await whoami(config, asker=asker, keyring=keyring) == USER
    assert asker.asked == [("passphrase", str(locked))] * 2
    assert "sesame" not in repr(keyring)


@pytest.mark.parametrize(
    "asker", [None, Answers(passphrases=[None]), Answers(passphrases=["a", "b", "c", "d"])]
)
async def test_a_locked_key_without_its_passphrase_is_a_refusal(server: Sshd, asker: Answers | None) -> None:
    locked = server.folder / "locked"
    write_key(locked, "open sesame")
    config = server.ssh_config()
    config.write_text(config.read_text().replace(str(server.key_file), str(locked)))
    trouble = await refusal(config, asker=asker)
    assert "passphrase" in trouble.line
    assert not trouble.retry


async def test_a_wrong_key_is_a_refusal(server: Sshd) -> None:
    (server.folder / "authorized").write_bytes(b"")
    trouble = await refusal(server.ssh_config())
    assert "refused the login" in trouble.line
    assert "authorized_keys" in trouble.line
    assert not trouble.retry


async def test_a_missing_key_named_for_the_node_is_named(server: Sshd) -> None:
    trouble = await refusal(server.ssh_config(), node(identity="/no/such/key"))
    assert "/no/such/key" in trouble.line


async def test_an_unknown_host_key_without_an_asker_is_a_refusal(server: Sshd) -> None:
    trouble = await refusal(server.ssh_config(known=""))
    assert server.host_key.get_fingerprint() in trouble.line
    assert not trouble.retry
    assert (server.folder / "known_hosts-node").read_text() == ""


async def test_an_unknown_host_key_is_shown_and_remembered(server: Sshd) -> None:
    config = server.ssh_config(known="# a comment without a line end")
    asker = Answers(trusts=True)
    assert await whoami(config, asker=asker) == USER
    assert asker.asked == [
        ("trust", f"[127.0.0.1]:{server.port}", server.host_key.get_fingerprint(), "ssh-ed25519")
    ]
    lines = (server.folder / "known_hosts-node").read_text().splitlines()
    assert lines[0] == "# a comment without a line end"
    assert lines[1].split() == server.known_line().split()[:3]
    assert await whoami(config, asker=Answers()) == USER


async def test_an_untrusted_host_key_is_not_remembered(server: Sshd) -> None:
    trouble = await refusal(server.ssh_config(known=""), asker=Answers(trusts=False))
    assert "not trusted" in trouble.line
    assert (server.folder / "known_hosts-node").read_text() == ""


async def test_a_changed_host_key_is_a_hard_stop_that_names_the_line(server: Sshd) -> None:
    other = write_key(server.folder / "other")
    config = server.ssh_config(known="# one\n" + server.known_line(other))
    asker = Answers(trusts=True)
    trouble = await refusal(config, asker=asker)
    assert f"{server.folder / 'known_hosts-node'} line 2" in trouble.line
    assert server.host_key.get_fingerprint() in trouble.line
    assert not trouble.retry
    assert asker.asked == []


async def test_turning_host_keys_off_in_ssh_config_does_not_turn_them_off(server: Sshd) -> None:
    config = server.ssh_config()
    text = config.read_text().replace(f"{server.folder / 'known_hosts-node'}", "none")
    config.write_text(text + "  StrictHostKeyChecking no\n")
    assert "unknown" in (await refusal(config)).line
    assert "UserKnownHostsFile" in (await refusal(config, asker=Answers(trusts=True))).line


async def test_a_jump_host_is_used_and_its_key_is_checked_too(server: Sshd, gate: Sshd) -> None:
    known = server.known_line() + gate.known_line()
    jump = (
        f"Host gate\n  HostName 127.0.0.1\n  Port {gate.port}\n  User {USER}\n"
        f"  IdentityFile {gate.key_file}\n  IdentitiesOnly yes\n"
        f"  UserKnownHostsFile {server.folder / 'known_hosts-node'}\n"
    )
    config = server.ssh_config(known=known, extra="  ProxyJump gate\n" + jump)
    assert await whoami(config) == USER
    assert "Accepted publickey" in gate.log

    config = server.ssh_config(known=known, extra=jump)
    assert await whoami(config, node(jump="gate")) == USER

    config = server.ssh_config(known=server.known_line(), extra="  ProxyJump gate\n" + jump)
    trouble = await refusal(config)
    assert gate.host_key.get_fingerprint() in trouble.line
    assert server.host_key.get_fingerprint() not in trouble.line


async def test_a_node_that_the_jump_host_cannot_reach_says_so(server: Sshd, gate: Sshd) -> None:
    config = gate.ssh_config("gate", extra="Host node\n  HostName 127.0.0.1\n  Port 1\n  ProxyJump gate\n")
    trouble = await refusal(config)
    assert "jump host cannot reach 127.0.0.1 port 1" in trouble.line
    assert trouble.retry
    await eventually(lambda: not gate.children(), what="the login on the jump host is closed")


async def test_jump_hosts_in_a_circle_end(server: Sshd) -> None:
    trouble = await refusal(server.ssh_config(extra="  ProxyJump node\n"))
    assert "circle" in trouble.line


async def test_a_refused_port_says_to_start_sshd() -> None:
    trouble = await refusal(None, node("127.0.0.1", port=1))
    assert "127.0.0.1 port 1 refuses connections" in trouble.line
    assert trouble.retry


async def test_a_name_that_does_not_resolve_is_named() -> None:
    trouble = await refusal(None, node("no-such-host.invalid"))
    assert "no-such-host.invalid" in trouble.line
    assert "resolve" in trouble.line


async def test_a_port_that_answers_nothing_times_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        trouble = await refusal(None, node("127.0.0.1", port=port), limit=0.3)
    assert "did not answer" in trouble.line
    assert trouble.retry


@pytest.mark.parametrize(
    "greeting",
    [
        b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n<html>\x1b]0;p\x07[/x]</html>\r\n",
        b"<html>\n" * 2000,
        b"x" * 100_000,
        b"220 mail.example.net ESMTP\r\n",
    ],
)
async def test_a_node_that_answers_html_is_no_ssh_server(greeting: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(greeting)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as web:
        port = web.sockets[0].getsockname()[1]
        trouble = await refusal(None, node("127.0.0.1", port=port))
    assert f"port {port} is not an SSH server" in trouble.line
    assert "\x1b" not in trouble.line
    assert not trouble.retry


async def test_a_bad_ssh_config_names_file_and_line(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("Host node\n  Port twelve\n")
    trouble = await refusal(config)
    assert f"{config} line 2" in trouble.line
    assert not trouble.retry


async def test_a_missing_ssh_config_is_named(tmp_path: Path) -> None:
    assert str(tmp_path / "none") in (await refusal(tmp_path / "none")).line


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[str]:
    program = shutil.which("ssh-agent")
    if program is None:
        pytest.skip("no ssh-agent on this machine")
    path = tmp_path / "agent"
    process = subprocess.Popen([program, "-D", "-a", str(path)], stdout=subprocess.DEVNULL)
    try:
        while not path.exists():
            assert process.poll() is None
        yield str(path)
    finally:
        process.kill()
        process.wait()


@pytest.fixture
async def gate(tmp_path: Path) -> AsyncIterator[Sshd]:
    """A second server, to jump through."""
    async with sshd(tmp_path / "gate") as running:
        yield running
