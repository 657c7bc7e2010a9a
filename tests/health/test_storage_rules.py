"""Gate, export, image and mirror: every rule fires on its case and is quiet on its neighbour."""

from dataclasses import replace

import pytest

from console.health.findings import findings
from console.model.facts import (
    DiskUse,
    Export,
    Geom,
    Host,
    ImageFile,
    MemoryDisk,
    Metadata,
    Mount,
    Process,
    Socket,
)
from console.model.words import Answer, Severity
from tests.health.building import (
    BACKUP,
    FLOATING,
    GATE,
    LINE,
    MD,
    METADATA,
    PRIMARY,
    ROOT,
    SIZE,
    component,
    every_second,
    healthy,
    ids,
    losing,
    mirror,
    promoted,
    with_facts,
    with_gate,
    with_messages,
    with_mirror,
    with_parts,
    with_processes,
    without,
)
from tests.health.cases import (
    A,
    B,
    C,
    Firing,
    Make,
    N,
    Quiet,
    W,
    both_mounted,
    fires,
    found,
    geom_of_a,
    lost_by_error,
    named,
    slave_attached,
    slave_exports,
)

SITES_FULL = DiskUse("/dev/mirror/remotemirror", "/home/sites", 47_256, 43_000, 400, 99)

FIRING: list[Firing] = [
    ("FULL", C, lambda: with_facts(healthy(), A, df=(SITES_FULL,))),
    ("R12", W, lambda: losing(healthy(), A, "metadata", "no answer for 11 s")),
    ("FULL", W, lambda: with_facts(healthy(), A, df=(replace(SITES_FULL, capacity=91),))),
    ("P01", W, lambda: with_gate(healthy(), timeout=0)),
    ("P01", C, lambda: without(healthy(), B, "ggated")),
    ("P01", C, lambda: with_facts(losing(healthy(), B, "processes"), B, sockets=())),
    ("P01", C, lambda: with_messages(healthy(), A, "Lost connection 1.", program="ggatec")),
    (
        "P01",
        C,
        lambda: with_messages(healthy(), A, f"Connecting [192.168.1.101 {BACKUP}]...", program="ggatec"),
    ),
    ("P02", W, lost_by_error),
    (
        "P03",
        W,
        lambda: with_messages(
            lost_by_error(), A, "GEOM_MIRROR: Cannot add disk ggate0 to remotemirror (error=22)."
        ),
    ),
    ("P03", W, lambda: with_facts(lost_by_error(), A, metadata=(replace(METADATA[0], genid=1), METADATA[1]))),
    ("P04", W, lambda: with_gate(healthy(), queue_count=600)),
    ("P04", C, lambda: with_gate(healthy(), queue_count=1000)),
    ("P04", W, lambda: lost_by_error(12)),
    ("P05", C, lambda: without(healthy(), A, "ggatec")),
    ("P06", C, lambda: with_facts(promoted(), A, geom=Geom(gates=(GATE,)))),
    (
        "P07",
        W,
        lambda: with_messages(
            with_mirror(healthy(), mirror(component("md0"), state="DEGRADED")),
            B,
            "Unauthorized connection from: 192.168.1.100.",
            program="ggated",
        ),
    ),
    (
        "P08",
        W,
        lambda: slave_exports(Export("192.168.1.100", 32, "RW", BACKUP, 1), bad=((2, "x", "too few"),)),
    ),
    ("P08", W, lambda: slave_exports(Export("192.168.1.100", 32, "RW", "/root/images/sitebackup.img", 1))),
    ("P08", W, lambda: slave_exports(Export("192.168.1.100", 32, "RO", BACKUP, 1))),
    ("P08", W, lambda: slave_exports(Export("192.168.1.99", 32, "RW", BACKUP, 1))),
    ("P08", W, lambda: slave_exports()),
    ("P08", W, lambda: with_facts(healthy(), B, images=(ImageFile(BACKUP),))),
    ("P09", N, lambda: with_facts(healthy(), B, sockets=(Socket("ggated", 740, "*:3080", "*:*"),))),
    ("P09", W, lambda: slave_exports(Export("192.168.1.0", 24, "RW", BACKUP, 1))),
    ("P10", C, slave_attached),
    ("P10", C, lambda: slave_attached(mounted=True)),
    ("P11", C, lambda: geom_of_a(mds=(MD, MemoryDisk("md1", 1, "vnode", PRIMARY, SIZE)))),
    ("P11", C, lambda: geom_of_a(gates=(GATE, replace(GATE, name="ggate1", unit=1)))),
    ("P12", C, lambda: with_gate(healthy(), host=FLOATING)),
    ("P12", C, lambda: with_gate(healthy(), host="192.168.1.100")),
    ("P12a", C, lambda: losing(healthy(), A, "geom", "no answer for 21 s")),
    ("P12c", N, lambda: with_facts(healthy(), B, host=Host("nodeb", "9.2-RELEASE"))),
    (
        "P12c",
        W,
        lambda: with_messages(
            with_facts(healthy(), B, host=Host("nodeb", "9.2-RELEASE")),
            A,
            *["Lost connection 3."] * 3,
            "send_thread: started!",
            program="ggatec",
        ),
    ),
    (
        "P12c",
        C,
        lambda: with_messages(
            healthy(), B, "GEOM_MIRROR: Kernel module is too old to handle metadata from md0."
        ),
    ),
    ("P13", C, lambda: with_mirror(healthy(), mirror(component("ggate0"), expected=1))),
    ("P13", C, lambda: with_mirror(healthy(), mirror(component("md0"), component("md1")))),
    ("P14", C, lambda: with_parts(healthy(), "DEGRADED", md0="STALE")),
    ("P14", C, lambda: with_parts(healthy(), "DEGRADED", ggate0="gone")),
    (
        "P15",
        C,
        lambda: with_mirror(
            healthy(), mirror(component("ggate0", "STALE", syncid=3), component("md0"), state="DEGRADED")
        ),
    ),
    (
        "P16",
        C,
        lambda: with_messages(
            with_parts(healthy(), "DEGRADED", ggate0="gone"),
            A,
            "GEOM_MIRROR: Device mirror/remotemirror launched (1/2).",
            "GEOM_MIRROR: Device remotemirror was started before the freshest "
            "disk (ggate0) arrives!! "
            "It will not be connected to the running device.",
        ),
    ),
    (
        "P16",
        W,
        lambda: with_facts(
            promoted(), A, geom=Geom(mirrors=(mirror(component("md0"), state="DEGRADED"),), mds=(MD,))
        ),
    ),
    ("P17", C, slave_attached),
    (
        "P18",
        C,
        lambda: with_facts(promoted(), B, mounts=(ROOT, Mount("/dev/md0", "/home/sites", "ufs", ("rw",)))),
    ),
    ("P18", C, both_mounted),
    (
        "P19",
        W,
        lambda: with_messages(
            with_parts(healthy(), "DEGRADED", ggate0="gone"),
            A,
            "GEOM_MIRROR: Device remotemirror: provider ggate0 marked as inactive, skipping.",
        ),
    ),
    (
        "P19",
        W,
        lambda: with_facts(healthy(), A, metadata=(METADATA[0], replace(METADATA[1], dflags=("INACTIVE",)))),
    ),
    ("P20", C, lambda: with_facts(healthy(), A, metadata=(replace(METADATA[0], mid=7), METADATA[1]))),
    (
        "P20",
        C,
        lambda: with_messages(
            with_parts(healthy(), "DEGRADED", ggate0="gone"),
            A,
            "GEOM_MIRROR: Device remotemirror already configured.",
        ),
    ),
    ("P22", W, lambda: with_mirror(healthy(), mirror(component("ggate0"), component("md0", priority=0)))),
    ("P22", N, lambda: with_mirror(healthy(), mirror(component("ggate0", priority=200), component("md0")))),
    ("P23", C, lambda: with_parts(healthy(), "DEGRADED", md0="SYNCHRONIZING")),
    ("P23", W, lambda: with_parts(healthy(), "DEGRADED", ggate0="SYNCHRONIZING")),
    (
        "P23",
        C,
        lambda: with_mirror(
            healthy(), mirror(component("md0", "STALE", flags=("SYNCHRONIZING",)), state="STARTING")
        ),
    ),
    (
        "P24",
        W,
        lambda: with_messages(
            with_parts(healthy(), "DEGRADED", md0="STALE"),
            A,
            "GEOM_MIRROR: Device remotemirror: rebuilding provider md0 stopped.",
        ),
    ),
    ("P25", W, lambda: with_facts(healthy(), B, images=(ImageFile(BACKUP, SIZE * 2, SIZE * 2),))),
    ("P25", W, lambda: with_gate(healthy(), mediasize=SIZE - 512)),
    (
        "P26",
        C,
        lambda: with_facts(
            with_facts(healthy(), B, images=(ImageFile(BACKUP, SIZE, 65536),)),
            B,
            df=(DiskUse("/dev/gpt/rootfs", "/", 3_044_988, 3_044_000, 988, 99),),
        ),
    ),
    ("R1", C, lambda: with_mirror(healthy(), mirror(component("md0"), state="DEGRADED"))),
    ("R4", W, slave_attached),
    ("R8", W, lambda: geom_of_a(mirrors=(), mirror_loaded=False)),
    (
        "R10",
        W,
        lambda: with_mirror(healthy(), mirror(component("ggate0", flags=("HARDCODED",)), component("md0"))),
    ),
    ("R22", W, lambda: with_mirror(healthy(), mirror(component("md0"), state="STARTING", mediasize=None))),
]

