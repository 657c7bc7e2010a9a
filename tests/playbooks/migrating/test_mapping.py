"""Which partition holds what: proved from superblocks, or said to be unknown."""

from typing import Any

import pytest

from console.model.disks import FileSystem, Part
from playbooks.migrating.mapping import Proof, evidence, find
from tests.playbooks.migrating.machines import MB

SYSTEM = {
    "/": FileSystem(ident="a" * 16, volume="root"),
    "/var": FileSystem(ident="b" * 16),
    "/usr/home": FileSystem(ident="c" * 16),
}


def part(name: str = "ada1s1e", room: int = 100, **found: Any) -> Part:
    return Part(
        f"{name}", 0, room * MB, "4.2BSD", letter=name[-1], file_system=FileSystem(**found) if found else None
    )


@pytest.mark.parametrize(
    ("found", "mount", "proof", "said"),
    [
        ({}, "/", Proof.UNKNOWN, "no UFS was found on ada1s1e"),
        ({"last_mounted_on": "/var"}, "/var", Proof.PROVED, "was last mounted on /var"),
        ({"last_mounted_on": "/mirrorgate-copy/usr-home"}, "/usr/home", Proof.PROVED, "copy/usr-home"),
        ({"last_mounted_on": "/mirrorgate-copy/root"}, "/", Proof.PROVED, "copy/root"),
        ({"last_mounted_on": "/var"}, "/", Proof.CONTRADICTED, "was last mounted on /var"),
        ({"last_mounted_on": "/mirrorgate-copy/var"}, "/", Proof.CONTRADICTED, "copy/var"),
        ({"last_mounted_on": "/backdrive"}, "/", Proof.UNKNOWN, "/backdrive, which says nothing"),
        ({"ufs": 2}, "/", Proof.UNKNOWN, "does not say where it was mounted"),
        ({"volume": "root"}, "/", Proof.PROVED, "the volume name root of /"),
        ({"volume": "root", "last_mounted_on": "/mnt"}, "/var", Proof.CONTRADICTED, "volume name root of /"),
        ({"ident": "b" * 16}, "/var", Proof.PROVED, "the ident bbbbbbbbbbbbbbbb of /var"),
        ({"size": 101 * MB, "last_mounted_on": "/"}, "/", Proof.CONTRADICTED, "bytes, the partition"),
        ({"size": 100 * MB, "last_mounted_on": "/"}, "/", Proof.PROVED, "last mounted on /"),
    ],
)
def test_what_a_superblock_says(found: dict[str, Any], mount: str, proof: Proof, said: str) -> None:
    one = evidence(part(**found), mount, SYSTEM)
    assert one.proof is proof
    assert said in one.said


def test_letters_prove_nothing() -> None:
    parts = [part("ada1s1a"), part("ada1s1e"), part("ada1s1f")]
    assert [one.proof for one in find(parts, SYSTEM, {})] == [Proof.UNKNOWN] * 3
    assert [one.part for one in find(parts, SYSTEM, {})] == [None] * 3


def test_an_earlier_copy_is_known_again() -> None:
    parts = [
        part("ada1s1e", last_mounted_on="/mirrorgate-copy/root"),
        part("ada1s1f", last_mounted_on="/mirrorgate-copy/usr-home"),
        part("ada1s1g", last_mounted_on="/var"),
    ]
    assert [(one.mount, one.part) for one in find(parts, SYSTEM, {})] == [
        ("/", "ada1s1e"), ("/var", "ada1s1g"), ("/usr/home", "ada1s1f"),
    ]  # fmt: skip


def test_two_partitions_that_say_the_same_prove_neither() -> None:
    parts = [part("ada1s1e", last_mounted_on="/var"), part("ada1s1f", last_mounted_on="/var")]
    one = find(parts, {"/var": SYSTEM["/var"]}, {})[0]
    assert (one.part, one.proof) == (None, Proof.UNKNOWN)
    assert one.words == ("ada1s1e was last mounted on /var", "ada1s1f was last mounted on /var")


def test_what_the_operator_says_is_taken_and_still_looked_at() -> None:
    parts = [part("ada1s1e"), part("ada1s1f", last_mounted_on="/var")]
    said = {"/": parts[0], "/usr/home": parts[1]}
    root, var, home = find(parts, SYSTEM, said)
    assert (root.part, root.proof) == ("ada1s1e", Proof.UNKNOWN)
    assert (var.part, var.proof) == (None, Proof.UNKNOWN)
    assert (home.part, home.proof) == ("ada1s1f", Proof.CONTRADICTED)
