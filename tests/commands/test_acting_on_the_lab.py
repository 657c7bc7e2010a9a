"""plan, apply, run, resume, undo, runs and report on the simulated pair, as an administrator types them."""

import json
from argparse import Namespace
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from console.cli import parser
from console.commands import acting, runs
from console.commands.complaining import complain
from console.commands.terminal_operator import TerminalOperator
from console.engine.journal import Journal, JournalTrouble
from console.lab.pair import LabPair
from console.lab.running import run_text
from console.model.config import Config
from console.model.run import Choice, Question, RunRecord, StepState
from console.toml_file import BadConfig

Run = Callable[..., Awaitable[int]]

OWN = """\
job = "greet"
title = "Leave a file on the master"
ends = "a file lies on web-a"

[[steps]]
id = "leave"
title = "Leave a file"
why = "To be seen."
node = "web-a"
guards = ["master-mounted"]
leaves = "as before"
[steps.action]
kind = "command"
text = "echo hello > /root/hello; echo done"
[steps.undo]
text = "rm -f /root/hello"
"""


@pytest.fixture
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own: history, plans and configuration."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "config" / "mirrorgate" / "plans").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def mirrorgate(lab: LabPair, config: Config, at_home: Path) -> Run:
    """A command line, from its words to its exit status."""

    async def run(*words: str) -> int:
        arguments: Namespace = parser().parse_args(words)
        if arguments.command in ("runs", "report"):
            if arguments.command == "report":
                return await runs.report(arguments.run or "last", as_json_text=arguments.json)
            return await runs.list_runs(arguments.pair, as_json_text=arguments.json)
        return await acting.main(arguments, config, lab.config_file)

    return run


