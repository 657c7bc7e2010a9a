"""Jobs on a real sshd: begun once, alive without the connection, never read as better than they are."""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from console.model.job import HandsLost, HandsRefused, JobLook, JobState, LockLost
from console.ssh.frames import FrameReader
from console.ssh.hands import NodeHands
from console.ssh.jobs import RUNNER, SCRIPT, printf_format
from tests.ssh.sshd import Sshd, descendants, sshd
from tests.ssh.workbench import RUN, Workbench
from tests.waiting import eventually


@pytest.fixture
def bench(server: Sshd, tmp_path: Path) -> Workbench:
    return Workbench(tmp_path / "node", server)


@pytest.fixture
async def hands(bench: Workbench) -> AsyncIterator[NodeHands]:
    async with bench.hands(lock=RUN) as opened:
        yield opened


async def ended(hands: NodeHands, job: str, within: float = 10.0) -> JobLook:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while (look := await hands.look(job)).state in (JobState.RUNNING, JobState.CLAIMED):
        assert loop.time() < deadline, look
        await asyncio.sleep(0.02)
    return look


async def showing(hands: NodeHands, job: str, out: str, within: float = 10.0) -> JobLook:
    """Look until the job has said so much."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while (look := await hands.look(job)).out != out:
        assert loop.time() < deadline, look
        await asyncio.sleep(0.02)
    return look


async def done(hands: NodeHands, job: str, text: str, input: bytes | None = None) -> JobLook:
    """Launch, and wait for the end: on a busy machine that is later than the launch's answer."""
    await hands.launch(job, text, run=RUN, input=input)
    return await ended(hands, job)


def running(bench: Workbench, job: str, what: str = "") -> list[int]:
    """Processes of a job's runner and of its command."""
    said = subprocess.run(["/usr/bin/pgrep", "-f", f"^/bin/sh {bench.job(job)}/{what}"], capture_output=True)
    return [int(word) for word in said.stdout.split()]


