"""`mirrorgate migrate`: the console, at the questions of the job that moves a system to another disk."""

import sys
from argparse import Namespace
from pathlib import Path

from console.commands import console
from console.commands.answers import settings
from console.commands.complaining import complain
from console.commands.sampling import chosen
from console.model.config import Config
from console.model.form import FirstJob, JobInfo, form_of
from playbooks.job import CannotPlan
from playbooks.jobs import JOBS

JOB = "migrate-disk"


def main(arguments: Namespace, config: Config, path: Path) -> int:
    """Open the console there; returns the exit status: 2 where it was not opened."""
    try:
        if arguments.read_only:
            raise CannotPlan("a read-only console changes nothing: leave --read-only out")
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise CannotPlan(f"migrate asks on a terminal; without one: mirrorgate run {JOB} --set KEY=VALUE")
        if len(pairs := chosen(config, path, arguments.pair)) > 1:
            raise CannotPlan(f"say which pair: --pair {' or --pair '.join(pair.name for pair in pairs)}")
        first = first_job(arguments.settings)
    except CannotPlan as why:
        complain(why)
        return 2
    return console.run(config, path, pairs[0].name, read_only=False, ascii_only=arguments.ascii, first=first)


def first_job(given: list[str]) -> FirstJob:
    """The job with what the command line says; raises CannotPlan."""
    job = JOBS.get(JOB)
    if job is None:
        raise CannotPlan(f"no job is called {JOB}; there are: {', '.join(JOBS)}")
    info = JobInfo(job.name, job.title, job.when)
    return FirstJob(info, settings(form_of(info, job.answers, {}), given))
