"""The answers and the disks settled as one work, on every release and way."""

from dataclasses import replace
from typing import Any

import pytest

from console.model.disks import Disk, HostDisks, Mounted, Part, Scheme
from console.parse.disklabel import read_disklabel
from console.parse.fstab import read_fstab
from playbooks.migrating import labels
from playbooks.migrating.settling import draft
from playbooks.migrating.work import Content, Way, Work
from tests.playbooks.migrating.machines import (
    MB,
    RELEASES,
    answers,
    gpt_machine,
    having,
    machine,
    mbr_disk,
    second_disk,
    settled,
    with_part,
)

EARLIER = (
    ("e", "/mirrorgate-copy/root", 90), ("b", "swap", 32), ("f", "/var", 60), ("g", "/usr", 90),
    ("h", "/home", 120),
)  # fmt: skip
GUIDE = (("e", "/backdrive", 90), ("b", "swap", 32), ("f", None, 60), ("g", None, 90), ("h", None, 120))
"""The disk of the guide: divided by hand, the root's copy on e."""


def fstab_devices(work: Work) -> dict[str, str]:
    """Mount point (or `none` of swap) to device, of the copy."""
    return {line.file: line.spec for line in read_fstab(work.fstab_after).facts.entries}


def with_second(host: HostDisks, disk: Disk) -> HostDisks:
    return replace(host, disks=(host.disks[0], disk))


