"""Plan files: what we write reads back the same; what was changed or is wrong is refused in one line."""

import os
import tomllib
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from console.engine import plan_file
from console.health.binding import bound_facts, changed
from console.model.config import NodeConfig, PairConfig
from console.model.plan import Command, Plan
from console.model.snapshot import PairSnapshot
from console.model.words import Home
from console.toml_file import BadConfig
from playbooks import stop_pair
from tests.health.building import CONFIG, healthy

OURS = frozenset({"stop-pair"})
PATH = Path("a-plan.toml")

BY_HAND = """\
job = "rotate-logs"
title = "Rotate the logs of both nodes"
ends = "the logs are rotated"

[[steps]]
id = "rotate"
title = "Rotate on the master"
why = "They are large."
node = "web-a"
guards = ["master-answers", "not slave-mounted"]
risk = "changes"
leaves = "as before"
[steps.action]
kind = "command"
text = \"\"\"
guards = nothing, this is shell text
newsyslog
\"\"\"
[steps.undo]
none_needed = "the old logs are kept"
"""


@pytest.fixture
def snapshot() -> PairSnapshot:
    return healthy()


@pytest.fixture
def plan(snapshot: PairSnapshot) -> Plan:
    job = stop_pair.JOB
    return job.plan(snapshot, job.answers.model_validate(job.defaults(snapshot)))


def refused(text: str, snapshot: PairSnapshot) -> str:
    with pytest.raises(BadConfig) as refusal:
        plan_file.parse(text, PATH, snapshot, OURS)
    line = str(refusal.value)
    assert "\n" not in line
    return line


def test_a_saved_plan_reads_back_the_same(plan: Plan, snapshot: PairSnapshot) -> None:
    assert plan_file.parse(plan_file.as_toml(plan), PATH, snapshot, OURS) == plan


def test_a_saved_plan_is_for_its_owner_only(plan: Plan, tmp_path: Path) -> None:
    plan_file.save(plan, tmp_path / "new" / "plan.toml")
    assert (tmp_path / "new" / "plan.toml").stat().st_mode & 0o777 == 0o600


def test_an_edited_command_is_refused_by_the_name_of_its_step(plan: Plan, snapshot: PairSnapshot) -> None:
    step = next(s for s in plan.steps if isinstance(s.action, Command))
    text = plan_file.as_toml(plan).replace("umount ", "umount -f ", 1)
    line = refused(text, snapshot)
    assert "was edited since the plan was made" in line
    assert step.id


@pytest.mark.parametrize("what", ["guards", "risk", "node"])
def test_any_other_edit_of_a_step_is_refused_too(what: str, plan: Plan, snapshot: PairSnapshot) -> None:
    data = tomllib.loads(plan_file.as_toml(plan))
    number = next(
        n for n, s in enumerate(data["steps"]) if s["action"]["kind"] == "command" and s.get("guards")
    )
    new = {
        "guards": [],
        "risk": "read",
        "node": "web-b" if data["steps"][number]["node"] == "web-a" else "web-a",
    }
    data["steps"][number][what] = new[what]

    assert "was edited since" in refused(tomli_w.dumps(data), snapshot)


def test_changed_aborts_or_facts_are_refused(plan: Plan, snapshot: PairSnapshot) -> None:
    text = plan_file.as_toml(plan).replace(f'ends = "{plan.ends}"', 'ends = "something else"')
    assert "the plan was edited" in refused(text, snapshot)


def test_a_plan_by_hand_is_filled_in_from_the_pair_as_it_is(snapshot: PairSnapshot) -> None:
    plan = plan_file.parse(BY_HAND, PATH, snapshot, OURS)
    assert plan.pair == snapshot.config.name
    assert not changed(plan.facts, bound_facts(snapshot))
    assert plan.steps[0].guards == ("master-answers", "not slave-mounted")


def test_a_plan_by_hand_may_not_pass_for_one_of_our_jobs(snapshot: PairSnapshot) -> None:
    line = refused(BY_HAND.replace("rotate-logs", "stop-pair"), snapshot)
    assert line.startswith("a-plan.toml:1: job: stop-pair is one of our jobs")


