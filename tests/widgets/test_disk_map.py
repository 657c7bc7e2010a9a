"""Two disks drawn: to scale, nothing lost, nothing wider than its place, and no text of a node that acts."""

from itertools import pairwise

import pytest

from console.model.disk_map import DiskMap, DrawnDisk, Filled, Foreseen, Piece
from widgets.disk_bar import bar_box, bar_line, segments_of
from widgets.disk_map import fill_lines, foreseen_lines

MB = 1 << 20
GB = 1 << 30


def disk(name: str, size: int | None, *pieces: tuple[str, str, int, int | None], start: int = 0) -> DrawnDisk:
    """(name, what, bytes, used) one behind the other."""
    at, made = start, []
    for letter, what, amount, used in pieces:
        kind = "swap" if what == "swap" else "boot" if what == "boot" else "ufs"
        made.append(Piece(name=letter, what=what, kind=kind, start=at, size=amount, used=used))  # type: ignore[arg-type]
        at += amount
    return DrawnDisk(host="web-a", name=name, size=size, facts=("MBR", "boot code"), pieces=tuple(made))


SOURCE = disk(
    "ada0",
    256 * MB,
    ("a", "/", 60 * MB, 30 * MB),
    ("b", "swap", 16 * MB, None),
    ("e", "/var", 40 * MB, 0),
    ("f", "/usr", 60 * MB, 59 * MB),
    ("g", "/home", 79 * MB, None),
)
AFTER = disk("ada1", 512 * MB, ("e→a", "/", 200 * MB, 30 * MB), ("b", "swap", 16 * MB, None))
FILLS = (
    Filled(mounts=("/",), used=30 * MB, needed=33 * MB, size=200 * MB, inodes_needed=1053, inodes=15906),
    Filled(
        mounts=("/var", "/home"),
        used=50 * MB,
        needed=55 * MB,
        size=40 * MB,
        inodes_needed=10,
        inodes=5000,
        problem="needs 55.0 MB, its new partition has 40.0 MB",
    ),
)
PICTURE = DiskMap(source=SOURCE, target=disk("ada1", 512 * MB), after=AFTER, fills=FILLS)


def test_a_bar_is_to_scale_and_as_wide_as_it_may_be() -> None:
    bar = segments_of(SOURCE, 100)
    assert sum(one.cells for one in bar.segments) + len(bar.segments) + 1 == 100
    cells = {one.piece.name: one.cells for one in bar.segments}
    assert cells["a"] == pytest.approx(60 / 256 * 94, abs=1)
    assert cells["g"] == pytest.approx(79 / 256 * 94, abs=1)


@pytest.mark.parametrize("cells", [12, 20, 40, 80, 157])
def test_the_smallest_partition_is_seen_and_said_to_be_wider_than_it_is(cells: int) -> None:
    tiny = disk("da0", 4000 * GB, ("p1", "boot", 512 << 10, None), ("p2", "/", 3900 * GB, GB))
    bar = segments_of(tiny, cells)
    assert [one.cells for one in bar.segments if one.piece.name == "p1"] == [1]
    assert bar.widened
    assert {line.cell_length for line in [bar_line(bar), *bar_box(bar)]} == {cells}


def test_what_is_not_allocated_is_free_between_and_behind() -> None:
    gaps = DrawnDisk(
        host="web-a",
        name="ada0",
        size=100 * MB,
        pieces=(
            Piece(name="a", what="/", start=20 * MB, size=20 * MB),
            Piece(name="e", what="/var", start=60 * MB, size=20 * MB),
        ),
    )
    names = [one.piece.what for one in segments_of(gaps, 60).segments]
    assert names == ["free", "/", "free", "/var", "free"]


def test_more_partitions_than_cells_are_counted_not_crashed_on() -> None:
    many = disk("da0", 128 * GB, *((f"p{n}", f"/{n}", GB, None) for n in range(128)))
    bar = segments_of(many, 41)
    assert bar.left_out == 108
    assert bar_line(bar).cell_length <= 41


@pytest.mark.parametrize(("size", "cells"), [(None, 30), (0, 30), (1, 3)])
def test_a_disk_of_unknown_or_no_size_is_drawn_empty(size: int | None, cells: int) -> None:
    assert bar_line(segments_of(disk("ada9", size), cells)).cell_length <= cells


