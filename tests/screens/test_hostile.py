"""Text from a node is drawn as text: nothing in it is markup, and nothing in it acts on the terminal."""

import asyncio
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any

import pytest

from console.model.snapshot import PairState
from tests.screens import sample
from tests.screens.feeding import Feed, console, text_of
from tests.waiting import eventually
from tests.widgets.test_plain import acts

EVIL = "[/x]\x1b]0;p\x07[@click=app.quit]\u202e\u2066\x9b31m\x85\\xff\\xfe"
KEPT = {"image", "mount", "mirror", "floating", "state", "severity", "home", "role", "kind", "id"}
"""Fields that hold words of ours or decide which picture is drawn."""


def poison(value: Any, evil: str, name: str = "") -> Any:
    """The same value with every text in it replaced by hostile text."""
    if isinstance(value, Enum) or name in KEPT:
        return value
    if isinstance(value, str):
        return evil
    if isinstance(value, tuple):
        return tuple(poison(one, evil, name) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: poison(getattr(value, f.name), evil, f.name) for f in fields(value)})
    return value


def poisoned(state: PairState, evil: str) -> PairState:
    facts = [
        replace(
            view,
            link=poison(view.link, evil),
            facts=type(view.facts)(
                **{
                    f.name: replace(
                        getattr(view.facts, f.name),
                        last=poison(getattr(view.facts, f.name).last, evil),
                        raw=evil,
                        unknown=evil if getattr(view.facts, f.name).unknown else None,
                    )
                    for f in fields(view.facts)
                }
            ),
        )
        for view in state.snapshot.nodes
    ]
    return replace(
        state,
        snapshot=replace(state.snapshot, master=facts[0], slave=facts[1]),
        truths=tuple(poison(truths, evil) for truths in state.truths),
        findings=tuple(replace(poison(f, evil), id=evil) for f in state.findings),
        readiness=poison(state.readiness, evil),
        events=tuple(poison(e, evil) for e in state.events),
        sync=poison(state.sync, evil),
    )


@pytest.mark.parametrize("make", [sample.syncing, sample.split_brain, sample.gone, sample.refused])
@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_hostile_text_is_only_text_on_every_screen(make: Any, size: tuple[int, int]) -> None:
    app = console(poisoned(make(), EVIL))
    async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
        await eventually(lambda: app.states)
        for key in (
            "1",
            "enter",
            "r",
            "q",
            "q",
            "2",
            "enter",
            "q",
            "y",
            "3",
            "r",
            "q",
            "4",
            "r",
            "q",
            "5",
            "r",
            "q",
        ):
            await pilot.press(key)
            await pilot.pause()
            assert acts(text_of(app)) == []
        for key in ("6", "y", "r", "q", "question_mark", "q", "p"):
            await pilot.press(key)
            await pilot.pause()
            assert acts(text_of(app)) == []
        assert app.is_running


async def test_a_line_of_a_megabyte_is_drawn_cut_and_soon() -> None:
    app = console(poisoned(sample.syncing(), "[/x]" + "A" * 1_000_000))
    async with app.run_test(size=(80, 24)) as pilot:
        await eventually(lambda: app.states)
        for key in ("2", "r", "q", "3", "r", "q", "6"):
            await pilot.press(key)
            await pilot.pause()
        assert max(map(len, text_of(app).splitlines())) <= 80


async def test_hostile_questions_are_only_text() -> None:
    feed = Feed(sample.healthy())
    app = console(sample.healthy(), feed=feed)
    async with app.run_test(size=(80, 24)) as pilot:
        await eventually(lambda: feed.asker)
        assert feed.asker is not None
        asked = asyncio.create_task(feed.asker.trust(EVIL, EVIL, EVIL))
        await eventually(lambda: app.screen.query("#cancel:focus"))
        await pilot.pause()
        assert "[/x]" in text_of(app)
        assert acts(text_of(app)) == []
        await pilot.press("enter")
        assert await asked is False
        asking = asyncio.create_task(feed.asker.passphrase(EVIL))
        await eventually(lambda: app.screen.query("#passphrase:focus"))
        await pilot.pause()
        assert acts(text_of(app)) == []
        await pilot.press("escape")
        assert await asking is None


async def test_hostile_names_in_the_configuration_reach_titles_and_the_palette_as_text() -> None:
    config = sample.pair_config("[/x][@click=app.quit]", "[red]a", "[/b]b")
    other = sample.pair_config("[/y]")
    feed = Feed(sample.healthy(config), sample.healthy(other))
    app = console(feed=feed, pairs=[config, other])
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: len(app.states) == 2)
        await pilot.pause()
        assert "[/x][@click=app.quit]" in text_of(app)
        assert "[red]a" in text_of(app)
        await pilot.press("5")
        await pilot.pause()
        assert "[/y]" in text_of(app)
        await pilot.press("p", *"Pair")
        await pilot.pause()
        await eventually(lambda: "Pair [/y]" in text_of(app))
        await pilot.press("escape")