QUIET: list[Quiet] = [
    ("R12", lambda: losing(healthy(), A, "metadata", "Permission denied")),
    ("R12", lambda: losing(healthy(), B, "df", "no answer for 11 s")),
    ("FULL", lambda: with_facts(healthy(), A, df=(replace(SITES_FULL, capacity=80),))),
    (
        "P01",
        lambda: with_messages(healthy(), A, "Lost connection 1.", "send_thread: started!", program="ggatec"),
    ),
    (
        "P02",
        lambda: with_messages(
            healthy(), A, "GEOM_MIRROR: Request failed (error=5). ggate0[WRITE(offset=1, length=2)]"
        ),
    ),
    (
        "P03",
        lambda: with_messages(
            healthy(), A, "GEOM_MIRROR: Cannot add disk ggate0 to remotemirror (error=22)."
        ),
    ),
    ("P04", lambda: with_gate(healthy(), queue_count=400)),
    ("P05", lambda: losing(healthy(), A, "processes")),
    ("P06", promoted),
    (
        "P07",
        lambda: with_messages(healthy(), B, "Unauthorized connection from: 192.168.1.100.", program="ggated"),
    ),
    ("P09", lambda: with_facts(healthy(), B, sockets=(Socket("sshd", 1, "*:22", "*:*"),))),
    ("P10", promoted),
    ("P11", lambda: geom_of_a(mds=(MD, MemoryDisk("md1", 1, "vnode", "/other.img", SIZE)))),
    ("P12", promoted),
    ("P12a", lambda: losing(healthy(), A, "geom", "sysctl: unknown oid")),
    ("P12c", lambda: with_facts(healthy(), B, host=Host("nodeb", "13.2-RELEASE-p4"))),
    ("P13", lambda: with_parts(healthy(), "DEGRADED", md0="STALE")),
    ("P14", lambda: with_parts(healthy(), "DEGRADED", md0="SYNCHRONIZING")),
    (
        "P15",
        lambda: with_mirror(
            healthy(), mirror(component("ggate0", "STALE", syncid=0), component("md0"), state="DEGRADED")
        ),
    ),
    ("P16", promoted),
    ("P17", promoted),
    ("P18", promoted),
    (
        "P19",
        lambda: with_messages(
            healthy(), A, "GEOM_MIRROR: Device remotemirror: provider ggate0 marked as inactive, skipping."
        ),
    ),
    ("P20", lambda: with_messages(healthy(), A, "GEOM_MIRROR: Device remotemirror already configured.")),
    ("P22", healthy),
    ("P23", lambda: with_facts(with_parts(healthy(), "DEGRADED", md0="SYNCHRONIZING"), A, mounts=(ROOT,))),
    (
        "P24",
        lambda: with_messages(
            healthy(), A, "GEOM_MIRROR: Device remotemirror: rebuilding provider md0 stopped."
        ),
    ),
    ("P25", healthy),
    ("P26", lambda: with_facts(healthy(), B, images=(ImageFile(BACKUP, SIZE, 65536),))),
]


