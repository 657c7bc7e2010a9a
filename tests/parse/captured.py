"""The recorded outputs: samples with what they mean, and transcripts of a real pair."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from console.model.jsonable import jsonable

CAPTURES = Path(__file__).parent.parent / "captures"


@dataclass(frozen=True)
class Sample:
    """A sample of tests/captures/freebsd and what a correct parser finds in it."""

    file: str
    kind: str
    text: str
    expect: Mapping[str, Any] = field(hash=False)


@dataclass(frozen=True)
class Answered:
    """A command of a transcript and its answer."""

    scenario: str
    node: str
    run: str
    exit: int
    out: str
    err: str


def samples(kinds: frozenset[str]) -> Iterator[Sample]:
    """The samples of these kinds, in the order of the index."""
    index = tomllib.loads((CAPTURES / "freebsd" / "index.toml").read_text())
    for entry in index["sample"]:
        kind = entry["file"].partition("/")[0]
        if kind in kinds:
            text = (CAPTURES / "freebsd" / entry["file"]).read_bytes().decode("utf-8", "backslashreplace")
            yield Sample(entry["file"], kind, text, entry["expect"])


def answers() -> Iterator[Answered]:
    """Every command of the 13.2 pair that was answered."""
    for path in sorted((CAPTURES / "freebsd-13.2-pair").glob("*.jsonl")):
        for line in path.read_text().splitlines():
            record = json.loads(line)
            if "run" in record and isinstance(record.get("exit"), int):
                yield Answered(
                    path.name, record["node"], record["run"], record["exit"], record["out"], record["err"]
                )


def differences(expected: object, found: object, at: str = "", partial: bool = False) -> list[str]:
    """Where `found` lacks or changes something that `expected` names.

    Lists are complete, except beside a `count` or `names`: then rows are found in order, with others between.
    A name alone stands for the thing of that name, as the index writes some providers and consumers.
    """
    if isinstance(expected, Mapping):
        if not isinstance(found, Mapping):
            return [f"{at}: {expected!r} expected, found {found!r}"]
        some = not {"count", "names"}.isdisjoint(expected)
        return [
            d
            for key, part in expected.items()
            for d in differences(part, found.get(key), f"{at}.{key}", some)
        ]
    if isinstance(expected, list):
        if not isinstance(found, list) or (len(expected) != len(found) and not partial):
            return [f"{at}: {expected!r} expected, found {found!r}"]
        rows = iter(found)
        if partial and len(expected) != len(found):
            missing = [want for want in expected if not any(not differences(want, has) for has in rows)]
            return [f"{at}: {want!r} expected, not found in its place" for want in missing]
        pairs = enumerate(zip(expected, found, strict=True))
        return [d for place, (want, has) in pairs for d in differences(want, has, f"{at}[{place}]")]
    if isinstance(expected, str) and isinstance(found, Mapping):
        found = found.get("name")
    return [] if expected == found else [f"{at}: {expected!r} expected, found {found!r}"]


def as_json(facts: object) -> Any:
    """Facts as the command line prints them."""
    return json.loads(json.dumps(jsonable(facts)))
