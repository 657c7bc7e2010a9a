"""`monitor --wall` in itself: what of the environment it obeys, and that its console hands nothing out."""

import inspect
from pathlib import Path

import pytest
from textual.app import App, SuspendNotSupported
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Resize
from textual.geometry import Size

from console.commands import monitor, wall
from console.commands.wall_app import WallApp, WallDriver
from console.engine.journal import Journal
from console.lab.pair import LabPair
from console.model.config import Config, HookConfig


def test_only_how_the_terminal_draws_is_obeyed() -> None:
    given = {
        "TERM": "xterm-256color",
        "LANG": "de_DE.UTF-8",
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "120",
        "LINES": "99999999",
        "LC_TIME": "../../etc/passwd",
        "LC_x": "C",
        "TEXTUAL": "devtools",
        "PYTHONPATH": "/x",
        "XDG_STATE_HOME": "/x",
        "HOME": "/x",
        "PATH": "/x",
        "SSH_AUTH_SOCK": "/x",
        "NO_COLOR": "1",
        "TERM\n": "x",
    }
    assert wall.obeyed(given, "mgview", "/home/mgview") == {
        "TERM": "xterm-256color",
        "LANG": "de_DE.UTF-8",
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "120",
        "HOME": "/home/mgview",
        "LOGNAME": "mgview",
        "USER": "mgview",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
    }


@pytest.mark.parametrize("value", ["", "x" * 65, "a b", "$(id)", "x\x1b[31m", "/etc", "ä"])
def test_an_odd_value_is_left_out(value: str) -> None:
    assert "TERM" not in wall.obeyed({"TERM": value}, "v", "/")


def _own(kind: type) -> set[str]:
    """Public methods by which Textual could hand something out of a console, or let something in."""
    words = ("deliver", "save", "screenshot", "open_url", "suspend_process")
    left = {"export_screenshot"}
    return {
        name
        for name, _ in inspect.getmembers(kind, inspect.isfunction)
        if any(word in name for word in words) and not name.startswith("_") and name not in left
    }


def test_every_way_out_that_textual_has_is_refused_by_the_wall() -> None:
    """A newer Textual with another one fails here."""
    assert len(_own(App)) >= 6
    assert {name for name in _own(App) if name not in vars(WallApp)} == set()
    assert {name for name in _own(Driver) if name not in vars(WallDriver)} == set()


@pytest.fixture
def config(config: Config) -> Config:
    hook = HookConfig(name="page", command=("/usr/bin/true",), where=("monitor",))
    return config.model_copy(update={"on_event": (hook,)})


async def test_a_viewer_is_asked_nothing_and_gets_no_file(
    lab: LabPair, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    watching, journal = monitor.Watching(config, config.pairs, "monitor"), Journal(tmp_path / "none.db")
    reader = monitor.mails(config, watching)
    app = monitor.console(config.pairs, watching, reader, journal, wall=True)
    assert isinstance(app, WallApp)
    assert app.get_driver_class() is WallDriver
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        assert await app.trust("node", "SHA256:x", "ssh-ed25519") is False
        assert await app.passphrase("id_ed25519") is None
        app.open_url("https://example.org/")
        app.action_screenshot()
        assert app.deliver_screenshot() is None
        assert app.save_screenshot() == ""
        assert app.deliver_text(__file__) is None
        assert app.deliver_binary(__file__) is None
        app.action_suspend_process()
        with pytest.raises(SuspendNotSupported), app.suspend():
            pytest.fail("suspended")
        await pilot.pause()
        assert {one.message for one in app._notifications} == {"not on this console"}
    await reader.close()
    await journal.close()
    assert opened == []
    assert _files(tmp_path) == []


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_a_bug_shows_one_line_and_no_memory(
    lab: LabPair, config: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    watching, journal = monitor.Watching(config, config.pairs, "monitor"), Journal(tmp_path / "none.db")
    reader = monitor.mails(config, watching)
    app = monitor.console(config.pairs, watching, reader, journal, wall=True)

    def broken() -> None:
        secret = "topsecretword"
        raise RuntimeError(secret)

    async def run() -> None:
        async with app.run_test() as pilot:
            app.call_later(broken)
            await pilot.pause()

    with pytest.raises(RuntimeError):
        await run()
    said = "".join(capsys.readouterr())
    assert "the console met a bug" in said
    assert "topsecretword" not in said
    await reader.close()
    await journal.close()


def test_hooks_are_not_run_by_viewers(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Config] = []

    async def ran(config: Config, *_: object, **__: object) -> int:
        given.append(config)
        return 0

    monkeypatch.setattr(monitor, "_run", ran)
    monitor.run(config, Path("x"), None, ascii_only=False, wall=True)
    monitor.run(config, Path("x"), None, ascii_only=False)
    assert [len(one.on_event) for one in given] == [0, 1]


def test_a_size_that_no_terminal_has_is_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[object] = []
    monkeypatch.setattr(LinuxDriver, "__init__", lambda *_, **__: None)
    monkeypatch.setattr(LinuxDriver, "_get_terminal_size", lambda _: (65535, 65535))
    monkeypatch.setattr(LinuxDriver, "process_message", lambda _, message: taken.append(message))
    monkeypatch.setattr("signal.signal", lambda *_: None)
    driver = WallDriver(None)
    assert driver._size == (500, 200)
    driver.process_message(Resize(Size(60000, 50), Size(60000, 50)))
    (event,) = taken
    assert isinstance(event, Resize)
    assert (event.size, event.virtual_size) == (Size(500, 50), Size(500, 50))
