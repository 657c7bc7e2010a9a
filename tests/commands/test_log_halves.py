"""A second process for the later half of a big log: the same figures, and nothing stays of it."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

import pytest

from console.commands import log
from tests.parse.qmail_logs import files
from tests.waiting import eventually

log_halves = pytest.importorskip("console.commands.log_halves")
pytestmark = pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="only done with two processors")


@pytest.fixture
def parted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also small logs are parted."""
    monkeypatch.setattr(log, "_BIG", 0)
    monkeypatch.setattr(log_halves, "BIG", 0)
    monkeypatch.setattr(log_halves, "BLOCK", 20_000)
    monkeypatch.setattr(log_halves, "_NEAR", 1_000)


def captured() -> list[str]:
    return [str(path) for directory in ("mixed", "restart", "troubles") for path in files(directory)]


def told(names: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert log.main(names, summary=True, as_json=True) == 0
    return capsys.readouterr().out


def as_one(names: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    with monkeypatch.context() as patch:
        patch.setattr(os, "cpu_count", lambda: 1)
        return told(names, capsys)


def no_children() -> bool:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return True
    return False


@pytest.mark.usefixtures("parted")
def test_the_summary_is_that_of_one_process_and_no_zombie_stays(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    forked: list[int] = []
    fork = os.fork

    def counted() -> int:
        forked.append(1)
        return fork()

    monkeypatch.setattr(os, "fork", counted)
    names = captured()
    for some in (names, names[:1], names[1:]):
        forked.clear()
        answer = told(some, capsys)
        assert forked
        assert answer == as_one(some, monkeypatch, capsys)
    assert no_children()


@pytest.mark.usefixtures("parted")
@pytest.mark.parametrize("how", ["raises", "killed", "half told"])
def test_what_a_failed_process_does_not_tell_is_read_by_the_first(
    how: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def tell(_later: object, pipe: tuple[int, int], _parent: int) -> NoReturn:
        if how == "half told":
            os.write(pipe[1], b"\x80\x05\x95\x10\x00\x00\x00\x00\x00\x00\x00")
        elif how == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        os._exit(1)

    names = captured()
    if how == "raises":
        monkeypatch.setattr(log_halves.LaterFigures, "rest", lambda _self: 1 / 0)
    else:
        monkeypatch.setattr(log_halves, "_tell", tell)
    assert told(names, capsys) == as_one(names, monkeypatch, capsys)
    assert capsys.readouterr().err == ""
    assert no_children()


@pytest.mark.usefixtures("parted")
def test_an_interrupted_summary_leaves_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def take(_self: object, _block: bytes) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(log_halves.EarlierFigures, "take", take)
    with ExitStack() as stack:
        parts = log_halves.halves(captured(), stack)
        assert parts is not None
        with pytest.raises(KeyboardInterrupt):
            log_halves.summed(parts)
    assert no_children()


_ALONE = """
import io, os, sys, time
from console.commands import log_halves
from console.parse.qmail_blocks import blocks
parent = os.getpid()
class Slow(log_halves.LaterFigures):
    def take(self, block):
        print(os.getpid(), flush=True)
        # Until the process above is gone.
        while os.getppid() == parent:
            time.sleep(0.01)
log_halves.LaterFigures = Slow
class Stuck:
    def read(self, size):
        time.sleep(1000)
        return b""
class Lines:
    def read(self, size):
        return b"x\\n"
log_halves.summed(log_halves.Halves([Stuck()], [Lines()]))
"""


_TELLING = _ALONE.replace("Lines()", "io.BytesIO(b'x\\n')").replace(
    "        # Until", "        return\n    def rest(self):\n        return bytes(10**7)\n        # Until"
)
"""More to tell than a pipe holds, and nobody reads it."""


@pytest.mark.parametrize("program", [_ALONE, _TELLING], ids=["adding up", "telling"])
async def test_a_process_whose_parent_was_killed_ends_too(program: str) -> None:
    child = await asyncio.to_thread(_child_of_a_killed, program)
    await eventually(lambda: _gone(child))


def _child_of_a_killed(program: str) -> int:
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    return child


def _gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    # A zombie that nobody waits for has ended as well.
    stat = Path(f"/proc/{process}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.usefixtures("parted")
@pytest.mark.parametrize("odd", ["packed", "torn", "pipe", "huge line", "one processor", "small"])
def test_a_log_that_cannot_be_parted_well_is_read_in_one(
    odd: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [str(path) for path in files("mixed")] * 2
    ways: dict[str, Callable[[], object]] = {
        "packed": lambda: names.append(str(next(path for path in files("busy") if path.suffix == ".gz"))),
        "torn": lambda: names.insert(0, _written(tmp_path, b"new msg 1\nnew m")),
        "pipe": lambda: names.append("-"),
        "huge line": lambda: names.__setitem__(slice(None), [_written(tmp_path, b"x" * 900_000 + b"\n")]),
        "one processor": lambda: monkeypatch.setattr(os, "cpu_count", lambda: None),
        "small": lambda: monkeypatch.setattr(log_halves, "BIG", 10**9),
    }
    with ExitStack() as stack:
        assert log_halves.halves(names, stack) is not None
        ways[odd]()
        assert log_halves.halves(names, stack) is None


def _written(directory: Path, data: bytes) -> str:
    path = directory / "log"
    path.write_bytes(data)
    return str(path)
