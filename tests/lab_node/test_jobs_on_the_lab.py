"""Jobs and the lock on simulated nodes: they survive the connection, and a power cut interrupts them."""

import asyncio
import tomllib
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from console.lab import pair
from console.lab.pair import LabPair
from console.lab.running import run_text
from console.lab.shell import Shell
from console.model.config import Config, NodeConfig
from console.model.job import HandsLost, JobLook, JobState, LockLost
from console.ssh.hands import NodeHands, operating_opener
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

RUN = "20261123-021140-fail-back-7f3a"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lab() -> AsyncIterator[LabPair]:
    opened = await pair.serve(speed=20)
    yield opened
    await opened.close()


@pytest.fixture
def master(lab: LabPair) -> NodeConfig:
    return Config.model_validate(tomllib.loads(lab.config_file.read_text())).pairs[0].master


@pytest_asyncio.fixture(loop_scope="module")
async def hands(lab: LabPair, master: NodeConfig) -> AsyncIterator[NodeHands]:
    opened = await operating_opener(lab.ssh_config, None)(master)
    assert await opened.take_lock(RUN, "fail-back", "op@here", break_stale=True) is None
    yield opened
    await opened.close()


@pytest.fixture
def job(request: pytest.FixtureRequest) -> str:
    return f"r.{request.node.name}"[:100]


async def showing(hands: NodeHands, job: str, out: str, within: float = 30.0) -> JobLook:
    """Look until the job has said so much."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while (look := await hands.look(job)).out != out:
        assert loop.time() < deadline, look
        await asyncio.sleep(0.02)
    return look


async def opened_again(lab: LabPair, master: NodeConfig, within: float = 30.0) -> NodeHands:
    """Hands on a node that is still starting its services."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while True:
        try:
            return await operating_opener(lab.ssh_config, None)(master)
        except HandsLost:
            assert loop.time() < deadline
            await asyncio.sleep(0.05)


async def ended(hands: NodeHands, job: str, within: float = 30.0) -> JobLook:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while (look := await hands.look(job)).state in (JobState.RUNNING, JobState.CLAIMED):
        assert loop.time() < deadline, look
        await asyncio.sleep(0.02)
    return look


async def test_a_job_runs_once_with_its_input_and_tells_its_end(hands: NodeHands, job: str) -> None:
    text = f"echo err >&2; cat; echo ran >>/root/{job}; exit 3"
    secret = bytes(range(256)) * 4
    await hands.launch(job, text, run=RUN, input=secret)
    look = await ended(hands, job)
    assert (look.state, look.exit_status, look.err) == (JobState.ENDED, 3, "err\n")
    assert look.out_offset == len(secret)
    again = await asyncio.gather(*(hands.launch(job, text, run=RUN, input=secret) for _ in range(3)))
    assert {one.exit_status for one in again} == {3}
    assert await hands.read_file(f"/root/{job}") == b"ran\n"
    assert await hands.read_file(f"/var/db/mirrorgate/jobs/{job}/input") is None


async def test_many_launches_at_once_run_it_once(
    lab: LabPair, master: NodeConfig, hands: NodeHands, job: str
) -> None:
    opener = operating_opener(lab.ssh_config, None)
    others = await asyncio.gather(opener(master), opener(master))
    for number in range(5):
        await asyncio.gather(
            *(
                one.launch(f"{job}{number}", f"echo {number} >>/root/count", run=RUN)
                for one in (hands, *others)
            )
        )
        assert (await ended(hands, f"{job}{number}")).exit_status == 0
    assert await hands.read_file("/root/count") == b"0\n1\n2\n3\n4\n"
    await asyncio.gather(*(one.close() for one in others))


async def test_weird_text_reaches_the_node_as_it_is(hands: NodeHands, job: str) -> None:
    for number, word in enumerate(('it\'s "$(id)" `x` \\n %s', "a\n\nb \t ", "é 漢", "-n", "\\0101")):
        quoted = "'" + word.replace("'", "'\\''") + "'"
        await hands.launch(f"{job}{number}", f"printf '%s' {quoted}", run=RUN)
        assert (await ended(hands, f"{job}{number}")).out == word


async def test_a_job_outlives_its_connection(
    lab: LabPair, master: NodeConfig, hands: NodeHands, job: str
) -> None:
    await hands.launch(job, "echo one; sleep 40; echo two", run=RUN)
    assert (await showing(hands, job, "one\n")).state is JobState.RUNNING
    await hands.close()
    with pytest.raises(HandsLost, match=r"^web-a: "):
        await hands.look(job)
    later = await operating_opener(lab.ssh_config, None)(master)
    assert (await later.look(job)).state is JobState.RUNNING
    assert (await ended(later, job)).out == "one\ntwo\n"
    await later.close()


