"""The console's sampler script on a simulated node: ticks are answered while the channel stays open."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import asyncssh
import pytest

import playbooks
from console.ssh.sampler import Lane
from tests.lab_node.conftest import Site

SAMPLER = Path(playbooks.__file__).parent / "node" / "sampler.sh"
BOUNDARY, SALT = "a1" * 16, "5e" * 16

Process = asyncssh.SSHClientProcess[str]


async def until(reader: asyncssh.SSHReader[str], last: str) -> str:
    text = await asyncio.wait_for(reader.readuntil(re.compile(rf"^{re.escape(last)}.*\n", re.M)), 30)
    assert isinstance(text, str)
    return text


@contextlib.asynccontextmanager
async def channel(site: Site, command: str = "exec /bin/sh") -> AsyncIterator[Process]:
    async with (
        asyncssh.connect("web-a", config=[str(site.ssh_config)]) as connection,
        connection.create_process(command) as process,
    ):
        yield process


@contextlib.asynccontextmanager
async def sampler(site: Site, command: str = "exec /bin/sh") -> AsyncIterator[Process]:
    async with channel(site, command) as process:
        process.stdin.write(SAMPLER.read_text())
        assert (await asyncio.wait_for(process.stdout.readline(), 30)) == "mirrorgate-sampler 1\n"
        process.stdin.write(f"hello {BOUNDARY} {SALT}\n")
        yield process


@pytest.mark.parametrize("command", ["exec /bin/sh", "exec sudo -n /bin/sh", "exec doas -n /bin/sh"])
async def test_ticks_are_answered_one_after_the_other(site: Site, command: str) -> None:
    async with sampler(site, command) as process:
        for tick in (1, 2, 3):
            process.stdin.write(f"tick {tick} host vrrplog nonsense\n")
            text = await until(process.stdout, f"@{BOUNDARY} done {tick}")
            assert f"@{BOUNDARY} begin {tick} host\n" in text
            assert "\n0\n" in text
            assert re.search(rf"\n@{BOUNDARY} end {tick} host \d+\n", text)
            assert "nonsense" not in text
        process.stdin.write("bye\n")
        assert (await asyncio.wait_for(process.wait(), 30)).exit_status == 0


async def test_each_section_of_a_tick_is_framed(site: Site) -> None:
    sections = ["host", "mounts", "ifconfig", "ps", "vrrplog", "messages", "modules", "sockets", "df"]
    async with sampler(site) as process:
        process.stdin.write(f"tick 7 {' '.join(sections)}\n")
        text = await until(process.stdout, f"@{BOUNDARY} done 7")
    assert re.findall(rf"^@{BOUNDARY} begin 7 (\w+)$", text, re.M) == sections
    assert re.findall(rf"^@{BOUNDARY} end 7 (\w+) \d+$", text, re.M) == sections
    assert "status: active" in text
    assert "/sbin/init" in text


async def test_a_background_job_prints_while_the_shell_waits_for_its_next_line(site: Site) -> None:
    text = (
        '{\nwhile read -r line; do\n( { sleep 0.1; echo "late $line"; } >&2 & )\necho "got $line"\ndone\n}\n'
    )
    async with channel(site) as process:
        process.stdin.write(text + "one\n")
        assert await asyncio.wait_for(process.stdout.readline(), 30) == "got one\n"
        assert await asyncio.wait_for(process.stderr.readline(), 30) == "late one\n"


async def test_the_password_never_leaves_the_node(site: Site) -> None:
    site.world.nodes["a"].fs.write_file(
        "/usr/local/etc/freevrrpd.conf", b"[VRID]\nserverid = 1\npassword = borkborkbork\n"
    )
    async with sampler(site) as process:
        process.stdin.write("tick 1 vrrpconf\n")
        text = await until(process.stdout, f"@{BOUNDARY} done 1")
        assert "bork" not in text
        assert "password = ******** (length 12, check " in text


async def test_the_end_of_input_ends_the_sampler(site: Site) -> None:
    async with sampler(site) as process:
        process.stdin.write_eof()
        assert (await asyncio.wait_for(process.wait(), 30)).exit_status == 0


async def test_a_lane_answers_for_as_long_as_it_is_asked(site: Site) -> None:
    """One piece of shell text passes on 10 MiB: a sampler that has said much begins anew in a lull."""
    site.world.nodes["a"].fs.write_file("/etc/rc.conf", b"# " + b"x" * 60_000 + b"\n")
    async with asyncssh.connect("web-a", config=[str(site.ssh_config)]) as connection:
        lane = await Lane.open(connection, "web-a")
        answers = lane.frames()
        told = 0
        for _ in range(220):
            await lane.tick(["files"])
            frame = await asyncio.wait_for(anext(answers), 30)
            assert frame.exit_status == 0, frame.text[:200]
            assert len(frame.text) > 60_000
            told += len(frame.text)
            if told % (3 << 20) < len(frame.text):
                await lull(site)
                # Answers of one connection come in order: after this one its client knows of the end.
                await connection.run("true")
        await lane.close()
    assert told > 12 << 20


async def lull(site: Site) -> None:
    """Ask nothing for as long as a node that said enough needs to end its sampler; no longer than a tick."""

    def sessions() -> int:
        return sum(p.command.startswith("sshd:") for p in site.world.nodes["a"].processes)

    before = sessions()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1.0):
            while sessions() >= before:
                await site.world.clock.sleep(0.05)