async def test_jobs_are_listed_with_when_they_are_needed(
    mirrorgate: Run, at_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (at_home / "config/mirrorgate/plans/greet.toml").write_text(OWN)
    assert await mirrorgate("plan") == 0
    listed = capsys.readouterr().out
    for name in ("failover-drill", "promote", "fail-back", "stop-pair", "start-pair", "greet"):
        assert f"{name} " in listed


async def test_a_plan_is_shown_whole_saved_and_changes_nothing(
    mirrorgate: Run, lab: LabPair, at_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await mirrorgate("plan", "stop-pair") == 0
    assert "umount /home/sites" in capsys.readouterr().out
    assert await mirrorgate("plan", "stop-pair", "-o", str(at_home / "p.toml")) == 0
    assert await mirrorgate("apply", str(at_home / "p.toml"), "--dry-run") == 0
    assert "dry run: nothing was changed" in capsys.readouterr().out
    assert (
        await run_text(lab.world.nodes["a"], "mount | grep -q sites; ls -d /var/db/mirrorgate/jobs")
    ).status != 0


async def test_a_plan_is_refused_when_the_pair_has_changed_since(
    mirrorgate: Run, lab: LabPair, at_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await mirrorgate("plan", "stop-pair", "-o", str(at_home / "p.toml"))
    await lab.fault("degraded")
    capsys.readouterr()
    assert await mirrorgate("apply", str(at_home / "p.toml"), "--dry-run") == 1
    assert "changed since the plan was made: web-a " in capsys.readouterr().out
    assert await mirrorgate("apply", str(at_home / "p.toml"), "--yes") == 2
    assert "the pair has changed since the plan was made" in capsys.readouterr().err
    assert (await run_text(lab.world.nodes["a"], "mount | grep -q ' on /home/sites '")).status == 0


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("plan", "no-such-job"), "no job is called no-such-job"),
        (("plan", "stop-pair", "--set", "colour=red"), "expected KEY=VALUE"),
        (("plan", "failover-drill", "--set", "canary=perhaps"), "say yes or no"),
        (("plan", "failover-drill", "--set", "gate_timeout=5;rm -rf /"), "a whole number"),
        (("apply", "/nowhere/plan.toml"), "/nowhere/plan.toml: cannot be read"),
        (("resume",), "no run is unfinished"),
        (("resume", "20200101-000000-x-0000"), "there is no run"),
        (("undo", "../../etc/passwd"), "there is no run"),
    ],
)
async def test_what_cannot_be_done_is_one_line_and_status_2(
    words: tuple[str, ...], expected: str, mirrorgate: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await mirrorgate(*words) == 2
    said = capsys.readouterr().err
    assert expected in said
    assert said.count("\n") == 1


async def test_a_plan_of_ones_own_runs_is_reported_and_can_be_undone(
    mirrorgate: Run,
    lab: LabPair,
    at_home: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (at_home / "config/mirrorgate/plans/greet.toml").write_text(OWN)
    assert await mirrorgate("run", "greet", "--yes") == 0
    told = capsys.readouterr().out
    assert "| echo hello > /root/hello; echo done" in told
    assert "greet done" in told
    node = lab.world.nodes["a"]
    assert (await run_text(node, "cat /root/hello")).out == "hello\n"
    assert (await run_text(node, "ls -d /var/db/mirrorgate/lock")).status != 0
    await mirrorgate("runs", "--json")
    (listed,) = json.loads(capsys.readouterr().out)
    await mirrorgate("report")
    assert "echo hello" in capsys.readouterr().out

    async def agrees(_: TerminalOperator, question: Question) -> Choice:
        return Choice.GO if Choice.GO in question.choices else Choice.UNDO

    monkeypatch.setattr(TerminalOperator, "decide", agrees)
    assert await mirrorgate("undo", listed["run"]) == 0
    assert (await run_text(node, "ls /root/hello")).status != 0


async def test_a_full_disk_on_the_console_ends_the_run_where_it_is_and_says_so(
    mirrorgate: Run,
    lab: LabPair,
    at_home: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (at_home / "config/mirrorgate/plans/greet.toml").write_text(OWN)
    keep = Journal.keep

    async def full(journal: Journal, run: RunRecord) -> None:
        if run.steps[0].state is StepState.DONE:
            raise JournalTrouble("history.db: the disk is full: free space there, then `mirrorgate resume`")
        await keep(journal, run)

    with monkeypatch.context() as patched:
        patched.setattr(Journal, "keep", full)
        assert await mirrorgate("run", "greet", "--yes") == 1
    told = capsys.readouterr()
    assert told.err.count("\n") == 1
    assert "the disk is full" in told.err
    assert "the pair is left so: as before" in told.out
    for node in lab.world.nodes.values():
        assert (await run_text(node, "ls -d /var/db/mirrorgate/lock")).status != 0
    assert (await run_text(lab.world.nodes["a"], "rm /root/hello")).status == 0

    assert await mirrorgate("resume", "--yes") == 0
    assert (await run_text(lab.world.nodes["a"], "ls /root/hello")).status != 0, "nothing is run again"


@pytest.mark.parametrize(
    ("owner", "beat", "expected"),
    [
        (
            "run=r1\\njob=grow\\noperator=ann@desk\\n",
            "$(date +%s)",
            "web-b: ann@desk runs grow (run r1, since ",
        ),
        ("run=r1\\njob=grow\\noperator=ann@desk\\n", "1000", "its lock was left alone"),
        ("run=r1\\njob=grow\\noperator=ann@desk\\n", "99999999999", "its lock was left alone"),
        ("", "garbage", "web-b: unknown runs unknown (run unknown, since "),
        (
            "run=\\033]0;x\\007[red]\\noperator=[/x]\\033[2J\\n",
            "x",
            "web-b: [/x]␛[2J runs unknown (run ␛]0;x␇[red], ",
        ),
    ],
    ids=["alive", "silent", "from the future", "nobody", "hostile"],
)
async def test_another_operators_lock_is_one_line_and_nothing_is_done(
    owner: str,
    beat: str,
    expected: str,
    mirrorgate: Run,
    lab: LabPair,
    at_home: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (at_home / "config/mirrorgate/plans/greet.toml").write_text(OWN)
    lock = "/var/db/mirrorgate/lock"
    await run_text(
        lab.world.nodes["b"],
        f"mkdir -p {lock}; printf '{owner}' > {lock}/owner; echo {beat} > {lock}/beat; ls -d {lock}",
    )
    assert await mirrorgate("run", "greet", "--yes") == 2
    said = capsys.readouterr().err
    assert expected in said
    assert said.count("\n") == 1
    assert "\x1b" not in said
    assert (await run_text(lab.world.nodes["b"], f"ls -d {lock}")).status == 0
    assert (await run_text(lab.world.nodes["a"], f"ls -d {lock}")).status != 0
    assert (await run_text(lab.world.nodes["a"], "ls /root/hello")).status != 0


async def test_a_run_whose_pair_left_the_configuration_is_not_gone_on_with(
    mirrorgate: Run, config: Config, lab: LabPair, at_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (at_home / "config/mirrorgate/plans/greet.toml").write_text(OWN)
    assert await mirrorgate("run", "greet", "--yes") == 0
    await mirrorgate("runs", "--json")
    (listed,) = json.loads(capsys.readouterr().out.rpartition("report: ")[2].partition("\n")[2])
    gone = Config(pairs=(config.pairs[0].model_copy(update={"name": "other"}),))
    with pytest.raises(BadConfig, match="no pair is called 'lab'; there are: other"):
        await acting.main(parser().parse_args(["resume", listed["run"]]), gone, lab.config_file)


def test_a_complaint_is_one_line_whatever_was_typed(capsys: pytest.CaptureFixture[str]) -> None:
    complain("no job is called x\n\x1b[31my\u202e")
    assert capsys.readouterr().err == "mirrorgate: no job is called x␊␛[31my\ufffd\n"


async def test_without_a_terminal_nothing_that_must_be_typed_is_done(
    mirrorgate: Run, lab: LabPair, capsys: pytest.CaptureFixture[str]
) -> None:
    await lab.fault("power-off", "b")
    assert await mirrorgate("run", "promote", "--yes") in (2, 3)
    assert (await run_text(lab.world.nodes["a"], "mount | grep -q ' on /home/sites '")).status == 0
