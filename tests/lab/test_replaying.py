"""Reading recordings, and the order in which scenarios are played."""

import json
from pathlib import Path

from console.lab.replay import (
    RECORDED,
    agrees,
    chains,
    opening,
    unsupported_in,
)
from console.lab.stage import FRESH, HARDCODED, PROVISIONED, Outcome
from console.lab.transcripts import Command, Scenario, read_scenarios, synchronisations


def command(run: str, *, at: float = 1.0, out: str = "", exit_status: int | None = 0) -> Command:
    return Command(1, at, "a", run, exit_status, out, "", 0.2)


def test_every_recorded_scenario_is_read_with_its_commands_and_events() -> None:
    scenarios = {scenario.name: scenario for scenario in read_scenarios(RECORDED)}

    assert len(scenarios) == 18
    assert len(scenarios["01-fresh"].commands) == 102
    assert len(scenarios["07-slave-power-cut"].steps) - len(scenarios["07-slave-power-cut"].commands) == 2


def test_a_command_without_an_answer_is_read_as_one(tmp_path: Path) -> None:
    lines = [
        {"scenario": "x", "title": "t"},
        {"at": 1, "node": "a", "run": "ls /home/sites", "timeout": 12, "took": 12},
    ]
    (tmp_path / "x.jsonl").write_text("\n".join(json.dumps(line) for line in lines))

    (scenario,) = read_scenarios(tmp_path)

    assert not scenario.commands[0].answered


def test_scenarios_that_continue_one_another_share_a_pair() -> None:
    names = [
        [scenario.name.split("-")[0] for scenario in chain] for chain in chains(read_scenarios(RECORDED))
    ]

    assert ["01", "02", "03", "04", "05", "06"] in names
    assert ["09", "12", "11"] in names
    assert ["14", "15", "16", "17"] in names


def test_an_unknown_scenario_starts_from_what_its_commands_found() -> None:
    label = Scenario("50-x", "", (command("gmirror label remotemirror ggate0"),))
    mounted = Scenario(
        "51-x", "", (command("gmirror status", out="mirror/remotemirror  COMPLETE  md0 (ACTIVE)"),)
    )
    named = Scenario("52-x", "", (command("gmirror list", out="   Flags: DIRTY, HARDCODED\n remotemirror"),))

    assert [opening(scenario) for scenario in (label, mounted, named)] == [FRESH, PROVISIONED, HARDCODED]


def test_unsupported_programs_are_found_where_a_command_stands() -> None:
    assert unsupported_in("cd /mnt && dump -0aLf - /src | restore -rf -") == "dump"
    assert unsupported_in("su -m oper -c 'PATH=/sbin; mtree -p /src | head -3'") == "mtree"
    assert unsupported_in("su -m oper -c 'PATH=/sbin; bsdlabel vtbd1s1 | head -3'") == ""
    assert unsupported_in("gmirror dump md0") == ""
    assert unsupported_in("gpart show") == ""


def test_no_answer_agrees_only_with_no_answer() -> None:
    lost = command("ls", exit_status=None)

    assert agrees(lost, None)
    assert not agrees(lost, Outcome(0, "", ""))
    assert not agrees(command("ls"), None)
    assert agrees(command("ls", out="x\n"), Outcome(0, "x\n", ""))
    assert not agrees(command("ls", out="x\n"), Outcome(1, "x\n", ""))


def test_a_synchronisation_lasts_from_its_command_to_between_the_last_and_the_next_look() -> None:
    scenario = Scenario(
        "x",
        "",
        (
            command("gmirror rebuild remotemirror md0", at=5.0),
            command("gmirror status", at=6.0, out="md0 (SYNCHRONIZING, 16%)"),
            command("gmirror status", at=9.0, out="md0 (ACTIVE)"),
        ),
    )

    (found,) = synchronisations(scenario)

    assert found.at == 5.0
    assert 1.0 < found.seconds < 4.0
