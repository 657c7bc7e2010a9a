"""BSD labels: what is written is read as the same label, and an edit changes nothing but what was said."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.parse.disklabel import DiskLabel, Partition, read_disklabel
from playbooks.migrating.labels import acceptable, differences, edited, header_of, label_text, problems

ANY_LOAD = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
CAPTURES = Path(__file__).parents[2] / "captures/freebsd/disklabel"
TEXTS = {path.name: path.read_text() for path in sorted(CAPTURES.glob("*.txt"))}

sizes = st.integers(0, 4_294_967_295)
file_systems = st.tuples(st.just("4.2BSD"), st.tuples(*[st.integers(0, 131_072)] * 2, st.integers(0, 9_999)))
kinds = st.one_of(
    file_systems,
    st.tuples(st.just("unused"), st.tuples(st.just(0), st.just(0))),
    st.tuples(st.sampled_from(["swap", "vinum"]), st.just(())),
)


@st.composite
def a_label(draw: st.DrawFn) -> DiskLabel:
    letters = draw(st.lists(st.sampled_from("abcdefgh"), unique=True, min_size=1))
    rows = []
    for letter in letters:
        kind, numbers = draw(kinds)
        rows.append(Partition(letter, draw(sizes), draw(sizes), kind, *numbers))
    header = draw(st.one_of(st.just({}), st.integers(1, 10**9).map(header_of)))
    dev = draw(st.sampled_from([None, "/dev/ad0s1", "/dev/da10s4"]))
    return DiskLabel(dev, header, 8, tuple(rows), tuple(letters))


@ANY_LOAD
@given(a_label(), st.booleans())
def test_a_written_label_is_read_as_the_same_label(label: DiskLabel, cylinders: bool) -> None:
    reading = read_disklabel(label_text(label, cylinders=cylinders))
    assert reading.unread == ()
    assert reading.facts == label


@pytest.mark.parametrize("name", TEXTS)
def test_a_captured_label_that_is_not_edited_stays_as_it_is(name: str) -> None:
    assert edited(TEXTS[name]) == TEXTS[name]


@pytest.mark.parametrize("name", [name for name in TEXTS if "proto" not in name])
def test_a_captured_label_is_written_as_the_same_label(name: str) -> None:
    label = read_disklabel(TEXTS[name]).facts
    again = read_disklabel(label_text(label)).facts
    assert (again.partitions, again.header, again.dev) == (label.partitions, label.header, label.dev)


def test_cylinders_are_counted_as_4_x_does() -> None:
    text = TEXTS["full-header-ad6c-5.0dp1.txt"]
    (row,) = [line for line in text.splitlines() if line.startswith("  c:")]
    assert row.split() == label_text(read_disklabel(text).facts, cylinders=True).splitlines()[-1].split()


@pytest.mark.parametrize("name", [name for name, text in TEXTS.items() if re.search(r"^\s*e: ", text, re.M)])
def test_the_guide_s_edit_changes_one_letter_in_one_line(name: str) -> None:
    old = TEXTS[name]
    letters = read_disklabel(old).facts.letters
    new = edited(old, letters={"e": "a"} | ({"a": "e"} if "a" in letters else {}))
    changed = [(was, is_) for was, is_ in differences(old, new) if was != is_]
    assert {str(was).strip()[0] + str(is_).strip()[0] for was, is_ in changed} <= {"ea", "ae"}
    assert all(str(was).strip()[1:] == str(is_).strip()[1:] for was, is_ in changed)
    assert len(changed) == 1 + ("a" in letters)


def test_letters_types_and_the_disk_s_name_are_edited_and_everything_else_is_kept() -> None:
    old = "# /dev/ad1s1:\ntype: ESDI\ndisk: ad1s1\nodd: line\n\n8 partitions:\n"
    old += "  e: 100 0 unused 0 0\t# (Cyl. 0 - 1*)\n"
    new = edited(old, letters={"e": "a"}, types={"e": "4.2BSD"}, disk="ad0s1")
    assert new == old.replace("disk: ad1s1", "disk: ad0s1").replace("e: 100 0 unused", "a: 100 0 4.2BSD")


@ANY_LOAD
@given(a_label(), st.lists(st.text(st.characters(exclude_characters="\n")), max_size=4))
def test_lines_that_are_not_understood_are_kept_byte_for_byte(label: DiskLabel, junk: list[str]) -> None:
    rows = [line for line in label_text(label).split("\n") if not line.strip().startswith("disk:")]
    odd = [f"? {line}" for line in junk]
    text = "\n".join([*odd, *rows, *odd])
    there = [letter for letter in label.letters if letter != "c"]
    free = [letter for letter in "abdefgh" if letter not in there]
    if not there or not free:
        return
    new = edited(text, letters={there[0]: free[0]}, disk="other")
    changed = [(was, is_) for was, is_ in zip(text.split("\n"), new.split("\n"), strict=True) if was != is_]
    assert len(changed) == 1
    after = read_disklabel(new).facts
    assert {p.letter: p.offset for p in after.partitions} == {
        free[0] if p.letter == there[0] else p.letter: p.offset for p in label.partitions
    }


@pytest.mark.parametrize(
    ("letters", "said"),
    [
        ({"d": "a"}, "no partition d"),
        ({"e": "f"}, "two partitions f"),
        ({"e": "c"}, "two partitions c"),
        ({"c": "d"}, "c is no letter"),
        ({"e": "i"}, "i is no letter"),
    ],
)
def test_an_edit_that_makes_no_label_is_refused(letters: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        edited("8 partitions:\n  c: 9 0 unused 0 0\n  e: 4 0 4.2BSD\n  f: 5 4 4.2BSD\n", letters=letters)


def row(letter: str, size: int, offset: int) -> Partition:
    return Partition(letter, size, offset, "4.2BSD")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([row("c", 100, 0), row("a", 50, 16)], ()),
        ([row("c", 100, 0), row("a", 50, 16), row("e", 34, 66)], ()),
        ([row("c", 100, 0), row("a", 50, 16), row("e", 30, 65)], ("a and e overlap",)),
        ([row("c", 100, 0), row("a", 90, 0), row("d", 5, 5), row("e", 5, 85)],
         ("a and d overlap", "a and e overlap")),
        ([row("c", 100, 0), row("a", 50, 60)], ("a ends at sector 110, the slice at 100",)),
        ([row("c", 90, 0), row("a", 50, 16)], ("c is 90 sectors from 0, the slice has 100",)),
        ([row("a", 50, 16)], ("it has no c",)),
        ([row("c", 100, 0), row("a", 5, 0), row("a", 5, 5)], ("a letter is there twice",)),
        ([row("c", 100, 0), row("j", 5, 0)], ("it has room for 8 partitions, j is not one of them",)),
        ([], ("there is no label",)),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_label_is_said(rows: list[Partition], said: tuple[str, ...]) -> None:
    assert problems(DiskLabel(slots=8, partitions=tuple(rows)), 100) == said


def test_a_label_whose_sizes_are_open_is_none() -> None:
    assert problems(read_disklabel(TEXTS["proto-file-star-sizes.txt"]).facts) == ("there is no label",)


@ANY_LOAD
@given(a_label(), a_label())
def test_the_sides_of_a_diff_are_the_two_texts(one: DiskLabel, other: DiskLabel) -> None:
    old, new = label_text(one), label_text(other)
    rows = differences(old, new)
    assert [was for was, _ in rows if was is not None] == old.splitlines()
    assert [is_ for _, is_ in rows if is_ is not None] == new.splitlines()


def test_what_gpart_wrote_is_handed_to_bsdlabel_without_the_zeros_that_it_refuses() -> None:
    head = "# /dev/ada1s1:\nrpm: 3600\ninterleave: 0\ntrackskew: 0\nheadswitch: 0\t\t# milliseconds\n"
    rows = "\n8 partitions:\n#  size  offset  fstype\n  a: 100 0 4.2BSD 0 0 0\n"
    assert acceptable(head + rows) == head.replace("interleave: 0\n", "") + rows
    assert acceptable(rows) == rows
