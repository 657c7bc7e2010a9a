"""A disk that is divided already, as in the classic guide: e f g h, whose e becomes the a it boots from."""

import re

import pytest

from playbooks.job import CannotPlan
from tests.migrating.on_disks import Disks, disks

_DIVIDE = """
gpart create -s MBR ada1 && gpart add -t freebsd ada1 && gpart set -a active -i 1 ada1 &&
gpart create -s BSD ada1s1 && gpart add -t freebsd-ufs -i 5 -s 90m ada1s1 &&
gpart add -t freebsd-swap -i 2 -s 32m ada1s1 && gpart add -t freebsd-ufs -i 6 -s 60m ada1s1 &&
gpart add -t freebsd-ufs -i 7 -s 100m ada1s1 && gpart add -t freebsd-ufs -i 8 ada1s1
"""
_ONCE_MOUNTED = """
newfs -U /dev/ada1s1{letter} >/dev/null && mkdir -p /mirrorgate-copy/{slug} &&
mount /dev/ada1s1{letter} /mirrorgate-copy/{slug} && umount /mirrorgate-copy/{slug}
"""
PLACES = {"e": "root", "f": "var", "g": "usr", "h": "home"}


async def divided(d: Disks) -> None:
    """The disk as an administrator left it, with a copy begun some day."""
    await d.ok("web-a", _DIVIDE)
    for letter, slug in PLACES.items():
        await d.ok("web-a", _ONCE_MOUNTED.format(letter=letter, slug=slug))


async def test_e_becomes_a_and_without_that_edit_it_does_not_boot() -> None:
    async with disks() as d:
        before = await d.sums("web-a")
        await d.ok("web-a", _DIVIDE)
        with pytest.raises(CannotPlan, match="which partition gets / is not known"):
            await d.planned(target_disk="ada1", prepare=False)
        for letter, slug in PLACES.items():
            await d.ok("web-a", _ONCE_MOUNTED.format(letter=letter, slug=slug))

        record = await d.moved(target_disk="ada1", prepare=False)

        label = record.plan.step("label")
        assert label.change is not None
        assert re.findall(r"^  ([a-h]):", label.change.before, re.M) == list("bcefgh")
        assert re.findall(r"^  ([a-h]):", label.change.after, re.M) == list("bcafgh")
        assert label.undo is not None
        assert label.undo.text is not None
        await d.ok("web-a", label.undo.text)
        assert await d.boots("web-a", "ada1", "remove") == (
            "web-a did not boot from ada0: boot2: Invalid partition"
        )
        assert (await d.boots("web-a", "removed")).endswith("/ is /dev/ada0s1a")
        assert await d.sums("web-a") == before

        await d.ok("web-a", label.action.text)  # type: ignore[union-attr]
        assert (await d.boots("web-a", "ada1", "remove")).endswith("called ada0 now: / is /dev/ada0s1a")
        assert await d.sums("web-a") == before
        assert "/dev/ada0s1f" in (await d.ok("web-a", "mount -p | awk '$2 == \"/var\" { print $1 }'"))
