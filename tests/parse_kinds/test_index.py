"""Every sample of the index says what its file, explained as its kind, must hold."""

import tomllib
from collections.abc import Mapping
from typing import Any

import pytest

from console.parse.kinds import KINDS, explain
from tests.parse_kinds.captures import FREEBSD, captured

SAMPLES: list[dict[str, Any]] = tomllib.loads((FREEBSD / "index.toml").read_text())["sample"]
REFUSED = {"disklabel/proto-file-star-sizes.txt"}
"""Samples whose lines a parser must refuse."""


def differences(wanted: object, got: object, where: str = "facts", partial: bool = False) -> list[str]:
    """What of `wanted` is missing in `got`; a name stands for the object that has it.

    A list beside a count or names of all (`count`, `names`, `table_count`) may name only some, in order.
    """
    if isinstance(wanted, Mapping):
        if not isinstance(got, Mapping):
            return [f"{where}: wanted {wanted!r}, got {got!r}"]
        some = bool({"count", "names"} & set(wanted))
        keys = [key for key in wanted if not (key in ("count", "names") and key not in got)]
        return [
            difference
            for key in keys
            for difference in (
                differences(wanted[key], got[key], f"{where}.{key}", some)
                if key in got
                else [f"{where}.{key}: missing, wanted {wanted[key]!r}"]
            )
        ]
    if isinstance(wanted, list):
        if not isinstance(got, list):
            return [f"{where}: wanted {wanted!r}, got {got!r}"]
        if partial:
            rest = iter(got)
            return [
                f"{where}: no {item!r}"
                for item in wanted
                if not any(not differences(item, one) for one in rest)
            ]
        if len(wanted) != len(got):
            return [f"{where}: wanted {len(wanted)} {wanted!r}, got {len(got)} {got!r}"]
        pairs = enumerate(zip(wanted, got, strict=True))
        return [problem for at, (a, b) in pairs for problem in differences(a, b, f"{where}[{at}]")]
    if isinstance(wanted, str) and isinstance(got, Mapping):
        got = got.get("name")
    same = wanted == got and isinstance(wanted, bool) == isinstance(got, bool)
    return [] if same else [f"{where}: wanted {wanted!r}, got {got!r}"]


@pytest.mark.parametrize("sample", SAMPLES, ids=[sample["file"] for sample in SAMPLES])
def test_a_sample_means_what_the_index_says(sample: dict[str, Any]) -> None:
    kind = sample["file"].split("/")[0]
    told = explain(kind, captured(FREEBSD / sample["file"]))
    assert differences(sample["expect"], told["facts"]) == []
    if sample["file"] not in REFUSED:
        assert told["unread"] == []


def test_every_folder_of_samples_is_a_kind() -> None:
    assert {path.name for path in FREEBSD.iterdir() if path.is_dir()} <= set(KINDS)


def test_open_sizes_of_a_label_are_refused_one_by_one() -> None:
    told = explain("disklabel", captured(FREEBSD / "disklabel/proto-file-star-sizes.txt"))
    unread = told["unread"]
    assert isinstance(unread, list)
    assert [line.strip()[0] for line in unread] == list("abcdef")
    assert told["facts"] == {
        "dev": "/dev/ad0s1",
        "header": {},
        "slots": 8,
        "partitions": [],
        "letters": list("abcdef"),
        "is_prototype": True,
        "no_label": False,
        "warnings": [],
        "errors": [],
    }


PASTED = [
    sample
    for sample in SAMPLES
    if sample["file"].split("/")[0]
    in {
        "camcontrol-devlist",
        "disklabel",
        "dmesg-disk",
        "dump",
        "errors",
        "fdisk",
        "fsck",
        "fstab",
        "gpart-show",
        "growfs",
        "newfs",
        "qmail-log",
        "svstat",
        "swapinfo",
    }
]
PASTES = pytest.mark.parametrize("sample", PASTED, ids=[sample["file"] for sample in PASTED])


@PASTES
def test_a_foreign_line_is_unread_and_changes_nothing(sample: dict[str, Any]) -> None:
    kind = sample["file"].split("/")[0]
    lines = captured(FREEBSD / sample["file"]).split("\n")
    whole = explain(kind, "\n".join(lines))
    for foreign in ("root@nodea:~ # ls -l", "<html><body>hi</body></html>", "\x1b[31mred alert\x1b[0m"):
        for at in (0, len(lines) // 2, len(lines) - 1):
            told = explain(kind, "\n".join([*lines[:at], foreign, *lines[at:]]))
            assert told["facts"] == whole["facts"]
            assert isinstance(told["unread"], list)
            assert foreign in told["unread"]


@PASTES
def test_lost_padding_changes_nothing(sample: dict[str, Any]) -> None:
    kind = sample["file"].split("/")[0]
    text = captured(FREEBSD / sample["file"])
    collapsed = "\n".join(" ".join(line.split()) for line in text.split("\n"))
    assert differences(sample["expect"], explain(kind, collapsed)["facts"]) == []
