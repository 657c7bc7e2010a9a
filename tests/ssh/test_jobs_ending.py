"""How jobs end on a real sshd: stopped, killed, rebooted under, out of disk; never read as better."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from console.model.job import HandsRefused, JobState
from console.ssh.frames import FrameReader
from console.ssh.hands import NodeHands
from console.ssh.jobs import RUNNER, SCRIPT, printf_format
from tests.ssh.sshd import Sshd, descendants
from tests.ssh.workbench import RUN, Workbench, done, ended, kill, running, showing
from tests.waiting import eventually


@pytest.fixture
def bench(server: Sshd, tmp_path: Path) -> Workbench:
    return Workbench(tmp_path / "node", server)


@pytest.fixture
async def hands(bench: Workbench) -> AsyncIterator[NodeHands]:
    async with bench.hands(lock=RUN) as opened:
        yield opened


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
    # The status is written a moment before the runner ends.
    await eventually(lambda: not running(bench, "r.1"))
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
