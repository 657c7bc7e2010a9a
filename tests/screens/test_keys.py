from collections.abc import Sequence

import pytest
from textual.widgets import Input

from console.app import THEMES
from console.lab.control import Refused
from console.screens.finding_dialog import FindingDialog
from console.screens.help import HelpScreen
from console.screens.raw import RawScreen
from console.screens.showing import SCREENS
from tests.screens import sample
from tests.screens.feeding import Feed, console, text_of
from tests.waiting import eventually
from widgets.findings_list import FindingsList
from widgets.node_card import NodeCard


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 15)])
async def test_every_key_works_on_every_screen(size: tuple[int, int]) -> None:
    app = console(sample.syncing())
    async with app.run_test(size=size) as pilot:
        await eventually(lambda: app.states)
        for key, mode, title in SCREENS:
            await pilot.press(key)
            await pilot.pause()
            assert app.current_mode == mode
            assert f" {key} {title} " in text_of(app)
            for pressed in ("tab", "down", "up", "y", "slash", "x", "escape", "question_mark", "q"):
                await pilot.press(pressed)
                await pilot.pause()
            assert app.current_mode == mode, f"after the keys of {mode}"
            assert not isinstance(app.screen, HelpScreen)
            await pilot.press("r")
            await pilot.pause()
            if isinstance(app.screen, RawScreen):
                await pilot.press("q")
                await pilot.pause()
            await pilot.press("p")
            await pilot.pause()
            await pilot.press("escape")
            await pilot.pause()
            assert app.current_mode == mode


async def test_t_goes_through_dark_light_and_the_terminals_own_colours() -> None:
    app = console(sample.healthy())
    async with app.run_test() as pilot:
        await eventually(lambda: app.states)
        seen = []
        for _ in THEMES:
            await pilot.press("t")
            seen.append(app.theme)
        assert sorted(seen) == sorted(THEMES)


async def test_q_goes_back_to_the_overview_and_from_there_out() -> None:
    app = console(sample.healthy())
    async with app.run_test() as pilot:
        await eventually(lambda: app.states)
        await pilot.press("3", "q")
        await pilot.pause()
        assert app.current_mode == "overview"
        await pilot.press("q")
    assert app.return_code == 0


async def test_quitting_while_a_question_is_open_leaves_nothing_behind() -> None:
    import asyncio

    feed = Feed(sample.healthy())
    app = console(sample.healthy(), feed=feed)
    async with app.run_test() as pilot:
        await eventually(lambda: feed.asker)
        assert feed.asker is not None
        asked = asyncio.create_task(feed.asker.trust("web-a", "SHA256:abc", "ssh-ed25519"))
        await eventually(lambda: app.screen.query("#cancel:focus"))
        await pilot.press("ctrl+q")
        asked.cancel()
    assert app.return_code == 0


async def test_enter_opens_the_worst_finding_and_r_the_text_behind_it() -> None:
    app = console(sample.syncing())
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await pilot.pause()
        await pilot.press("enter")
        await eventually(lambda: isinstance(app.screen, FindingDialog))
        await pilot.pause()
        assert "why it matters" in text_of(app)
        assert "leave the link alone" in text_of(app)
        await pilot.press("r")
        await eventually(lambda: isinstance(app.screen, RawScreen))
        await pilot.pause()
        assert "md0 (SYNCHRONIZING, 41%)" in text_of(app)
        await pilot.press("q", "q")
        await pilot.pause()
        assert app.current_mode == "overview"


async def test_the_cursor_stays_on_its_finding_when_a_worse_one_comes() -> None:
    feed = Feed(sample.syncing())
    app = console(sample.syncing(), feed=feed)
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await pilot.pause()
        await pilot.press("down")
        findings = app.screen.query_one(FindingsList)
        assert findings.pointed == sample.P31
        state = sample.syncing()
        feed.put(sample.state(findings=(sample.P18, *state.findings)))
        await eventually(lambda: findings.option_count == 4)
        await pilot.pause()
        assert findings.pointed == sample.P31


async def test_enter_on_a_node_shows_all_of_it_and_n_the_other() -> None:
    app = console(sample.healthy())
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await pilot.pause()
        app.screen.query_one("#slave", NodeCard).focus()
        await pilot.press("enter")
        await eventually(lambda: app.current_mode == "node")
        await pilot.pause()
        assert "nodeb" in text_of(app)
        await pilot.press("n")
        await pilot.pause()
        assert "nodea" in text_of(app)
        assert "gate ggate0" in text_of(app)


