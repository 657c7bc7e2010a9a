"""What a job is: answers (pydantic, they drive the form) and a pure planner."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from console.model.disk_map import Foreseen
from console.model.plan import Plan
from console.model.snapshot import PairSnapshot


class CannotPlan(Exception):
    """The job makes no sense on this pair now; `str()` is one line: what is so, on which node, what to do."""


class Answers(BaseModel):
    """What the operator says. Each field's title, description and limits become a question of the form."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mark: str = Field(
        default_factory=lambda: secrets.token_hex(8),
        pattern=r"^[0-9a-f]{16}$",
        json_schema_extra={"hidden": True},
    )
    """Names the plan, and a promotion's lineage id; the only thing a planner does not derive."""


A = TypeVar("A", bound=Answers)


@dataclass(frozen=True, slots=True)
class Job(Generic[A]):
    """One job of the console."""

    name: str
    """`fail-back`."""
    title: str
    when: str
    """One sentence: when an operator needs it."""
    answers: type[A]
    defaults: Callable[[PairSnapshot], dict[str, object]]
    """Answers taken from the pair as it is."""
    plan: Callable[[PairSnapshot, A], Plan]
    """Pure; raises CannotPlan."""
    surveys: Callable[[PairSnapshot, Mapping[str, object]], tuple[str, ...]] | None = None
    """Of a job that needs `snapshot.disks`: the machines to read, given the answers so far; node names, or
    `[user@]host[:port]` of others. The snapshot has the disks that were read so far: what is named of them
    may depend on it. Those named are in the snapshot that `defaults` and `plan` get."""
    foresees: Callable[[PairSnapshot, Mapping[str, object]], Foreseen | None] | None = None
    """Of a job that can be drawn: what the answers so far amount to; pure, and raises nothing."""
    hints: Callable[[PairSnapshot], Mapping[str, str]] | None = None
    """By answer: what there is to choose from, beside its question; pure, and raises nothing."""
