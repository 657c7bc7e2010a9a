"""The form of migrate-disk: what is asked, what is suggested, which machines are looked at."""

from dataclasses import replace
from typing import Any, cast

import pytest
from pydantic import ValidationError

from console.commands.answers import answers, form
from console.model.disks import Disk
from console.model.form import JobInfo as Info
from console.model.form import Kind, form_of
from console.model.snapshot import LinkState
from console.model.words import Home
from playbooks.job import Answers, CannotPlan, Job
from playbooks.migrate_disk import JOB
from playbooks.migrating.answers import REST, MigrateAnswers, size_in_bytes
from playbooks.migrating.suggesting import defaults, hints, surveyed
from tests.health.building import healthy, with_link
from tests.playbooks.migrating.machines import MARK, MB, gpt_machine, having, machine, mbr_disk
from tests.playbooks.planning import slave_serves

WHERE = {"mark": MARK, "source": "web-a", "target_disk": "ada1"}


def given(**said: Any) -> MigrateAnswers:
    return MigrateAnswers.model_validate(WHERE | said)


def test_every_question_says_what_it_is_for() -> None:
    form = form_of(Info("migrate-disk", "x", "y"), MigrateAnswers, defaults(healthy()))
    assert all(field.title and field.about for field in form.fields)
    assert len({field.title for field in form.fields}) == len(form.fields)
    kinds = {field.name: field.kind for field in form.fields}
    assert kinds["layout"] is kinds["way"] is kinds["scheme"] is kinds["snapshots"] is Kind.CHOICE
    assert kinds["sizes"] is kinds["moves"] is kinds["leave_out"] is kinds["places"] is Kind.WORDS
    assert kinds["prepare"] is kinds["second_level"] is Kind.YES_NO


