"""What is foreseen: each ends in one line that says what is so, where, and what to do."""

from dataclasses import replace
from typing import Any

import pytest

from console.model.disks import Disk, HostDisks, Mounted, Part, Scheme
from console.model.facts import Geom
from console.model.words import Home
from playbooks.job import CannotPlan
from playbooks.migrating.settling import settle
from tests.health.building import component, healthy, mirror, with_facts
from tests.playbooks.migrating.machines import (
    MB,
    answers,
    gpt_machine,
    having,
    label_text,
    machine,
    mbr_disk,
    refused,
    settled,
    with_part,
)

BY_HAND = (("e", None, 90), ("b", "swap", 32), ("f", None, 60), ("g", None, 90), ("h", None, 120))
SAID = ["/=e", "/var=f", "/usr=g", "/home=h"]


def with_second(host: HostDisks, disk: Disk) -> HostDisks:
    return replace(host, disks=(host.disks[0], disk))


def by_hand(host: HostDisks | None = None) -> HostDisks:
    return with_second(host or machine(), mbr_disk("ada1", 512 * MB, BY_HAND))


def test_a_target_smaller_than_the_data() -> None:
    small = with_second(machine(), Disk("ada1", 64 * MB))
    assert "ada1: / needs" in refused(with_part(small, "/", used=50 * MB))
    assert "ada1 has room for 63" in refused(small, layout="keep")
    assert "answer smaller ones" in refused(small, layout="keep")


def test_a_partition_used_as_it_is_that_is_too_small() -> None:
    line = refused(with_part(by_hand(), "/var", used=59 * MB), prepare=False, places=SAID)
    assert line.startswith("web-b:ada1: /var needs")


def test_a_target_that_is_mounted() -> None:
    host = by_hand()
    used = replace(host, mounts=(*host.mounts, Mounted("/dev/ada1s1f", "/old", "ufs", ("rw",))))
    assert refused(used) == "web-b: /dev/ada1s1f is mounted on /old: unmount it or swap it off first"


def test_a_target_that_is_mounted_by_a_name_its_table_does_not_show() -> None:
    host = machine()
    used = replace(host, mounts=(*host.mounts, Mounted("/dev/ada1p7", "/old", "ufs", ("rw",))))
    assert "/dev/ada1p7 is mounted on /old" in refused(used)
    other = replace(host, mounts=(*host.mounts, Mounted("/dev/ada10p7", "/old", "ufs", ("rw",))))
    assert settled(other).target_disk == "ada1"


def test_a_target_that_is_swapped_on() -> None:
    host = by_hand()
    assert "/dev/ada1s1b is swapped on" in refused(replace(host, swap=(*host.swap, "/dev/ada1s1b")))


def test_a_target_that_is_part_of_a_mirror() -> None:
    pair = with_facts(healthy(), Home.SLAVE, geom=Geom(mirrors=(mirror(component("ada1", device="ada1")),)))
    assert "ada1 is a part of the mirror remotemirror" in refused(machine(name="web-b"), pair=pair)


def test_a_target_that_is_the_source() -> None:
    assert "ada0 is the source itself" in refused(machine(), target_disk="ada0")


def test_a_target_that_holds_one_of_the_file_systems() -> None:
    host = by_hand()
    slice = host.disks[1].slices[0]
    parts = tuple(replace(p, file_system=machine().disks[0].places[2].file_system) for p in slice.parts)
    disk = replace(host.disks[1], slices=(replace(slice, parts=parts),))
    fstab = (host.fstab or "").replace("/dev/ada0s1e", "/dev/ada1s1f")
    here = Mounted("/dev/ada1s1f", "/var", "ufs", ("rw",))
    mounts = (*(m for m in host.mounts if m.file != "/var"), here)
    used = with_second(replace(host, fstab=fstab, mounts=mounts), disk)
    assert "ada1 is the source itself" in refused(used, moves=["/", "/usr", "/home", "/var"])


def test_the_same_machine_under_another_name() -> None:
    host = machine(name="web-b")
    line = refused(host, replace(host, name="root@b.example.net"))
    assert line == "root@b.example.net is the same machine as web-b: answer the target `same`"


@pytest.mark.parametrize("name", ["root@192.168.1.100", "192.168.1.102"])
def test_a_node_of_the_pair_under_its_address(name: str) -> None:
    assert "of this pair: call it by that name" in refused(machine(), machine(name=name, hostname="x"))


