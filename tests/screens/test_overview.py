from dataclasses import replace
from typing import Any

import pytest
from textual._compositor import ChopsUpdate

from console.model.facts import Fact
from console.model.snapshot import PairState
from console.model.words import Answer
from tests.screens import sample
from tests.screens.feeding import Clock, Feed, console, text_of
from tests.waiting import eventually
from widgets.age_column import AgeColumn
from widgets.data_path import DataPath
from widgets.drawn import Drawn
from widgets.events_list import EventsList
from widgets.findings_list import FindingsList
from widgets.node_card import NodeCard
from widgets.option_lines import OptionLines


def later(state: PairState, seconds: float) -> PairState:
    """An equal state, all of it read again `seconds` later."""

    def view(one: Any) -> Any:
        moved = {
            name: replace(getattr(one.facts, name), taken=getattr(one.facts, name).taken + seconds)
            for name in type(one.facts).__dataclass_fields__
        }
        link = replace(one.link, last_seen=one.link.last_seen + seconds)
        return replace(one, link=link, facts=type(one.facts)(**moved))

    snapshot = state.snapshot
    return replace(
        state,
        snapshot=replace(
            snapshot, master=view(snapshot.master), slave=view(snapshot.slave), now=snapshot.now + seconds
        ),
    )


async def test_one_glance_shows_the_four_truths_of_both_nodes() -> None:
    app = console(sample.healthy())
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await pilot.pause()
        text = text_of(app)
        for word in (
            "● MASTER",
            "○ BACKUP",
            "192.168.1.102 on ngeth0",
            "/home/sites",
            "COMPLETE",
            "If web-a died",
        ):
            assert word in text


async def test_an_unchanged_node_repaints_nothing() -> None:
    feed, clock = Feed(sample.healthy()), Clock()
    app = console(sample.healthy(), feed=feed, clock=clock)
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await pilot.pause()
        before = {one: one.paints for one in app.screen.query(Drawn)}
        lists = {one: one.rebuilds for one in app.screen.query(OptionLines)}
        feed.put(again := later(sample.healthy(), 1.0))
        await eventually(lambda: app.newest["borkcorp-www"] is again)
        clock.now += 1.0
        app.beat = clock.now
        await pilot.pause()
        assert {one: one.paints for one in before} == before
        assert {one: one.rebuilds for one in lists} == lists


async def test_a_second_that_passes_touches_no_cell_but_those_of_ages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    app = console(sample.healthy(), clock=clock)
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        # Textual puts the keys into the footer when it has time for it.
        await eventually(lambda: app.screen.query("FooterKey"))
        updates: list[object] = [None]
        monkeypatch.setattr(app, "_display", lambda screen, update: updates.append(update))
        while updates:
            updates.clear()
            await pilot.pause()
        clock.now += 20
        app.beat = clock.now
        await eventually(lambda: updates)
        await pilot.pause()
        ages = [one.region for one in app.screen.query(AgeColumn)]
        for update in updates:
            assert isinstance(update, ChopsUpdate), "never the whole screen"
            for y, left, right in update.spans:
                assert any(r.y <= y < r.bottom and r.x <= left and right <= r.right for r in ages), (
                    y,
                    left,
                    right,
                )
        updates.clear()
        feed_again = later(sample.healthy(), 20.0)
        app.take(feed_again)
        await pilot.pause()
        assert updates == []


async def test_when_one_node_changes_the_other_card_is_not_repainted() -> None:
    feed = Feed(sample.healthy())
    app = console(sample.healthy(), feed=feed)
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await pilot.pause()
        cards = {card.id: card.query_one("#words", Drawn) for card in app.screen.query(NodeCard)}
        before = {name: words.paints for name, words in cards.items()}
        state = sample.healthy()
        gone = replace(state.snapshot.slave.facts, processes=sample.fact(()))
        slave = replace(state.snapshot.slave, facts=gone)
        feed.put(replace(state, snapshot=replace(state.snapshot, slave=slave)))
        await eventually(lambda: "not running" in cards["slave"].shown.plain)
        assert cards["master"].paints == before["master"]
        assert cards["slave"].paints == before["slave"] + 1


async def test_when_only_time_passes_only_ages_are_repainted() -> None:
    clock = Clock()
    app = console(sample.healthy(), clock=clock)
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await pilot.pause()
        words = [one for one in app.screen.query(Drawn) if not isinstance(one, AgeColumn)]
        before = [one.paints for one in words]
        clock.now += 20
        app.beat = clock.now
        await pilot.pause()
        assert [one.paints for one in words] == before
        assert all("20s" in one.shown.plain for one in app.screen.query(AgeColumn))