async def test_a_pulled_management_cable_loses_the_hands_and_not_the_job(
    lab: LabPair, master: NodeConfig, hands: NodeHands, job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hands.launch(job, "echo one; sleep 30; echo two", run=RUN)
    await showing(hands, job, "one\n")
    hands._limit = 0.5
    server = lab.server(lab.world.nodes["a"])
    server.plug(False)
    with pytest.raises(HandsLost, match=r"^web-a: no answer within .*connect again$"):
        await hands.look(job)
    server.plug(True)
    later = await operating_opener(lab.ssh_config, None)(master)
    assert (await ended(later, job)).out == "one\ntwo\n"
    await later.close()


async def test_stopping_ends_what_a_job_waits_for(lab: LabPair, hands: NodeHands, job: str) -> None:
    node = lab.world.nodes["a"]
    await hands.launch(job, "sleep 9000", run=RUN)
    await eventually(lambda: any(p.command == "sleep 9000" for p in node.processes))
    look = await hands.stop(job)
    assert (look.state, look.exit_status) == (JobState.ENDED, 143)
    assert not any(p.command == "sleep 9000" for p in node.processes)


async def test_a_job_whose_process_is_gone_has_vanished(lab: LabPair, hands: NodeHands, job: str) -> None:
    node = lab.world.nodes["a"]
    await hands.launch(job, "echo begun; sleep 9000", run=RUN)
    await showing(hands, job, "begun\n")
    [runner] = [p.pid for p in node.processes if f"jobs/{job}/runner" in p.command]
    node.processes.kill(runner, 9)
    look = await ended(hands, job)
    assert (look.state, look.exit_status, look.out) == (JobState.VANISHED, None, "begun\n")


async def test_without_the_lock_nothing_is_launched(hands: NodeHands, job: str) -> None:
    await hands.drop_lock(RUN)
    with pytest.raises(LockLost):
        await hands.launch(job, "true", run=RUN)
    assert (await hands.look(job)).state is JobState.ABSENT


async def test_one_of_two_that_come_at_once_gets_the_lock(
    lab: LabPair, master: NodeConfig, hands: NodeHands
) -> None:
    await hands.drop_lock(RUN)
    other = await operating_opener(lab.ssh_config, None)(master)
    for number in range(10):
        holders = await asyncio.gather(
            hands.take_lock(f"a{number}", "job", "a@here"), other.take_lock(f"b{number}", "job", "b@here")
        )
        assert holders.count(None) == 1
        await asyncio.gather(hands.drop_lock(f"a{number}"), other.drop_lock(f"b{number}"))
    await other.close()


async def test_a_lock_says_who_and_since_when_and_is_broken_only_on_the_operator_s_word(
    lab: LabPair, master: NodeConfig, hands: NodeHands
) -> None:
    other = await operating_opener(lab.ssh_config, None)(master)
    holder = await other.take_lock("run-2", "provision", "b@there")
    assert holder is not None
    assert (holder.run, holder.job, holder.operator) == (RUN, "fail-back", "op@here")
    assert abs(holder.beat - lab.world.clock.now()) < 3600
    assert await other.take_lock("run-2", "provision", "b@there", break_stale=True) is None
    assert not await hands.beat(RUN)
    await other.drop_lock("run-2")
    await other.close()


async def test_a_detached_script_does_not_go_on_without_power(lab: LabPair) -> None:
    node = lab.world.nodes["b"]
    await run_text(node, "echo 'touch /root/begun; sleep 9000; touch /root/never' >/root/script")
    await run_text(node, "daemon -cf /bin/sh /root/script")
    await eventually(lambda: node.fs.exists("/root/begun"))
    await lab.fault("power-off", "web-b")
    await eventually(lambda: Shell.executing == 0)
    assert not node.fs.exists("/root/never")
    await lab.fault("power-on", "web-b")
    await eventually(lambda: node.ready)
    assert not node.fs.exists("/root/never")


async def test_a_power_cut_under_a_job_interrupts_it(
    lab: LabPair, master: NodeConfig, hands: NodeHands, job: str
) -> None:
    node = lab.world.nodes["a"]
    await hands.launch(job, "echo begun; sleep 9000; echo never", run=RUN)
    await showing(hands, job, "begun\n")
    await hands.launch(f"{job}2", "echo over", run=RUN)
    await ended(hands, f"{job}2")
    await lab.fault("power-off", "web-a")
    with pytest.raises(HandsLost, match=r"^web-a: "):
        await hands.look(job)
    with pytest.raises(HandsLost, match=r"^web-a: "):
        await operating_opener(lab.ssh_config, None)(master)
    await lab.fault("power-on", "web-a")
    await eventually(lambda: node.ready)
    later = await opened_again(lab, master)
    look = await later.look(job)
    assert (look.state, look.exit_status, look.out) == (JobState.INTERRUPTED, None, "begun\n")
    assert (await later.look(f"{job}2")).exit_status == 0
    # The lock is a directory on disk: a reboot does not take it away.
    assert await later.take_lock(RUN, "fail-back", "op@here") is None
    assert (await later.launch(job, "echo again", run=RUN)).state is JobState.INTERRUPTED
    await later.close()
