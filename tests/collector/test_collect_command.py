"""`mirrorgate collect` as a program: many consoles, one reading; killed, restarted, told to end."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from console import config_file
from console.collector.shared_watch import SharedWatching
from console.commands import monitor
from console.engine.journal import Journal
from console.lab.pair import LabPair, serve
from console.model.config import Config
from console.ssh.text import inert
from tests.collector.stage import Viewer
from tests.screens.feeding import text_of
from tests.waiting import eventually


@pytest.fixture
async def lab() -> AsyncIterator[LabPair]:
    pair = await serve()
    try:
        yield pair
    finally:
        await pair.close()


def _words(config: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "console.cli", "--config", str(config), "collect", *words]


@asynccontextmanager
async def program(config: Path, state: Path, *words: str) -> AsyncIterator[asyncio.subprocess.Process]:
    one = await asyncio.create_subprocess_exec(
        *_words(config, *words),
        stderr=asyncio.subprocess.PIPE,
        env=dict(os.environ, XDG_STATE_HOME=str(state)),
    )
    try:
        assert one.stderr
        said = await asyncio.wait_for(one.stderr.readline(), 60)
        assert said.startswith(b"mirrorgate: collecting from 1 pair, viewers at "), said
        yield one
    finally:
        if one.returncode is None:
            one.kill()
        await one.wait()


@pytest.fixture
def shared(lab: LabPair, tmp_path: Path) -> Path:
    """The lab's configuration with a collector's socket in it."""
    path = tmp_path / "c.toml"
    path.write_text(f'collector = "{tmp_path}/c.sock"\n{lab.config_file.read_text()}')
    return path


def _viewer(config: Config) -> Viewer:
    watching = monitor.source(config, config.pairs)
    assert isinstance(watching, SharedWatching)
    watching.look(config.pairs[0].name)
    watching._grace, watching._again = 0.5, 0.1
    return Viewer(watching)


async def test_it_is_killed_restarted_and_ended_and_viewers_see_the_pair_all_the_while(
    lab: LabPair, shared: Path, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    hook = f'[[on_event]]\nname = "file"\nkinds = ["role"]\ncommand = ["/bin/sh", "-c", "cat > {told}"]\n'
    with_hook = shared.with_name("hook.toml")
    text = await asyncio.to_thread(shared.read_text)
    await asyncio.to_thread(with_hook.write_text, text + hook + 'where = ["collect"]\n')
    viewer = _viewer(config_file.load(shared))
    task = asyncio.create_task(viewer.follow())
    try:
        async with program(with_hook, tmp_path, "--record") as first:
            state = await viewer.whole("lab")
            assert state.truths[0].mounted.value == "yes"
            await viewer.says("collector, 1 viewer")
            first.kill()
            await viewer.says("polling itself: no collector")
        # What kill -9 leaves behind does not stand in the way of the next one.
        assert (tmp_path / "c.sock").is_socket()
        async with program(with_hook, tmp_path, "--record") as second:
            # Without "1 pair read here": this one knows the pair as well as the viewer does.
            await eventually(lambda: viewer.words[-1] == "collector, 1 viewer")
            await lab.fault("stop-freevrrpd", "b")
            await eventually(lambda: viewer.states["lab"].truths[1].role.value == "STOPPED")
            await eventually(lambda: told.exists() and told.read_text().endswith("}"), 60)
            assert json.loads(told.read_text())["text"] == "web-b BACKUP → STOPPED"
            second.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(second.wait(), 30) == 0
            assert second.stderr
            assert b"Traceback" not in await second.stderr.read()
        assert not (tmp_path / "c.sock").exists()
        assert (tmp_path / "mirrorgate" / "recording.db").stat().st_size > 0
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_second_one_is_told_off_and_the_first_goes_on(
    lab: LabPair, shared: Path, tmp_path: Path
) -> None:
    async with program(shared, tmp_path):
        done = await asyncio.to_thread(
            subprocess.run, _words(shared), capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 2
        assert done.stderr.startswith(f"mirrorgate: {tmp_path}/c.sock: somebody serves there already")
        assert done.stderr.count("\n") == 1
        viewer = _viewer(config_file.load(shared))
        task = asyncio.create_task(viewer.follow())
        await viewer.whole("lab")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_the_read_only_console_says_where_its_states_come_from(
    lab: LabPair, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    config = config_file.load(shared)
    watching, journal = monitor.source(config, config.pairs), Journal()
    reader = monitor.mails(config, watching)
    app = monitor.console(config.pairs, watching, reader, journal)
    async with program(shared, tmp_path) as one, app.run_test(size=(160, 48)) as pilot:
        await eventually(lambda: "collector, 1 viewer" in text_of(app))
        await eventually(lambda: "lab" in app.states and app.states["lab"].truths[0].mounted.value == "yes")
        one.kill()
        await eventually(lambda: "polling itself" in text_of(app))
        await pilot.pause()
    await reader.close()
    await journal.close()


def test_without_a_socket_it_says_how_to_name_one(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    nodes = "".join(
        f'[[pairs.nodes]]\nname = "{n}"\nhome = "{home}"\nhost = "192.0.2.{i}"\nimage = "/i"\n'
        for i, (n, home) in enumerate((("a", "master"), ("b", "slave")), start=1)
    )
    path.write_text(f'[[pairs]]\nname = "www"\n{nodes}')
    done = subprocess.run(_words(path), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "no socket is named: add collector = " in done.stderr
    assert done.stderr == inert(done.stderr)
    assert done.stderr.count("\n") == 1


def test_without_the_key_a_read_only_console_reads_the_nodes(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text(
        '[[pairs]]\nname = "www"\n[[pairs.nodes]]\nname = "a"\nhome = "master"\nhost = "192.0.2.1"\n'
        'image = "/i"\n[[pairs.nodes]]\nname = "b"\nhome = "slave"\nhost = "192.0.2.2"\nimage = "/i"\n'
    )
    config = config_file.load(path)
    assert isinstance(monitor.source(config, config.pairs), monitor.Watching)
