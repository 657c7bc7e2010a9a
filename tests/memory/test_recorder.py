"""The recorder while it runs: full disks, clocks that are set, and its death."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.memory.reading import NoRecording, Recording
from console.memory.recorder import Recorder, default_path, limit_of, recording_of
from console.memory.schema import in_words
from console.memory.writing import Batch, Writing
from console.model.config import Config
from console.model.snapshot import LinkState
from tests.memory.taping import LARGE, T0, Clock, event, link, read, recorder, said, written
from tests.waiting import eventually


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "recording.db"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.memory.recorder._EVERY", 0.01)
    monkeypatch.setattr("console.memory.recorder._AGAIN", 0.02)


async def test_what_is_taken_is_in_the_file_a_moment_later(file: Path, clock: Clock) -> None:
    async with recorder(file, clock) as recording:
        recording.take(read(clock.now, "here"))
        await eventually(lambda: said(Recording(file).pieces("lab", clock.now)) == {"ps": "here"})


async def test_what_is_left_is_written_at_the_end(file: Path, clock: Clock) -> None:
    async with recorder(file, clock) as recording:
        for n in range(5):
            clock.go(1)
            recording.take(read(clock.now, f"{n}"))
        recording.events("lab", [event(clock.now)])
    read_back = Recording(file)
    assert [said(read_back.pieces("lab", T0 + n))["ps"] for n in range(1, 6)] == list("01234")
    assert len(read_back.events("lab", T0, T0 + 6)) == 1


async def test_a_second_recorder_is_refused(file: Path, clock: Clock) -> None:
    async with recorder(file, clock):
        with pytest.raises(NoRecording, match="another mirrorgate records into it"):
            await recorder(file, clock).start()
    async with recorder(file, clock):
        pass


async def test_a_recorder_that_was_started_again_goes_on_in_the_same_file(file: Path, clock: Clock) -> None:
    async with recorder(file, clock) as first:
        first.take(read(clock.now, "before"))
    clock.go(1000)
    async with recorder(file, clock) as second:
        second.take(read(clock.now, "after"))
    recording = Recording(file)
    assert said(recording.pieces("lab", T0))["ps"] == "before"
    assert said(recording.pieces("lab", T0 + 500)) == {"link": "lost"}
    assert said(recording.pieces("lab", T0 + 1000))["ps"] == "after"


async def test_a_clock_put_forward_leaves_a_gap_and_no_lies(file: Path, clock: Clock) -> None:
    async with recorder(file, clock) as recording:
        recording.take(read(clock.now, "config", "files"))
        recording.take(read(clock.now, "before"))
        clock.go(1)
        clock.set(T0 + 7200)
        recording.take(read(clock.now, "after"))
        clock.go(10)
        recording.take(read(clock.now, "after"))
    found = Recording(file)
    assert said(found.pieces("lab", T0))["ps"] == "before"
    assert said(found.pieces("lab", T0 + 3600)) == {"link": "lost"}
    # What was not asked again since is still known, and was not read before the clock was set by its time.
    assert said(found.pieces("lab", T0 + 7210)) == {"ps": "after", "files": "config"}


async def test_a_clock_put_back_shows_the_hour_as_it_was_last(file: Path, clock: Clock) -> None:
    async with recorder(file, clock) as recording:
        for n in range(0, 3600, 10):
            recording.take(read(clock.now, f"first {n}"))
            clock.go(10)
        clock.set(T0 + 1800)
        for n in range(0, 600, 10):
            recording.take(read(clock.now, f"second {n}"))
            clock.go(10)
    found = Recording(file)
    assert said(found.pieces("lab", T0 + 1000))["ps"] == "first 1000"
    assert said(found.pieces("lab", T0 + 2000))["ps"] == "second 200"
    span = found.span("lab")
    assert span is not None
    assert span.last == T0 + 2400
    told = [p.at for p in found.after("lab", T0 + 1700, T0 + 2000)]
    assert told == sorted(told)


async def test_a_clock_that_is_slewed_back_a_little_begins_no_stretch(file: Path, clock: Clock) -> None:
    async with recorder(file, clock) as recording:
        recording.take(read(clock.now, "one"))
        clock.go(1)
        recording.take(read(clock.now, "two"))
        clock.set(clock.now - 0.5)
        recording.take(read(clock.now, "three"))
        clock.go(1)
        recording.take(read(clock.now, "three"))
    found = Recording(file)
    assert len(found.stretches("lab")) == 1
    assert said(found.pieces("lab", T0 + 1.4))["ps"] == "three"


async def test_a_full_disk_is_said_once_and_the_recording_goes_on_when_there_is_room(
    small_disk: Path, clock: Clock
) -> None:
    file, told = small_disk / "recording.db", list[str]()
    ballast = small_disk / "ballast"
    async with recorder(file, clock, told) as recording:
        recording.take(read(clock.now, "before"))
        await eventually(lambda: said(Recording(file).pieces("lab", clock.now)) == {"ps": "before"})
        _fill(ballast)
        number = 0
        while recording.trouble is None:
            number += 1
            assert number < 500
            clock.go(1)
            recording.take(read(clock.now, os.urandom(20_000).hex()))
            await asyncio.sleep(0.02)
        assert "not recording" in recording.trouble
        assert "full" in recording.trouble
        full = clock.now
        clock.go(100)
        recording.take(read(clock.now, "while it was full"))
        recording.take(link(clock.now, LinkState.LOST, "gone"))
        recording.events("lab", [event(clock.now)])
        # Still readable, up to where the disk was full.
        assert said(Recording(file).pieces("lab", T0)) == {"ps": "before"}
        ballast.unlink()
        await eventually(lambda: recording.trouble is None)
        clock.go(10)
        recording.take(read(clock.now, "after"))
    assert [line.split(":")[0] for line in told] == ["not recording", "recording again"]
    found = Recording(file)
    assert said(found.pieces("lab", clock.now)) == {"ps": "after", "link": "lost"}
    assert said(found.pieces("lab", full + 50)) == {"link": "lost"}
    assert len(found.events("lab", T0, clock.now)) == 1
    assert _check(file) == "ok"


async def test_a_recording_that_is_moved_away_is_begun_anew_and_that_is_said(
    file: Path, clock: Clock
) -> None:
    told: list[str] = []
    aside = file.with_name("aside.db")
    async with recorder(file, clock, told) as recording:
        recording.take(read(clock.now, "before"))
        await eventually(lambda: said(Recording(file).pieces("lab", clock.now)) == {"ps": "before"})
        os.rename(file, aside)
        clock.go(1)
        recording.events("lab", [event(clock.now)])
        await eventually(lambda: len(told) == 2)
        clock.go(1)
        recording.take(read(clock.now, "after"))
    assert told[0].startswith(f"not recording: {file}: it was moved away or removed")
    assert told[1] == f"recording again: {file}"
    found = Recording(file)
    assert said(found.pieces("lab", clock.now)) == {"ps": "after"}
    assert len(found.events("lab", T0, clock.now)) == 1


async def test_another_recording_in_the_place_of_one_is_gone_on_with_and_stays_sound(
    file: Path, clock: Clock
) -> None:
    other = file.with_name("other.db")
    written(other, [read(T0 - 600, "other")]).close()
    async with recorder(file, clock) as recording:
        for n in range(50):
            recording.take(read(clock.now, f"{n}" * 500))
            clock.go(1)
        await eventually(lambda: said(Recording(file).pieces("lab", clock.now)))
        os.replace(other, file)
        await eventually(lambda: recording.trouble is not None)
        await eventually(lambda: recording.trouble is None)
        recording.take(read(clock.now, "after"))
    assert _check(file) == "ok"
    found = Recording(file)
    assert said(found.pieces("lab", T0 - 600))["ps"] == "other"
    assert said(found.pieces("lab", clock.now))["ps"] == "after"


def _put(file: Path, text: str) -> None:
    file.unlink()
    file.write_text(text)


def _taken_away(file: Path) -> str:
    text = file.read_text()
    file.unlink()
    return text


async def test_what_is_no_recording_in_the_place_of_one_that_was_moved_away_is_left_alone(
    file: Path, clock: Clock
) -> None:
    told: list[str] = []
    async with recorder(file, clock, told) as recording:
        recording.take(read(clock.now, "before"))
        _put(file, "somebody else's")
        await eventually(lambda: "no recording" in (recording.trouble or ""))
        assert "moved away or removed" in told[0]
        clock.go(1)
        assert _taken_away(file) == "somebody else's"
        await eventually(lambda: recording.trouble is None)
    assert [line.split(":")[0] for line in told] == ["not recording", "recording again"]
    assert said(Recording(file).pieces("lab", clock.now)) == {"ps": "before"}


async def test_a_disk_that_hangs_holds_up_nobody_and_what_waits_is_bounded(
    file: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    hangs, write = threading.Event(), Writing.write
    hung = threading.Event()

    def slow(self: Writing, batch: Batch) -> None:
        if hung.is_set():
            hangs.wait(30)
        write(self, batch)

    monkeypatch.setattr(Writing, "write", slow)
    monkeypatch.setattr("console.memory.recorder._WAITING", 100)
    told: list[str] = []
    async with recorder(file, clock, told) as recording:
        hung.set()
        for n in range(1000):
            recording.take(read(clock.now, f"{n}"))
            clock.go(1)
        assert recording.trouble is not None
        assert "too slow" in recording.trouble
        assert len(recording._batch.news) <= 101
        hung.clear()
        hangs.set()
        await eventually(lambda: recording.trouble is None)
    assert said(Recording(file).pieces("lab", clock.now)) == {"ps": "999"}


def test_a_recorder_that_is_killed_loses_at_most_the_last_second(file: Path) -> None:
    program = f"""
