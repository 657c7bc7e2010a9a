"""A run under way is nobody else's, and a killed console holds nothing."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from console.engine.claims import Claims
from console.engine.journal import Journal
from console.engine.runner import Refused
from console.model.run import RunState
from tests.engine.fake_site import Site
from tests.engine.fakes import Console
from tests.engine.sample_runs import drill

_HOLDS = """
import sys, time
from pathlib import Path
from console.engine.claims import Claims
print(Claims(Path(sys.argv[1])).take("a-run"), flush=True)
time.sleep(60)
"""


def test_a_claim_is_one_consoles_until_it_is_dropped(tmp_path: Path) -> None:
    ours, theirs = Claims(tmp_path), Claims(tmp_path)
    assert ours.take("a-run")
    assert not ours.take("a-run")
    assert not theirs.take("a-run")
    assert theirs.take("another")
    ours.drop("a-run")
    ours.drop("a-run")
    assert theirs.take("a-run")


def test_a_killed_console_holds_nothing(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDS, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        assert not Claims(tmp_path).take("a-run")
        os.kill(other.pid, signal.SIGKILL)
        other.wait()
    assert Claims(tmp_path).take("a-run")


def test_dropping_and_taking_at_once_never_gives_two_claims(tmp_path: Path) -> None:
    for _ in range(200):
        first, second, third = Claims(tmp_path), Claims(tmp_path), Claims(tmp_path)
        assert first.take("a-run")
        first.drop("a-run")
        assert [second.take("a-run"), third.take("a-run")] == [True, False]
        second.drop("a-run")


async def test_resuming_what_another_console_has_under_way_is_refused() -> None:
    site = Site()
    journal = Console(site).journal
    assert await journal.claim("a-run")
    with pytest.raises(Refused, match="under way in another console"):
        await Console(site).runner.resume("a-run")


async def test_a_run_id_is_never_a_path() -> None:
    with pytest.raises(Refused, match="there is no run"):
        await Console(Site()).runner.resume("../../etc/passwd")


async def test_a_run_whose_console_was_killed_is_not_told_as_running(tmp_path: Path) -> None:
    run = replace(drill(), state=RunState.RUNNING, ended=None)
    theirs, ours = Journal(tmp_path / "history.db"), Journal(tmp_path / "history.db")
    try:
        assert await theirs.claim(run.id)
        await theirs.keep(run)
        for journal in (theirs, ours):
            assert [told.state for told in await journal.runs()] == [RunState.RUNNING]
            assert await journal.seen(run.id) == run
        await theirs.release(run.id)
        (told,) = await ours.runs()
        assert told.state is RunState.STOPPED
        assert told.ended == (run.events[-1].at if run.events else run.started), "it does not go on"
        assert f"mirrorgate resume {run.id}" in told.why
        assert await ours.load(run.id) == run
        assert await ours.seen(run.id) == told
        assert await ours.seen("no-such-run") is None
    finally:
        await theirs.close()
        await ours.close()
