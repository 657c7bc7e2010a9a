"""Replay recorded sessions of a real pair against the simulated one and tell how much of them agrees.

`python -m console.lab.replay [DIRECTORY] [--show SCENARIO]`
"""

import argparse
import asyncio
import difflib
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from console.lab.masking import mask
from console.lab.stage import FRESH, HARDCODED, PROVISIONED, Outcome, Stage
from console.lab.transcripts import Command, Event, Scenario, read_scenarios, synchronisations

RECORDED = Path(__file__).parents[2] / "tests" / "captures" / "freebsd-13.2-pair"

_SIZES = "its numbers are those of files that the lab's small system does not have"
UNSUPPORTED: dict[str, str] = {
    "dump": _SIZES,
    "restore": _SIZES,
    "mtree": "it names files that the lab's small system does not have",
}
"""Programs that are not compared here, and why; nor is what follows a change by them claimed. What dump and
restore say without their numbers is compared in tests/lab_storage/test_dump_recorded.py."""

PAUSE = 60.0
"""World seconds between one scenario and the next that goes on from it; the recorder took about as many."""

_CUT_OFF = re.compile(r"\| *(?:cut -c|head -c)\S* *\d*\s*$")
_RAGGED = 80

_POSITION = r"(?:^|[;&|({{`'\"]\s*|\b(?:do|then|else|if|while|exec)\s+)(?:/\S*/)?{}(?=$|[\s;&|)])"
_POLL = re.compile(r"grep -E?v?q '?(?:SYNC|COMPLETE)")


@dataclass(frozen=True, slots=True)
class Verdict:
    """One command of a recording, what the lab answered, and whether the two agree once masked."""

    command: Command
    outcome: Outcome | None
    agrees: bool
    unsupported: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """One scenario, replayed."""

    scenario: Scenario
    verdicts: tuple[Verdict, ...]
    moved_on: str = ""
    """The unsupported program that has changed what later commands see, or ""."""

    @property
    def claimed(self) -> tuple[Verdict, ...]:
        """The commands that the lab claims to support."""
        return tuple(verdict for verdict in self.verdicts if not verdict.unsupported)

    @property
    def agreeing(self) -> int:
        """How many of the claimed ones agree."""
        return sum(verdict.agrees for verdict in self.claimed)


def unsupported_in(run: str) -> str:
    """Name the unsupported program that a command line runs, or ""."""
    for program in UNSUPPORTED:
        if re.search(_POSITION.format(program), run, re.MULTILINE):
            return program.split()[0]
    return ""


def agrees(command: Command, outcome: Outcome | None) -> bool:
    """Compare an answer with the recorded one; no answer agrees with no answer."""
    if outcome is None or not command.answered:
        return outcome is None and not command.answered
    return (
        command.exit_status == outcome.exit_status
        and _same(command.run, command.out, outcome.out)
        and _same(command.run, command.err, outcome.err)
    )


def _same(run: str, recorded: str, given: str) -> bool:
    wanted, got = mask(run, recorded), mask(run, given)
    if wanted != got and _CUT_OFF.search(run):
        # Where a text is cut off depends on the length of what is masked.
        length = min(len(wanted), len(got)) - _RAGGED
        return length > 0 and wanted[:length] == got[:length]
    return wanted == got


async def replay(scenario: Scenario, stage: Stage, moved_on: str = "") -> Report:
    """Play one scenario; `moved_on` names an unsupported program that has changed its starting state."""
    verdicts: list[Verdict] = []
    start = stage.now
    pace = {found.at: found.seconds for found in synchronisations(scenario)}
    slack = 0.0
    for step in scenario.steps:
        await stage.reach(start + slack + step.at)
        if isinstance(step, Event):
            await stage.happen(step.text, step.nodes)
            continue
        missing = unsupported_in(step.run)
        if not moved_on and missing:
            moved_on = missing
        if step.at in pace:
            stage.synchronise_in(pace[step.at])
        if moved_on or missing:
            verdicts.append(Verdict(step, None, False, missing or moved_on))
            continue
        outcome = await stage.run(step.node, step.run, None if step.answered else step.took)
        if _POLL.search(step.run) and step.exit_status == 0:
            for _ in range(120):
                if outcome is None or outcome.exit_status == 0:
                    break
                await stage.reach(stage.now + 1.0)
                slack += 1.0
                outcome = await stage.run(step.node, step.run, None)
        slack = max(slack, stage.now - start - step.at - step.took)
        verdicts.append(Verdict(step, outcome, agrees(step, outcome)))
    await stage.reach(start + slack + (scenario.steps[-1].at if scenario.steps else 0.0) + PAUSE)
    return Report(scenario, tuple(verdicts), moved_on)


async def replay_all(scenarios: Sequence[Scenario], only: str = "") -> tuple[Report, ...]:
    """Play scenarios in order, each from the state that its title names."""
    reports: list[Report] = []
    stage: Stage | None = None
    try:
        for chain in chains(scenarios):
            if only and not any(scenario.name.startswith(only) for scenario in chain):
                continue
            stage = await Stage.set_up(opening(chain[0]))
            moved_on = ""
            for scenario in chain:
                reports.append(await replay(scenario, stage, moved_on))
                moved_on = reports[-1].moved_on
                if only and scenario.name.startswith(only):
                    break
            await stage.close()
            stage = None
    finally:
        if stage is not None:
            await stage.close()
    return tuple(reports)


