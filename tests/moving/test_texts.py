"""What the steps run, as text: fit for every shell, and with each thing in its place."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from console.model.plan import Command, Risk, Step, Stream, WriteFile
from playbooks.job import CannotPlan
from playbooks.migrating.steps import functions, steps_of
from playbooks.migrating.work import Work
from tests.moving.works import KINDS, MARK, work

SHELLCHECK = Path(".venv/bin/shellcheck")


def texts(step: Step) -> list[str]:
    """Every shell text of a step."""
    found = [step.undo.text] if step.undo and step.undo.text else []
    match step.action:
        case Command(text=text):
            return [text, *found]
        case Stream(text=text, into=into):
            return [text, into, *found]
        case WriteFile(path=path, content=content) if path.endswith("/receive"):
            return [content, *found]
        case _:
            return found


@pytest.mark.parametrize("kind", KINDS)
def test_every_text_is_sound_posix_shell(kind: str, tmp_path: Path) -> None:
    files: list[Path] = []
    for step in steps_of(KINDS[kind], MARK):
        for number, text in enumerate(texts(step)):
            assert "\t" not in text
            # Those are checked where they stand, in functions.sh.
            for block in functions.called_by(text):
                text = text.replace(block, "")
            files.append(tmp_path / f"{step.id}.{number}.sh")
            files[-1].write_text(f"#!/bin/sh\n{text}")
    # A head names what only some functions use, and a loop may be over one thing.
    checked = subprocess.run(
        [SHELLCHECK, "-s", "sh", "-e", "SC2034,SC2317,SC2015,SC2016,SC2043", *files],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout[:4000]


@pytest.mark.parametrize("kind", KINDS)
def test_what_destroys_is_confirmed_once_and_every_change_can_be_taken_back(kind: str) -> None:
    steps = steps_of(KINDS[kind], MARK)
    target = KINDS[kind].target.name
    assert [step.confirm for step in steps if step.risk is Risk.DESTROYS] == [f"{target}:ada1"]
    for step in steps:
        assert step.undo is not None or step.risk is Risk.READ, step.id
    assert len({step.id for step in steps}) == len(steps)


def ids(work: Work) -> list[str]:
    return [step.id for step in steps_of(work, MARK)]


def test_the_label_is_written_after_every_copy_is_unmounted_and_the_checklist_comes_last() -> None:
    order = ids(work())
    assert (
        order.index("verify-var")
        < order.index("unmount-copies")
        < order.index("label")
        < order.index("boot-code")
    )
    assert order.index("boot-code") < order.index("ready-to-boot") < order.index("start-from-new-disk")


def test_the_facts_are_compared_before_anything_is_changed() -> None:
    first, second, *_ = steps_of(KINDS["direct"], MARK)
    assert (first.risk, second.risk) == (Risk.READ, Risk.READ)
    assert isinstance(first.action, Command)
    assert "ada0s1a 6b039b130c852bb4" in first.action.text


def test_the_key_opens_nothing_but_the_foreseen_words() -> None:
    steps = {step.id: step for step in steps_of(KINDS["direct"], MARK)}
    over = steps["key-over"].action
    assert isinstance(over, Stream)
    assert "restrict,command=" in over.into
    assert "tidy-target" in steps
    old = {step.id: step for step in steps_of(KINDS["direct, old"], MARK)}["key-over"].action
    assert isinstance(old, Stream)
    assert "no-port-forwarding" in old.into
    assert "restrict" not in old.into


def test_a_dump_without_a_snapshot_is_not_asked_for_one() -> None:
    old = {step.id: step for step in steps_of(work(major=4), MARK)}["move-root"].action
    assert isinstance(old, Command)
    assert " -L " not in old.text
    assert "judge root live" in old.text


@pytest.mark.parametrize("name", ["/dev/ada0s1a b", "/dev/$(reboot)", "/dev/a'b"])
def test_a_device_with_an_odd_name_is_refused(name: str) -> None:
    odd = work()
    with pytest.raises(CannotPlan, match="odd characters"):
        steps_of(replace(odd, moves=(replace(odd.moves[0], device=name),)), MARK)


def test_an_address_that_ssh_would_take_for_an_option_is_refused() -> None:
    with pytest.raises(CannotPlan, match="use the way console"):
        steps_of(replace(KINDS["direct"], target_ssh="-oProxyCommand=reboot"), MARK)