async def test_a_node_that_is_gone_keeps_its_last_values_dated_and_counts_up() -> None:
    clock = Clock()
    app = console(sample.gone(14), clock=clock)
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await pilot.pause()
        assert "no answer for 14 s, last seen 02:11:30" in text_of(app)
        assert "pid 749" in text_of(app)
        clock.now += 5
        app.beat = clock.now
        await pilot.pause()
        assert "no answer for 19 s" in text_of(app)
        for key in "23456":
            await pilot.press(key)
        await pilot.press("1")


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (120, 24), (120, 40), (160, 48)])
@pytest.mark.parametrize(
    "make",
    [sample.healthy, sample.syncing, sample.split_brain, sample.gone, sample.blocked, sample.connecting],
)
async def test_every_state_fits_every_size(make: Any, size: tuple[int, int]) -> None:
    app = console(make())
    async with app.run_test(size=size) as pilot:
        await eventually(lambda: app.states)
        await pilot.pause()
        lines = text_of(app).splitlines()
        assert len(lines) == size[1]
        assert {len(line) for line in lines} == {size[0]}
        findings = app.screen.query_one(FindingsList)
        assert findings.size.height >= 1
        assert findings.region.bottom <= size[1] - 1


async def test_resizing_goes_to_the_short_form_and_back() -> None:
    app = console(sample.syncing())
    async with app.run_test(size=(160, 48)) as pilot:
        await eventually(lambda: app.states)
        await pilot.pause()
        assert "╭───" in text_of(app)
        for width, height in ((80, 24), (60, 15)):
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            assert app.screen.has_class("-compact")
            text = text_of(app)
            assert "web-a ● MASTER" in text
            assert "web-b ─▶ web-a" in text
            assert "P23" in text
            assert not app.screen.query_one(EventsList).region.area
        await pilot.resize_terminal(160, 48)
        await pilot.pause()
        assert not app.screen.has_class("-compact")
        assert "sitesprimary.img" in text_of(app)


async def test_unknown_facts_are_never_drawn_with_a_good_sign() -> None:
    state = sample.connecting()
    app = console(state)
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        for key in ("1", "2", "3", "4", "5", "6"):
            await pilot.press(key)
            await pilot.pause()
            text = text_of(app)
            assert "●" not in text, text


async def test_a_silent_probe_turns_only_its_own_line_unknown() -> None:
    state = sample.healthy()
    broken: Fact[Any] = Fact(last=None, unknown="no answer for 3 s", taken=None)
    master = replace(state.snapshot.master, facts=replace(state.snapshot.master.facts, interfaces=broken))
    truths = (replace(state.truths[0], address=Answer.UNKNOWN), state.truths[1])
    app = console(replace(state, truths=truths, snapshot=replace(state.snapshot, master=master)))
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await pilot.pause()
        words = app.screen.query_one("#master #words", Drawn).shown.plain.splitlines()
        assert words[0].split()[:2] == ["address", "?"]
        assert "COMPLETE" in words[2]


async def test_a_blocked_geom_is_a_banner_that_counts() -> None:
    clock = Clock()
    app = console(sample.blocked(21), clock=clock)
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await pilot.pause()
        banner = app.screen.query_one(DataPath).query_one("#progress", Drawn)
        assert "GEOM on web-a has not answered for 21 s" in banner.shown.plain
        clock.now += 9
        app.beat = clock.now
        await pilot.pause()
        assert "for 30 s" in banner.shown.plain


async def test_a_refused_node_tells_its_reason_in_full() -> None:
    app = console(sample.refused())
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await pilot.pause()
        words = app.screen.query_one("#slave #words", Drawn)
        told = " ".join(line.text.strip() for line in words.render_lines(words.size.region))
        assert told.strip() == f"✖ {app.states['borkcorp-www'].snapshot.slave.link.why}"


async def test_no_findings_on_a_node_that_is_gone_is_not_all_well() -> None:
    app = console(replace(sample.gone(), findings=()))
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await pilot.pause()
        assert "◌ nothing found, but web-b cannot be seen" in text_of(app)


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "ansi-dark", "ansi-light"])
async def test_every_theme_says_the_same(theme: str) -> None:
    app = console(sample.syncing(), theme=theme)
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await pilot.pause()
        assert "▲ DEGRADED, rebuilding" in text_of(app)


async def test_no_color_leaves_signs_and_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = console(sample.syncing())
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await pilot.pause()
        assert app.no_color
        assert "✖ P23" in text_of(app)


async def test_a_terminal_without_utf8_gets_ascii_only() -> None:
    app = console(sample.syncing(), ascii_only=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        for key in ("1", "enter", "q", "2", "3", "4", "5", "6", "question_mark"):
            await pilot.press(key)
            await pilot.pause()
            assert text_of(app).isascii(), [c for c in text_of(app) if not c.isascii()]
        await pilot.press("q", "1")
        await pilot.pause()
        assert "! DEGRADED, rebuilding" in text_of(app)
        assert "X P23" in text_of(app)
