"""What a finished run tells in numbers: recovery time (RTO) by phase, and lost writes (RPO) from a canary.

**Recovery time** comes from `plan.outages`, two step ids each: from the start of the first to the end of
the second, by the console's clock. Of the first outage `rto` is the whole; `rto.PHASE` the steps between
them by `Step.phase` (`rto.other` without one); `rto.between` the time in which no step ran (questions,
readings, connections). Those of the next ones are called `rto.2`, `rto.2.PHASE` … `phase.PHASE` are the
steps outside of every outage, `took` the whole run.

**Canary.** A drill writes numbered lines, and tells the console what became of them:

- The writer appends `N UNIXTIME` (a fraction is allowed: `41 1795399904.25`) to its *acknowledgement
  log*, outside of the replicated file system, only after write N has been fsynced there (`dd
  conv=fsync`, fsync(1); `sync` is not enough). N begins with 1 and goes up by one only after an
  acknowledgement: the last N is also their number.
- A step whose id begins with `canary-read` prints, one a line, what can be read on *its* node:

  | line | means |
  | --- | --- |
  | `acked LAST_N AT` | the last acknowledged write before the outage, its logged time (`acked 0 -`: none) |
  | `found LAST_N COUNT MISSING` | read back: highest number, how many, how many of 1..acked are not there |
  | `first N AT` | the first acknowledged write after the outage |

  AT is by the clock of the step's node. Several steps on several nodes may share the lines of one
  outage, in any order; a line of a kind that was there already begins the next outage (a drill with
  fail-back has two).

**Clocks.** Steps are timed by the console's clock, markers by the nodes'. The engine keeps what `Clocks`
tells of its readings in `RunRecord.measures`: `clock.offset.NODE` (seconds that node's clock is ahead of
the console's) and `clock.uncertainty` (seconds by which the difference of two may be wrong). An outage
below it is refused, never rounded to nothing; a canary's outage across two nodes whose clocks were not
compared too.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from console.model.measure_names import rto_name
from console.model.plan import Step
from console.model.run import RunRecord, StepRecord, StepState
from console.model.snapshot import PairSnapshot

CANARY_READ = "canary-read"
"""How the ids of the steps begin that print a canary's lines."""
NOT_PROOF = "not proof for a power cut at both sites"
"""What a count of lost markers never proves: the peer acknowledges from its cache."""

ON_ITS_WAY = 0.25
"""Seconds an answer may take from the node to the console, where a refresh takes no longer itself."""

_NUMBER = r"(\d{1,12})"
_AT = r"(\d{1,12}(?:\.\d{1,9})?|-)"
_ACKED = re.compile(rf"acked {_NUMBER} {_AT}")
_FOUND = re.compile(rf"found {_NUMBER} {_NUMBER} {_NUMBER}")
_FIRST = re.compile(rf"first {_NUMBER} {_AT}")


@dataclass(frozen=True, slots=True)
class Stamp:
    """A numbered write and when, by which node's clock."""

    number: int
    at: str
    """Unix seconds as the node printed them, `-` for none."""
    node: str

    @property
    def resolution(self) -> float:
        """Seconds by which the time may be too early: one, where it has no fraction."""
        return 0.0 if "." in self.at else 1.0


@dataclass(frozen=True, slots=True)
class Canary:
    """What was read of one outage's markers; None is not read."""

    acked: Stamp | None = None
    found: tuple[int, int, int] | None = None
    """Highest number, how many, how many missing."""
    first: Stamp | None = None

    @property
    def lost(self) -> int | None:
        """Acknowledged markers that were not read back: the worse of what was said and what was counted."""
        if self.acked is None or self.found is None:
            return None
        _, count, missing = self.found
        return max(missing, self.acked.number - count, 0)


@dataclass(frozen=True, slots=True)
class Measures:
    """Figures by name, and why a figure that was wanted is not given."""

    values: Mapping[str, float] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    """Measure name: one line why there is no figure."""


def measure(run: RunRecord) -> Measures:
    """Every figure of a run: what the engine kept (clocks), `took`, RTO and RPO as described above."""
    values = {name: value for name, value in run.measures.items() if name.startswith("clock.")}
    refused: dict[str, str] = {}
    if run.ended is not None:
        values["took"] = run.ended - run.started
    _recovery(run, values, refused)
    _phases_outside(run, values)
    _markers(run, values, refused)
    return Measures(values, refused)


