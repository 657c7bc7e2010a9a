"""The steps of a migration, from its settled work: one module for each part of the job."""

from console.model.plan import Step
from playbooks.migrating.steps import naming
from playbooks.migrating.work import Work


def steps_of(work: Work, mark: str) -> tuple[Step, ...]:
    """Every step, in order. `mark`: the plan's sixteen hex digits, in every name that is made on the machines.

    Raises:
        CannotPlan: a name in the work could not be handed to a shell safely.
    """
    naming.checked(work)
    return ()