@pytest.mark.parametrize("release", RELEASES)
def test_a_system_moves_to_a_new_disk_of_its_machine_and_boots_from_it_in_place_of_the_old_one(
    release: str,
) -> None:
    work = settled(machine(release))
    kind = RELEASES[release][1]
    assert (work.scheme, work.boots_as, work.way) == (Scheme.MBR, f"{kind}0", Way.HERE)
    assert [move.mount for move in work.moves] == ["/", "/home", "/usr", "/var"]
    assert [move.device for move in work.moves] == [f"/dev/{kind}0s1{letter}" for letter in "agfe"]
    assert all(place.name[3:] in place.becomes or kind == "ada" for place in work.places)
    # The letters are final at once: only a disk that is used as it is has one to change before it boots.
    assert work.label_after is None
    assert [(move.mount, move.target.letter) for move in work.moves] == [
        ("/", "a"), ("/home", "g"), ("/usr", "f"), ("/var", "e"),
    ]  # fmt: skip
    label = read_disklabel(work.label_before or "").facts
    assert labels.problems(label, work.slice_size // 512) == ()
    assert bool(label.header) == (int(release.split(".")[0]) <= 5)
    assert fstab_devices(work) == {
        "/": f"/dev/{kind}0s1a", "none": f"/dev/{kind}0s1b", "/var": f"/dev/{kind}0s1e",
        "/usr": f"/dev/{kind}0s1f", "/home": f"/dev/{kind}0s1g",
        "/home/sites": "/dev/mirror/remotemirror", "/proc": "proc",
    }  # fmt: skip
    assert work.ufs == (1 if release == "4.11" else 2)
    assert work.snapshots == (release != "4.11")


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("disk", [EARLIER, GUIDE])
def test_a_disk_used_as_it_is_gets_the_guide_s_label_edit(
    release: str, disk: tuple[tuple[str, str | None, int], ...]
) -> None:
    host = machine(release)
    second = mbr_disk(second_disk(host), 512 * MB, disk)
    said = ["/=e", "/var=f", "/usr=g", "/home=h"] if disk is GUIDE else []
    work = settled(with_second(host, second), prepare=False, places=said)
    kind = RELEASES[release][1]
    assert work.label_before == second.slices[0].label
    changed = [
        pair
        for pair in labels.differences(work.label_before or "", work.label_after or "")
        if len(set(pair)) > 1
    ]
    assert [str(old).strip()[:2] + str(new).strip()[:2] for old, new in changed] == ["e:a:"]
    root = work.moves[0].target
    assert (root.name, root.becomes, root.letter, root.letter_then) == (
        f"{kind}1s1e",
        f"{kind}0s1a",
        "e",
        "a",
    )
    assert fstab_devices(work)["/home"] == f"/dev/{kind}0s1h"
    assert fstab_devices(work)["none"] == f"/dev/{kind}0s1b"
    assert (work.slice_start, work.slice_size) == (second.slices[0].start, second.slices[0].size)
    assert root.start == 16 * 512


def test_whoever_has_the_letter_a_takes_the_root_s() -> None:
    host = machine("4.11")
    rows = (("a", None, 60), ("b", "swap", 32), ("e", None, 90), ("f", None, 90), ("g", None, 120))
    second = mbr_disk("ad1", 512 * MB, rows)
    work = settled(with_second(host, second), prepare=False, places=["/=e", "/var=a", "/usr=f", "/home=g"])
    devices = fstab_devices(work)
    assert (devices["/"], devices["/var"]) == ("/dev/ad0s1a", "/dev/ad0s1e")
    after = {row.letter: row.offset for row in read_disklabel(work.label_after or "").facts.partitions}
    before = {row.letter: row.offset for row in read_disklabel(work.label_before or "").facts.partitions}
    assert (after["a"], after["e"]) == (before["e"], before["a"])


def test_a_partition_said_to_be_unused_becomes_a_file_system_and_the_disk_s_name_is_edited() -> None:
    host = machine("4.11")
    second = mbr_disk("ad1", 512 * MB, GUIDE)
    (slice,) = second.slices
    text = "disk: ad1s1\n" + (slice.label or "").replace("  4.2BSD", "  unused")
    parts = tuple(replace(p, type="unused" if p.type == "4.2BSD" else p.type) for p in slice.parts)
    second = replace(second, slices=(replace(slice, label=text, parts=parts),))
    work = settled(with_second(host, second), prepare=False, places=["/=e", "/var=f", "/usr=g", "/home=h"])
    after = read_disklabel(work.label_after or "").facts
    assert after.header["disk"] == "ad0s1"
    assert {p.letter: p.fstype for p in after.partitions} == {
        "a": "4.2BSD", "b": "swap", "c": "unused", "f": "4.2BSD", "g": "4.2BSD", "h": "4.2BSD",
    }  # fmt: skip


def test_a_disk_that_stays_beside_the_old_one_keeps_its_name() -> None:
    work = settled(machine("13.2"), becomes="ada1")
    assert {line.split()[0] for line in work.fstab_after.splitlines() if "ufs\trw\t" in line} == {
        "/dev/ada1s1a", "/dev/ada1s1e", "/dev/ada1s1f", "/dev/ada1s1g",
    }  # fmt: skip


@pytest.mark.parametrize("release", RELEASES)
def test_another_machine_keeps_the_name_that_the_disk_has_there(release: str) -> None:
    source, target = machine(release, "web-a"), machine("13.2", "root@spare.example.net")
    work = settled(replace(source, answers_ssh=True), target)
    assert not work.same_host
    assert (work.way, work.boots_as, work.target_ssh) == (Way.DIRECT, "ada1", "root@spare.example.net")
    assert fstab_devices(work)["/"] == "/dev/ada1s1a"
    # newfs of 13.2 makes UFS2, of which 4.11 knows nothing.
    assert work.ufs == (1 if release == "4.11" else 2)


@pytest.mark.parametrize(
    ("reached", "said", "way"),
    [(True, "auto", Way.DIRECT), (False, "auto", Way.CONSOLE), (None, "auto", Way.CONSOLE),
     (None, "direct", Way.DIRECT), (True, "console", Way.CONSOLE)],
)  # fmt: skip
def test_machines_that_do_not_surely_reach_each_other_go_through_the_console(
    reached: bool | None, said: str, way: Way
) -> None:
    source = replace(machine(name="web-a"), answers_ssh=reached)
    assert settled(source, machine(name="web-b"), way=said).way is way


def test_gpt_goes_to_gpt_with_labels_of_its_own_in_fstab_and_the_loader() -> None:
    work = settled(gpt_machine())
    assert work.scheme is Scheme.GPT
    assert (work.label_before, work.label_after) == (None, None)
    assert fstab_devices(work) == {"/": "/dev/gpt/root", "none": "/dev/gpt/swap2"}
    assert 'mountfrom="ufs:gpt/root"' in (work.loader_after or "")
    assert [place.content for place in work.places] == [Content.BOOT, Content.UFS, Content.SWAP]


def test_a_gpt_disk_is_used_as_it_is_and_an_ambiguous_label_names_nothing() -> None:
    host = gpt_machine()
    second = gpt_machine().disks[0]
    parts = tuple(
        replace(
            part,
            name=part.name.replace("ada0", "ada1"),
            label="swapper" if part.index == 3 else part.label,
            file_system=part.file_system and replace(part.file_system, clean=True),
        )
        for part in second.parts
    )
    work = settled(with_second(host, replace(second, name="ada1", parts=parts)), prepare=False)
    assert fstab_devices(work) == {"/": "/dev/ada0p2", "none": "/dev/gpt/swapper"}


def test_an_mbr_system_moves_to_gpt_when_asked() -> None:
    work = settled(machine("9.3"), scheme="gpt")
    assert fstab_devices(work)["/var"] == "/dev/gpt/var"
    assert work.slice_size == 0


def test_one_file_system_for_everything_takes_the_others_in() -> None:
    work = settled(machine(), layout="one")
    assert [(move.mount, move.target.name, move.below) for move in work.moves] == [
        ("/", "ada1s1a", ""), ("/home", "ada1s1a", "home"), ("/usr", "ada1s1a", "usr"),
        ("/var", "ada1s1a", "var"),
    ]  # fmt: skip
    lines = work.fstab_after.splitlines()
    assert "#/dev/ada0s1e\t/var\tufs\trw\t2\t2" in lines
    assert "/dev/ada0s1a\t/\tufs\trw\t1\t1" in lines


def test_a_file_system_left_where_it_is_keeps_its_line_only_while_its_disk_stays() -> None:
    some = ["/", "/usr", "/var"]
    gone = settled(machine(), moves=some)
    assert "#/dev/ada0s1g\t/home" in gone.fstab_after
    assert any(
        "/home (/dev/ada0s1g) is not moved: its line is commented out" in line for line in gone.cautions
    )
    stays = settled(machine(), moves=some, becomes="ada1")
    assert "\n/dev/ada0s1g\t/home" in stays.fstab_after


@pytest.mark.parametrize("queue", ["/var/qmail/queue", "/home/queue"])
def test_the_qmail_queue_is_left_out_of_its_file_system_or_said_to_be_moved(queue: str) -> None:
    host = machine(qmail_queue=queue)
    work = settled(host, leave_out=[queue])
    assert [move.mount for move in work.moves if move.excludes == (queue,)] == [queue[: queue.index("/", 1)]]
    assert any("left out (P49)" in line for line in work.cautions)
    moved = settled(host)
    assert not any(move.excludes for move in moved.moves)
    assert any("is moved too" in line and "inode" in line for line in moved.cautions)


def test_a_queue_on_a_file_system_that_is_not_moved_is_nobody_s_business() -> None:
    work = settled(machine(qmail_queue="/home/q"), moves=["/", "/usr", "/var"], leave_out=["/home/q"])
    assert not any(move.excludes for move in work.moves)


@pytest.mark.parametrize(
    ("release", "said", "snapshots", "caution"),
    [
        ("4.11", "auto", False, "4.x has no snapshots: nothing may write to /, /home, /usr, /var"),
        ("4.11", "never", False, "single user"),
        ("5.5", "auto", True, None),
        ("14.0", "never", False, "no snapshots are taken: nothing may write"),
    ],
)
def test_without_snapshots_it_is_said_that_nothing_may_write(
    release: str, said: str, snapshots: bool, caution: str | None
) -> None:
    work = settled(machine(release), snapshots=said)
    assert work.snapshots is snapshots
    assert (
        any(caution in line for line in work.cautions)
        if caution
        else not any("write" in x for x in work.cautions)
    )


def test_a_read_only_file_system_needs_no_snapshot() -> None:
    host = machine()
    mounts = tuple(replace(one, options=("ro",)) if one.file == "/usr" else one for one in host.mounts)
    work = settled(replace(host, mounts=mounts))
    assert [move.mount for move in work.moves if not move.live] == ["/usr"]


@pytest.mark.parametrize("release", ["13.2", "14.0"])
def test_journaled_soft_updates_have_snapshots_from_13_on(release: str) -> None:
    assert settled(with_part(machine(release), "/var", journal=True)).snapshots


def test_journaled_soft_updates_without_a_snapshot_are_taken_when_said() -> None:
    assert not settled(with_part(machine("9.3"), "/var", journal=True), snapshots="never").snapshots


def test_a_noauto_file_system_is_moved_only_by_name_and_clean() -> None:
    host = machine()
    fstab = (host.fstab or "").replace("/home\tufs\trw\t", "/home\tufs\trw,noauto\t")
    mounts = tuple(one for one in host.mounts if one.file != "/home")
    away = with_part(replace(host, fstab=fstab, mounts=mounts), "/home", clean=True)
    assert [move.mount for move in settled(away).moves] == ["/", "/usr", "/var"]
    named = settled(away, moves=["/", "/home", "/usr", "/var"]).moves
    assert [(move.mount, move.live) for move in named] == [
        ("/", True), ("/home", False), ("/usr", True), ("/var", True),
    ]  # fmt: skip


def test_words_of_the_way_are_kept() -> None:
    work = settled(
        machine(name="web-a"), machine(name="web-b"), way="console", compress=True, rate_limit="20m",
        density=4096, second_level=False, check="sample",
    )  # fmt: skip
    assert (work.compress, work.rate_limit, work.density) == (True, 20 * MB, 4096)
    assert (work.second_level, work.full_check) == (False, False)
    assert settled(machine(), compress=True).compress is False


def test_a_folder_beside_what_is_moved_takes_the_dumps() -> None:
    host = machine()
    host = replace(
        host, mounts=(*host.mounts, Mounted("/dev/mirror/remotemirror", "/home/sites", "ufs", ("rw",)))
    )
    work = settled(host, way="file", work_directory="/home/sites/dumps")
    assert (work.way, work.work_directory) == (Way.FILE, "/home/sites/dumps")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"unknown": (("df", "no answer for 21 s"),)}, "web-b: df (no answer for 21 s)"),
        (
            {"fstab": "/dev/ada0s1a / ufs rw 1 1\n/dev/md7 /x ufs rw 2 2\n"},
            "/x (/dev/md7) stays in fstab of the copy",
        ),
        ({"fstab": "/dev/ada0s1a / ufs rw 1 1\n/dev/md7 none swap sw 0 0\n"}, "swap on /dev/md7 stays"),
    ],
)
def test_what_nobody_could_check_is_said(changed: dict[str, Any], said: str) -> None:
    assert any(said in line for line in settled(machine(**changed)).cautions)


