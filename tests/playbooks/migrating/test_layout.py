"""A disk divided anew: nothing overlaps, everything is on the disk and aligned, c covers the slice."""

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from console.model.disks import Disk, Scheme
from console.parse.disklabel import read_disklabel
from playbooks.job import CannotPlan
from playbooks.migrating import labels
from playbooks.migrating.layout import Space, Wanted, label_of, places_of, space_of, wanted
from playbooks.migrating.work import Content, Place
from tests.playbooks.migrating.machines import MB, RELEASES

ANY_LOAD = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
MAJORS = [int(release.split(".")[0]) for release in RELEASES]
SYSTEM = (
    Wanted("/", 60 * MB, "a"), Wanted("swap", 16 * MB, "b"), Wanted("/var", 40 * MB, "e"),
    Wanted("/usr", 60 * MB, "f"), Wanted("/home", 79 * MB, "g"),
)  # fmt: skip


def places(names: tuple[Wanted, ...], space: Space, **changed: object) -> tuple[tuple[str, Place], ...]:
    taken = frozenset({"root"})
    return places_of(names, space, disk="ada1", boots_as="ada0", slice=1, labels_taken=taken)


def space(size: int = 512 * MB, scheme: Scheme = Scheme.MBR, major: int = 13, sector: int = 512) -> Space:
    return space_of(Disk("ada1", size, sector), scheme, major, "web-a")


mounts = st.lists(
    st.sampled_from(["/", "/var", "/usr", "/home", "/tmp", "swap", "swap "]), unique=True, min_size=1
)