import asyncio, itertools, sys, time
from pathlib import Path
from console.memory.recorder import Recorder
from tests.memory.taping import read

async def main():
    recorder = Recorder(Path({str(file)!r}), 10**9)
    await recorder.start()
    for number in itertools.count():
        now = time.time()
        recorder.take(read(now, f"text {{number}} " + "x" * 300))
        print(now, flush=True)
        await asyncio.sleep(0.01)

asyncio.run(main())
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    taken: list[float] = []
    try:
        for line in process.stdout:
            taken.append(float(line))
            if taken[-1] - taken[0] > 2.5:
                break
    finally:
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read().splitlines()
        process.wait()
    last = max([*taken, *(float(line) for line in rest if line)])
    assert _check(file) == "ok"
    recording = Recording(file)
    span = recording.span("lab")
    assert span is not None
    assert last - span.last < 1.6
    assert said(recording.pieces("lab", span.last))["ps"].startswith("text ")
    recording.close()
    asyncio.run(_one_more(file))
    assert len(Recording(file).stretches("lab")) >= 1


async def _one_more(file: Path) -> None:
    async with Recorder(file, LARGE):
        pass


@pytest.fixture
def config() -> Config:
    nodes = [
        {"name": name, "home": home, "host": name, "image": f"/home/{name}"}
        for name, home in (("web-a", "master"), ("web-b", "slave"))
    ]
    return Config.model_validate({"pairs": [{"name": "lab", "nodes": nodes}]})


