"""The console on a recording: there and back, the keys of time, nothing of the past done to the present."""

from dataclasses import replace
from typing import Any

import pytest
from defusedxml import ElementTree
from textual.pilot import Pilot

from console.app import MirrorgateApp
from console.model.snapshot import PairState
from console.model.tape import SectionRead
from console.model.words import Answer, Role
from console.screens.go_to_time import GoToTime
from console.screens.job_list import JobsScreen
from console.screens.logs import LogsScreen
from console.screens.replaying import NOT_NOW, NOTHING_RECORDED
from console.screens.trends import TrendsScreen
from tests.replay.fake_recording import FakeRecording
from tests.replay.night import BEGIN, DIED, END, night_pair
from tests.replay.replaying_app import PAIR, replay_console
from tests.screens import sample
from tests.screens.fake_jobs import FakeJobs
from tests.screens.feeding import Feed, console, text_of
from tests.waiting import eventually
from tests.widgets.test_plain import acts
from widgets.time_slider import TimeSlider
from widgets.trend_curves import TrendCurves


def shown(app: MirrorgateApp) -> PairState | None:
    return app.states.get(app.pair)


def at(app: MirrorgateApp) -> float:
    """The moment whose state is on the screen; before anything is there it is none."""
    state = app.newest.get(app.pair)
    return state.snapshot.now if state is not None and app.replaying is not None else -1.0


async def begun(app: MirrorgateApp, pilot: Pilot[Any], moment: float = END) -> None:
    await eventually(lambda: abs(at(app) - moment) < 0.01)
    await pilot.pause()


async def typed(pilot: Pilot[Any], words: str) -> None:
    await pilot.press("a")
    await eventually(lambda: isinstance(pilot.app.screen, GoToTime))
    await pilot.press(*words, "enter")


async def test_a_console_on_the_recording_shows_its_end_and_then_0312(night_recording: FakeRecording) -> None:
    app = replay_console(night_recording, start=True)
    async with app.run_test(size=(160, 48)) as pilot:
        await begun(app, pilot)
        assert app.beat == END
        assert "recording 04:00:0" in text_of(app)
        assert "● live" not in text_of(app).splitlines()[0]
        await typed(pilot, "03:12")
        await begun(app, pilot, DIED + 30)
        state = shown(app)
        assert state is not None
        assert [t.role for t in state.truths] == [Role.UNKNOWN, Role.MASTER]
        assert state.truths[1].mounted is Answer.YES
        text = text_of(app)
        assert "2026-11-23 03:12:00" in text
        assert "connection lost" in text
        await typed(pilot, "-5m")
        await begun(app, pilot, DIED - 270)
        state = shown(app)
        assert state is not None
        assert [t.role for t in state.truths] == [Role.MASTER, Role.BACKUP]


async def test_from_the_present_to_the_recording_and_back(night_recording: FakeRecording) -> None:
    feed = Feed(sample.healthy())
    app = replay_console(night_recording, feed=feed)
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        live = shown(app)
        await pilot.press("R")
        await begun(app, pilot)
        assert shown(app) != live
        newer = sample.degraded()
        feed.put(newer)
        await eventually(feed.queue.empty)
        await pilot.press("comma")
        await begun(app, pilot, END - 60)
        assert shown(app) != newer, "the present waits"
        await pilot.press("R")
        await eventually(lambda: app.replaying is None)
        await eventually(lambda: shown(app) == newer)
        await pilot.pause()
        assert app.beat == sample.NOW
        assert "recording" not in text_of(app).splitlines()[0]
        assert not app.screen.query_one(TimeSlider).display
        feed.put(sample.healthy())
        await eventually(lambda: shown(app) == sample.healthy())


