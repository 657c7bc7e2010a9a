"""What a job asks before it plans: one field per answer, read from the planner's pydantic `Answers`."""

import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, StrEnum
from typing import Annotated, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

Value = str | int | float | bool | list[str] | None
"""An answer, as a plan keeps it; None = left to the planner."""


class Kind(StrEnum):
    """How a field is answered."""

    YES_NO = "yes or no"
    WHOLE = "a whole number"
    NUMBER = "a number"
    TEXT = "text"
    CHOICE = "one of several"
    WORDS = "words, with commas between them"


@dataclass(frozen=True, slots=True)
class JobInfo:
    """A job as the list of jobs names it."""

    name: str
    """`fail-back`."""
    title: str
    when: str
    """One sentence: when an operator needs it."""


@dataclass(frozen=True, slots=True)
class FirstJob:
    """A job whose questions the console opens with, and the answers that stand there already."""

    job: JobInfo
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Field:
    """One question of the form."""

    name: str
    title: str
    about: str = ""
    """What the answer is for, and what it may be."""
    kind: Kind = Kind.TEXT
    default: Value = None
    choices: tuple[str, ...] = ()
    optional: bool = False
    """An empty answer is None."""
    limits: str = ""
    """`1 to 254`, `at most 8 characters`; empty without any."""
    check: Callable[[Value], Value] | None = field(default=None, compare=False)
    """Returns the answer as the planner takes it; raises ValueError with one line."""

    def read(self, text: str) -> Value:
        """The answer somebody typed.

        Raises:
            ValueError: one line that says what is wrong with it.
        """
        value = self._plain(text)
        return self.check(value) if self.check is not None else value

    def _plain(self, text: str) -> Value:
        text = text.strip()
        if not text and self.optional:
            return None
        match self.kind:
            case Kind.YES_NO:
                if text not in ("yes", "no"):
                    raise ValueError("say yes or no")
                return text == "yes"
            case Kind.WHOLE:
                try:
                    return int(text)
                except ValueError:
                    raise ValueError("a whole number is wanted, such as 3") from None
            case Kind.NUMBER:
                try:
                    return float(text)
                except ValueError:
                    raise ValueError("a number is wanted, such as 2.5") from None
            case Kind.CHOICE:
                if text not in self.choices:
                    raise ValueError(f"one of {', '.join(self.choices)} is wanted")
                return text
            case Kind.WORDS:
                return [word.strip() for word in text.split(",") if word.strip()]
            case Kind.TEXT:
                return text


@dataclass(frozen=True, slots=True)
class Form:
    """The questions of one job on one pair."""

    job: JobInfo
    fields: tuple[Field, ...] = ()


def shown(value: Value) -> str:
    """An answer as it is typed and shown."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(value)
        case _:
            return str(value)


def form_of(job: JobInfo, answers: type[BaseModel], defaults: Mapping[str, object]) -> Form:
    """The form of a planner's answers; `defaults` come from the pair as it is."""
    known = dict(defaults)
    return Form(
        job,
        tuple(
            _field(answers, name, info, known)
            for name, info in answers.model_fields.items()
            if not (isinstance(info.json_schema_extra, dict) and info.json_schema_extra.get("hidden"))
        ),
    )


def answered(form: Form, values: Mapping[str, Value]) -> Form:
    """The form with other answers offered, where `values` has some."""
    fields = tuple(
        replace(one, default=_plain_value(values[one.name])) if one.name in values else one
        for one in form.fields
    )
    return replace(form, fields=fields)


def _field(answers: type[BaseModel], name: str, info: FieldInfo, known: dict[str, object]) -> Field:
    kind, choices, optional = _kind(info.annotation)
    default = known.get(name, None if info.is_required() else info.get_default(call_default_factory=True))

    def check(value: Value) -> Value:
        try:
            answers.model_validate({**known, name: value})
        except ValidationError as odd:
            for one in odd.errors(include_url=False, include_context=False, include_input=False):
                if one["loc"][:1] == (name,):
                    raise ValueError(one["msg"].removeprefix("Value error, ")) from None
        return value

    return Field(
        name,
        info.title or name.replace("_", " "),
        info.description or "",
        kind,
        _plain_value(default),
        choices,
        optional,
        _limits(info),
        check,
    )


def _kind(annotation: object) -> tuple[Kind, tuple[str, ...], bool]:
    """How a type is asked for, its choices, and whether nothing is an answer."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _kind(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        rest = [one for one in get_args(annotation) if one is not type(None)]
        kind, choices, _ = _kind(rest[0]) if len(rest) == 1 else (Kind.TEXT, (), False)
        return kind, choices, len(rest) < len(get_args(annotation))
    if origin is Literal:
        return Kind.CHOICE, tuple(str(one) for one in get_args(annotation)), False
    if origin in (list, tuple, set, frozenset):
        return Kind.WORDS, (), False
    if isinstance(annotation, type):
        if issubclass(annotation, Enum):
            return Kind.CHOICE, tuple(str(one.value) for one in annotation), False
        for kind, base in ((Kind.YES_NO, bool), (Kind.WHOLE, int), (Kind.NUMBER, float)):
            if issubclass(annotation, base):
                return kind, (), False
    return Kind.TEXT, (), False


def _plain_value(value: object) -> Value:
    if isinstance(value, Enum):
        value = value.value
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [str(one) for one in value]
    return str(value)


def _limits(info: FieldInfo) -> str:
    found: dict[str, object] = {}
    for one in info.metadata:
        for name in ("gt", "ge", "lt", "le", "min_length", "max_length"):
            if (limit := getattr(one, name, None)) is not None:
                found[name] = limit
    said: list[str] = []
    if "ge" in found and "le" in found:
        said.append(f"{found.pop('ge')} to {found.pop('le')}")
    words = {
        "gt": "more than {}",
        "ge": "at least {}",
        "lt": "less than {}",
        "le": "at most {}",
        "min_length": "at least {} characters",
        "max_length": "at most {} characters",
    }
    said += [words[name].format(limit) for name, limit in found.items()]
    return ", ".join(said)