def test_the_file_is_named_by_option_then_configuration_then_the_state_directory(config: Config) -> None:
    assert default_path({"XDG_STATE_HOME": "/state"}) == Path("/state/mirrorgate/recording.db")
    named = config.model_copy(update={"recording": "/var/rec.db", "recording_size": 7})
    assert recording_of(named, Path("/other")) == Path("/other")
    assert recording_of(named) == Path("/var/rec.db")
    assert recording_of(config) == default_path()
    assert limit_of(config) == 50_000_000 * len(config.pairs)
    assert limit_of(named) == 7_000_000
    assert limit_of(named, 3) == 3_000_000


def test_each_trouble_is_one_line_with_the_file() -> None:
    import sqlite3

    for odd in (sqlite3.OperationalError("database or disk is full"), OSError(13, "Permission denied", "/x")):
        line = str(in_words(Path("/x"), odd))
        assert line.startswith("/x: ")
        assert "\n" not in line


def _check(file: Path) -> str:
    import sqlite3

    db = sqlite3.connect(file)
    try:
        return str(db.execute("PRAGMA integrity_check").fetchone()[0])
    finally:
        db.close()


def _fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as heavy:
        try:
            while True:
                heavy.write(b"\0" * 4096)
        except OSError:
            pass


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "small", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)
