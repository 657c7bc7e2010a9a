"""What an unfinished provisioning left may be wiped; what was ever mounted, or made by others, may not."""

from collections.abc import AsyncIterator

import pytest

from console.lab.pair import BARE, LabPair, serve
from console.lab.running import Ran, run_text
from playbooks.provisioning.leftovers import nobodys

IMAGE = "/root/images/half.img"
_MADE = f"""
kldload -n geom_mirror
mkdir -p /root/images /mnt/half; truncate -s 8m {IMAGE}; : > {IMAGE}.unused
mdconfig -a -t vnode -f {IMAGE} -u 7
"""
_NEWFS = "newfs -U /dev/md7 >/dev/null\n"
_MOUNTED = "mount /dev/md7 /mnt/half && umount /mnt/half\n"
_TO_BE_MOUNTED = f"mv {IMAGE}.unused {IMAGE}.new\n"


@pytest.fixture
async def lab() -> AsyncIterator[LabPair]:
    """Two bare nodes."""
    made = await serve(speed=20, scenario=BARE)
    yield made
    await made.close()


async def _on(lab: LabPair, text: str) -> Ran:
    return await run_text(lab.world.nodes["b"], text)


@pytest.mark.parametrize(
    ("done", "wiped"),
    [
        ("", True),
        (_TO_BE_MOUNTED, False),
        (_NEWFS, True),
        (_NEWFS + _TO_BE_MOUNTED, True),
        (_NEWFS + _MOUNTED, False),
        (_NEWFS + _TO_BE_MOUNTED + _MOUNTED, False),
        (f"rm {IMAGE}.unused\n", False),
        (_NEWFS + f"rm {IMAGE}.unused\n", False),
    ],
    ids=[
        "as it was made",
        "going to be mounted and its superblock unreadable",
        "with a file system",
        "going to be mounted and never was",
        "mounted by hand",
        "mounted",
        "of somebody else",
        "of somebody else with a file system",
    ],
)
async def test_only_an_image_of_ours_that_was_never_mounted_is_nobodys(
    lab: LabPair, done: str, wiped: bool
) -> None:
    made = await _on(lab, _MADE + done)
    assert made.status == 0, made
    ran = await _on(lab, f"{nobodys(IMAGE)}if nobodys; then echo yes; else echo no; fi\n")
    assert (ran.out, ran.err) == ("yes\n" if wiped else "no\n", "")
