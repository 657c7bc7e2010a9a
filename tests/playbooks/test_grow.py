"""grow: the order in which both halves, the mirror and the file system become larger."""

import pytest
from pydantic import ValidationError

from console.model.facts import DiskUse, ImageFile
from console.model.words import Home
from playbooks.grow import GrowAnswers
from tests.health.building import PRIMARY, SIZE, healthy, with_facts, with_parts
from tests.playbooks.planning import in_order, lines, plan, refused

READY = with_facts(healthy(), Home.MASTER, images=(ImageFile(PRIMARY, SIZE, SIZE),))


def test_the_slave_s_half_is_whole_again_before_the_master_s_is_touched() -> None:
    made = plan("grow", READY, size="64m")
    assert in_order(
        made, "room-slave", "room-master", "release-gate",
        "grow-image-slave", "serve-image", "make-gate", "join",
        "copied", "stop-services-master", "unmount-master",
        "grow-mirror", "fsck-master", "growfs", "mount-master",
        "start-services-master", "verify",
    )  # fmt: skip
    assert made.outages == (("stop-services-master", "start-services-master"),)


def test_the_commands_are_those_of_the_transcript_and_the_old_mark_is_wiped_through_the_mirror() -> None:
    made = plan("grow", READY, size="64m")
    mirror = lines(made.step("grow-mirror"))
    wanted = [
        "truncate -s 67108864 /root/images/sitesprimary.img || exit 1",
        "mdconfig -r -u 0 -s 64m || exit 1",
    ]
    assert [line for line in mirror if line in (*wanted, "gmirror resize remotemirror || exit 1")] == [
        *wanted,
        "gmirror resize remotemirror || exit 1",
    ]
    assert mirror[-1] == f"dd if=/dev/zero of=/dev/mirror/remotemirror bs=512 seek={SIZE // 512 - 1} count=1"
    assert "growfs -y /dev/mirror/remotemirror" in lines(made.step("growfs"))


def test_the_file_is_cut_back_when_the_growth_is_undone() -> None:
    undo = plan("grow", READY, size="64m").step("grow-image-slave").undo
    assert undo is not None
    assert undo.text is not None
    assert f"truncate -s {SIZE} /root/images/sitesbackup.img" in undo.text


def test_the_plan_says_what_was_never_tried_on_a_real_pair() -> None:
    assert any("lab only" in line for line in plan("grow", READY, size="64m").unchecked)


def test_sizes_that_do_not_grow_or_do_not_fit_are_refused() -> None:
    assert "larger size" in refused("grow", READY, size="48m")
    assert "MiB free" in refused("grow", READY, size="10g")
    full = (DiskUse("/dev/gpt/rootfs", "/", 3_044_988, 3_044_000, 988, 100),)
    assert "web-b has 0 MiB free" in refused("grow", with_facts(READY, Home.SLAVE, df=full), size="64m")


def test_a_mirror_that_is_not_whole_is_not_grown() -> None:
    assert "whole mirror" in refused("grow", with_parts(READY, "DEGRADED", ggate0="STALE"), size="64m")


@pytest.mark.parametrize("size", ["64", "-1m", "0g", "64m; reboot", ""])
def test_a_size_that_is_none_is_refused_before_planning(size: str) -> None:
    with pytest.raises(ValidationError):
        GrowAnswers.model_validate({"size": size})
