"""Whether data fits: against what newfs(8) of 13.2 made (recorded: sizes, inodes, blocks), and by tables."""

import pytest

from console.model.disks import FileSystem
from playbooks.migrating.room import bytes_per_inode, fit
from tests.playbooks.migrating.machines import MB

MADE = [
    (200 * MB, 4 * 6528, 197_916),
    (150 * MB, 4 * 4864, 148_380),
    (250 * MB, 4 * 8064, 247_580),
]
"""Of newfs -U on 13.2: bytes, inodes, and the 1K-blocks that df counts."""


@pytest.mark.parametrize(("size", "inodes", "blocks"), MADE)
def test_as_many_inodes_are_counted_on_as_newfs_made_but_never_more(
    size: int, inodes: int, blocks: int
) -> None:
    found = fit(size, {"/": FileSystem(used=0, inodes_used=0)}, ufs=2, major=13)
    assert found is not None
    assert 0.95 * inodes < found.inodes <= inodes


@pytest.mark.parametrize(("size", "inodes", "blocks"), MADE)
def test_a_file_system_that_is_full_to_the_reserve_fits_into_another_of_its_size(
    size: int, inodes: int, blocks: int
) -> None:
    full = FileSystem(used=int(blocks * 1024 * 0.91), inodes_used=100)
    found = fit(size, {"/": full}, ufs=2, major=13)
    assert found is not None
    assert found.problem is None
    more = fit(size, {"/": FileSystem(used=blocks * 1024, inodes_used=100)}, ufs=2, major=13)
    assert more is not None
    assert "its new partition has" in (more.problem or "")


@pytest.mark.parametrize("major", [4, 5, 9, 13, 14])
def test_every_newfs_makes_an_inode_for_8_kib(major: int) -> None:
    assert bytes_per_inode(major) == 8192


@pytest.mark.parametrize(
    ("files", "density", "said"),
    [
        (12_000, None, None),
        (13_000, None, "needs 13653 inodes, newfs would make 12800: answer density 4096"),
        (60_000, None, "needs 63003 inodes, newfs would make 12800: answer density 1024"),
        (60_000, 1024, None),
        (60_000, 2048, "needs 63003 inodes, newfs would make 51200: answer density 1024"),
        (900_000, None, "needs 945003 inodes, newfs would make 12800: a larger partition is needed"),
    ],
)
def test_too_few_inodes_are_said_with_the_density_that_is_enough(
    files: int, density: int | None, said: str | None
) -> None:
    found = fit(
        100 * MB, {"/": FileSystem(used=10 * MB, inodes_used=files)}, ufs=2, major=13, density=density
    )
    assert found is not None
    assert found.problem == said


def test_several_file_systems_in_one_are_counted_together() -> None:
    half = FileSystem(used=48 * MB, inodes_used=100)
    assert fit(100 * MB, {"/": half}, ufs=2, major=13).problem is None  # type: ignore[union-attr]
    both = fit(100 * MB, {"/": half, "/var": half}, ufs=2, major=13)
    assert both is not None
    assert both.mounts == ("/", "/var")
    assert both.problem is not None


def test_what_is_not_known_to_be_held_cannot_be_said_to_fit() -> None:
    assert fit(100 * MB, {"/": FileSystem()}, ufs=2, major=13) is None
