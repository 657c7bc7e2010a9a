"""A planner's pydantic answers become questions; what is typed is judged by the planner's own model."""

from enum import StrEnum
from typing import Annotated, Literal

import pytest
from pydantic import Field as Limited
from pydantic import field_validator

from console.model.config import AbsolutePath, IPv4
from console.model.form import Field, Form, JobInfo, Kind, form_of, shown
from playbooks.job import Answers

INFO = JobInfo("try", "Try", "When it must be tried.")


class Speed(StrEnum):
    SLOW = "slow"
    FAST = "fast"


class Many(Answers):
    yes: bool = True
    count: Annotated[int, Limited(ge=1, le=254)] = 200
    wait: float = Limited(2.5, gt=0, description="Seconds.")
    way: Literal["one", "other"] = "one"
    speed: Speed = Speed.FAST
    path: AbsolutePath = "/home/sites"
    address: IPv4
    hosts: list[str] = Limited(default_factory=list)
    note: str | None = Limited(None, title="A note", max_length=8)

    @field_validator("path")
    @classmethod
    def _not_root(cls, value: str) -> str:
        if value == "/":
            raise ValueError("the root is no mount point")
        return value


FORM = form_of(INFO, Many, {"count": 150})


def field(name: str, form: Form = FORM) -> Field:
    return next(one for one in form.fields if one.name == name)


def test_each_type_gets_its_own_way_of_answering() -> None:
    assert [(one.name, one.kind) for one in FORM.fields] == [
        ("yes", Kind.YES_NO),
        ("count", Kind.WHOLE),
        ("wait", Kind.NUMBER),
        ("way", Kind.CHOICE),
        ("speed", Kind.CHOICE),
        ("path", Kind.TEXT),
        ("address", Kind.TEXT),
        ("hosts", Kind.WORDS),
        ("note", Kind.TEXT),
    ]


def test_hidden_answers_are_not_asked() -> None:
    assert "mark" not in [one.name for one in FORM.fields]


def test_the_pair_as_it_is_comes_before_the_usual_answer() -> None:
    assert field("count").default == 150
    assert field("wait").default == 2.5
    assert field("address").default is None
    assert field("speed").default == "fast"
    assert field("speed").choices == ("slow", "fast")


def test_titles_descriptions_and_limits_come_from_the_answers() -> None:
    assert field("note").title == "A note"
    assert field("wait").about == "Seconds."
    assert field("count").limits == "1 to 254"
    assert field("note").limits == "at most 8 characters"
    assert field("wait").limits == "more than 0"


@pytest.mark.parametrize(
    ("name", "typed", "answer"),
    [
        ("yes", "no", False),
        ("count", " 12 ", 12),
        ("wait", "0.5", 0.5),
        ("way", "other", "other"),
        ("path", "/srv/a b;rm -rf", "/srv/a b;rm -rf"),
        ("hosts", "a, b ,,c", ["a", "b", "c"]),
        ("note", "", None),
    ],
)
def test_a_good_answer_is_read(name: str, typed: str, answer: object) -> None:
    assert field(name).read(typed) == answer


@pytest.mark.parametrize(
    ("name", "typed", "says"),
    [
        ("yes", "maybe", "yes or no"),
        ("count", "x", "whole number"),
        ("count", "255", "254"),
        ("wait", "0", "greater than 0"),
        ("way", "third", "one of one, other"),
        ("path", "relative", "absolute path"),
        ("path", "/", "the root is no mount point"),
        ("address", "10.0.0.256", "IPv4"),
        ("address", "", "IPv4"),
        ("note", "far too long", "8 characters"),
    ],
)
def test_a_bad_answer_is_one_line_that_says_why(name: str, typed: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as refused:
        field(name).read(typed)
    assert "\n" not in str(refused.value)


def test_an_answer_is_not_blamed_for_another_that_is_missing() -> None:
    assert field("count").read("3") == 3, "the address is not answered yet"


def test_what_is_shown_is_what_would_be_typed() -> None:
    assert [shown(value) for value in (None, True, False, 3, 2.5, "x", ["a", "b"])] == [
        "",
        "yes",
        "no",
        "3",
        "2.5",
        "x",
        "a, b",
    ]
