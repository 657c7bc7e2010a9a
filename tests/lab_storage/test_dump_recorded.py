"""What dump(8) and restore(8) said on a real 13.2, said again by the lab but for the numbers."""

import re
from pathlib import Path

import pytest

from console.lab import replay
from console.lab.transcripts import read_scenarios

PROGRAMS = re.compile(r"\b(?:dump|restore) -?\w*[0-9frtix]")
NAMES_OF_REAL_FILES = ("restore -tf", "./etc/rc.conf", "mtree")
"""Commands that print names of files, or find files, which the lab's small system does not have."""


def words(text: str) -> list[str]:
    """Lines without what depends on how much there is to dump; two processes of a pipe speak in any order."""
    text = re.sub(
        r"finished in (?:less than a second|\d+ seconds, throughput \d+ KBytes/sec)", "finished", text
    )
    return sorted(re.sub(r"\d+(?:\.\d+)?", "<n>", text).splitlines())


async def test_dump_and_restore_say_what_they_said_on_a_real_system(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(replay, "UNSUPPORTED", {})
    recorded = read_scenarios(Path(replay.RECORDED))
    move = [scenario for scenario in recorded if scenario.name.startswith("10")]

    reports = await replay.replay_all(move)

    compared = 0
    for report in reports:
        for verdict in report.verdicts:
            run, outcome = verdict.command.run, verdict.outcome
            if not PROGRAMS.search(run) or any(odd in run for odd in NAMES_OF_REAL_FILES):
                continue
            if not verdict.command.answered:
                continue
            assert outcome is not None, run
            assert outcome.exit_status == verdict.command.exit_status, run
            assert words(outcome.err) == words(verdict.command.err), run
            compared += 1
    assert compared >= 25
