"""What is refused before anything is changed, each in one line, on the machines themselves."""

import pytest

from console.model.run import RunState
from playbooks.job import CannotPlan
from tests.migrating.on_disks import disks
from tests.migrating.test_a_disk_as_it_is import divided
from tests.playbooks.on_lab_b import states


async def test_what_is_seen_beforehand_is_refused_in_one_line() -> None:
    async with disks() as d:
        before = await d.sums("web-a")
        with pytest.raises(CannotPlan, match="web-a: ada0 is the source itself: answer another disk"):
            await d.planned(target_disk="ada0")
        with pytest.raises(
            CannotPlan, match=r"web-a:ada1: /home needs 2\.\d MB, its new partition has 2\.0 MB"
        ):
            await d.planned(
                target_disk="ada1",
                layout="custom",
                sizes=("/=60m", "swap=8m", "/var=40m", "/usr=60m", "/home=2m"),
            )
        await divided(d)
        await d.ok("web-a", "mount /dev/ada1s1f /mnt")
        with pytest.raises(
            CannotPlan, match="/dev/ada1s1f is mounted on /mnt: unmount it or swap it off first"
        ):
            await d.planned(target_disk="ada1")
        await d.ok("web-a", "umount /mnt")
        assert await d.sums("web-a") == before


async def test_a_disk_that_is_taken_after_the_plan_was_made_is_not_touched() -> None:
    async with disks() as d:
        plan = await d.planned(target_disk="ada1")
        await d.ok("web-a", "newfs /dev/ada1 >/dev/null && mount /dev/ada1 /mnt && echo mine >/mnt/mine")
        record = await d.applied(plan)
        assert record.state is RunState.FAILED
        assert "ada1 is in use: unmount or swap off /dev/ada1" in record.why
        assert states(record)["divide"] == "failed"
        assert await d.ok("web-a", "cat /mnt/mine") == "mine\n"