@pytest.mark.parametrize(
    ("was", "becomes", "expected"),
    [
        ('"master-answers"', '"master-is-happy"', "a-plan.toml:10: steps[1].guards: no condition is called"),
        ('node = "web-a"', 'node = "web-z"', "no node web-z in this plan"),
        ("why =", "wy =", "a-plan.toml:8: steps[1].wy: no such key"),
        ('risk = "changes"', 'risk = "destroys"', "names what must be typed"),
        ('kind = "command"', 'kind = "magic"', "a-plan.toml:13: steps[1].action"),
        ("[steps.undo]\nnone_needed", "[steps.nothing]\nnone_needed", "steps[1].nothing: no such key"),
        ('none_needed = "the old logs are kept"', "", "steps[1].undo"),
        ('title = "Rotate the logs of both nodes"', 'title = "a\\u001b[2Jb"', "without control characters"),
        ('ends = "the logs are rotated"\n', "", "ends: this key is required"),
        ("[[steps]]", "[[steps", "not TOML"),
        (
            "why =",
            "timeout = 604801\nwhy =",
            "steps[1].timeout: Input should be less than or equal to 604800",
        ),
        ("why =", "timeout = nan\nwhy =", "steps[1].timeout"),
        ('node = "web-a"', 'node = "web-a; reboot"', "expected one word without blanks"),
        ("newsyslog", "echo @SECRET:vrrp_password@", "a secret may stand in a file, never in a command"),
        ("newsyslog", "x" * 70_000, "steps[1].action.text: too long: 65536 at most"),
        ('job = "rotate-logs"', 'job = "rotate-logs"\nformat = 2', "format: Input should be 1"),
        ('job = "rotate-logs"', 'job = "rotate-logs"\npair = "other"', "the plan is for the pair other"),
    ],
)
def test_what_is_wrong_is_named_with_file_line_and_key(
    was: str, becomes: str, expected: str, snapshot: PairSnapshot
) -> None:
    assert was in BY_HAND
    assert expected in refused(BY_HAND.replace(was, becomes), snapshot)


def test_a_plan_has_two_hundred_steps_at_most_each_with_an_id_of_its_own(snapshot: PairSnapshot) -> None:
    head, step = BY_HAND.split("[[steps]]")

    def steps(ids: range) -> str:
        return head + "".join("[[steps]]" + step.replace('id = "rotate"', f'id = "rotate-{n}"') for n in ids)

    assert len(plan_file.parse(steps(range(200)), PATH, snapshot, OURS).steps) == 200
    assert "steps: too long: 200 at most" in refused(steps(range(201)), snapshot)
    assert "two steps have the same id: rotate-0" in refused(
        steps(range(1)) + steps(range(1))[len(head) :], snapshot
    )


def test_a_step_may_take_a_week(snapshot: PairSnapshot) -> None:
    text = BY_HAND.replace("why =", "timeout = 604800\nwhy =")
    assert plan_file.parse(text, PATH, snapshot, OURS).steps[0].timeout == 7 * 86400


def test_an_undo_may_not_hold_a_secret_either(snapshot: PairSnapshot) -> None:
    text = BY_HAND.replace('none_needed = "the old logs are kept"', 'text = "echo @SECRET:vrrp@"')
    assert "steps[1].undo.text: a secret may stand in a file" in refused(text, snapshot)


@pytest.mark.parametrize(
    "bomb",
    [
        "a = " + "[" * 100_000 + "]" * 100_000,
        "a = " + "{a=" * 5_000 + "1" + "}" * 5_000,
        ".".join("a" * 40_000) + " = 1",
        "[" + " . ".join(['"a"'] * 40_000) + "]",
        "x = {" + ".".join("a" * 40_000) + " = 1}",
        "a = " + "9" * 5_000,
    ],
    ids=["arrays", "tables", "a key of many parts", "a header of many parts", "inside a table", "a number"],
)
def test_a_file_made_to_choke_its_reader_is_refused_at_once(bomb: str, snapshot: PairSnapshot) -> None:
    assert "too" in refused(bomb, snapshot)


