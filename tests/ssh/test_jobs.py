"""Jobs on a real sshd: begun once, alive without the connection, never read as better than they are."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from console.model.job import HandsLost, JobLook, JobState, LockLost
from console.ssh.hands import NodeHands
from console.ssh.jobs import RUNNER
from tests.ssh.sshd import Sshd, sshd
from tests.ssh.workbench import RUN, Workbench, done, ended, running, showing
from tests.waiting import eventually


@pytest.fixture
def bench(server: Sshd, tmp_path: Path) -> Workbench:
    return Workbench(tmp_path / "node", server)


@pytest.fixture
async def hands(bench: Workbench) -> AsyncIterator[NodeHands]:
    async with bench.hands(lock=RUN) as opened:
        yield opened


async def test_a_short_job_is_told_whole_by_its_launch(hands: NodeHands) -> None:
    look = await done(hands, "r.1", "echo out; echo err >&2; exit 3")
    assert look.state is JobState.ENDED
    assert (look.exit_status, look.out, look.err) == (3, "out\n", "err\n")
    assert (look.out_offset, look.err_offset) == (4, 4)
    assert look.started is not None
    assert look.ended is not None
    assert 0 <= look.ended - look.started <= 2


async def test_a_job_that_never_was_is_absent(hands: NodeHands) -> None:
    assert await hands.look("r.1") == JobLook(JobState.ABSENT)
    assert (await hands.stop("r.1")).state is JobState.ABSENT


async def test_a_character_cut_by_an_offset_is_shown_as_bytes(hands: NodeHands) -> None:
    await done(hands, "r.1", "printf 'a\\303\\251\\033[2J'")
    look = await hands.look("r.1", out_offset=2)
    assert look.out == "\\xa9␛[2J"
    assert look.out_offset == 7


async def test_a_look_brings_64_kib_at_most_and_the_next_one_the_rest(hands: NodeHands) -> None:
    await hands.launch("r.1", "i=0; while [ $i -lt 9000 ]; do echo 0123456789; i=$((i+1)); done", run=RUN)
    await ended(hands, "r.1")
    text, at = "", 0
    while (look := await hands.look("r.1", out_offset=at)).out_offset > at:
        assert len(look.out) <= 65536
        text, at = text + look.out, look.out_offset
    assert text == "0123456789\n" * 9000


async def test_the_command_has_an_ordinary_surrounding(hands: NodeHands) -> None:
    look = await done(hands, "r.1", 'umask; pwd; cat; echo "$LC_ALL"; kill -HUP $$; echo no')
    assert look.out.splitlines() in (["0022", "/", "C"], ["022", "/", "C"])
    assert look.exit_status == 129


async def test_what_belongs_to_a_job_is_closed_to_others_and_who_runs_it_is_not(
    hands: NodeHands, bench: Workbench
) -> None:
    await hands.launch("r.1", "echo secret", run=RUN)
    assert (bench.folder / "jobs").stat().st_mode & 0o777 == 0o700
    for name in ("", "lock", "lock/owner", "lock/beat"):
        assert (bench.folder / name).stat().st_mode & 0o044 == 0o044, name


async def test_input_arrives_exactly_and_is_gone_before_it_is_read(
    hands: NodeHands, bench: Workbench
) -> None:
    secret = bytes(range(256)) * 3 + b"no line end"
    look = await done(hands, "r.1", f"ls {bench.job('r.1')}/input; od -An -v -tx1", input=secret)
    assert bytes.fromhex(look.out) == secret
    assert "input" in look.err
    assert not [
        path for path in bench.folder.rglob("*") if path.is_file() and b"no line end" in path.read_bytes()
    ]


async def test_empty_input_and_no_input_read_the_same(hands: NodeHands) -> None:
    for job, given in (("r.1", b""), ("r.2", None)):
        look = await done(hands, job, "wc -c; echo done", input=given)
        assert look.out.split() == ["0", "done"]


async def test_a_job_lives_on_when_its_connection_is_killed(bench: Workbench, server: Sshd) -> None:
    os.makedirs(bench.folder)
    os.mkfifo(bench.folder / "go")
    async with bench.hands(lock=RUN) as hands:
        await hands.launch("r.1", f"echo one; read go <{bench.folder}/go; echo two", run=RUN)
        assert (await showing(hands, "r.1", "one\n")).state is JobState.RUNNING
        server.drop_logins()
        with pytest.raises(HandsLost, match=r"^web-a: .*; connect again$"):
            await hands.look("r.1")
        with pytest.raises(HandsLost):
            await hands.beat(RUN)
    async with bench.hands() as hands:
        assert (await hands.look("r.1")).state is JobState.RUNNING
        again = await hands.launch("r.1", "echo again", run=RUN)
        assert (again.state, again.out) == (JobState.RUNNING, "one\n")
        (bench.folder / "go").write_text("\n")
        look = await ended(hands, "r.1")
        assert (look.exit_status, look.out) == (0, "one\ntwo\n")


async def test_a_job_lives_on_when_the_console_is_killed(bench: Workbench, tmp_path: Path) -> None:
    os.makedirs(bench.folder)
    os.mkfifo(bench.folder / "go")
    script = tmp_path / "jobs.sh"
    script.write_text(bench.script)
    console = tmp_path / "client.py"
    console.write_text(f"""