def with_measures(run: RunRecord) -> RunRecord:
    """The run with its figures in `measures`, as it is kept at its end; measuring again changes nothing."""
    return replace(run, measures=dict(measure(run).values))


class Clocks:
    """Reads how far the nodes' clocks are from the console's; the more readings, the better it knows.

    A node tells whole seconds: each reading says that its clock is between 0 and 1 s (and the way the answer
    took) further ahead than it seems.
    """

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, float]] = {}
        self._ways: dict[str, float] = {}

    def read(self, snapshot: PairSnapshot) -> None:
        """Take one reading into account."""
        for node in snapshot.nodes:
            if (offset := node.facts.clock_offset.value) is not None:
                least, most = self._seen.get(node.name, (offset, offset))
                self._seen[node.name] = (min(least, offset), max(most, offset))
                # On a slow link the answer was at most as long on its way as the whole refresh took.
                way = max(ON_ITS_WAY, node.link.round_trip or 0.0)
                self._ways[node.name] = max(way, self._ways.get(node.name, way))

    def told(self) -> dict[str, float]:
        """`clock.offset.NODE` and `clock.uncertainty`; nothing of a node whose clock was set meanwhile."""
        found: dict[str, float] = {}
        uncertainty = 0.0
        for name, (least, most) in self._seen.items():
            highest = least + 1.0 + self._ways[name]
            if most <= highest:
                found[f"clock.offset.{name}"] = (most + highest) / 2
                uncertainty += (highest - most) / 2
        return {**found, "clock.uncertainty": uncertainty} if found else {}


def canaries(run: RunRecord) -> tuple[Canary, ...]:
    """What the canary steps of a run printed, one value per outage."""
    found: list[Canary] = []
    for step, record in _pairs(run):
        if not step.id.startswith(CANARY_READ) or record.state is not StepState.DONE:
            continue
        for line in record.out.splitlines():
            part = _canary_line(line.strip(), step.node or "")
            if part is None:
                continue
            name, value = part
            if not found or getattr(found[-1], name) is not None:
                found.append(Canary())
            found[-1] = replace(found[-1], **{name: value})  # type: ignore[arg-type]  # by the name it came with
    return tuple(found)


def markers_words(values: Mapping[str, float]) -> str | None:
    """The RPO as it may be said: a count of markers, never a plain zero. None without a canary."""
    acked, lost = values.get("rpo.markers_acked"), values.get("rpo.markers_lost")
    if acked is None or lost is None:
        return None
    return f"{lost:.0f} of {acked:.0f} acknowledged markers lost ({NOT_PROOF})"


def _pairs(run: RunRecord) -> Iterator[tuple[Step, StepRecord]]:
    records = {record.id: record for record in run.steps}
    for step in run.plan.steps:
        yield step, records.get(step.id, StepRecord(step.id))


def _recovery(run: RunRecord, values: dict[str, float], refused: dict[str, str]) -> None:
    records = {step.id: (step, record) for step, record in _pairs(run)}
    for number, steps in enumerate(run.plan.outage_steps(), start=1):
        _one_recovery(rto_name(number), [records[step.id] for step in steps], values, refused)


def _one_recovery(
    rto: str, steps: Sequence[tuple[Step, StepRecord]], values: dict[str, float], refused: dict[str, str]
) -> None:
    """One outage: the steps from the end of service to its return, both included."""
    if steps[0][1].state is StepState.PENDING:
        return
    (gone, gone_record), (back, back_record) = steps[0], steps[-1]
    if gone_record.state is StepState.ALREADY_SO:
        refused[rto] = f"the service had stopped before this run: {gone.id} was already so"
    elif back_record.state not in (StepState.DONE, StepState.ALREADY_SO):
        refused[rto] = f"the service was not seen back: {back.id} is {back_record.state}"
    elif gone_record.started is None or back_record.ended is None:
        refused[rto] = "the beginning or the end of the outage has no time"
    elif back_record.ended < gone_record.started:
        refused[rto] = "the times contradict each other: the console's clock was set back"
    if rto in refused or gone_record.started is None or back_record.ended is None:
        return
    whole = back_record.ended - gone_record.started
    parts: dict[str, float] = {}
    for step, record in steps:
        if (lasted := _lasted(record)) is not None:
            name = f"{rto}.{step.phase or 'other'}"
            parts[name] = parts.get(name, 0.0) + lasted
    between = f"{rto}.between"
    parts[between] = parts.get(between, 0.0) + max(0.0, whole - sum(parts.values()))
    _give(rto, whole, values.get("clock.uncertainty", 0.0), values, refused)
    values.update(parts)


