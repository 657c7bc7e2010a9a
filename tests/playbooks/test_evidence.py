"""What dates a half on a direction card: short, in human time, and `unknown` where nothing was read."""

import subprocess
from pathlib import Path

import pytest

from console.model.words import Home
from playbooks.parts import evidence
from tests.health.building import healthy, losing
from tests.playbooks.planning import plan, slave_serves

CAPTURED = "last mounted time\tMon Nov 23 01:19:36 2026\nlast modified time\tMon Nov 23 01:56:40 2026\n"
ON = "fsmnt\t/home/sites\n"
MAGIC = "magic\t19540119 (UFS2)"


def dumped(tmp_path: Path, printed: str) -> str:
    """What the probe says of what dumpfs(8) printed."""
    dump = tmp_path / "dump"
    dump.write_text(printed)
    look = evidence.superblock_probe("web-a", "md0").text.replace("dumpfs /dev/md0", f"cat {dump}")
    assert "dumpfs" not in look
    ran = subprocess.run(
        ["sh", "-c", look],
        capture_output=True,
        text=True,
        check=True,
        env={"TZ": "UTC", "PATH": "/usr/bin:/bin"},
    )
    return ran.stdout


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        (
            f"{MAGIC}\n{CAPTURED}superblock location\t65536\tid\t[ 6b0394a8 301cd707 ]\n{ON}",
            "mounted 2026-11-23T01:19:36+0000, changed 2026-11-23T01:56:40+0000 on /home/sites\n",
        ),
        (
            f"{MAGIC}\ttime\tMon Nov  3 01:56:40 2026\n{ON}",
            "changed 2026-11-03T01:56:40+0000 on /home/sites\n",
        ),
        (f"{MAGIC}\nfsmnt\t\n", "unknown: no UFS super block was read\n"),
        ("", "unknown: no UFS super block was read\n"),
    ],
)
def test_a_superblock_is_dated_however_dumpfs_prints_it(tmp_path: Path, printed: str, said: str) -> None:
    assert dumped(tmp_path, printed) == said


def test_a_promotion_is_told_in_local_time_with_its_age() -> None:
    pair = slave_serves()
    told = dict(evidence.lineage(pair, pair.slave))
    assert told["last promotion"].startswith("web-b, 2026-")
    assert told["last promotion"].endswith(" ago")


def test_a_lineage_that_was_not_read_says_why() -> None:
    pair = losing(healthy(), Home.SLAVE, "lineage", "Permission denied")
    assert set(dict(evidence.lineage(pair, pair.slave)).values()) == {"unknown: Permission denied"}


def test_what_is_read_again_replaces_what_the_plan_knew_and_no_two_readings_are_confused() -> None:
    direction = plan("fail-back", slave_serves()).direction
    assert direction is not None
    probes = [(p.node, p.label) for side in (direction.source, direction.target) for p in side.probes]
    assert len(set(probes)) == len(probes)
    for side in (direction.source, direction.target):
        assert {label for label, _ in side.facts} <= {p.label for p in side.probes}
