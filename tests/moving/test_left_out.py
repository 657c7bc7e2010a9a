"""What is compared and what is not."""

from console.model.plan import Command
from playbooks.migrating.steps import steps_of
from tests.moving.works import MARK, work


def test_the_root_is_compared_but_not_what_is_mounted_below_it() -> None:
    step = next(step for step in steps_of(work(), MARK) if step.id == "verify-root")
    assert isinstance(step.action, Command)
    (line,) = [line for line in step.action.text.splitlines() if '>"$s/root.old"' in line]
    left = line.split()[4].split(",")
    assert left[:3] == ["./.snap", "./restoresymtable", "./.sujournal"]
    assert set(left[3:]) == {"./dev", "./var", "./mirrorgate-copy", "./var/db/mirrorgate"}
