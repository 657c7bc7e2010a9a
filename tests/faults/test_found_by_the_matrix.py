"""What the matrix has found, each the shortest way that shows it."""

import pytest

from tests.health.building import healthy
from tests.playbooks.planning import plan


@pytest.mark.parametrize("job", ["promote", "failover-drill"])
def test_the_master_lets_go_only_while_the_slaves_half_has_all_that_was_written(job: str) -> None:
    # promote/stop-services-master/replication-lost: the last writes timed out on the gate, the mirror
    # dropped the slave's half, and the slave was promoted without them.
    assert "slave-half-active" in plan(job, healthy()).step("let-go-master").guards
