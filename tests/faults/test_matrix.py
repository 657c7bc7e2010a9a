"""A fixed part of the matrix: the steps that destroy, mount and let go, each with a fault that hurts there.

`make faults` plays the whole; a cell that fails is repeated with `python -m tests.faults --cell CELL`.
"""

from collections.abc import Callable, Iterator

import pytest

from tests.faults.play import Outcome
from tests.faults.virtual_time import run, virtual_time
from tests.faults.worker import Sites, one

CELLS = (
    "stop-pair/unmount-master/console-killed/ended/lasting/resume",
    "promote/let-go-master/power-off/running/brief/resume",
    "promote/mount-slave/link-lost/intent/lasting/resume",
    "start-pair/mount-master/power-off/ended/brief/other",
    "fail-back/rebuild-master-half/console-killed/running/lasting/resume",
    "fail-back/mount-master/second-operator/running/lasting/resume",
    "recover-slave/join/fails-after/running/brief/resume",
    "recover-slave/make-gate/hangs/running/lasting/resume",
    "grow/grow-mirror/disk-full/intent/brief/resume",
    "evacuate/transfer/link-lost/running/brief/resume",
    "keep/wipe-mark/fails-before/running/brief/resume",
    "provision/newfs/console-killed/ended/lasting/resume",
    "provision/file-slave-4/power-off/running/lasting/undo",
    "provision/to-be-mounted-slave/power-off/running/lasting/other",
    "failover-drill/rebuild-master-half/replication-lost/running/brief/undo",
    "slave-drill/join/power-off/running/lasting/resume",
)
OVER_SSH = (
    "promote/mount-slave/link-lost/running/brief/resume",
    "stop-pair/unmount-master/power-off/ended/brief/undo",
)


@pytest.fixture(scope="module")
def play() -> Iterator[Callable[[str], Outcome]]:
    """Plays a cell; one lab for as many as it takes."""
    with virtual_time() as runner:
        sites = Sites()
        yield lambda cell: runner.run(one(sites, cell))
        runner.run(sites.close())


@pytest.mark.parametrize("cell", CELLS)
def test_nothing_is_lost_and_there_is_a_way_back(play: Callable[[str], Outcome], cell: str) -> None:
    outcome = play(cell)
    assert outcome.struck, outcome.told
    assert outcome.passed, "\n".join((*outcome.wrong, *outcome.told))


@pytest.mark.parametrize("cell", OVER_SSH)
def test_nor_is_it_where_every_word_goes_through_ssh(cell: str) -> None:
    async def played() -> Outcome:
        sites = Sites(ssh=True)
        try:
            return await one(sites, cell)
        finally:
            await sites.close()

    outcome = run(played())
    assert outcome.struck, outcome.told
    assert outcome.passed, "\n".join((*outcome.wrong, *outcome.told))
