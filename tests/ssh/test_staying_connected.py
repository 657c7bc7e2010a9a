"""What lasts: login shells that are no sh, broken connections, reconnecting without a leak, a cut link."""

import asyncio
import os
import pwd
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from console.model.config import PairConfig
from console.model.words import Home
from console.ssh.commanding import ask
from console.ssh.connecting import connect
from console.ssh.policy import SamplerOnly, read_only_opener
from console.ssh.quoting import quote
from console.ssh.sampler import Lane, LaneClosed
from console.ssh.trouble import Trouble
from tests.ssh.sshd import Sshd, sshd
from tests.ssh.stage import Stage
from tests.ssh.test_lane import Answers
from tests.ssh.test_logging_in import node
from tests.ssh.test_text import TRICKY, words
from tests.waiting import eventually


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    folder = tmp_path / "stage"
    folder.mkdir()
    return Stage(folder)


@pytest.fixture(scope="module")
def csh_user() -> Iterator[str]:
    """A user whose login shell is csh."""
    csh = shutil.which("tcsh") or shutil.which("csh")
    if csh is None:
        pytest.skip("no csh on this machine (Debian: tcsh)")
    if os.getuid() != 0 or shutil.which("useradd") is None:
        pytest.skip("only root can make a user whose login shell is csh")
    name = f"mgcsh{os.getpid() % 10000}"
    made = subprocess.run(["useradd", "-M", "-d", "/", "-s", csh, name], capture_output=True, check=False)
    if made.returncode != 0:
        pytest.skip(f"useradd: {made.stderr.decode().strip()}")
    # A locked password locks the account for sshd without PAM.
    subprocess.run(["usermod", "-p", "*", name], check=True)
    try:
        yield name
    finally:
        subprocess.run(["userdel", "-f", name], check=False, capture_output=True)


async def test_a_csh_login_runs_commands_and_the_sampler(server: Sshd, stage: Stage, csh_user: str) -> None:
    server.folder.chmod(0o755)
    for folder in (server.folder, *server.folder.parents):
        if folder.owner() == pwd.getpwuid(os.getuid()).pw_name and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    stage.folder.chmod(0o777)
    connection = await connect(node(user=csh_user), ssh_config=server.ssh_config())
    reply = await ask(connection, ["printf", "%s\\0", *TRICKY], 30)
    assert reply.ok
    assert reply.out.split("␀")[:-1] == [word.replace("\x81", "�") for word in TRICKY]
    assert (await ask(connection, "echo $0; echo $LC_ALL; ls /nowhere 2>/dev/null || echo none", 30)).out == (
        "/bin/sh\nC\nnone\n"
    )
    answers = Answers(await Lane.open(connection, "web-a", script=stage.script))
    await answers.lane.tick(["mounts", "geom"])
    await eventually(lambda: answers.sections(1) == {"mounts", "geom"})
    await answers.lane.close()
    await answers.task
    connection.close()
    await connection.wait_closed()


def test_words_reach_a_command_through_a_csh_login_exactly() -> None:
    """As sshd does it: the login shell gets `exec /bin/sh`, which gets the command."""
    csh = shutil.which("tcsh") or shutil.which("csh")
    if csh is None:
        pytest.skip("no csh on this machine (Debian: tcsh)")

    @settings(
        max_examples=30,
        deadline=None,
        suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow],
    )
    @given(words)
    def exact(argv: list[str]) -> None:
        line = quote(["printf", "%s\\0", *argv])
        done = subprocess.run(
            [csh, "-c", "exec /bin/sh"], input=line.encode(), capture_output=True, check=True
        )
        assert done.stdout.decode().split("\0")[:-1] == argv

    exact()


async def test_a_command_says_how_it_ended(server: Sshd) -> None:
    connection = await connect(node(), ssh_config=server.ssh_config())
    done = await ask(connection, "echo out; echo err >&2; exit 3", 30)
    assert (done.exit_status, done.out, done.err) == (3, "out\n", "err\n")
    assert (await ask(connection, "cat; echo end", 30)).out == "end\n"
    assert (await ask(connection, ["no-such-command"], 30)).exit_status == 127
    assert (await ask(connection, "kill -9 $$", 30)).exit_status == 137
    hostile = await ask(connection, ["printf", "\\033]0;p\\007\\377[/x]"], 30)
    assert hostile.out == "␛]0;p␇\\xff[/x]"
    long = await ask(connection, "head -c 300000 /dev/zero", 10, most=1000)
    assert len(long.out) == 1000
    assert long.cut
    connection.close()
    await connection.wait_closed()


async def test_a_command_that_is_late_is_unknown_and_its_channel_is_closed(
    server: Sshd, stage: Stage
) -> None:
    connection = await connect(node(), ssh_config=server.ssh_config())
    fifo = stage.folder / "never"
    os.mkfifo(fifo)
    for limit in (0.5, 5, 30):
        late = await ask(connection, f"echo so far; exec cat {fifo}", limit)
        assert late.exit_status is None
        assert not late.ok
        if late.out:
            break
    assert late.out == "so far\n"
    # One session is all this server would allow, were the first one still open.
    assert (await ask(connection, ["true"], 30)).ok
    # Closing a channel is no kill: the one that waits is let go.
    os.close(os.open(fifo, os.O_RDWR))
    connection.close()
    await connection.wait_closed()


