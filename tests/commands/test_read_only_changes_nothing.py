"""Every public way into a read-only console, tried on a lab whose nodes are compared before and after."""

import argparse
import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from textual.binding import BindingsMap
from textual.command import DiscoveryHit
from textual.screen import ModalScreen

from console import cli
from console.app import MirrorgateApp
from console.commands import dispatching, monitor, read_only
from console.engine.journal import Journal
from console.lab.pair import LabPair, serve
from console.lab.running import run_text
from console.lab.session import Session
from console.lab.world import Node
from console.model.config import Config
from console.screens.job_list import READ_ONLY
from console.screens.palette import NamedCommands
from console.screens.showing import SCREENS
from console.ssh.shell import SHELLS
from tests.screens.feeding import text_of
from tests.waiting import eventually

_LIVES = ("/dev", "/proc", "/var/log", "/var/qmail/queue", "/var/run", "/home/sites", "/tmp")
"""What a pair at work changes by itself: mail and logs."""
_STATE = (
    "mount -p | sort; gmirror status -s; ggatec list; mdconfig -lv; ifconfig -a | grep inet; "
    "kldstat | wc -l; ps -axo command | grep -E 'freevrrpd|ggate|qmail-send|sshd$' | grep -v grep | sort"
)


@pytest.fixture
async def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LabPair]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("STATE", "CONFIG", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    pair = await serve()
    try:
        yield pair
    finally:
        await pair.close()


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """Every command that the lab's SSH servers are asked for."""
    asked: list[str | None] = []
    act = Session._act

    async def recorded(session: Session, command: str | None) -> int:
        asked.append(command)
        return await act(session, command)

    monkeypatch.setattr(Session, "_act", recorded)
    return asked


def _files(node: Node, folder: str = "/") -> Iterator[tuple[str, object]]:
    for one in node.fs.read_dir(folder):
        path = f"{folder.rstrip('/')}/{one['name']}"
        if path in _LIVES:
            continue
        kind = node.fs.stat(path)
        if kind["file_type"] == "directory":
            yield path, kind["mode"]
            yield from _files(node, path)
        else:
            yield path, (kind["mode"], node.fs.read_file(path) if kind["file_type"] == "file" else None)


async def world(lab: LabPair) -> dict[str, object]:
    """Files with content and mode, mounts, mirror, gate, addresses and services of both nodes."""
    told: dict[str, object] = {}
    for name, node in lab.world.nodes.items():
        told[f"{name} state"] = (await run_text(node, _STATE)).out
        told |= {f"{name} {path}": what for path, what in _files(node)}
    return told


async def compared(lab: LabPair, before: dict[str, object]) -> None:
    after = await world(lab)
    assert {key for key in after if before.get(key) != after[key]} == set()
    assert before.keys() == after.keys()


async def test_the_comparison_sees_a_change(lab: LabPair) -> None:
    before = await world(lab)
    assert len(before) > 100
    await run_text(lab.world.nodes["b"], "echo x >>/etc/rc.conf")
    with pytest.raises(AssertionError, match=r"b /etc/rc\.conf"):
        await compared(lab, before)


def _keys(*places: object) -> set[str]:
    """Every key of the console's own that these are bound to; Textual's scroll and edit."""
    bound: set[str] = set()
    for one in places:
        for kind in type(one).__mro__:
            if kind.__module__.startswith(("console.", "widgets.")):
                bound |= set(BindingsMap(vars(kind).get("BINDINGS", ())).key_to_bindings)
    return bound


async def _back(app: MirrorgateApp, mode: str) -> None:
    while isinstance(app.screen, ModalScreen) or len(app.screen_stack) > 1:
        await app.pop_screen()
    await app.switch_mode(mode)


async def test_every_screen_key_and_palette_entry_leaves_the_nodes_as_they_are(
    lab: LabPair, config_of: Config, started: list[str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await world(lab)
    watching, journal = monitor.Watching(config_of, config_of.pairs, "monitor"), Journal()
    reader = monitor.mails(config_of, watching)
    app = monitor.console(config_of.pairs, watching, reader, journal)
    assert app.jobs is None
    assert app.running is None
    monkeypatch.setattr(app, "exit", lambda *_, **__: None)
    monkeypatch.setattr(app, "copy_to_clipboard", lambda _: None)
    pressed: set[tuple[str, str]] = set()
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        for _, mode, _ in SCREENS:
            await _back(app, mode)
            await pilot.pause()
            if mode == "jobs":
                assert READ_ONLY[:40] in text_of(app)
            # What the app binds is the same on every screen.
            here = _keys(app.screen, *app.screen.walk_children())
            for key in sorted(here | _keys(app) if mode == "overview" else here):
                await pilot.press(key)
                pressed.add((mode, key))
                if isinstance(app.screen, ModalScreen):
                    await pilot.press("enter")
                await _back(app, mode)
        provider = NamedCommands(app.screen)
        names = []
        for command in app.get_system_commands(app.screen):
            names.append(command.title)
            command.callback()
            await pilot.pause()
            await _back(app, "overview")
        async for hit in provider.discover():
            assert isinstance(hit, DiscoveryHit)
            names.append(hit.text or "")
            hit.command()
            await pilot.pause()
            await _back(app, "overview")
        assert not any(name.startswith("Job ") for name in names)
        # The ways that only code has: an action by its name, a job that somebody hands over.
        for action in ("jobs", "faults", "help", "leave"):
            await app.run_action(action)
            await pilot.pause()
            await _back(app, "overview")
    await reader.close()
    await journal.close()
    assert len(pressed) >= 60, len(pressed)
    assert {command for command in started if command not in SHELLS.values()} == set()
    assert len(started) >= 4
    await compared(lab, before)


@pytest.fixture
def config_of(lab: LabPair) -> Config:
    from console import config_file

    return config_file.load(lab.config_file)


WORDS: dict[str, tuple[str, ...] | None] = {
    "status": ("--json",),
    "check": (),
    "doctor": (),
    "events": ("--for", "0.5"),
    "queue": ("--list", "3"),
    "trace": ("example",),
    "control": (),
    "authorize": ("--read-only",),
    "runs": (),
    "collect": ("--socket", "collector.sock", "--for", "3"),
    "papers": (),
    "record": ("--for", "3"),
    "replay": ("--json",),
    "trends": (),
    # These reach no node, or were opened above.
    **dict.fromkeys(("monitor", "log", "parse", "completion", "report", "init", "export", "serve")),
}
"""How each command that --read-only allows is asked here; a new one needs a line, and a thought."""


def _commands() -> dict[str, argparse.ArgumentParser]:
    for action in cli.parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    raise AssertionError("no commands")


def test_every_command_is_either_tried_here_or_refused() -> None:
    allowed = {name for name in _commands() if name in read_only.READS}
    assert allowed <= WORDS.keys(), "say in WORDS how the new command is tried"


@pytest.mark.parametrize("command", sorted(set(_commands()) - read_only.READS))
def test_a_command_that_could_change_a_node_is_refused(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before its configuration, and anything that could do it, is loaded."""
    arguments = argparse.Namespace(command=command, read_only=True, config=tmp_path / "none")
    assert dispatching.run(arguments, cli.parser, str) == 2
    assert f"{command} is refused" in capsys.readouterr().err


def test_authorize_prints_but_does_not_install(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    arguments = argparse.Namespace(
        command="authorize", read_only=True, install=True, config=tmp_path / "none"
    )
    assert dispatching.run(arguments, cli.parser, str) == 2
    assert "authorize --install is refused" in capsys.readouterr().err


async def test_every_command_that_reads_leaves_the_nodes_as_they_are(
    lab: LabPair, started: list[str | None]
) -> None:
    before = await world(lab)
    home = dict(os.environ)

    def ran(name: str, words: tuple[str, ...]) -> subprocess.CompletedProcess[bytes]:
        line = [
            sys.executable,
            "-m",
            "console.cli",
            "--config",
            str(lab.config_file),
            "--read-only",
            name,
            *words,
        ]
        root = Path(cli.__file__).parents[1]
        return subprocess.run(line, capture_output=True, env=home, cwd=root, timeout=120, check=False)

    for name, words in WORDS.items():
        if words is None:
            continue
        said = await asyncio.to_thread(ran, name, words)
        assert said.returncode in (0, 1, 2, 3), (name, said.stderr)
        assert b"Traceback" not in said.stderr, (name, said.stderr)
    allowed = {*SHELLS.values(), "true"}
    assert {command for command in started if command not in allowed} == set()
    assert "true" in started, "doctor tried the key"
    await compared(lab, before)


def test_a_read_only_console_does_not_load_what_could_change_a_node() -> None:
    """In a process of its own: what is in memory, not only what the import contracts say."""
    code = (
        "import sys; import console.commands.monitor, console.commands.status, console.commands.doctor\n"
        "bad = [m for m in sys.modules if m.startswith(('console.ssh.hands', 'console.ssh.copying', "
        "'console.ssh.streaming', 'console.ssh.commanding', 'console.engine.runner', "
        "'console.engine.course', 'playbooks.jobs', "
        "'console.commands.pair_jobs', 'console.commands.acting'))]\n"
        "print(bad)"
    )
    root = Path(cli.__file__).parents[1]
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=root, check=True)
    assert said.stdout.strip() == b"[]"
