"""The card of a step: its text whole, or with the functions it begins with in one line."""

import pytest
from textual.content import Content

from console.commands.plan_text import plan_text
from console.model import shell_functions
from console.model.plan import Command, Plan, Stream
from playbooks.migrating.steps import steps_of
from tests.moving.works import KINDS, MARK
from tests.playbooks.migrating.machines import machine
from tests.playbooks.migrating.test_plan import plan
from widgets.step_card import step_lines

ALL = [
    pytest.param(text, id=f"{kind}, {step.id}")
    for kind, work in KINDS.items()
    for step in steps_of(work, MARK)
    for text in (
        *((step.action.text,) if isinstance(step.action, Command | Stream) else ()),
        *((step.action.into,) if isinstance(step.action, Stream) else ()),
        *((step.undo.text,) if step.undo and step.undo.text else ()),
    )
]


def _commands(made: Plan) -> list[tuple[str, Command]]:
    return [(step.id, step.action) for step in made.steps if isinstance(step.action, Command)]


def drawn(lines: list[Content]) -> str:
    return "\n".join(line.plain for line in lines)


def test_the_parts_of_every_text_are_that_text() -> None:
    for text in (param.values[0] for param in ALL):
        assert isinstance(text, str)
        parts = shell_functions.read(text)
        assert parts.head + "".join(one.text for one in parts.functions) + parts.rest == text
        assert all(f"{one.name}() {{\n" in one.text for one in parts.functions)


@pytest.mark.parametrize(
    "text", ["", "a=1\n", "# only words\n", "f() {\nno end\n", "x=1 command\nf() {\n:\n}\n"]
)
def test_a_text_that_begins_with_no_function_is_left_alone(text: str) -> None:
    parts = shell_functions.read(text)
    assert parts.functions == ()
    assert parts.head + parts.rest == text


def test_folded_a_step_shows_all_but_its_functions_and_names_those() -> None:
    step = plan(machine()).step("move-usr")
    assert isinstance(step.action, Command)
    parts = shell_functions.read(step.action.text)
    whole, folded = (drawn(step_lines(step, None, 200, folded=one)) for one in (False, True))
    assert all(line in whole for line in step.action.text.splitlines())
    assert all(line in folded for line in f"{parts.head}{parts.rest}".splitlines())
    assert "take() {" not in folded
    assert all(f"{one.name}()" in folded for one in parts.functions)
    assert f"{parts.lines} lines, x shows them" in folded


def test_on_paper_each_function_stands_once_and_then_it_is_said_where() -> None:
    made = plan(machine())
    text = plan_text(made)
    shown = {one: shell_functions.read(command.text) for one, command in _commands(made)}
    for function in {one for parts in shown.values() for one in parts.functions}:
        assert text.count(f"| {function.name}() {{\n") == 1
    assert "functions as in step" in text
    for parts in shown.values():
        assert all(line in text for line in parts.rest.splitlines())
