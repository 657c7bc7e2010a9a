"""A night of the lab, recorded: what `record` keeps is what was to be seen, and the commands tell it."""

import argparse
import asyncio
import json
import math
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from console import cli, config_file
from console.commands import record
from console.commands.sampling import opener
from console.health.pair_line import line_of
from console.lab.pair import LabPair, serve
from console.memory.figures import served
from console.memory.reading import NoRecording, Recording
from console.memory.recorder import Recorder
from console.model.config import Config
from console.model.snapshot import PairState
from console.model.words import Answer, Role, Severity
from console.watch.node_watch import lane_plans, sections_of
from console.watch.pair_watch import PairWatch
from console.watch.taped import TapedPair
from tests.waiting import eventually


@pytest.fixture
async def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LabPair]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path))
    pair = await serve()
    try:
        yield pair
    finally:
        await pair.close()


@pytest.fixture
def config(lab: LabPair) -> Config:
    return config_file.load(lab.config_file)


class Recorded:
    """The lab watched and recorded; every state that was seen, and when."""

    def __init__(self, config: Config, file: Path) -> None:
        self.file = file
        self.seen: list[PairState] = []
        self._config = config

    async def run(self) -> None:
        pair = self._config.pairs[0]
        async with Recorder(self.file, 10**9) as recorder:
            watch = PairWatch(pair, opener(self._config, None), recorder.take)
            states = watch.states()
            try:
                async for state in states:
                    recorder.follow(state, settled=watch.settled)
                    if watch.settled:
                        self.seen.append(state)
            finally:
                await states.aclose()

    def served_by(self, node: str) -> float:
        """When the node was first seen to serve; infinity as long as it was not."""
        return next((s.snapshot.now for s in self.seen if served(s)[1] == node), math.inf)

    @property
    def newest(self) -> PairState | None:
        return self.seen[-1] if self.seen else None


def _replayed(recording: Recording, config: Config, at: float) -> TapedPair:
    pair = config.pairs[0]
    played = TapedPair(pair, sections_of(lane_plans(pair)))
    for piece in recording.pieces(pair.name, at):
        played.apply(piece)
    return played


async def test_a_failover_is_in_the_recording_as_it_was_seen(
    lab: LabPair, config: Config, tmp_path: Path
) -> None:
    recorded = Recorded(config, tmp_path / "recording.db")
    task = asyncio.create_task(recorded.run())
    try:
        await eventually(lambda: recorded.newest, what="settled")
        await lab.fault("power-off", "web-a")
        # A figure is taken about once a second: what was seen only in the last one may not be among them.
        await eventually(
            lambda: recorded.seen[-1].snapshot.now > recorded.served_by("web-b") + 1.0,
            60,
            "web-b took over, a second ago",
        )
        assert recorded.seen[-1].truths[1].role is Role.MASTER
        before = recorded.seen[0]
        after = recorded.seen[-1]
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    name = config.pairs[0].name
    recording = Recording(recorded.file)
    for state in (before, after):
        played = _replayed(recording, config, state.snapshot.now)
        again = played.state(state.snapshot.now)
        assert played.settled
        assert line_of(again, settled=True).roles == line_of(state, settled=True).roles
        assert [n.link.state for n in again.snapshot.nodes] == [n.link.state for n in state.snapshot.nodes]
        for old, new in zip(state.snapshot.nodes, again.snapshot.nodes, strict=True):
            assert new.facts.geom == old.facts.geom
            assert new.facts.mounts == old.facts.mounts
            assert new.facts.processes == old.facts.processes
            assert new.facts.messages == old.facts.messages
        assert {f.id for f in again.findings} <= {f.id for f in state.findings}
    kept = recording.events(name, 0, time.time())
    assert set(kept) == set(recorded.seen[-1].events)
    services = recording.service(name, 0, time.time())
    assert services[0].served is Answer.YES
    assert services[0].by == "web-a"
    assert services[-1].by == "web-b"
    assert len(services) >= 3
    assert recording.series(name, "queue", 0, time.time())


async def test_record_runs_until_it_is_ended_and_the_commands_read_it(
    lab: LabPair,
    config: Config,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file, name = tmp_path / "recording.db", config.pairs[0].name
    task = asyncio.create_task(record.run(config, opener(config, None), file, 10**9))

    def gone() -> bool:
        happened = Recording(file).events(name, 0, time.time())
        return any(e.kind == "link" and e.severity is Severity.WARNING for e in happened)

    def counted() -> bool:
        try:
            return bool(Recording(file).series(name, "queue", 0, time.time()))
        except NoRecording:
            return False

    await eventually(counted)
    await lab.fault("power-off", "web-b")
    await eventually(gone, 60)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    capsys.readouterr()

    def said(*words: str) -> tuple[int | str | None, str, str]:
        line = ["mirrorgate", "--config", str(lab.config_file), *words, "--file", str(file)]
        monkeypatch.setattr(sys, "argv", line)
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out = capsys.readouterr()
        return ended.value.code, out.out, out.err

    status, out, _ = await asyncio.to_thread(said, "replay", "--json", "--every", "1")
    assert status == 0
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["time"] for line in lines] == sorted(line["time"] for line in lines)
    assert {line["pair"] for line in lines} == {name}
    assert any(event["kind"] == "link" for line in lines for event in line["events"])
    last = {node["name"]: node["link"]["state"] for node in lines[-1]["nodes"]}
    assert last["web-a"] == "live"
    assert last["web-b"] != "live"

    status, out, _ = await asyncio.to_thread(said, "trends", "--json")
    assert status == 0
    trends = json.loads(out)[0]
    assert trends["pair"] == name
    assert {curve["name"] for curve in trends["curves"]} >= {"queue", "sync-rate"}
    assert trends["drills"] == []
    status, out, _ = await asyncio.to_thread(said, "trends", "--since", "1h")
    assert "mail queue" in out
    assert "outages       0, 0 s in all" in out

    status, out, err = await asyncio.to_thread(said, "replay", "--json", "--at", "3d")
    assert (status, out) == (1, "") or status == 0
    status, _, err = await asyncio.to_thread(said, "replay", "--json", "--at", "soon")
    assert status == 2
    assert "--at soon" in err
    status, _, err = await asyncio.to_thread(said, "trends", "--since", "soon")
    assert status == 2
    assert err.count("\n") == 1


async def test_record_refuses_a_file_that_is_recorded_into(
    config: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with Recorder(tmp_path / "r.db", 10**9):
        assert await record.run(config, opener(config, None), tmp_path / "r.db", 10**9) == 2
    assert "another mirrorgate records into it" in capsys.readouterr().err


def test_the_commands_say_where_there_is_no_recording(
    tmp_path: Path, config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    from console.commands import replay_export, trends

    missing = tmp_path / "none.db"
    told = argparse.Namespace(pair=None, file=missing, at=None, until=None, since="7d", every=60.0, json=True)
    assert replay_export.main(told, config, tmp_path) == 2
    assert trends.main(told, config, tmp_path) == 2
    assert capsys.readouterr().err.count("there is no recording") == 2