def test_no_such_disk() -> None:
    assert refused(machine(), target_disk="da5") == "web-b has no disk da5: it has ada0, ada1"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ((("a", "4.2BSD", 16, 90_000), ("e", "4.2BSD", 80_000, 90_000)), "a and e overlap"),
        ((("a", "4.2BSD", 16, 90_000_000),), "a ends at sector 90000016"),
    ],
)
def test_a_label_that_overlaps_or_leads_off_the_disk(rows: Any, said: str) -> None:
    host = by_hand()
    (slice,) = host.disks[1].slices
    text = label_text(rows, slice.size // 512, slice.name)
    odd = with_second(host, replace(host.disks[1], slices=(replace(slice, label=text),)))
    line = refused(odd, prepare=False, places=SAID)
    assert line.startswith(f"web-b: the label of ada1s1 is wrong, {said}")


def test_a_disk_without_a_table_cannot_be_used_as_it_is() -> None:
    assert "ada1 has no table" in refused(machine(), prepare=False)
    bare = replace(mbr_disk("ada1", 512 * MB, BY_HAND), slices=())
    assert "no FreeBSD slice with a label" in refused(with_second(machine(), bare), prepare=False)


def test_partitions_of_which_nothing_proves_what_they_are_for() -> None:
    line = refused(by_hand(), prepare=False)
    assert "which partition gets / is not known (no superblock there says" in line
    assert "answer places, such as /=e" in line


def test_partitions_that_hold_something_else() -> None:
    disk = mbr_disk("ada1", 512 * MB, (("e", "/var", 90), ("f", None, 60), ("g", None, 90), ("h", None, 120)))
    line = refused(with_second(machine(), disk), prepare=False, places=SAID)
    assert line.startswith("web-b: ada1s1e is not the place of /: ada1s1e was last mounted on /var")


def test_a_label_whose_file_system_is_larger_than_its_partition() -> None:
    disk = mbr_disk(
        "ada1", 512 * MB, (("e", "/", 90), ("f", "/var", 60), ("g", "/usr", 90), ("h", "/home", 120))
    )
    host = with_second(machine(), disk)
    (slice,) = disk.slices
    cut = (replace(slice.parts[0], size=80 * MB), *slice.parts[1:])
    host = with_second(host, replace(disk, slices=(replace(slice, parts=cut),)))
    assert "the file system on ada1s1e has 94371840 bytes" in refused(host, prepare=False, places=SAID)


@pytest.mark.parametrize(
    ("places", "said"),
    [
        (["/=d"], "there is no partition d for /"),
        (["/=c"], "there is no partition c for /"),
        (["/=e", "/nowhere=f"], "/nowhere is not moved, but f is given to it"),
        (["/=b", "/var=f", "/usr=g", "/home=h"], "ada1s1b is swap, not a place for /"),
    ],
)
def test_places_that_make_no_sense(places: list[str], said: str) -> None:
    assert said in refused(by_hand(), prepare=False, places=places)


@pytest.mark.parametrize(
    ("fstab", "said"),
    [
        (None, "/etc/fstab was not read"),
        ("zroot / zfs rw 0 0\n", "fstab has no UFS; dump moves nothing else"),
        ("/dev/ada0s1e /var ufs rw 2 2\n", "fstab has no UFS as /"),
        ("/dev/mirror/gm0s1a / ufs rw 1 1\n", "/dev/mirror/gm0s1a, the root, is on no disk that was read"),
    ],
)
def test_a_source_without_a_ufs_root_on_a_disk(fstab: str | None, said: str) -> None:
    assert said in refused(machine(fstab=fstab))


def test_a_partition_without_a_ufs() -> None:
    host = machine()
    (slice,) = host.disks[0].slices
    parts = tuple(replace(p, file_system=None) if p.letter == "e" else p for p in slice.parts)
    disk = replace(host.disks[0], slices=(replace(slice, parts=parts),))
    assert "no UFS was found on ada0s1e (/var)" in refused(replace(host, disks=(disk, host.disks[1])))


@pytest.mark.parametrize("clean", [False, None])
def test_an_unclean_source(clean: bool | None) -> None:
    host = machine()
    away = replace(host, mounts=tuple(one for one in host.mounts if one.file != "/home"))
    line = refused(with_part(away, "/home", clean=clean, used=MB))
    assert line == "web-b: ada0s1g (/home) is not mounted and not clean: fsck it first"


def test_a_partition_that_is_mounted_where_fstab_does_not_say() -> None:
    host = machine()
    mounts = tuple(replace(m, file="/old") if m.file == "/home" else m for m in host.mounts)
    assert "ada0s1g is mounted on /old, fstab says /home" in refused(replace(host, mounts=mounts))


@pytest.mark.parametrize(
    ("tool", "machine_", "said"),
    [
        ("dump", "web-a", {}),
        ("dumpfs", "web-a", {}),
        ("ssh-keygen", "web-a", {"way": "direct"}),
        ("gzip", "web-a", {"compress": True}),
        ("restore", "web-b", {}),
        ("newfs", "web-b", {}),
        ("gpart", "web-b", {}),
    ],
)
def test_a_missing_tool(tool: str, machine_: str, said: dict[str, Any]) -> None:
    hosts = [machine(name="web-a", answers_ssh=True), machine(name="web-b")]
    source, target = (replace(h, tools=h.tools - {tool}) if h.name == machine_ else h for h in hosts)
    assert refused(source, target, **said).startswith(f"{machine_}: {tool} is missing")


def test_tools_of_an_old_release() -> None:
    host = machine("4.11")
    assert "fdisk is missing" in refused(replace(host, tools=host.tools - {"fdisk", "gpart"}))
    none = replace(host, tools=host.tools - {"bsdlabel", "disklabel", "gpart"})
    assert "neither bsdlabel nor disklabel" in refused(none)


def test_too_few_inodes() -> None:
    line = refused(with_part(machine(), "/usr", inodes_used=40_000))
    assert line.startswith("web-b:ada1: /usr needs 42003 inodes, newfs would make ")
    assert line.endswith("answer density 2048")


def test_data_of_which_nobody_knows_how_much_it_is() -> None:
    assert "how much /usr holds was not read" in refused(with_part(machine(), "/usr", used=None))


@pytest.mark.parametrize("release", ["5.5", "9.3"])
@pytest.mark.parametrize("said", ["auto", "always"])
def test_journaled_soft_updates_without_snapshots(release: str, said: str) -> None:
    line = refused(with_part(machine(release), "/var", journal=True), snapshots=said)
    assert f"/var is journaled, of which {release[0]}.x takes no snapshot (P44)" in line
    assert "tunefs -j disable" in line


def test_snapshots_of_a_release_that_has_none() -> None:
    assert "4.x, which has no snapshots" in refused(machine("4.11"), snapshots="always")


def test_a_selection_without_the_root() -> None:
    assert refused(machine(), moves=["/usr"]).endswith("the new disk shall boot: add /")


def test_a_selection_of_what_is_no_ufs() -> None:
    assert "/proc is no UFS of fstab" in refused(machine(), moves=["/", "/proc"])


def test_more_file_systems_than_a_label_has_letters() -> None:
    host = machine()
    lines = "".join(f"/dev/ada2p{n} /d{n} ufs rw 2 2\n" for n in range(1, 5))
    system = machine().disks[0].places[0].file_system
    parts = tuple(
        Part(f"ada2p{n}", n * MB, MB, "freebsd-ufs", n, file_system=system and replace(system, clean=True))
        for n in range(1, 5)
    )
    many = replace(
        host,
        fstab=(host.fstab or "") + lines,
        disks=(*host.disks, Disk("ada2", 8 * MB, scheme=Scheme.GPT, parts=parts)),
    )
    moves = ["/", "/var", "/usr", "/home", *(f"/d{n}" for n in range(1, 5))]
    assert "a BSD label has 7 letters besides c, 9 are wanted" in refused(many, moves=moves)


def test_two_file_systems_that_a_step_would_call_the_same() -> None:
    host = machine()
    fstab = (host.fstab or "").replace("/home\t", "/a.b\t").replace("/usr\t", "/a-b\t")
    names = {"/home": "/a.b", "/usr": "/a-b"}
    mounts = tuple(replace(m, file=names.get(m.file, m.file)) for m in host.mounts)
    assert "is called like another file system" in refused(replace(host, fstab=fstab, mounts=mounts))


@pytest.mark.parametrize(
    ("target", "said", "line"),
    [
        ("web-b", {"way": "here"}, "the way `here` is for two disks of one machine"),
        (None, {"way": "direct"}, "both disks are in web-a"),
        (None, {"way": "console"}, "both disks are in web-a"),
        ("web-b", {"way": "direct"}, "web-a does not reach web-b by ssh: answer the way `console`"),
    ],
)
def test_a_way_that_leads_nowhere(target: str | None, said: dict[str, Any], line: str) -> None:
    source = machine(name="web-a", answers_ssh=False)
    assert line in refused(source, machine(name=target) if target else None, **said)


@pytest.mark.parametrize(("folder", "on"), [("/var/tmp/dumps", "/var"), ("/root", "/"), ("/home", "/home")])
def test_a_folder_for_the_dumps_in_what_is_dumped(folder: str, on: str) -> None:
    line = refused(machine(), way="file", work_directory=folder)
    assert f"{folder} is on {on}, which is moved" in line


def test_a_path_left_out_that_is_a_whole_file_system() -> None:
    assert "/usr is a whole file system" in refused(machine(), leave_out=["/usr"])


def test_a_gpt_table_for_a_system_that_boots_from_none() -> None:
    assert "boots from no GPT: answer mbr" in refused(machine("5.5"), scheme="gpt")
    assert "has no GPT" in refused(machine("9.3", name="web-a"), machine("5.5", name="web-b"), scheme="gpt")


def test_a_system_that_boots_by_efi() -> None:
    host = gpt_machine()
    parts = (replace(host.disks[0].parts[0], type="efi"), *host.disks[0].parts[1:])
    line = refused(replace(host, disks=(replace(host.disks[0], parts=parts), host.disks[1])))
    assert "boots by EFI" in line
    assert "prepare no" in line


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"unknown": (("ssh", "web-b: Connection refused"),)}, "Connection refused: it has to answer first"),
        ({"major": None}, "its release was not read"),
        ({"tools": frozenset()}, "which tools it has was not read"),
    ],
)
def test_a_machine_of_which_too_little_is_known(changed: dict[str, Any], said: str) -> None:
    assert said in refused(machine(**changed))


def test_disks_that_were_never_read() -> None:
    asked = answers(machine(name="web-b"))
    with pytest.raises(CannotPlan, match="web-b: its disks have not been read"):
        settle(having(machine(name="web-c")), asked)