@ANY_LOAD
@given(
    mounts,
    st.lists(st.integers(1, 900 * MB), min_size=7, max_size=7),
    st.integers(-1, 6),
    st.integers(20 * MB, 4_000 * MB),
    st.sampled_from([(Scheme.MBR, major) for major in MAJORS] + [(Scheme.GPT, 9), (Scheme.GPT, 14)]),
    st.sampled_from([512, 4096]),
)
def test_what_is_given_out_is_on_the_disk_aligned_and_nowhere_twice(
    names: list[str], sizes: list[int], open_one: int, disk: int, kind: tuple[Scheme, int], sector: int
) -> None:
    named = tuple(
        Wanted(name.strip(), None if n == open_one else size)
        for n, (name, size) in enumerate(zip(names, sizes, strict=False))
    )
    scheme, major = kind
    try:
        room = space(disk // sector * sector, scheme, major, sector)
        made = [place for _, place in places(named, room)]
    except CannotPlan:
        return
    assert all(one.start + one.size <= other.start for one, other in pairwise(made))
    for place, want in zip([p for p in made if p.content is not Content.BOOT], named, strict=True):
        assert place.size >= (want.size or 1)
        assert place.start % room.align == place.size % room.align == 0
    assert made[-1].start + made[-1].size <= (room.slice_size or disk)
    assert len({place.name for place in made}) == len(made)
    if scheme is Scheme.GPT:
        labels_ = [place.label for place in made if place.label]
        assert len(set(labels_)) == len(labels_)
        assert "root" not in labels_
        return
    assert room.slice_start + room.slice_size <= disk
    label = read_disklabel(label_of(made, room, disk="ada1", slice=1, header=major < 5)).facts
    assert labels.problems(label, room.slice_size // sector) == ()
    assert {p.letter for p in label.partitions} == {"c", *(place.letter for place in made)}


@pytest.mark.parametrize("major", MAJORS)
def test_the_slice_is_one_that_the_tools_of_the_release_leave_as_it_is(major: int) -> None:
    room = space(major=major)
    start, end = room.slice_start // 512, (room.slice_start + room.slice_size) // 512
    if major < 9:
        assert (start, end % (255 * 63)) == (63, 0)
    elif major < 11:
        assert start % 63 == start % 8 == (end - start) % 63 == 0
    else:
        assert (start, end) == (2048, 512 * MB // 512)
    assert room.begin == (0 if major < 5 else 8192)


def test_kept_sizes_are_the_old_ones_and_the_rest_stays_free() -> None:
    made = places(wanted("keep", SYSTEM, (), space()), space())
    assert [(what, place.size // MB, place.letter) for what, place in made] == [
        ("/", 60, "a"), ("swap", 16, "b"), ("/var", 40, "e"), ("/usr", 60, "f"), ("/home", 79, "g"),
    ]  # fmt: skip


def test_scaled_file_systems_keep_their_proportions_and_swap_its_size() -> None:
    made = dict(places(wanted("scale", SYSTEM, (), space()), space()))
    assert made["swap"].size == 16 * MB
    for what, size in (("/", 60), ("/var", 40), ("/usr", 60), ("/home", 79)):
        assert made[what].size / (size * MB) == pytest.approx((511 - 16) / 239, rel=0.01)
    assert sum(place.size for place in made.values()) > 510 * MB


def test_one_file_system_gets_everything_but_the_swap() -> None:
    made = places(wanted("one", SYSTEM, (), space()), space())
    assert [(what, place.letter) for what, place in made] == [("swap", "b"), ("/", "a")]
    assert made[1][1].size > 494 * MB


def test_custom_sizes_are_taken_in_their_order() -> None:
    custom = (("swap", 64 * MB), ("/", 100 * MB), ("/var", None), ("/usr", 80 * MB), ("/home", 80 * MB))
    made = places(wanted("custom", SYSTEM, custom, space()), space())
    assert [(what, place.size // MB, place.letter) for what, place in made] == [
        ("swap", 64, "b"), ("/", 100, "a"), ("/var", 186, "e"), ("/usr", 80, "f"), ("/home", 80, "g"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("custom", "said"),
    [
        ((("/", 9 * MB), ("/var", 9 * MB), ("/usr", 9 * MB)), "the sizes name none for /home"),
        (
            (("/", 9 * MB), ("/var", 9 * MB), ("/usr", 9 * MB), ("/home", None), ("/x", 9 * MB)),
            "/x, which is not",
        ),
    ],
)
def test_custom_sizes_have_to_name_what_is_moved(
    custom: tuple[tuple[str, int | None], ...], said: str
) -> None:
    with pytest.raises(CannotPlan, match=said):
        wanted("custom", SYSTEM, custom, space())


def test_letters_a_and_b_are_for_root_and_swap_and_the_others_keep_theirs() -> None:
    names = tuple(
        Wanted(what, 9 * MB, letter)
        for what, letter in (("/x", "b"), ("/y", "e"), ("/", "e"), ("swap", "g"), ("/z", None), ("swap", "h"))
    )
    assert [place.letter for _, place in places(names, space())] == ["d", "e", "a", "b", "f", "h"]


def test_seven_letters_are_all_that_a_label_has() -> None:
    names = tuple(Wanted(f"/{n}", MB) for n in range(7))
    assert [place.letter for _, place in places(names, space())] == list("defghba")
    with pytest.raises(CannotPlan, match="7 letters besides c, 8 are wanted"):
        places((*names, Wanted("/8", MB)), space())


def test_gpt_begins_with_boot_code_and_has_labels_that_no_other_disk_has() -> None:
    made = places(SYSTEM, space(scheme=Scheme.GPT))
    assert [(place.name, place.becomes, place.index, place.label) for _, place in made] == [
        ("ada1p1", "ada0p1", 1, None), ("ada1p2", "ada0p2", 2, "root2"), ("ada1p3", "ada0p3", 3, "swap"),
        ("ada1p4", "ada0p4", 4, "var"), ("ada1p5", "ada0p5", 5, "usr"), ("ada1p6", "ada0p6", 6, "home"),
    ]  # fmt: skip
    boot = made[0][1]
    assert (boot.start, boot.size, boot.content) == (40 * 512, 512 << 10, Content.BOOT)


@pytest.mark.parametrize(
    ("disk", "scheme", "major", "said"),
    [
        (Disk("ada1", None), Scheme.MBR, 13, "the size of ada1 was not read"),
        (Disk("ada1", 3 << 40), Scheme.MBR, 13, "larger than an MBR can count: answer scheme gpt"),
        (Disk("ad1", 9 << 30), Scheme.GPT, 5, "5.x, which has no GPT: answer scheme mbr"),
        (Disk("ad1", 1 << 20), Scheme.MBR, 4, "too small for a slice"),
    ],
)
def test_a_disk_that_cannot_be_divided_so_is_refused(
    disk: Disk, scheme: Scheme, major: int, said: str
) -> None:
    with pytest.raises(CannotPlan, match=said):
        space_of(disk, scheme, major, "web-a")


@ANY_LOAD
@given(st.lists(st.integers(10 * MB, 100 * MB), min_size=2, max_size=5), st.integers(30 * MB, 2_000 * MB))
def test_scaling_fills_any_disk_and_never_more(sizes: list[int], disk: int) -> None:
    names = tuple(
        Wanted(what, size) for what, size in zip(["/", "swap", "/var", "/usr", "/home"], sizes, strict=False)
    )
    room = space(disk // 512 * 512)
    assume(sizes[1] < room.end - 10 * MB)
    made = places(wanted("scale", names, (), room), room)
    assert room.end - room.align < made[-1][1].start + made[-1][1].size <= room.end
