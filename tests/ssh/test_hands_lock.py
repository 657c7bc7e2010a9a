"""The operator's lock on a real sshd: one holder, whoever comes at the same moment."""

import asyncio
import os
from pathlib import Path

import pytest

from console.model.job import JobState, LockLost
from tests.ssh.sshd import Sshd
from tests.ssh.workbench import RUN, Workbench


@pytest.fixture
def bench(server: Sshd, tmp_path: Path) -> Workbench:
    return Workbench(tmp_path / "node", server)


async def test_a_lock_says_who_holds_it(bench: Workbench) -> None:
    async with bench.hands(lock=RUN) as ours, bench.hands() as other:
        holder = await other.take_lock("run-2", "provision", "b@there")
        assert holder is not None
        assert (holder.run, holder.job, holder.operator) == (RUN, "fail-back", "op@here")
        assert holder.since == holder.beat > 1_700_000_000
        assert not await other.beat("run-2")
        await other.drop_lock("run-2")
        assert await ours.beat(RUN)
        await ours.drop_lock(RUN)
        assert not await ours.beat(RUN)
        assert await other.take_lock("run-2", "provision", "b@there") is None
    assert sorted(path.name for path in bench.folder.iterdir()) == ["lock"]


async def test_the_same_run_takes_its_lock_again(bench: Workbench) -> None:
    async with bench.hands(lock=RUN), bench.hands() as resumed:
        assert await resumed.take_lock(RUN, "fail-back", "op@here") is None
        assert (await resumed.launch("r.1", "true", run=RUN)).state is not JobState.ABSENT


async def test_one_of_two_that_come_at_once_gets_the_lock(bench: Workbench) -> None:
    async with bench.hands() as first, bench.hands() as second:
        for number in range(50):
            runs = (f"a-{number}", f"b-{number}")
            holders = await asyncio.gather(
                first.take_lock(runs[0], "job", "a@here"), second.take_lock(runs[1], "job", "b@here")
            )
            assert holders.count(None) == 1
            winner, loser = (0, 1) if holders[0] is None else (1, 0)
            hands = (first, second)
            with pytest.raises(LockLost):
                await hands[loser].launch(f"x.{number}", "true", run=runs[loser])
            look = await hands[winner].launch(f"y.{number}", "true", run=runs[winner])
            assert look.state is not JobState.ABSENT
            await hands[winner].drop_lock(runs[winner])


async def test_one_of_two_that_break_a_lock_at_once_gets_it(bench: Workbench) -> None:
    async with bench.hands() as first, bench.hands() as second:
        for number in range(50):
            assert await first.take_lock(f"dead-{number}", "job", "dead@there") is None
            for hands in (first, second):
                assert await hands.take_lock("nobody", "job", "x@here") is not None
            runs = (f"a-{number}", f"b-{number}")
            holders = await asyncio.gather(
                first.take_lock(runs[0], "job", "a@here", break_stale=True),
                second.take_lock(runs[1], "job", "b@here", break_stale=True),
            )
            assert holders.count(None) == 1
            winner, loser = (0, 1) if holders[0] is None else (1, 0)
            seen = holders[loser]
            # Whoever came between the breaking and the writing sees a lock without an owner yet.
            assert seen is not None
            assert seen.run in (runs[winner], "")
            assert f"run={runs[winner]}\n" in (bench.folder / "lock" / "owner").read_text()
            await (first, second)[winner].drop_lock(runs[winner])
    assert len([path for path in bench.folder.iterdir() if path.name.startswith("lock.broken.")]) == 50


async def test_a_lock_whose_owner_stirs_meanwhile_is_not_broken(bench: Workbench) -> None:
    async with bench.hands() as other, bench.hands(lock=RUN) as ours:
        assert await other.take_lock("run-2", "provision", "b@there") is not None
        (bench.folder / "lock" / "beat").write_text("1700000000\n")
        holder = await other.take_lock("run-2", "provision", "b@there", break_stale=True)
        assert holder is not None
        assert (holder.run, holder.beat) == (RUN, 1_700_000_000)
        assert await ours.beat(RUN)


async def test_what_is_broken_is_kept_aside_and_its_owner_can_do_nothing_more(bench: Workbench) -> None:
    async with bench.hands(lock=RUN) as ours, bench.hands() as other:
        assert await other.take_lock("run-2", "provision", "b@there", break_stale=True) is None
        assert not await ours.beat(RUN)
        with pytest.raises(LockLost):
            await ours.launch("r.1", "true", run=RUN)
        await ours.drop_lock(RUN)
        assert await other.beat("run-2")
    [broken] = bench.folder.glob("lock.broken.*")
    assert f"run={RUN}\n" in (broken / "owner").read_text()


async def test_a_lock_without_an_owner_is_somebody_unknown_and_can_be_broken(bench: Workbench) -> None:
    (bench.folder / "lock").mkdir(parents=True)
    os.utime(bench.folder / "lock", (1_700_000_000, 1_700_000_000))
    async with bench.hands() as hands:
        holder = await hands.take_lock(RUN, "fail-back", "op@here")
        assert holder is not None
        assert (holder.run, holder.operator, holder.beat) == ("", "unknown", 1_700_000_000)
        assert await hands.take_lock(RUN, "fail-back", "op@here", break_stale=True) is None
        assert await hands.beat(RUN)


async def test_one_who_died_while_breaking_stops_nobody_for_long(bench: Workbench) -> None:
    async with bench.hands(lock=RUN) as ours:
        (bench.folder / "lock.turn").mkdir()
        await ours.drop_lock(RUN)
        assert sorted(path.name for path in bench.folder.iterdir()) == []


async def test_an_operator_of_odd_characters_is_one_line_of_the_lock(bench: Workbench) -> None:
    async with bench.hands() as hands, bench.hands() as other:
        await hands.take_lock(RUN, "fail-back", "o'p%s\\é\nrun=other@he re")
        holder = await other.take_lock("run-2", "provision", "b@there")
        assert holder is not None
        assert (holder.run, holder.operator) == (RUN, "o'p%s\\é")
