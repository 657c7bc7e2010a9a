"""The journal of real processes: one that is killed at any instant, and two that write at once."""

import random
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from console.engine.journal import Journal
from tests.engine.keeping import state


def keeping(path: Path, run: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.engine.keeping", str(path), run, str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


@pytest.mark.parametrize("seed", range(6))
async def test_a_console_killed_while_it_keeps_loses_nothing_it_was_told_is_kept(
    tmp_path: Path, seed: int
) -> None:
    path = tmp_path / "h.db"
    chance = random.Random(seed)
    with keeping(path, "r", 100_000) as process:
        go(process)
        assert process.stdout is not None
        said = -1
        for _ in range(chance.randrange(1, 250)):
            said = int(process.stdout.readline())
        process.kill()
        for line in process.stdout.read().split("\n")[:-1]:
            said = int(line)
    assert process.returncode == -9
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()
    journal = Journal(path)
    found = await journal.load("r")
    assert found is not None
    number = int(found.why)
    assert number in (said, said + 1), "what was kept last, or the one that was being kept"
    assert found == state("r", number)
    await journal.keep(state("r", number + 1))
    assert await journal.load("r") == state("r", number + 1)
    await journal.close()


async def test_two_consoles_begin_and_write_the_same_history_at_once(tmp_path: Path) -> None:
    path = tmp_path / "state" / "h.db"
    both = [keeping(path, name, 150) for name in ("r1", "r2")]
    for process in both:
        go(process)
    for process in both:
        process.communicate(timeout=60)
        assert process.returncode == 0
    journal = Journal(path)
    assert [await journal.load(name) for name in ("r1", "r2")] == [state("r1", 149), state("r2", 149)]
    await journal.close()