@pytest.mark.parametrize(("id", "expected", "make"), FIRING, ids=named(FIRING))
def test_a_rule_fires_on_its_case(id: str, expected: Severity, make: Make) -> None:
    fires(id, expected, make())


@pytest.mark.parametrize(("id", "make"), QUIET, ids=named(QUIET))
def test_a_rule_is_quiet_on_its_neighbour(id: str, make: Make) -> None:
    assert id not in ids(found(make())), found(make())


def test_a_queue_that_stands_is_found_after_two_polls_and_grows_critical() -> None:
    stuck = with_gate(healthy(), queue_count=1)
    two, past = every_second(stuck, stuck)
    assert [f.severity for f in findings(two, past) if f.id == "P01"] == [W]
    five, past = every_second(*[stuck] * 5)
    assert [f.severity for f in findings(five, past) if f.id == "P01"] == [C]
    syncer = with_processes(stuck, A, Process(16, 0, "DL", "[syncer]"))
    two, past = every_second(syncer, syncer, syncer)
    assert [f.severity for f in findings(two, past) if f.id == "P01"] == [W]
    writer = with_processes(stuck, A, Process(3000, 1, "D+", "dd if=/dev/zero of=/home/sites/blob"))
    three, past = every_second(writer, writer, writer)
    assert [f.severity for f in findings(three, past) if f.id == "P01"] == [C]


