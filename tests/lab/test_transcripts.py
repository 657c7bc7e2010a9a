"""The simulated pair answers as the recorded one did."""

import os
from pathlib import Path

import pytest

from console.lab.replay import RECORDED, describe, describe_difference, replay_all, share
from console.lab.transcripts import read_scenarios

FLOOR_OF_AGREEMENT = 95.0
FLOOR_OF_CLAIMS = 87.0


async def test_the_lab_agrees_with_the_recorded_pair(capsys: pytest.CaptureFixture[str]) -> None:
    directory = Path(os.environ.get("MIRRORGATE_TRANSCRIPTS") or RECORDED)
    scenarios = read_scenarios(directory)
    assert scenarios, f"no transcripts in {directory}"

    reports = await replay_all(scenarios)

    with capsys.disabled():
        print("\n" + describe(reports))
    records = sum(len(report.verdicts) for report in reports)
    claimed = sum(len(report.claimed) for report in reports)
    agreeing = sum(report.agreeing for report in reports)
    differing = [
        describe_difference(verdict) for report in reports for verdict in report.claimed if not verdict.agrees
    ]
    assert share(claimed, records) >= FLOOR_OF_CLAIMS
    assert share(agreeing, claimed) >= FLOOR_OF_AGREEMENT, "\n".join(differing[:40])
