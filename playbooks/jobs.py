"""The jobs of the console, in the order in which a screen lists them."""

from typing import Any

from playbooks import (
    authorize,
    evacuate,
    fail_back,
    failover_drill,
    grow,
    keep,
    migrate_disk,
    promote,
    provision,
    recover_slave,
    slave_drill,
    start_pair,
    stop_pair,
)
from playbooks.job import Job

JOBS: dict[str, Job[Any]] = {
    job.name: job
    for job in (
        failover_drill.JOB,
        slave_drill.JOB,
        promote.JOB,
        fail_back.JOB,
        recover_slave.JOB,
        stop_pair.JOB,
        start_pair.JOB,
        provision.JOB,
        grow.JOB,
        evacuate.JOB,
        keep.JOB,
        migrate_disk.JOB,
        authorize.JOB,
    )
}
"""Every job by name."""