async def test_a_command_on_a_broken_connection_is_unknown(server: Sshd, stage: Stage) -> None:
    connection = await connect(node(), ssh_config=server.ssh_config())
    fifo = stage.folder / "never"
    os.mkfifo(fifo)
    asking = asyncio.create_task(ask(connection, f"echo so far; exec cat {fifo}", 30))
    await eventually(lambda: any("cat" in command(pid) for pid in server.children()))
    server.drop_logins()
    assert (await asyncio.wait_for(asking, 30)).exit_status is None
    assert (await ask(connection, ["true"], 30)).exit_status is None


@pytest.mark.timeout(900)
async def test_two_hundred_reconnects_leave_nothing_behind(server: Sshd, stage: Stage) -> None:
    config = server.ssh_config()

    async def once(drop: bool) -> None:
        connection = await connect(node(), ssh_config=config)
        lane = await Lane.open(connection, "web-a", script=stage.script)
        answers = Answers(lane)
        await lane.tick(["mounts"])
        await eventually(lambda: answers.of("mounts"))
        if drop:
            server.drop_logins()
            with pytest.raises(LaneClosed):
                await asyncio.wait_for(answers.task, 30)
        await lane.close()
        connection.close()
        await connection.wait_closed()
        await asyncio.gather(answers.task, return_exceptions=True)

    for drop in (False, True):
        await once(drop)
    await eventually(lambda: not server.children())
    tasks, files = len(asyncio.all_tasks()), len(os.listdir("/proc/self/fd"))
    for number in range(200):
        await once(drop=number % 4 == 0)
    await eventually(lambda: not server.children(), what="no login is left on the server")
    await eventually(lambda: len(asyncio.all_tasks()) <= tasks, what="no task is left")
    assert len(os.listdir("/proc/self/fd")) <= files


async def test_refused_connections_leave_nothing_behind(server: Sshd) -> None:
    config = server.ssh_config(known="")
    files = len(os.listdir("/proc/self/fd"))
    tasks = len(asyncio.all_tasks())
    for _ in range(20):
        with pytest.raises(Trouble):
            await connect(node(), ssh_config=config)
    await eventually(lambda: len(asyncio.all_tasks()) <= tasks)
    await eventually(lambda: not server.children())
    assert len(os.listdir("/proc/self/fd")) <= files + 1


async def test_what_watches_can_start_samplers_and_nothing_else(server: Sshd) -> None:
    home = {"home": Home.MASTER, "name": "web-a", "host": "node", "image": "/sites.img"}
    pair = PairConfig.model_validate(
        {"name": "web", "nodes": [home, {**home, "home": Home.SLAVE, "name": "web-b"}]}
    )
    opener = read_only_opener(server.ssh_config(), None, [pair])
    session = await opener(pair.master)
    assert isinstance(session, SamplerOnly)
    assert {name for name in dir(session) if not name.startswith("_")} == {"lane", "close"}
    assert not hasattr(session, "__dict__")
    answers = Answers(await session.lane())
    await answers.lane.tick(["host"])
    await eventually(lambda: answers.of("host"))
    await session.close()
    await eventually(lambda: not server.children())
    await asyncio.wait_for(answers.task, 30)


@pytest.fixture
async def far(tmp_path: Path) -> AsyncIterator[tuple[Sshd, str]]:
    """A server in a network namespace of its own, and the name of the link to it."""
    if os.getuid() != 0 or shutil.which("ip") is None:
        pytest.skip("network namespaces need root and ip(8)")
    tag = f"mg{os.getpid() % 100000}"
    near_end, far_end, space = f"{tag}a", f"{tag}b", tag
    steps = (
        f"ip netns add {space}",
        f"ip link add {near_end} type veth peer name {far_end} netns {space}",
        f"ip addr add 198.18.77.1/30 dev {near_end}",
        f"ip link set {near_end} up",
        f"ip -n {space} addr add 198.18.77.2/30 dev {far_end}",
        f"ip -n {space} link set {far_end} up",
        f"ip -n {space} link set lo up",
    )
    try:
        for step in steps:
            done = run(step)
            if done.returncode != 0:
                pytest.skip(f"no network namespace here: {step}: {done.stderr.decode().strip()}")
        where = ("ip", "netns", "exec", space)
        async with sshd(tmp_path / "far", prefix=where, host="198.18.77.2") as server:
            yield server, near_end
    finally:
        run(f"ip link del {near_end}")
        run(f"ip netns del {space}")


async def test_a_cut_link_is_noticed_and_a_mended_one_is_used_again(
    far: tuple[Sshd, str], stage: Stage
) -> None:
    server, link = far
    config = server.ssh_config()
    connection = await connect(node(), ssh_config=config)
    answers = Answers(await Lane.open(connection, "web-a", script=stage.script))
    await answers.lane.tick(["mounts"])
    await eventually(lambda: answers.of("mounts"))
    # As connect() sets it up, but quicker.
    connection.set_keepalive(0.3, 3)
    run(f"ip link set {link} down")
    with pytest.raises(LaneClosed, match="lost"):
        await asyncio.wait_for(answers.task, 30)
    with pytest.raises(Trouble) as caught:
        await connect(node(), ssh_config=config, limit=0.5)
    assert caught.value.retry
    run(f"ip link set {link} up")
    again = await connect(node(), ssh_config=config)
    assert (await ask(again, ["true"], 30)).ok
    again.close()
    await again.wait_closed()


async def test_every_connection_notices_a_dead_node_within_twenty_seconds(server: Sshd) -> None:
    connection = await connect(node(), ssh_config=server.ssh_config())
    options = connection._options
    assert options.keepalive_interval * (options.keepalive_count_max + 1) <= 20
    connection.close()
    await connection.wait_closed()


def run(line: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(line.split(), capture_output=True, check=False)


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
