"""fstab and loader.conf of the copy: only device words change."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.model.disks import HostDisks
from playbooks.migrating.fstab import Renaming, fstab_of_copy, loader_of_copy
from tests.playbooks.migrating.machines import gpt_machine, machine, settled, with_part

ANY_LOAD = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
HOST = machine("13.2")
NEW = Renaming(
    HOST,
    {
        "ada0s1a": "/dev/ada9s1a",
        "ada0s1b": "/dev/ada9s1b",
        "ada0s1e": "/dev/ada9s1d",
        "ada0s1f": "/dev/gpt/usr",
    },
    frozenset({"ada0s1g"}),
    {"/dev/gptid/1-2": "/dev/ada9s1b"},
)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/dev/ada0s1a\t/ ufs  rw 1 1", "/dev/ada9s1a\t/ ufs  rw 1 1"),
        ("  /dev/ada0s1e /var ufs rw,noauto 0 0 # mail", "  /dev/ada9s1d /var ufs rw,noauto 0 0 # mail"),
        ("/dev/ada0s1b none swap sw 0 0", "/dev/ada9s1b none swap sw 0 0"),
        ("/dev/gptid/1-2 none swap sw 0 0", "/dev/ada9s1b none swap sw 0 0"),
        ("/dev/ada0s1f /usr ufs rw 2 2\r", "/dev/gpt/usr /usr ufs rw 2 2\r"),
        ("/dev/ada0s1g /home ufs rw 2 2", "#/dev/ada0s1g /home ufs rw 2 2"),
        ("# /dev/ada0s1a / ufs rw 1 1", "# /dev/ada0s1a / ufs rw 1 1"),
        ("proc /proc procfs rw 0 0", "proc /proc procfs rw 0 0"),
        ("/dev/mirror/remotemirror /home/sites ufs rw,noauto 0 0",) * 2,
        ("host:/x /mnt nfs rw 0 0",) * 2,
        ("/dev/ada0s1a",) * 2,
        ("",) * 2,
    ],
)
def test_a_line_gets_the_device_of_the_copy_and_keeps_everything_else(old: str, new: str) -> None:
    assert fstab_of_copy(f"{old}\n", NEW) == f"{new}\n"


@pytest.mark.parametrize(
    "spec", ["/dev/ufs/varvol", "/dev/ufsid/00000000000000aa", "/dev/diskid/DISK-Xs1e", "/dev/gptid/7-7"]
)
def test_a_device_named_by_a_label_is_known_from_the_superblock(spec: str) -> None:
    host = with_part(HOST, "/var", volume="varvol", ident="00000000000000aa")
    assert fstab_of_copy(f"{spec} /var ufs rw 2 2", replace(NEW, host=host)).split()[0] == "/dev/ada9s1d"


def test_a_diskid_whose_end_fits_no_partition_is_left() -> None:
    line = "/dev/diskid/DISK-Xs1h /var ufs rw 2 2"
    assert fstab_of_copy(line, NEW) == line


@ANY_LOAD
@given(st.text())
def test_text_that_is_no_fstab_is_kept(text: str) -> None:
    kept = text.replace("/dev/ada0", "/dev/x")
    assert fstab_of_copy(kept, NEW) == kept


words = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8)
gaps = st.sampled_from([" ", "\t", "  \t "])
specs = st.one_of(
    words, st.sampled_from(["/dev/ada0s1a", "/dev/ada0s1b", "/dev/ada0s1e", "#", "/dev/ada7s1a"])
)


@ANY_LOAD
@given(st.lists(st.lists(st.tuples(specs, gaps), max_size=7), max_size=8))
def test_only_the_first_word_of_a_line_ever_changes(rows: list[list[tuple[str, str]]]) -> None:
    text = "\n".join("".join(word + gap for word, gap in row) for row in rows)
    after = fstab_of_copy(text, NEW)
    for old, new in zip(text.split("\n"), after.split("\n"), strict=True):
        if old != new:
            was, is_ = old.split()[0], new.split()[0]
            assert NEW.devices[was.removeprefix("/dev/")] == is_
            assert old.replace(was, is_, 1) == new


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('vfs.root.mountfrom="ufs:/dev/ada0s1a"\n', 'vfs.root.mountfrom="ufs:/dev/ada9s1a"\n'),
        ('vfs.root.mountfrom="ufs:ada0s1a"  # root', 'vfs.root.mountfrom="ufs:ada9s1a"  # root'),
        ('autoboot_delay="3"\ndumpdev="/dev/ada0s1b"', 'autoboot_delay="3"\ndumpdev="/dev/ada9s1b"'),
        ('#vfs.root.mountfrom="ufs:ada0s1a"', None),
        ('vfs.root.mountfrom="zfs:tank/ada0s1a"', None),
        ('hint="ada0s1a"', None),
        (None, None),
    ],
)
def test_the_loader_is_told_the_new_root(old: str | None, new: str | None) -> None:
    assert loader_of_copy(old, NEW) == new


@pytest.mark.parametrize(
    ("host", "swap"),
    [
        (gpt_machine(), "/dev/gpt/swap2"),
        (
            gpt_machine(fstab="/dev/gpt/rootfs / ufs rw 1 1\n/dev/gptid/5-5 none swap sw 0 0\n"),
            "/dev/gpt/swap2",
        ),
        (gpt_machine(fstab="/dev/gpt/rootfs / ufs rw 1 1\nmd0 none swap sw 0 0\n"), "md0"),
    ],
)
def test_swap_is_found_by_its_label_or_because_nothing_else_is_left(host: HostDisks, swap: str) -> None:
    assert settled(host).fstab_after.splitlines()[1].split()[0] == swap
