"""Recorded sessions with a real pair: one scenario per file, one JSON object per line."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Command:
    """A command that was run, and what came of it; `exit_status` is None when no answer came in time."""

    line: int
    at: float
    node: str
    run: str
    exit_status: int | None
    out: str
    err: str
    took: float

    @property
    def answered(self) -> bool:
        """False when the recorder gave up waiting, or the connection broke."""
        return self.exit_status is not None


@dataclass(frozen=True, slots=True)
class Event:
    """Something done to the machines from outside: power, cable."""

    at: float
    nodes: str
    text: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """One file of a transcript."""

    name: str
    title: str
    steps: tuple[Command | Event, ...]

    @property
    def commands(self) -> tuple[Command, ...]:
        """The steps that are commands."""
        return tuple(step for step in self.steps if isinstance(step, Command))


def read_scenarios(directory: Path) -> tuple[Scenario, ...]:
    """Read every `*.jsonl` of a directory, in the order of their names."""
    return tuple(_read(path) for path in sorted(directory.glob("*.jsonl")))


def _read(path: Path) -> Scenario:
    lines = path.read_text(encoding="utf-8").splitlines()
    head = json.loads(lines[0]) if lines else {}
    return Scenario(head.get("scenario", path.stem), head.get("title", ""), tuple(_steps(lines)))


def _steps(lines: list[str]) -> Iterator[Command | Event]:
    for number, line in enumerate(lines):
        record = json.loads(line)
        if "event" in record:
            yield Event(record["at"], record.get("node", "ab"), record["event"])
        elif "run" in record:
            yield Command(
                number,
                record["at"],
                record["node"],
                record["run"],
                record.get("exit"),
                record.get("out", ""),
                record.get("err", ""),
                record.get("took", record.get("timeout", 0.0)),
            )


_SYNCING = re.compile(r"SYNCHRONIZING, \d+%|Synchronized: \d+%|<Synchronized>")
_STATE = re.compile(r"\((?:ACTIVE|STALE)\)|State: ACTIVE")
_CAUSE = re.compile(r"gmirror (?:rebuild|insert|activate|label)|ggatec create|mdconfig -a")


@dataclass(frozen=True, slots=True)
class Synchronisation:
    """A recorded synchronisation: the command it follows, and how many seconds it took."""

    at: float
    seconds: float


def _waits_before_cause(run: str) -> float:
    before = run[: [found.start() for found in _CAUSE.finditer(run)][-1]]
    return sum(float(seconds) for seconds in re.findall(r"\bsleep ([\d.]+)", before))


def synchronisations(scenario: Scenario) -> tuple[Synchronisation, ...]:
    """Find how long each recorded synchronisation took: the speed of disks is the machine's affair."""
    found: list[Synchronisation] = []
    cause: Command | None = None
    last: float | None = None
    for step in scenario.commands:
        polled = "SYNC" in step.run and "grep" in step.run
        seen = _SYNCING.search(step.out) is not None or (polled and step.exit_status == 1)
        if last is None and _CAUSE.search(step.run):
            cause = step
        if cause is None:
            continue
        if seen:
            last = step.at + step.took
        elif last is not None and (_STATE.search(step.out) or polled):
            begun = cause.at + _waits_before_cause(cause.run)
            found.append(Synchronisation(cause.at, (last + step.at) / 2 - begun))
            cause = last = None
    return tuple(found)
