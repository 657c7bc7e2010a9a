"""What the console asks of whoever plans and runs jobs. Only types: a read-only console has nobody to ask."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from console.model.disk_map import Foreseen
from console.model.form import Form, JobInfo, Value
from console.model.plan import Plan
from console.model.run import RunRecord

if TYPE_CHECKING:
    from console.engine.parties import Operator


class JobRefused(Exception):
    """A run that did not begin, or not go on: nothing was sent. `str()` is one line: why, and what to do."""

    def __init__(self, why: str, changes: Sequence[str] = ()) -> None:
        super().__init__(why)
        self.changes = tuple(changes)
        """What is different from the facts the plan was made from, a line each."""


class Jobs(Protocol):
    """Jobs on the pairs of this console."""

    def offered(self) -> Sequence[JobInfo]:
        """Every job there is, in the order of the list; the operator's own plan files among them."""
        ...

    def surveys(self, pair: str, job: str, values: Mapping[str, Value]) -> Sequence[str]:
        """Machines whose disks the job has to know, given the answers so far; of most jobs none.

        Raises:
            CannotPlan: the answers so far name no machine that can be looked at.
        """
        ...

    async def survey(self, pair: str, machines: Sequence[str]) -> None:
        """Read the disks of machines (again); what cannot be read of one is known as unknown then.

        Raises:
            CannotPlan: a machine is not reached; one line for all.
        """
        ...

    def form(self, pair: str, job: str, values: Mapping[str, Value] = ...) -> Form:
        """What the job asks, given the answers so far; no fields = it can be planned at once.

        Raises:
            CannotPlan: the job makes no sense on this pair now.
        """
        ...

    def foresees(self, pair: str, job: str, values: Mapping[str, Value]) -> Foreseen | None:
        """What the answers so far amount to, to be drawn beside them; of most jobs None. Raises nothing."""
        ...

    def plan(self, pair: str, job: str, values: Mapping[str, Value]) -> Plan:
        """The whole plan; answers that are missing are the planner's defaults.

        Raises:
            CannotPlan: the job makes no sense on this pair now.
            ValueError: the answers do not go together; one line.
        """
        ...

    def save(self, plan: Plan, path: Path) -> None:
        """Write the plan as TOML.

        Raises:
            OSError: it cannot be written, or the file is there already.
        """
        ...

    async def unfinished(self, pair: str) -> Sequence[RunRecord]:
        """Runs on the pair that neither reached their end nor were undone, newest first.

        Raises:
            JournalTrouble: the journal cannot be read.
        """
        ...

    async def kept(self, run: str) -> RunRecord | None:
        """A run as the journal has it now, whichever console carries it; None when there is none.

        Raises:
            JournalTrouble: the journal cannot be read.
        """
        ...

    async def apply(self, plan: Plan, operator: "Operator") -> RunRecord:
        """Run the plan; returns when the run has ended, however it did.

        Raises:
            JobRefused: nothing was begun.
        """
        ...

    async def resume(self, run: str, operator: "Operator") -> RunRecord:
        """Go on with a run that stopped or whose console went away. Raises JobRefused."""
        ...

    async def undo(self, run: str, operator: "Operator") -> RunRecord:
        """Take back the steps of a run that ended early, backwards. Raises JobRefused."""
        ...

    def stop(self) -> None:
        """End the run under way in a safe state: after its step. Called again, its step is ended as well."""
        ...
