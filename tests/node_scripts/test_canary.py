"""canary.sh and canary_read.sh in dash: what is acknowledged was written, and only below the mount."""

import subprocess
from pathlib import Path

import pytest

from tests.node_scripts.fake_node import FakeNode


@pytest.fixture
def node(tmp_path: Path) -> FakeNode:
    node = FakeNode(tmp_path / "node", "master")
    node.mounted()
    (node.stage / "sites/canary-run").mkdir()
    # Counts the canary's pauses, and takes the pid file away after three.
    naps = f"{node.stage}/naps"
    node.write(
        "bin/sleep",
        f'#!/bin/sh\necho x >>{naps}\n[ "$(wc -l <{naps})" -lt 3 ] || rm -f {node.stage}/pid\n',
    )
    node.write("pid")
    return node


def start(node: FakeNode, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(node.stage / "scripts/canary.sh"), *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def read(node: FakeNode, *words: str) -> str:
    return node.run("canary_read.sh", *words).out


def test_numbers_go_up_after_each_acknowledged_write_until_the_pid_file_goes(node: FakeNode) -> None:
    directory, log = str(node.stage / "sites/canary-run"), str(node.stage / "acks")
    done = start(node, directory, log, "0.1", str(node.stage / "pid"))
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in Path(log).read_text().splitlines()]
    assert [line[0] for line in lines] == ["1", "2", "3"]
    assert all(float(line[1]) > 1_700_000_000 for line in lines)
    assert read(node, "acked", log) == f"acked 3 {lines[2][1]}\n"
    assert read(node, "first", log) == f"first 1 {lines[0][1]}\n"
    assert read(node, "found", directory) == "found 3 3 0\n"


def test_a_write_that_is_not_on_the_disk_is_not_acknowledged(node: FakeNode) -> None:
    node.fails("fsync")
    log = node.stage / "acks"
    assert (
        start(node, str(node.stage / "sites/canary-run"), str(log), "0.1", str(node.stage / "pid")).returncode
        == 0
    )
    assert log.read_text() == ""
    assert read(node, "acked", str(log)) == "acked 0 -\n"
    assert read(node, "first", str(log)) == "first 0 -\n"


def test_it_goes_on_where_its_log_ends(node: FakeNode) -> None:
    node.write("acks", "40 1795399904.25\n")
    start(
        node, str(node.stage / "sites/canary-run"), str(node.stage / "acks"), "0.1", str(node.stage / "pid")
    )
    assert read(node, "acked", str(node.stage / "acks")).startswith("acked 43 ")
    assert read(node, "found", str(node.stage / "sites/canary-run")) == "found 43 3 40\n"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("sites/none", "acks", "0.1"), "is not there: nothing written"),
        (("bare", "acks", "0.1"), "is not in a mounted file system"),
        (("sites/canary-run", "acks", "often"), "is not a number of seconds"),
        (("sites/canary-run", "none/acks", "0.1"), "cannot be written"),
        (("sites/used", "acks", "0.1"), "is from another canary"),
    ],
)
def test_it_refuses_what_it_must_not_write_into(
    node: FakeNode, words: tuple[str, str, str], reason: str
) -> None:
    (node.stage / "bare").mkdir()
    node.write("sites/used/canary", "old")
    done = start(node, str(node.stage / words[0]), str(node.stage / words[1]), words[2])
    assert done.returncode == 1
    assert reason in done.stderr
    assert not (node.stage / "sites/none").exists()
    assert list((node.stage / "bare").iterdir()) == []


def test_it_ends_with_its_directory(node: FakeNode) -> None:
    node.write("bin/sleep", f"#!/bin/sh\nrm -r {node.stage}/sites/canary-run\n")
    done = start(node, str(node.stage / "sites/canary-run"), str(node.stage / "acks"), "0.1")
    assert done.returncode == 0
    assert not (node.stage / "sites/canary-run").exists()


def test_gaps_and_records_in_the_wrong_place_are_missing(node: FakeNode) -> None:
    def record(number: int) -> bytes:
        return f"{number} 1795399904".ljust(31).encode() + b"\n"

    content = record(1) + bytes(32) + record(3) + record(9) + record(5)
    (node.stage / "sites/canary-run/canary").write_bytes(content)
    assert read(node, "found", str(node.stage / "sites/canary-run")) == "found 5 3 2\n"


def test_a_torn_last_line_acknowledges_nothing(node: FakeNode) -> None:
    node.write("acks", "1 1795399904\n2 1795399905\n3")
    assert read(node, "acked", str(node.stage / "acks")) == "acked 2 1795399905\n"


def test_reading_what_is_not_there_is_an_error_and_an_empty_directory_is_not(node: FakeNode) -> None:
    assert node.run("canary_read.sh", "acked", "/nonexistent").status == 1
    assert node.run("canary_read.sh", "found", "/nonexistent").status == 1
    assert read(node, "found", str(node.stage / "sites/canary-run")) == "found 0 0 0\n"
    assert node.run("canary_read.sh", "everything").status == 64