async def test_r_on_a_fact_shows_the_text_it_was_read_from() -> None:
    app = console(sample.healthy())
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await pilot.press("2")
        await pilot.press("slash", *"mirror/remote", "enter")
        await pilot.pause()
        await pilot.press("r")
        await eventually(lambda: isinstance(app.screen, RawScreen))
        await pilot.pause()
        assert "<name>MIRROR</name>" in text_of(app)


async def test_the_filter_narrows_findings_and_escape_widens_again() -> None:
    app = console(sample.syncing())
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await pilot.press("3", "slash", *"3080")
        await pilot.pause()
        findings = app.screen.query_one(FindingsList)
        assert findings.option_count == 1
        await pilot.press("enter")
        await pilot.pause()
        assert findings.has_focus
        await pilot.press("escape")
        await pilot.pause()
        assert findings.option_count == 3
        assert not app.screen.query_one("#filter", Input).display


async def test_y_copies_the_finding_as_text() -> None:
    app = console(sample.syncing())
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await pilot.pause()
        await pilot.press("y")
        await pilot.pause()
        assert app.clipboard.startswith("critical P23 web-a")
        assert "do: Stop writers" in app.clipboard


async def test_a_pair_that_was_not_read_yet_shows_nothing_of_the_one_before() -> None:
    pairs = [sample.pair_config("first"), sample.pair_config("second")]
    feed = Feed(sample.state(config=pairs[0], findings=(sample.P31,)))
    app = console(feed=feed, pairs=pairs)
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        for key in "123456":
            await pilot.press(key)
            await pilot.pause()
        app.pair = "second"
        for key in "123461":
            await pilot.press(key)
            await pilot.pause()
            text = text_of(app)
            assert "second" in text
            assert "connecting" in text
            for left in ("first", "192.168", "COMPLETE", "P31", "1,204", "MASTER", "●"):
                assert left not in text, (key, left, text)


class FakeFaults:
    def __init__(self) -> None:
        self.done: list[tuple[str, ...]] = []

    def offered(self) -> Sequence[tuple[str, str]]:
        return [("power-off b", "cut the power of node b"), ("unplug", "[/x] pull the replication cable")]

    async def fault(self, name: str, *args: str) -> str:
        self.done.append((name, *args))
        if name == "unplug":
            raise Refused("[/x] there is no cable")
        return f"[/x] {name}: done"


async def test_faults_exist_only_in_a_lab() -> None:
    app = console(sample.healthy())
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await pilot.press("f")
        await pilot.pause()
        assert app.current_mode == "overview"
        assert "Faults" not in text_of(app)


async def test_a_fault_is_chosen_from_a_menu() -> None:
    faults = FakeFaults()
    app = console(sample.healthy(), faults=faults)
    async with app.run_test(size=(80, 24)) as pilot:
        await eventually(lambda: app.states)
        await pilot.press("f")
        await eventually(lambda: "cut the power" in text_of(app))
        assert "[/x] pull" in text_of(app)
        await pilot.press("enter")
        await eventually(lambda: faults.done == [("power-off", "b")])
        await pilot.press("f")
        await eventually(lambda: "cut the power" in text_of(app))
        await pilot.press("down", "enter")
        await eventually(lambda: faults.done[1:] == [("unplug",)])
        await pilot.pause()
        assert app.is_running, "a fault the lab refuses is only told"


async def test_the_palette_reconnects_and_the_monitor_says_that_it_only_reads() -> None:
    feed = Feed(sample.healthy())
    app = console(sample.healthy(), feed=feed, read_only=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await pilot.pause()
        assert "read-only" in text_of(app)
        await pilot.press("p", *"reconnect")
        await eventually(lambda: "Try every node" in text_of(app))
        await pilot.press("enter")
        await eventually(lambda: feed.retries == 1)


async def test_help_shows_signs_and_keys() -> None:
    app = console(sample.healthy())
    async with app.run_test(size=(120, 60)) as pilot:
        await eventually(lambda: app.states)
        await pilot.press("question_mark")
        await eventually(lambda: isinstance(app.screen, HelpScreen))
        await pilot.pause()
        text = text_of(app)
        for word in ("◌ unknown", "The text the node printed", "Screen: findings", "Back to the overview"):
            assert word in text