def test_the_used_part_is_darker_and_never_more_than_the_whole() -> None:
    rows = bar_box(segments_of(disk("d", 100 * MB, ("a", "/", 100 * MB, 300 * MB)), 22))
    assert rows[2].plain == "│" + "▓" * 20 + "│"
    half = bar_box(segments_of(disk("d", 100 * MB, ("a", "/", 100 * MB, 50 * MB)), 22))
    assert half[2].plain == "│" + "▓" * 10 + "░" * 10 + "│"
    unknown = bar_box(segments_of(disk("d", 100 * MB, ("a", "/", 100 * MB, None)), 22))
    assert unknown[2].plain.strip("│ ") == "?"


@pytest.mark.parametrize("width", [30, 56, 76, 109, 110, 156, 220])
@pytest.mark.parametrize("height", [1, 3, 8, 14, 20, 27, 60])
def test_it_fits_whatever_room_there_is(width: int, height: int) -> None:
    for trouble in ("", "web-a: ada1 is too small: answer another disk"):
        lines = foreseen_lines(Foreseen(PICTURE, trouble), width, height)
        assert 1 <= len(lines) <= height
        assert max(line.cell_length for line in lines) <= width
        if trouble:
            assert "ada1" in lines[-1].plain or "ada1" in "".join(line.plain for line in lines)


def test_what_the_disk_will_be_is_what_remains_in_one_line() -> None:
    (line,) = foreseen_lines(Foreseen(PICTURE), 60, 1)
    assert line.plain.startswith("then ada1")


def test_a_file_system_that_does_not_fit_is_said_before_any_picture_is_left_out_for_it() -> None:
    text = "\n".join(line.plain for line in foreseen_lines(Foreseen(PICTURE), 100, 5))
    assert "its new partition has 40.0 MB" in text


def test_the_table_of_room_says_data_inodes_and_a_verdict() -> None:
    head, root, rest = (line.plain for line in fill_lines(FILLS, 100))
    assert "inodes" in head
    assert "30 MB → 200 MB" in root
    assert "1,053 → 15,906" in root
    assert root.rstrip().endswith("● fits")
    assert rest.startswith("/var + /home")
    assert "✖ needs 55.0 MB" in rest


def test_both_disks_have_one_scale_until_one_would_be_too_small_to_read() -> None:
    lines = [line.plain for line in foreseen_lines(Foreseen(PICTURE), 100, 60)]
    assert len(lines[1]) == 50
    assert len(lines[7]) == 100
    assert any("1 cell is about" in line for line in lines)
    huge = PICTURE.model_copy(update={"after": disk("ada1", 8000 * GB), "target": None})
    lines = [line.plain for line in foreseen_lines(Foreseen(huge), 100, 60)]
    assert len(lines[1]) == 100
    assert any("each disk to its own scale" in line for line in lines)


def test_names_from_nodes_are_inert_and_unparsed() -> None:
    hostile = disk("ada0", 100 * MB, ("a", "/[bold]\x1b[31m\u202e", 100 * MB, MB))
    hostile = hostile.model_copy(update={"host": "web\x07[red]", "facts": ("[b]\n",)})
    fill = FILLS[0].model_copy(update={"mounts": ("/\x1b]0;x",)})
    picture = DiskMap(source=hostile, after=hostile, fills=(fill,))
    for width, height in ((100, 60), (60, 4)):
        text = "\n".join(line.plain for line in foreseen_lines(Foreseen(picture, "a\x1bb"), width, height))
        assert not any(ord(sign) < 0x20 and sign != "\n" for sign in text)
        assert "\u202e" not in text
    wide = "\n".join(line.plain for line in foreseen_lines(Foreseen(picture), 100, 60))
    assert "/[bold]" in wide


def test_disks_that_could_be_the_target_are_offered_as_pictures() -> None:
    asked = DiskMap(source=SOURCE, choices=(disk("ada1", 512 * MB), disk("ada2", 20 * GB)))
    text = "\n".join(line.plain for line in foreseen_lines(Foreseen(asked), 80, 40))
    assert text.count("could be the target") == 2
    positions = [text.index(name) for name in ("web-a:ada0", "web-a:ada1", "web-a:ada2")]
    assert all(one < two for one, two in pairwise(positions))
