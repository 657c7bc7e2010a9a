"""What is drawn while a migration is answered for: never more than is known, and what is planned."""

from dataclasses import replace

import pytest

from console.model.disk_map import DiskMap, Foreseen
from console.model.disks import Disk
from playbooks.migrating.drawing import foreseen
from tests.playbooks.migrating.machines import MB, RELEASES, gpt_machine, having, machine, mbr_disk, with_part
from tests.playbooks.migrating.test_plan import plan


def seen(*machines_: object, **values: object) -> Foreseen:
    found = foreseen(having(*machines_), {"source": "web-b", **values})  # type: ignore[arg-type]
    assert found is not None
    return found


def drawn(found: Foreseen) -> DiskMap:
    assert found.disks is not None
    return found.disks


@pytest.mark.parametrize("release", RELEASES)
def test_the_form_draws_what_the_plan_draws(release: str) -> None:
    host = machine(release)
    found = seen(host)
    assert found.trouble == ""
    assert drawn(found) == plan(host).disks
    after = drawn(found).after
    assert after is not None
    assert [piece.what for piece in after.pieces] == ["/", "swap", "/var", "/usr", "/home"]
    assert after.facts[0] == f"boots as {RELEASES[release][1]}0"


def test_pieces_lie_beside_each_other_within_their_disk() -> None:
    for host in (machine(), gpt_machine()):
        picture = drawn(seen(host))
        for disk in (picture.source, picture.target, picture.after):
            assert disk is not None
            assert disk.size is not None
            ends = [piece.start + piece.size for piece in disk.pieces]
            starts = [piece.start for piece in disk.pieces[1:]]
            assert all(start >= end for start, end in zip(starts, ends[:-1], strict=True))
            assert all(end <= disk.size for end in ends)


def test_nothing_is_drawn_before_the_source_was_read() -> None:
    assert foreseen(having(), {"source": "web-b"}) is None


def test_a_target_that_was_not_read_yet_is_no_trouble() -> None:
    assert seen(machine(), target="web-a") == Foreseen()


def test_without_a_target_disk_those_that_could_be_it_are_offered() -> None:
    two = replace(machine(), disks=(*machine().disks, Disk("ada2", 900 * MB)))
    found = seen(two)
    assert found.trouble == ""
    assert drawn(found).after is None
    assert [disk.name for disk in drawn(found).choices] == ["ada1", "ada2"]


def test_the_source_as_target_is_refused_and_no_target_is_drawn() -> None:
    found = seen(machine(), target_disk="ada0")
    assert "is the source itself" in found.trouble
    assert drawn(found).target is None
    assert drawn(found).after is None


def test_what_does_not_fit_is_drawn_with_its_problem_and_why_no_plan_is_made() -> None:
    full = with_part(machine(), "/usr", used=59 * MB)
    found = seen(full, layout="custom", sizes=["/=60m", "/var=40m", "/usr=20m", "/home=rest"])
    assert "/usr needs" in found.trouble
    (bad,) = (one for one in drawn(found).fills if one.problem)
    assert bad.mounts == ("/usr",)
    assert drawn(found).after is not None


def test_answers_that_do_not_go_together_say_so_beside_what_is_there() -> None:
    found = seen(machine(), layout="custom", target_disk="ada1")
    assert "custom needs sizes" in found.trouble
    assert drawn(found).target is not None
    assert drawn(found).after is None


def test_several_that_become_one_are_one_piece_with_all_that_they_hold() -> None:
    picture = drawn(seen(machine(), layout="one"))
    assert picture.after is not None
    whole = picture.after.pieces[-1]
    assert whole.what == "/"
    assert whole.used == sum(one.used or 0 for one in picture.source.pieces)


def test_a_letter_that_changes_is_drawn_with_both() -> None:
    rows = (("e", "/", 80), ("b", "swap", 16), ("f", "/var", 60), ("g", "/usr", 80), ("h", "/home", 100))
    host = machine()
    used = replace(host, disks=(host.disks[0], mbr_disk("ada1", 512 * MB, rows)))
    picture = drawn(seen(used, target_disk="ada1", prepare=False))
    assert picture.after is not None
    assert picture.after.pieces[0].name == "e→a"
    assert picture.target is not None
    assert picture.target.pieces[0].what == "(/)"


def test_a_label_whose_partitions_overlap_is_drawn_without_the_second_one() -> None:
    host = machine()
    broken = mbr_disk("ada1", 256 * MB, (("a", None, 60), ("e", None, 40)))
    (slice,) = broken.slices
    inside = replace(slice.parts[1], name="ada1s1h", letter="h", start=slice.parts[1].start + 512)
    broken = replace(broken, slices=(replace(slice, parts=(*slice.parts, inside)),))
    picture = drawn(seen(replace(host, disks=(host.disks[0], broken)), target_disk="ada1"))
    assert picture.target is not None
    assert "h" not in [piece.name for piece in picture.target.pieces]


def test_hostile_names_are_inert_in_a_plan() -> None:
    odd = with_part(machine(), "/home", last_mounted_on="/\x1b[31m\u202e" + "x" * 900)
    for piece in drawn(seen(odd)).source.pieces:
        assert "\x1b" not in piece.what
        assert len(piece.what) <= 200


def test_every_text_that_a_step_shows_as_a_change_is_what_it_writes() -> None:
    steps = {step.id: step for step in plan(machine("4.11")).steps}
    fstab = steps["fstab"].change
    assert fstab is not None
    assert fstab.before == machine("4.11").fstab
    divide = steps["divide"].change
    assert divide is not None
    assert divide.before == ""
    assert "4.2BSD" in divide.after