def test_a_complaint_quotes_no_more_of_a_value_than_a_line_holds(snapshot: PairSnapshot) -> None:
    assert len(refused(BY_HAND.replace('"web-a"', '"' + "x y" * 10_000 + '"'), snapshot)) < 250


def test_a_pipe_is_not_waited_for(snapshot: PairSnapshot, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, words in (
        (tmp_path / "pipe", "not a plain file"),
        (Path("/dev/zero"), "not a plain file"),
        (tmp_path, "Is a directory"),
    ):
        with pytest.raises(BadConfig, match=words):
            plan_file.load(path, snapshot, OURS)


def test_a_byte_order_mark_is_no_mistake(snapshot: PairSnapshot, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_bytes(b"\xef\xbb\xbf" + BY_HAND.replace("\n", "\r\n").encode())
    assert plan_file.load(tmp_path / "plan.toml", snapshot, OURS).job == "rotate-logs"


def test_a_step_that_changes_says_how_it_is_taken_back(snapshot: PairSnapshot) -> None:
    text = BY_HAND[: BY_HAND.index("[steps.undo]")]
    assert "says how it is taken back" in refused(text, snapshot)


def test_a_node_renamed_or_readdressed_since_is_refused(plan: Plan, snapshot: PairSnapshot) -> None:
    moved = CONFIG.nodes[1].model_copy(update={"host": "10.0.0.9"})
    for config, words in (
        (_with(CONFIG.nodes[0], moved), "host of web-b was 192.168.1.101, the configuration says 10.0.0.9"),
        (_with(CONFIG.nodes[0].model_copy(update={"name": "new-a"}), CONFIG.nodes[1]), "no node web-a"),
    ):
        master, slave = (
            replace(node, config=new) for node, new in zip(snapshot.nodes, config.nodes, strict=True)
        )
        assert words in refused(plan_file.as_toml(plan), PairSnapshot(config, master, slave, snapshot.now))


def _with(master: NodeConfig, slave: NodeConfig) -> PairConfig:
    assert master.home is Home.MASTER
    return CONFIG.model_copy(update={"nodes": (master, slave)})


def test_a_plan_for_another_pair_is_refused(plan: Plan, snapshot: PairSnapshot) -> None:
    config = CONFIG.model_copy(update={"name": "other"})
    other = PairSnapshot(config, *snapshot.nodes, snapshot.now)
    assert "the plan is for the pair borkcorp-www, this is other" in refused(plan_file.as_toml(plan), other)


def test_what_cannot_be_read_is_one_line(snapshot: PairSnapshot, tmp_path: Path) -> None:
    for path, content in (("missing", None), ("binary", b"\xff\xfe\x00"), ("huge", b"#" * (5 << 20))):
        if content is not None:
            (tmp_path / path).write_bytes(content)
        with pytest.raises(BadConfig) as refusal:
            plan_file.load(tmp_path / path, snapshot, OURS)
        assert "\n" not in str(refusal.value)


@settings(deadline=None)
@given(st.text())
def test_no_text_is_more_than_refused(text: str) -> None:
    with pytest.raises(BadConfig):
        plan_file.parse(text, PATH, healthy(), OURS)


@settings(deadline=None)
@given(st.binary(max_size=200), st.integers(0, 10_000))
def test_a_damaged_plan_is_refused_or_says_the_same(junk: bytes, at: int) -> None:
    snapshot = healthy()
    job = stop_pair.JOB
    plan = job.plan(snapshot, job.answers.model_validate(job.defaults(snapshot)))
    text = plan_file.as_toml(plan)
    at %= len(text)
    damaged = text[:at] + junk.decode("utf-8", "replace") + text[at + len(junk) :]
    with suppress(BadConfig):
        assert plan_file.parse(damaged, PATH, snapshot, OURS) == plan