def kill(pids: set[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


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


async def test_what_belongs_to_a_job_is_closed_to_others(hands: NodeHands, bench: Workbench) -> None:
    await hands.launch("r.1", "echo secret", run=RUN)
    for path in [bench.folder, *bench.folder.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


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
    assert await asyncio.wait_for(process.stdout.readline(), 20) == b"launched\n"
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


async def test_stopping_ends_a_job_with_all_that_it_started(hands: NodeHands, bench: Workbench) -> None:
    await hands.launch("r.1", "echo begun; sleep 600 & sleep 601 | cat; echo never", run=RUN)
    await showing(hands, "r.1", "begun\n")
    await eventually(lambda: len(running(bench, "r.1")) >= 2)
    mine = {pid for runner in running(bench, "r.1") for pid in descendants(runner)}
    assert len(mine) >= 3
    look = await hands.stop("r.1")
    assert (look.state, look.exit_status, look.out) == (JobState.ENDED, 143, "begun\n")
    await eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in mine))


async def test_what_does_not_heed_term_is_killed(hands: NodeHands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.ssh.hands._PATIENCE", 0.3)
    await hands.launch("r.1", "trap '' TERM; echo deaf; while :; do sleep 600; done", run=RUN)
    await showing(hands, "r.1", "deaf\n")
    look = await hands.stop("r.1")
    assert (look.state, look.exit_status) == (JobState.ENDED, 137)


async def test_a_job_whose_runner_was_killed_has_vanished(hands: NodeHands, bench: Workbench) -> None:
    await hands.launch("r.1", "echo begun; sleep 600", run=RUN, input=b"secret")
    await showing(hands, "r.1", "begun\n")
    (bench.job("r.1") / "input").write_bytes(b"left behind")
    runner, *others = running(bench, "r.1")
    below = descendants(runner)
    os.kill(runner, signal.SIGKILL)
    await eventually(lambda: runner not in running(bench, "r.1"))
    look = await hands.look("r.1")
    assert look.state is JobState.RUNNING, "its command runs on"
    kill({*others, *below})
    look = await ended(hands, "r.1")
    assert (look.state, look.exit_status, look.out) == (JobState.VANISHED, None, "begun\n")
    assert not (bench.job("r.1") / "input").exists()
    again = await hands.launch("r.1", f"echo ran >{bench.folder}/ran", run=RUN)
    assert again.state is JobState.VANISHED
    assert not (bench.folder / "ran").exists()


async def test_a_job_under_which_the_node_rebooted_is_interrupted(bench: Workbench) -> None:
    async with bench.hands(lock=RUN) as hands:
        await hands.launch("r.1", "echo begun; sleep 600", run=RUN)
        await showing(hands, "r.1", "begun\n")
        await done(hands, "r.2", "echo over")
        bench.boot = "boot-2"
        async with bench.hands() as later:
            # A clock that was stepped looks like a reboot to FreeBSD; the process is what counts.
            assert (await later.look("r.1")).state is JobState.RUNNING
            kill({pid for top in running(bench, "r.1") for pid in [top, *descendants(top)]})
            assert (await ended(later, "r.1")).state is JobState.INTERRUPTED
            assert (await later.launch("r.1", "echo again", run=RUN)).state is JobState.INTERRUPTED
            assert (await later.look("r.2")).exit_status == 0


@pytest.mark.parametrize(
    "status", ["", "17", "1795435969", "1795435969 0", "x 0\n", "1795435969 zero\n", "\0"]
)
async def test_a_status_that_is_not_whole_is_no_success(
    hands: NodeHands, bench: Workbench, status: str
) -> None:
    await done(hands, "r.1", "echo begun")
    (bench.job("r.1") / "status").write_text(status)
    look = await hands.look("r.1")
    assert (look.state, look.exit_status) == (JobState.VANISHED, None)


async def test_a_disk_that_is_full_is_never_success(bench: Workbench) -> None:
    os.makedirs(bench.folder)
    mounted = subprocess.run(  # noqa: ASYNC221
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(bench.folder)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("no tmpfs can be mounted here")
    filler = bench.folder / "filler"

    def fill() -> None:
        with filler.open("ab", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                return

    try:
        async with bench.hands(lock=RUN) as hands:
            await hands.launch("r.1", f"read go <{bench.folder}/go || sleep 0.5; exit 0", run=RUN)
            fill()
            look = await ended(hands, "r.1")
            assert (look.state, look.exit_status) == (JobState.VANISHED, None)
            with pytest.raises(
                HandsRefused, match=r"^web-a: the node could not start the job \(.*(I/O|No space)"
            ):
                await hands.launch("r.2", "echo ran", run=RUN)
            filler.unlink()
            assert (await hands.look("r.2")).state in (JobState.ABSENT, JobState.CLAIMED)
            assert (await done(hands, "r.2", "echo ran")).out == "ran\n"
    finally:
        subprocess.run(["umount", "-l", str(bench.folder)], check=True)  # noqa: ASYNC221


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox"])
def test_the_script_and_its_runner_work_in_other_shells(tmp_path: Path, shell: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"no {shell} on this machine")
    words = [program, "sh"] if shell == "busybox" else [program]
    script = SCRIPT.replace("base=/var/db/mirrorgate", f"base={tmp_path}/node").replace("/bin/sh", program)
    runner = printf_format(RUNNER.replace("/bin/sh", " ".join(words)).encode())
    boundary = "b" * 32
    orders = (
        f"hello 1\n{runner}\ntake 2 {RUN} job keep\no'p@here\n"
        f"launch 3 r.1 {RUN}\n{printf_format(b'cat; exit 7')}\n+{printf_format(bytes(range(256)))}\n"
        f"look 4 r.1 250 0\nbeat 5 {RUN}\ndrop 6 {RUN}\nbeat 7 {RUN}\nbye 8\n"
    )
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"boundary={boundary}\n{script}".encode())
        process.stdin.flush()
        assert process.stdout.readline() == f"mirrorgate-jobs 1 {boundary}\n".encode()
        out, _ = process.communicate(orders.encode(), timeout=20)
    frames = FrameReader(boundary, raw=True).feed(out)
    answers = {frame.tick: frame for frame in frames if frame.section == "answer"}
    assert {tick: frame.exit_status for tick, frame in answers.items()} == {
        1: 0, 2: 0, 3: 0, 4: 0, 5: 0, 6: 0, 7: 3,
    }  # fmt: skip
    assert "code=7\n" in answers[3].text
    assert [f.raw for f in frames if f.section == "out"] == [bytes(range(256)), bytes(range(250, 256))]


async def test_a_hangup_ends_no_job(hands: NodeHands, bench: Workbench) -> None:
    await hands.launch("r.1", f"trap '' HUP; touch {bench.folder}/heeds; sleep 0.3; echo done", run=RUN)
    await eventually((bench.folder / "heeds").exists)
    runners = running(bench, "r.1", "runner")
    assert runners
    for runner in runners:
        os.kill(runner, signal.SIGHUP)
    assert (await ended(hands, "r.1")).out == "done\n"


async def test_a_folder_nobody_may_write_is_one_clear_line(bench: Workbench) -> None:
    bench.folder.parent.mkdir(exist_ok=True)
    bench.folder.write_text("in the way")
    async with bench.hands() as hands:
        with pytest.raises(HandsRefused) as caught:
            await hands.take_lock(RUN, "fail-back", "op@here")
        assert re.fullmatch(
            r"web-a: the node could not take the lock \(.+\); check its disk space.*", str(caught.value)
        )


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
    async with bench.hands(lock=RUN, limit=0.5, script=slow) as hands:
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
