"""A fixed part of the matrix: the steps that destroy, mount and let go, each with a fault that hurts there.

`make faults` plays the whole; a cell that fails is repeated with `python -m tests.faults --cell CELL`.
"""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

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
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sites() -> AsyncIterator[Sites]:
    """One lab for as many cells as it takes."""
    kept = Sites()
    yield kept
    await kept.close()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("cell", CELLS)
async def test_nothing_is_lost_and_there_is_a_way_back(sites: Sites, cell: str) -> None:
    outcome = await one(sites, cell)
    assert outcome.struck, outcome.told
    assert outcome.passed, "\n".join((*outcome.wrong, *outcome.told))