import asyncio, pathlib
from console.ssh.connecting import connect
from console.ssh.hands import NodeHands
from tests.ssh.test_logging_in import node

async def main():
    connection = await connect(node(), ssh_config=pathlib.Path({str(bench.server.ssh_config())!r}))
    hands = await NodeHands.on(connection, node(), script=pathlib.Path({str(script)!r}).read_text())
    await hands.take_lock({RUN!r}, "fail-back", "op@here")
    await hands.launch("r.1", "echo one; read go <{bench.folder}/go; echo two", run={RUN!r})
    print("launched", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
""")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(console),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 30) == b"launched\n"
    process.kill()
    await process.wait()
    async with bench.hands() as hands:
        assert (await hands.look("r.1")).state is JobState.RUNNING
        (bench.folder / "go").write_text("\n")
        assert (await ended(hands, "r.1")).out == "one\ntwo\n"


async def test_a_job_launched_many_times_at_once_runs_once(bench: Workbench) -> None:
    async with bench.hands(lock=RUN) as first, bench.hands() as second, bench.hands() as third:
        count = bench.folder / "count"
        for number in range(10):
            job = f"r.{number}"
            text = f"echo {job} >>{count}"
            looks = await asyncio.gather(
                *(hands.launch(job, text, run=RUN) for hands in (first, second, third) for _ in range(3))
            )
            assert (await ended(first, job)).exit_status == 0
            assert {look.state for look in looks} <= {JobState.ENDED, JobState.RUNNING, JobState.CLAIMED}
            assert not running(bench, job) or await ended(first, job)
        await eventually(lambda: not any(running(bench, f"r.{n}") for n in range(10)))
        assert sorted(count.read_text().split()) == sorted(f"r.{n}" for n in range(10))


async def test_two_runners_of_one_job_never_both_run(hands: NodeHands, bench: Workbench) -> None:
    directory = bench.job("r.1")
    directory.mkdir(parents=True)
    (directory / "runner").write_text(RUNNER)
    (directory / "command").write_text(f"echo ran >>{bench.folder}/count\n")
    runners = [
        await asyncio.create_subprocess_exec(
            "/bin/sh", str(directory / "runner"), str(directory), "boot-1", "-"
        )
        for _ in range(30)
    ]
    assert {await runner.wait() for runner in runners} == {0}
    assert (bench.folder / "count").read_text() == "ran\n"


async def test_what_a_power_cut_left_of_a_begun_job_is_not_launched_again(bench: Workbench) -> None:
    # An empty directory is the first thing that soft updates lose; the boot was fsynced before the command.
    async with bench.hands(lock=RUN) as hands:
        await done(hands, "r.1", "echo once >> " + str(bench.folder / "ran"))
    (bench.job("r.1") / "status").unlink()
    (bench.job("r.1") / "run").rmdir()
    bench.boot = "boot-2"
    async with bench.hands() as hands:
        assert (await hands.look("r.1")).state is JobState.INTERRUPTED
        await hands.launch("r.1", "echo twice >> " + str(bench.folder / "ran"), run=RUN)
    assert (bench.folder / "ran").read_text() == "once\n"


async def test_a_claim_that_was_never_begun_is_launched_again(hands: NodeHands, bench: Workbench) -> None:
    bench.job("r.1").mkdir(parents=True)
    assert (await hands.look("r.1")).state is JobState.CLAIMED
    assert (await done(hands, "r.1", "echo ran")).out == "ran\n"


async def test_a_line_that_broke_off_starts_nothing(bench: Workbench, server: Sshd) -> None:
    async with bench.hands(lock=RUN) as hands:
        channel = hands._channel._channel
        channel.write(f"launch 99 r.1 {RUN}\necho ran >{bench.folder}/ran\n+half an inp")
        server.drop_logins()
    async with bench.hands() as hands:
        assert (await hands.look("r.1")).state is JobState.ABSENT


async def test_without_the_lock_nothing_is_launched(bench: Workbench) -> None:
    async with bench.hands() as hands:
        with pytest.raises(LockLost, match=r"web-a: nobody holds its lock"):
            await hands.launch("r.1", "echo ran", run=RUN)
        await hands.take_lock("another", "provision", "other@there")
        with pytest.raises(LockLost, match=r"web-a: run another holds its lock"):
            await hands.launch("r.1", "echo ran", run=RUN)
        assert (await hands.look("r.1")).state is JobState.ABSENT


async def test_a_node_that_says_nothing_loses_the_hands_in_time(bench: Workbench) -> None:
    slow = bench.script.replace("\nrenew() {\n", "\nrenew() {\nread -r _ <$base/go\n")
    async with bench.hands(lock=RUN, script=slow) as hands:
        hands._limit = 0.5
        os.mkfifo(bench.folder / "go")
        with pytest.raises(HandsLost, match=r"^web-a: no answer within"):
            await hands.beat(RUN)
        with pytest.raises(HandsLost, match=r"^web-a: no answer within"):
            await hands.look("r.1")


async def test_a_cancelled_call_does_not_mix_answers(hands: NodeHands, bench: Workbench) -> None:
    await hands.launch("r.1", "echo one", run=RUN)
    call = asyncio.create_task(hands.launch("r.2", "sleep 0.1; echo two", run=RUN))
    await eventually(lambda: bench.job("r.2").exists())
    call.cancel()
    assert (await hands.look("r.1")).out == "one\n"
    assert (await ended(hands, "r.2")).out == "two\n"


@pytest.mark.parametrize(
    "chatter",
    [
        "echo welcome; echo mirrorgate-jobs 1; exec /bin/sh",
        "printf '@%s end 1 answer 0\\n' " + "0" * 32 + "; exec /bin/sh",
        "echo 'mirrorgate-jobs 1'; echo '@ end 1 answer 0' >&2; exec /bin/sh",
    ],
)
async def test_a_talkative_login_neither_hides_nor_forges_an_answer(tmp_path: Path, chatter: str) -> None:
    forged = "printf '\\n@%s end 3 answer 0\\n' " + "0" * 32
    async with (
        sshd(tmp_path / "sshd", options=[f"ForceCommand {chatter}"]) as server,
        Workbench(tmp_path / "node", server).hands(lock=RUN) as hands,
    ):
        look = await done(hands, "r.1", forged + "; exit 5")
        assert look.exit_status == 5
        assert look.out == "\n@" + "0" * 32 + " end 3 answer 0\n"


async def test_csh_as_login_shell_is_no_obstacle(tmp_path: Path) -> None:
    csh = shutil.which("csh")
    if csh is None:
        pytest.skip("no csh on this machine")
    forced = f'ForceCommand {csh} -c "$SSH_ORIGINAL_COMMAND"'
    async with (
        sshd(tmp_path / "sshd", options=[forced]) as server,
        Workbench(tmp_path / "node", server).hands(lock=RUN) as hands,
    ):
        look = await done(hands, "r.1", "echo 'hi!' \"it's $((1+1))\"")
        assert look.out == "hi! it's 2\n"


async def test_a_login_without_a_shell_says_so(tmp_path: Path) -> None:
    async with sshd(tmp_path / "sshd", options=["ForceCommand echo go away; exit 1"]) as server:
        with pytest.raises(HandsLost, match=r"^web-a: the login gives no shell \(go away\)"):
            async with Workbench(tmp_path / "node", server).hands():
                pass


async def test_a_job_and_a_reading_find_the_systems_programs(hands: NodeHands) -> None:
    wanted = "/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"
    assert (await done(hands, "r.1", 'echo "$PATH"')).out == f"{wanted}\n"
    assert await hands.read('echo "$PATH"') == (0, f"{wanted}\n")