def test_a_busy_queue_that_falls_is_no_finding() -> None:
    busy, past = every_second(*(with_gate(healthy(), queue_count=n) for n in (9, 30, 12)))
    assert "P01" not in ids(findings(busy, past))


def test_a_queue_that_moves_with_a_rebuild_is_no_finding() -> None:
    copies = []
    for percent in (10, 20, 30):
        part = component("md0", "SYNCHRONIZING", percent=percent)
        copies.append(
            with_gate(
                with_mirror(healthy(), mirror(component("ggate0"), part, state="DEGRADED")), queue_count=5
            )
        )
    pair, past = every_second(*copies)
    assert "P01" not in ids(findings(pair, past))


def test_progress_that_goes_back_is_told() -> None:
    copies = [
        with_mirror(
            healthy(),
            mirror(component("ggate0"), component("md0", "SYNCHRONIZING", percent=p), state="DEGRADED"),
        )
        for p in (40, 41, 3)
    ]
    pair, past = every_second(*copies)
    assert "P24" in ids(findings(pair, past))
    pair, past = every_second(*copies[:2])
    assert "P24" not in ids(findings(pair, past))


def test_metadata_of_another_provider_is_no_other_identity() -> None:
    pair = with_facts(healthy(), A, metadata=(*METADATA, Metadata("ada0", "gm0", 99)))
    assert "P20" not in ids(found(pair))


def test_the_stamp_is_kept_in_the_raw_line() -> None:
    pair = with_messages(healthy(), A, "Lost connection 1.", program="ggatec")
    assert next(f for f in found(pair) if f.id == "P01").raw == f"{LINE} ggatec: Lost connection 1."


def test_stale_values_are_not_used() -> None:
    lost = losing(with_gate(healthy(), timeout=0), A, "geom", "no answer for 5 s")
    assert "P01" not in ids(found(lost))
    assert Answer.UNKNOWN is Answer("unknown")


def test_the_raw_text_shows_the_components() -> None:
    stale = with_mirror(healthy(), mirror(component("ggate0"), component("md0", "STALE"), state="DEGRADED"))
    raw = next(f.raw for f in found(stale) if f.id == "P14")
    assert raw == "mirror/remotemirror DEGRADED ggate0 (ACTIVE) md0 (STALE)"