async def test_the_keys_of_time(night_recording: FakeRecording) -> None:
    app = replay_console(night_recording, start=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await begun(app, pilot)
        place = END
        for key, seconds in (("comma", -60), ("less_than_sign", -3600), ("full_stop", 60), ("comma", -60)):
            await pilot.press(key)
            place += seconds
            await begun(app, pilot, place)
        await pilot.press(*["less_than_sign"] * 12)
        await begun(app, pilot, BEGIN)
        await pilot.press(*["greater_than_sign"] * 12)
        await begun(app, pilot, END)
        await pilot.press("left_square_bracket")
        told = night_recording.told[PAIR]
        await begun(app, pilot, told[-1].at)
        before = [event.at for event in told if event.at < told[-1].at - 0.5][-1]
        await pilot.press("left_square_bracket")
        await begun(app, pilot, before)
        await pilot.press("right_square_bracket")
        await begun(app, pilot, told[-1].at)


async def test_time_goes_by_as_fast_as_one_likes_and_stands_at_the_end(
    night_recording: FakeRecording,
) -> None:
    app = replay_console(night_recording, start=True, at=DIED - 60)
    async with app.run_test(size=(120, 40)) as pilot:
        await begun(app, pilot, DIED - 60)
        await pilot.press(*["plus"] * 6)
        assert app.replaying is not None
        assert app.replaying.speed == 3600
        await pilot.press("space")
        await eventually(lambda: app.replaying is not None and not app.replaying.playing)
        await begun(app, pilot)
        await pilot.press("space")
        await eventually(lambda: app.replaying is not None and app.replaying.playing)
        await pilot.press("space", "minus")
        await eventually(lambda: app.replaying is not None and not app.replaying.playing)
        assert app.replaying.speed == 600


async def test_a_click_on_the_slider_goes_there(night_recording: FakeRecording) -> None:
    app = replay_console(night_recording, start=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await begun(app, pilot)
        slider = app.screen.query_one(TimeSlider)
        await pilot.click(slider, offset=(slider.size.width // 2, 0))
        await eventually(lambda: at(app) not in (-1.0, END))
        assert app.replaying is not None
        assert END - 4 * 3600 < app.replaying.at < END - 2 * 3600


async def test_nothing_of_the_past_can_be_done_to_the_present(night_recording: FakeRecording) -> None:
    jobs = FakeJobs()
    app = replay_console(night_recording)
    app.jobs = jobs
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await eventually(lambda: app.states)
        await pilot.press("j")
        await eventually(lambda: isinstance(app.screen, JobsScreen))
        await pilot.press("R")
        await begun(app, pilot)
        assert app.current_mode == "overview"
        assert app.jobs is None
        for key in ("j", "7"):
            await pilot.press(key)
            await pilot.pause()
            assert not isinstance(app.screen, JobsScreen)
        assert NOT_NOW in {note.message for note in app._notifications}
        await pilot.press("R")
        await eventually(lambda: app.replaying is None)
        assert app.jobs is jobs
        await pilot.press("j")
        await eventually(lambda: isinstance(app.screen, JobsScreen))


async def test_without_a_recording_it_is_said_how_to_begin_one() -> None:
    app = console(sample.healthy())
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await pilot.press("R")
        await eventually(lambda: NOTHING_RECORDED in {note.message for note in app._notifications})
        assert app.replaying is None
        await pilot.press("9")
        await eventually(lambda: isinstance(app.screen, TrendsScreen) and app.screen.trouble)
        await pilot.pause()
        assert "mirrorgate record" in text_of(app)


async def test_a_recording_that_cannot_be_read_says_so_and_the_present_stays(
    night_recording: FakeRecording,
) -> None:
    night_recording.trouble = "/x/recording.db: it is damaged [/x]: move it aside"
    app = replay_console(night_recording)
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await pilot.press("R")
        await eventually(lambda: night_recording.trouble in {note.message for note in app._notifications})
        assert app.replaying is None
        assert shown(app) == sample.healthy()


async def test_a_recording_that_fails_meanwhile_says_so_and_goes_on_when_it_can(
    night_recording: FakeRecording,
) -> None:
    app = replay_console(night_recording, start=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await begun(app, pilot)
        night_recording.trouble = "it is locked"
        await pilot.press("comma")
        await eventually(lambda: app.replaying is not None and app.replaying.trouble == "it is locked")
        await pilot.pause()
        assert "it is locked" in text_of(app)
        night_recording.trouble = ""
        await pilot.press("comma")
        await begun(app, pilot, END - 120)
        assert app.replaying is not None
        assert not app.replaying.trouble


@pytest.mark.parametrize("size", [(160, 48), (80, 24), (60, 15)])
async def test_both_logs_stand_beside_one_another_around_the_moment(
    night_recording: FakeRecording, size: tuple[int, int]
) -> None:
    app = replay_console(night_recording, start=True, at=DIED + 5)
    async with app.run_test(size=size) as pilot:
        await begun(app, pilot, DIED + 5)
        await pilot.press("0")
        await eventually(lambda: isinstance(app.screen, LogsScreen) and app.screen.both is not None)
        await pilot.pause()
        lines = text_of(app).splitlines()
        rule = next(n for n, line in enumerate(lines) if "03:11:35 ──" in line)
        assert any("server state vrid 1: master" in line for line in lines[:rule])
        assert size[1] < 24 or any("launched (1/2)" in line for line in lines[rule:])
        await pilot.press("full_stop")
        await begun(app, pilot, DIED + 65)
        await eventually(lambda: "03:12:35 ──" in text_of(app))


async def test_the_logs_of_the_present_stand_beside_one_another_too() -> None:
    app = console(sample.healthy())
    async with app.run_test(size=(160, 48)) as pilot:
        await eventually(lambda: app.states)
        await pilot.press("0")
        await eventually(lambda: isinstance(app.screen, LogsScreen) and app.screen.both is not None)
        await pilot.pause()
        assert "kernel: GEOM_MIRROR: Device remotemirror: rebuild" in text_of(app)


@pytest.mark.parametrize("size", [(160, 48), (80, 24), (60, 15)])
async def test_trends_show_figures_and_outages_and_enter_goes_to_one(
    night_recording: FakeRecording, size: tuple[int, int]
) -> None:
    app = replay_console(night_recording)
    async with app.run_test(size=size) as pilot:
        await eventually(lambda: app.states)
        await pilot.press("9")
        await eventually(lambda: isinstance(app.screen, TrendsScreen) and app.screen.trends is not None)
        await pilot.pause()
        text = text_of(app)
        assert all(word in text for word in ("mail queue", "rebuild rate", "service", "drills"))
        assert "no node served for 50 s" in text
        curves = app.screen.query_one(TrendCurves)
        assert any("✖" in line for line in curves.shown.plain.splitlines() if line.startswith("service"))
        await pilot.press("enter")
        await begun(app, pilot, END - 2900)
        assert app.current_mode == "overview"


async def test_hostile_text_of_a_recording_is_only_text(night_recording: FakeRecording) -> None:
    evil = "[/x]\x1b]0;p\x07[@click=app.quit]\u202e\n# forged"
    poison = f"\nNov 23 03:11:30 x kernel: {evil}"
    night_recording.told = {PAIR: [replace(e, text=evil, node=evil) for e in night_recording.told[PAIR]]}
    tape = night_recording.tapes[PAIR]
    night_recording.tapes = {
        PAIR: [
            replace(piece, news=replace(piece.news, text=piece.news.text + poison))
            if isinstance(piece.news, SectionRead) and piece.news.section in ("messages", "vrrplog")
            else piece
            for piece in tape
        ]
    }
    app = replay_console(night_recording, start=True, at=DIED + 5)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await begun(app, pilot, DIED + 5)
        for key in ("0", "y", "r", "q", "9", "6", "1", "slash", "x", "escape"):
            await pilot.press(key)
            await pilot.pause()
            assert acts(text_of(app)) == []
        assert app.is_running


async def test_every_character_is_ascii_on_a_terminal_that_knows_no_other(
    night_recording: FakeRecording,
) -> None:
    app = replay_console(night_recording, start=True, at=DIED + 5, ascii_only=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await begun(app, pilot, DIED + 5)
        for key in ("1", "0", "9"):
            await pilot.press(key)
            await pilot.pause()
            drawn = ElementTree.fromstring(app.export_screenshot())
            words = [each.text or "" for each in drawn.iter() if each.tag.endswith("}text")]
            assert "".join(words).replace("\N{NO-BREAK SPACE}", " ").isascii()


PICTURES = {
    "replay_wide": ((160, 48), "textual-dark", "1"),
    "replay_80x24": ((80, 24), "textual-dark", "1"),
    "replay_60x15_light": ((60, 15), "textual-light", "1"),
    "logs_wide": ((160, 48), "textual-dark", "0"),
    "logs_80x24": ((80, 24), "textual-dark", "0"),
    "trends_wide": ((160, 48), "textual-dark", "9"),
    "trends_80x24_light": ((80, 24), "textual-light", "9"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_replay_looks_as_it_did(name: str, the_night: FakeRecording, snap_compare: Any) -> None:
    size, theme, key = PICTURES[name]
    app = replay_console(the_night, start=True, at=DIED + 5, theme=theme)

    async def drawn(pilot: Pilot[Any]) -> None:
        await begun(app, pilot, DIED + 5)
        await pilot.press(key)
        screen = app.screen
        if isinstance(screen, LogsScreen):
            await eventually(lambda: screen.both is not None)
        if isinstance(screen, TrendsScreen):
            await eventually(lambda: screen.trends is not None)
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=drawn)


async def test_with_several_pairs_each_has_its_line_of_that_moment_and_the_shown_one_is_whole(
    night_recording: FakeRecording,
) -> None:
    other = night_pair().model_copy(update={"name": "other"})
    night_recording.tapes = {
        **night_recording.tapes,
        "other": [replace(piece, pair="other") for piece in night_recording.tapes[PAIR]],
    }
    app = replay_console(night_recording, start=True, at=DIED + 30, pairs=(other,))
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.lines.keys() == {PAIR, "other"})
        assert app.lines["other"].roles == app.lines[PAIR].roles == (Role.UNKNOWN, Role.MASTER)
        assert "other" not in app.states
        app.pair = "other"
        await eventually(lambda: "other" in app.states)
        app.go_to(DIED - 60)
        await eventually(lambda: app.lines[PAIR].roles == (Role.MASTER, Role.BACKUP))
        await eventually(lambda: app.lines["other"].roles == (Role.MASTER, Role.BACKUP))
        await pilot.pause()