_FOLLOWS = {
    "02": "01", "03": "02", "04": "03", "05": "04", "06": "05", "10b": "10", "12": "09",
    "11": "12", "15": "14", "16": "15", "17": "16",
}  # fmt: skip
"""The scenarios that go on where another ended."""

_OPENINGS = {
    "01": FRESH,
    "06b": PROVISIONED,
    "07": PROVISIONED,
    "08": PROVISIONED,
    "09": HARDCODED,
    "10": FRESH,
    "14": FRESH,
}
"""What the other known scenarios start from."""


def _key(scenario: Scenario) -> str:
    return scenario.name.split("-", 1)[0]


def opening(scenario: Scenario) -> str:
    """The state a scenario starts from: by its number or, where that is new, by what its commands found."""
    known = _OPENINGS.get(_key(scenario))
    if known is not None:
        return known
    for command in scenario.commands:
        if re.search(r"gmirror label|truncate -s", command.run):
            break
        if re.search(r"HARDCODED|hcprovider: \w", command.out):
            return HARDCODED
    before = [command.out for command in scenario.commands[:6]]
    return PROVISIONED if any("remotemirror" in out for out in before) else FRESH


def chains(scenarios: Sequence[Scenario]) -> list[list[Scenario]]:
    """Group scenarios that continue one another."""
    found: dict[str, list[Scenario]] = {}
    waiting = list(scenarios)
    while waiting:
        names = {_key(scenario) for scenario in waiting}
        scenario = next((one for one in waiting if _FOLLOWS.get(_key(one)) not in names), waiting[0])
        waiting.remove(scenario)
        before = _FOLLOWS.get(_key(scenario), "")
        chain = next((one for one in found.values() if _key(one[-1]) == before), None)
        if chain is None:
            found[scenario.name] = [scenario]
        else:
            chain.append(scenario)
    return list(found.values())


def share(agreeing: int, claimed: int) -> float:
    """A share in percent; of nothing, all agrees."""
    return 100.0 * agreeing / claimed if claimed else 100.0


def describe(reports: Sequence[Report]) -> str:
    """Tabulate the shares, and list what is not supported by name."""
    lines = [f"{'scenario':34}{'records':>8}{'claimed':>8}{'agree':>7}{'share':>8}"]
    for report in reports:
        claimed = len(report.claimed)
        lines.append(
            f"{report.scenario.name:34}{len(report.verdicts):8}{claimed:8}{report.agreeing:7}"
            f"{share(report.agreeing, claimed):7.1f}%"
        )
    records = sum(len(report.verdicts) for report in reports)
    claimed = sum(len(report.claimed) for report in reports)
    agreeing = sum(report.agreeing for report in reports)
    lines.append(f"{'all':34}{records:8}{claimed:8}{agreeing:7}{share(agreeing, claimed):7.1f}%")
    counted = Counter(
        verdict.unsupported for report in reports for verdict in report.verdicts if verdict.unsupported
    )
    for program, count in sorted(counted.items()):
        reason = next(why for name, why in UNSUPPORTED.items() if name.split()[0] == program)
        lines.append(f"not supported: {program}: {reason} ({count} records)")
    return "\n".join(lines)


def describe_difference(verdict: Verdict) -> str:
    """Show one disagreement: the command, and what was expected and given where they differ."""
    command, outcome = verdict.command, verdict.outcome
    lines = [f"--- line {command.line} at {command.at} on {command.node}: {command.run}"]
    if outcome is None:
        lines.append(
            "  no answer, recorded: " + (f"exit {command.exit_status}" if command.answered else "none")
        )
        return "\n".join(lines)
    if command.exit_status != outcome.exit_status:
        lines.append(f"  exit status: recorded {command.exit_status}, lab {outcome.exit_status}")
    for name, recorded, given in (("out", command.out, outcome.out), ("err", command.err, outcome.err)):
        wanted, got = mask(command.run, recorded), mask(command.run, given)
        if wanted != got:
            lines += [
                f"  {name} {line}"
                for line in difflib.unified_diff(wanted.splitlines(), got.splitlines(), lineterm="", n=1)
                if not line.startswith(("---", "+++"))
            ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Replay a directory of transcripts, print the shares and, if asked, what differs."""
    parser = argparse.ArgumentParser(prog="python -m console.lab.replay", description=__doc__)
    parser.add_argument("directory", nargs="?", type=Path)
    parser.add_argument(
        "--show", metavar="SCENARIO", help="play up to this scenario and show what differs in it"
    )
    parser.add_argument("--all", action="store_true", help="show what differs in every scenario")
    wanted = parser.parse_args(arguments)
    directory = wanted.directory or Path(os.environ.get("MIRRORGATE_TRANSCRIPTS") or RECORDED)
    began = time.monotonic()
    reports = asyncio.run(replay_all(read_scenarios(directory), wanted.show or ""))
    for report in reports:
        if wanted.all or (wanted.show and report.scenario.name.startswith(wanted.show)):
            print(f"=== {report.scenario.name}: {report.scenario.title}")
            for verdict in report.claimed:
                if not verdict.agrees:
                    print(describe_difference(verdict))
    print(describe(reports))
    print(f"replayed in {time.monotonic() - began:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