def test_a_superblock_that_disagrees_with_fstab_is_said() -> None:
    host = with_part(machine(), "/var", last_mounted_on="/home")
    assert any(
        "/dev/ada0s1e is /var, but ada0s1e was last mounted on /home" in x for x in settled(host).cautions
    )


def test_a_draft_shows_how_full_it_will_be_even_where_it_does_not_fit() -> None:
    host = with_part(machine(), "/var", used=900 * MB)
    made = draft(having(host), answers(host))
    assert [fit.mounts for fit in made.fits if fit.problem] == [("/var",)]


def test_a_line_of_a_third_disk_stays_in_its_machine_and_is_commented_out_for_another() -> None:
    host = machine(name="web-a")
    found = host.disks[0].places[-1].file_system
    part = Part("ada2p1", MB, MB, "freebsd-ufs", 1, file_system=found)
    third = Disk("ada2", 8 * MB, scheme=Scheme.GPT, parts=(part,))
    more = replace(
        host,
        disks=(*host.disks, third),
        fstab=(host.fstab or "") + "/dev/ada2p1 /data ufs rw 2 2\n",
        mounts=(*host.mounts, Mounted("/dev/ada2p1", "/data", "ufs", ("rw",))),
    )
    here = settled(more)
    assert here.fstab_after.splitlines()[-1] == "/dev/ada2p1 /data ufs rw 2 2"
    assert any("/data (/dev/ada2p1) stays" in line and "called otherwise" in line for line in here.cautions)
    assert not any("/data" in line for line in settled(more, becomes="ada1").cautions)
    away = settled(more, machine(name="web-b"))
    assert away.fstab_after.splitlines()[-1] == "#/dev/ada2p1 /data ufs rw 2 2"
    for work in (here, away):
        assert [move.mount for move in work.moves] == ["/", "/home", "/usr", "/var"]
