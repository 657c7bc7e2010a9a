"""The jobs of the console, in the order in which a screen lists them."""

from typing import Any

from playbooks import fail_back, failover_drill, promote, start_pair, stop_pair
from playbooks.job import Job

JOBS: dict[str, Job[Any]] = {
    job.name: job
    for job in (
        failover_drill.JOB,
        promote.JOB,
        fail_back.JOB,
        stop_pair.JOB,
        start_pair.JOB,
    )
}
"""Every job by name."""