def test_the_form_reads_words_as_they_are_typed() -> None:
    form = form_of(Info("migrate-disk", "x", "y"), MigrateAnswers, WHERE)
    fields = {field.name: field for field in form.fields}
    assert fields["places"].read("/=e, swap=b") == ["/=e", "swap=b"]
    assert fields["leave_out"].read("") == []
    assert fields["rate_limit"].read("20m") == "20m"
    with pytest.raises(ValueError, match="is no size"):
        fields["sizes"].read("/=much")
    with pytest.raises(ValueError, match="no absolute path"):
        fields["moves"].read("usr")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"sizes": ["/=1g"]}, "sizes are for the layout custom"),
        ({"layout": "custom"}, "needs sizes"),
        ({"layout": "custom", "sizes": ["usr=1g"]}, "not like /var=1g"),
        ({"layout": "custom", "sizes": ["/=1"]}, "is no size"),
        ({"layout": "custom", "sizes": ["/=0m"]}, "is no size"),
        ({"layout": "custom", "sizes": ["/=rest", "/usr=rest"]}, "only one can have the rest"),
        ({"layout": "custom", "sizes": ["/=1g", "/=2g"]}, "/ is named twice"),
        ({"places": ["/=e"]}, "used as it is"),
        ({"places": ["/=e", "/var=e"], "prepare": False}, "e is named twice"),
        ({"way": "file"}, "needs a folder"),
        ({"rate_limit": "1k"}, "never ends"),
        ({"rate_limit": "fast"}, "is no size"),
        ({"moves": ["/", "/usr/../etc"]}, "no absolute path"),
        ({"leave_out": ["/a\x1bb"]}, "no absolute path"),
        ({"target_disk": "ada1; reboot"}, "match"),
        ({"source": "-oProxyCommand=x"}, "match"),
        ({"source": "a b"}, "match"),
        ({"becomes": "../x"}, "match"),
        ({"density": 100}, "greater"),
    ],
)
def test_answers_that_make_no_sense_are_said_at_once(said: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        given(**said)


def test_words_become_sizes_places_and_a_rate() -> None:
    one = given(layout="custom", sizes=["/=200m", "swap=64m", f"/usr={REST}"], rate_limit="20m")
    assert one.sizes_wanted == (("/", 200 * MB), ("swap", 64 * MB), ("/usr", None))
    assert one.rate == 20 * MB
    two = given(prepare=False, places=["/=e", "swap=ada1s1b"], moves=["/", "/usr/"])
    assert two.places_wanted == (("/", "e"), ("swap", "ada1s1b"))
    assert two.moves == ("/", "/usr")
    assert (given().target_machine, given(target="web-b").target_machine) == ("web-a", "web-b")


@pytest.mark.parametrize(("text", "size"), [("64k", 65_536), ("1m", MB), ("3g", 3 << 30), ("1t", 1 << 40)])
def test_sizes_are_powers_of_1024(text: str, size: int) -> None:
    assert size_in_bytes(text) == size


@pytest.mark.parametrize(
    ("answers", "machines"),
    [
        ({}, ("web-b", "web-a")),
        ({"source": "web-a"}, ("web-a",)),
        ({"source": "web-a", "target": "same"}, ("web-a",)),
        ({"source": "web-a", "target": "web-a"}, ("web-a",)),
        ({"source": "web-a", "target": "root@new:2222"}, ("web-a", "root@new:2222")),
    ],
)
def test_the_machines_that_are_looked_at(answers: dict[str, object], machines: tuple[str, ...]) -> None:
    assert surveyed(healthy(), answers) == machines


def test_the_node_that_does_not_serve_is_suggested() -> None:
    assert defaults(healthy()) == {"source": "web-b", "target": "same"}
    assert defaults(slave_serves())["source"] == "web-a"
    both = having(machine(name="web-a"), machine(name="web-b"))
    assert surveyed(both, {}) == ("web-b",)
    assert surveyed(both, {"source": "web-a"}) == ("web-a",)


def test_the_node_is_suggested_that_can_be_moved_to_an_empty_disk_of_its_own() -> None:
    quiet = machine(name="web-b")
    for other in (
        replace(quiet, disks=quiet.disks[:1]),
        replace(quiet, disks=(quiet.disks[0], Disk("ada1", MB))),
        replace(quiet, fstab="/dev/mirror/gm0 / ufs rw 1 1\n"),
        replace(quiet, fstab=None),
    ):
        read = having(machine(name="web-a"), other)
        assert surveyed(read, {}) == ("web-a",)
    assert surveyed(having(replace(quiet, disks=()), replace(quiet, name="web-a", disks=())), {}) == (
        "web-b",
    )


def test_a_node_that_does_not_answer_is_neither_read_nor_suggested() -> None:
    gone = with_link(healthy(), Home.SLAVE, LinkState.LOST)
    assert surveyed(gone, {}) == ("web-a",)
    nobody = with_link(gone, Home.MASTER, LinkState.LOST)
    assert surveyed(nobody, {}) == ("web-b",)


def test_the_question_says_why_a_machine_is_suggested() -> None:
    said = form(cast("Job[Answers]", JOB), having(machine(name="web-a")))
    abouts = {field.name: field.about for field in said.fields}
    assert abouts["source"].endswith("Now: web-a starts from ada0 256 MB, beside it ada1 512 MB is empty")
    assert abouts["target_disk"].endswith("Now: ada1 512 MB of web-a is empty")


def test_once_the_disks_are_read_the_empty_one_and_the_queue_are_suggested() -> None:
    found = defaults(having(machine(name="web-a", qmail_queue="/var/qmail/queue")))
    assert found == {
        "source": "web-a", "target": "same", "leave_out": ("/var/qmail/queue",), "target_disk": "ada1",
        "prepare": True,
    }  # fmt: skip
    MigrateAnswers.model_validate({**found, "mark": MARK})


def test_a_disk_that_holds_something_is_suggested_to_be_used_as_it_is_and_one_in_use_never() -> None:
    host = machine()
    divided = replace(host, disks=(host.disks[0], mbr_disk("ada1", 512 * MB, (("e", "/", 90),))))
    assert defaults(having(divided))["prepare"] is False
    assert "target_disk" not in defaults(having(replace(divided, swap=("/dev/ada1s1b",))))
    two = replace(host, disks=(*host.disks, Disk("ada2", 512 * MB)))
    assert "target_disk" not in defaults(having(two))


def test_another_machine_s_disk_is_suggested_of_the_other_machine() -> None:
    found = defaults(having(machine("4.11", name="web-a"), gpt_machine("web-b")))
    assert (found["source"], found["target"], found["target_disk"]) == ("web-a", "web-b", "ada1")


def test_of_several_empty_disks_the_only_one_with_room_is_suggested_and_else_they_are_named() -> None:
    host = machine()
    small = replace(host, disks=(*host.disks, Disk("ada2", 4 * MB)))
    assert defaults(having(small))["target_disk"] == "ada1"

    two = having(replace(host, disks=(*host.disks, Disk("ada2", 2048 * MB))))
    assert "target_disk" not in defaults(two)
    assert hints(two)["target_disk"] == "ada1 512 MB, ada2 2 GB of web-b are empty"
    with pytest.raises(CannotPlan, match=r"target_disk: an answer is needed .*: ada1 512 MB, ada2 2 GB of"):
        answers(cast("Job[Answers]", JOB), two, {})


def test_where_no_disk_is_free_it_is_said_so() -> None:
    host = machine()
    assert (
        hints(having(replace(host, disks=host.disks[:1])))["target_disk"] == "web-b has no disk that is free"
    )
    assert hints(healthy()) == {}
