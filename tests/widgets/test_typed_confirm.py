"""A name is typed, exactly, or nothing happens."""

import random

from textual.app import App, ComposeResult
from textual.events import Key
from textual.widgets import Button

from widgets.typed_confirm import TypedConfirm

KEYS = (
    *"web-a:md0 WEB.x",
    "enter",
    "enter",
    "tab",
    "shift+tab",
    "space",
    "backspace",
    "left",
    "home",
    "ctrl+v",
)


class Asking(App[None]):
    def __init__(self, wanted: str) -> None:
        super().__init__()
        self.wanted = wanted
        self.said: list[bool] = []

    def compose(self) -> ComposeResult:
        yield TypedConfirm(self.wanted)

    def on_typed_confirm_answered(self, event: TypedConfirm.Answered) -> None:
        self.said.append(event.agreed)
        if event.agreed:
            assert self.query_one(TypedConfirm).line.value == self.wanted


async def test_the_focus_is_on_cancel_and_the_button_is_dead() -> None:
    async with (app := Asking("web-a:md0")).run_test(size=(60, 8)) as pilot:
        assert app.query("#typed-cancel:focus")
        assert app.query_one("#typed-go", Button).disabled
        await pilot.press("tab", "enter")
        assert app.said == []
        await pilot.press(*"web-a:md0", "enter")
        assert app.said == [True]


async def test_whoever_begins_to_type_types_into_the_line() -> None:
    async with (app := Asking("web-a:md0")).run_test(size=(60, 8)) as pilot:
        await pilot.press(*"web-a:md")
        assert app.query_one(TypedConfirm).line.value == "web-a:md"
        await pilot.press("enter")
        assert app.said == []
        await pilot.press("0", "enter")
        assert app.said == [True]


async def test_keys_typed_faster_than_the_focus_moves_are_in_the_line_and_go_nowhere_else() -> None:
    async with (app := Asking("lose web-b")).run_test(size=(60, 8)) as pilot:
        cancel = app.query_one("#typed-cancel", Button)
        for key in (*"lose", "space", *"web-b"):
            cancel.post_message(Key(key, " " if key == "space" else key))
        await pilot.pause()
        assert app.query_one(TypedConfirm).line.value == "lose web-b"


async def test_mashing_agrees_only_to_the_exact_name() -> None:
    chance = random.Random(7)
    async with (app := Asking("web-a:md0")).run_test(size=(60, 8)) as pilot:
        for _ in range(12):
            await pilot.press(*(chance.choice(KEYS) for _ in range(25)))
    assert app._exception is None
    assert True not in app.said, "the handler checks the line; chance never typed it here"


async def test_an_empty_name_can_never_be_typed() -> None:
    async with (app := Asking("")).run_test(size=(60, 8)) as pilot:
        await pilot.press("tab", "enter", "x", "enter", "backspace", "enter")
        assert True not in app.said
        assert app.query_one("#typed-go", Button).disabled