def _lasted(record: StepRecord) -> float | None:
    if record.started is None or record.ended is None:
        return None
    return max(0.0, record.ended - record.started)


def _give(
    name: str, seconds: float, uncertainty: float, values: dict[str, float], refused: dict[str, str]
) -> None:
    """A time of the outage, unless the clocks cannot tell it from nothing."""
    if 0 < seconds < uncertainty:
        refused[name] = f"below the clocks' difference of {uncertainty:.3g} s"
    else:
        values[name] = seconds


def _phases_outside(run: RunRecord, values: dict[str, float]) -> None:
    inside = {step.id for steps in run.plan.outage_steps() for step in steps}
    for step, record in _pairs(run):
        lasted = _lasted(record)
        if step.phase and step.id not in inside and lasted is not None:
            name = f"phase.{step.phase}"
            values[name] = values.get(name, 0.0) + lasted


def _markers(run: RunRecord, values: dict[str, float], refused: dict[str, str]) -> None:
    read = canaries(run)
    if not read:
        if any(step.id.startswith(CANARY_READ) for step in run.plan.steps):
            refused["rpo.markers_lost"] = "the canary was not read back"
        return
    for number, canary in enumerate(read, start=1):
        mark = f".{number}" if len(read) > 1 else ""
        if canary.acked is None:
            refused[f"rpo.markers_lost{mark}"] = "nothing says which markers were acknowledged"
        elif canary.acked.number == 0:
            refused[f"rpo.markers_lost{mark}"] = "no marker was acknowledged: nothing was measured"
        elif canary.found is None or canary.lost is None:
            refused[f"rpo.markers_lost{mark}"] = "the markers were not read back"
        else:
            values[f"rpo.markers_acked{mark}"] = canary.acked.number
            values[f"rpo.markers_found{mark}"] = canary.found[1]
            values[f"rpo.markers_lost{mark}"] = canary.lost
        _writes_stopped(canary, mark, values, refused)
    if len(read) > 1:
        _worst(len(read), values, refused)


def _writes_stopped(canary: Canary, mark: str, values: dict[str, float], refused: dict[str, str]) -> None:
    """How long no write was acknowledged, with each node's clock corrected."""
    name = f"write_outage{mark}"
    last, first = canary.acked, canary.first
    if last is None or first is None or "-" in (last.at, first.at):
        refused[name] = "no acknowledged write on both sides of the outage"
        return
    offsets = [values.get(f"clock.offset.{stamp.node}") for stamp in (last, first)]
    uncertainty = values.get("clock.uncertainty")
    if last.node == first.node:
        offsets, uncertainty = [0.0, 0.0], 0.0
    if uncertainty is None or offsets[0] is None or offsets[1] is None:
        refused[name] = f"the clocks of {last.node} and {first.node} were not compared"
        return
    uncertainty += max(last.resolution, first.resolution)
    seconds = (float(first.at) - offsets[1]) - (float(last.at) - offsets[0])
    if seconds < -uncertainty:
        refused[name] = "the times contradict each other: a clock was set during the run"
    elif seconds <= 0:
        refused[name] = f"below the clocks' difference of {uncertainty:.3g} s"
    else:
        _give(name, seconds, uncertainty, values, refused)


def _worst(count: int, values: dict[str, float], refused: dict[str, str]) -> None:
    """The figures without a number are those of the worst outage; with one missing there is none."""
    marks = [f".{number}" for number in range(1, count + 1)]
    for name in ("rpo.markers_lost", "write_outage"):
        missing = next((mark for mark in marks if name + mark not in values), None)
        if missing is not None:
            refused[name] = f"outage {missing[1:]}: {refused[name + missing]}"
            continue
        worst = max(marks, key=lambda mark: values[name + mark])
        values[name] = values[name + worst]
        if name == "rpo.markers_lost":
            for other in ("rpo.markers_acked", "rpo.markers_found"):
                values[other] = values[other + worst]


def _canary_line(line: str, node: str) -> tuple[str, Stamp | tuple[int, int, int]] | None:
    if match := _ACKED.fullmatch(line):
        return "acked", Stamp(int(match[1]), match[2], node)
    if match := _FIRST.fullmatch(line):
        return "first", Stamp(int(match[1]), match[2], node)
    if match := _FOUND.fullmatch(line):
        return "found", (int(match[1]), int(match[2]), int(match[3]))
    return None
