"""The part of the command line that plans, runs and tells of jobs."""

import argparse
from pathlib import Path

NAMES = frozenset({"plan", "apply", "run", "resume", "undo", "runs", "report", "provision", "migrate"})
"""The commands this module describes."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe every command about jobs."""
    plan = _job(commands, "plan", "make a plan, show every step with its exact command, change nothing")
    plan.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="save it there as TOML, to be applied"
    )
    plan.add_argument("--json", action="store_true", help="as JSON")
    plan.add_argument("--conditions", action="store_true", help="list the conditions a plan may name")
    run = _job(commands, "run", "plan a job and carry it out")
    run.add_argument("--dry-run", action="store_true", help="stop after the plan")
    _carrying_out(run)
    apply = _command(
        commands, "apply", "carry out a saved plan; refused where the pair is no longer as it was"
    )
    apply.add_argument("file", type=Path, metavar="FILE")
    apply.add_argument("--pair", metavar="PAIR", help="only needed with several pairs and a plan by hand")
    apply.add_argument("--dry-run", action="store_true", help="check it against the pair, change nothing")
    _carrying_out(apply)
    provision = _command(commands, "provision", "the same as `run provision`; or write all its files here")
    provision.add_argument("--pair", metavar="PAIR", help="needed with several pairs")
    provision.add_argument("--set", dest="settings", action="append", default=[], metavar="KEY=VALUE")
    provision.add_argument(
        "--files-only", type=Path, metavar="DIR", help="write every file of both nodes there for review"
    )
    provision.add_argument("--dry-run", action="store_true", help="stop after the plan")
    _carrying_out(provision)
    migrate = _command(
        commands, "migrate", "the console at the questions of migrate-disk: a system moves to another disk"
    )
    migrate.add_argument("--pair", metavar="PAIR", help="needed with several pairs")
    migrate.add_argument("--set", dest="settings", action="append", default=[], metavar="KEY=VALUE")
    authorize = _command(commands, "authorize", "what to install so that a key can watch and nothing else")
    authorize.add_argument(
        "--read-only", dest="watches", action="store_true", help="the only kind of key there is: it watches"
    )
    authorize.add_argument("--pair", metavar="PAIR", help="only this pair (default: all)")
    authorize.add_argument("--node", metavar="NODE", help="only this node (default: both)")
    authorize.add_argument("--key", type=Path, metavar="FILE", help="the public key (FILE.pub)")
    authorize.add_argument("--user", metavar="NAME", default="mgwatch", help="the account (mgwatch)")
    authorize.add_argument(
        "--become", choices=("none", "sudo", "doas"), help="what allows the few reads as root"
    )
    authorize.add_argument("--install", action="store_true", help="put it there, as a job with a plan")
    authorize.add_argument("--dry-run", action="store_true", help="with --install: stop after the plan")
    _carrying_out(authorize)
    resume = _command(commands, "resume", "go on with a run whose console or connection went away")
    resume.add_argument("run", nargs="?", metavar="RUN", help="default: the newest that did not end")
    _carrying_out(resume)
    undo = _command(commands, "undo", "take back the steps of a run that ended early, backwards")
    undo.add_argument("run", nargs="?", metavar="RUN", help="default: the newest that did not end")
    _carrying_out(undo)
    runs = _command(commands, "runs", "what was run: who, when, how it ended")
    runs.add_argument("pair", nargs="?", help="only this pair (default: all)")
    runs.add_argument("--json", action="store_true", help="as JSON")
    runs.add_argument(
        "--export", type=Path, metavar="FILE", help="everything as JSON lines, or .csv: the trends"
    )
    report = _command(commands, "report", "the report of a run")
    report.add_argument("run", nargs="?", metavar="RUN", help="default: the newest")
    kind = report.add_mutually_exclusive_group()
    kind.add_argument("--md", action="store_true", help="as Markdown (the default)")
    kind.add_argument("--json", action="store_true", help="as JSON")


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, words: str
) -> argparse.ArgumentParser:
    return commands.add_parser(name, help=words, description=words)


def _job(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, words: str
) -> argparse.ArgumentParser:
    one = _command(commands, name, words)
    one.add_argument("job", nargs="?", metavar="JOB", help="without one the jobs are listed")
    one.add_argument("--pair", metavar="PAIR", help="needed with several pairs")
    one.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="an answer of the job (JOB without --set shows the defaults)",
    )
    return one


def _carrying_out(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--yes",
        action="store_true",
        help="go on without asking, except where something is destroyed or only a person can know",
    )
    one.add_argument(
        "--take-over",
        action="store_true",
        help="be asked whether to break the lock of an operator who gave no sign of life for a minute",
    )
