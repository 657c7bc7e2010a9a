"""The steps of a migration, from its settled work: one module for each part of the job."""

from console.model.plan import Step
from playbooks.migrating.steps import naming
from playbooks.migrating.steps.dividing import divided
from playbooks.migrating.steps.finishing import finished
from playbooks.migrating.steps.keying import keyed
from playbooks.migrating.steps.looking import as_planned, rooms
from playbooks.migrating.steps.moving import moved
from playbooks.migrating.steps.readiness import checklist
from playbooks.migrating.steps.second_level import left_out, second_round
from playbooks.migrating.steps.switching import switched
from playbooks.migrating.steps.verifying import verified
from playbooks.migrating.work import Way, Work


def steps_of(work: Work, mark: str) -> tuple[Step, ...]:
    """Every step, in order.

    Args:
        work: the settled migration.
        mark: the plan's sixteen hex digits; in every name that is made on the machines.

    Raises:
        CannotPlan: a name in the work could not be handed to a shell safely.
    """
    naming.checked(work)
    direct = work.way is Way.DIRECT and not work.same_host
    boots = (checklist(work, mark),) if naming.root_of(work) else ()
    return (
        *as_planned(work, mark),
        *rooms(work, mark),
        *(keyed(work, mark) if direct else ()),
        *divided(work, mark),
        *left_out(work, mark),
        *(one for move in work.moves for one in moved(work, move, mark)),
        *(second_round(work, mark) if work.second_level else ()),
        *(verified(work, move, mark) for move in work.moves),
        *switched(work, mark),
        *boots,
        *finished(work, mark),
    )
