"""`geom CLASS list` and its short names (gmirror list, geli list, graid list …): one block per geom.

Source: the list printer of geom(8), sbin/geom/core/geom.c. The order of keys differs between releases.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from console.model.facts import Component, Mirror
from console.model.words import ComponentState, MirrorState
from console.parse.geom_fields import flags_of, percent_of
from console.parse.lines import filled, whole
from console.parse.reading import Reading

_NUMBERED = re.compile(r"(\d{1,9})\. Name: ?(.*)")
_KEY = re.compile(r"([A-Za-z][\w -]{0,40}?):(?: (.*))?")
_SIZE = re.compile(r"(\d{1,20})(?: \([^()]{1,20}\))?")


@dataclass(slots=True)
class Block:
    """A geom as printed: its own keys, then those of each provider and consumer, all still text."""

    name: str
    keys: dict[str, str] = field(default_factory=dict)
    providers: list[dict[str, str]] = field(default_factory=list)
    consumers: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class GeomList:
    """The geoms of a list; each a mapping of the printed keys in lower case."""

    geoms: tuple[Mapping[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class MirrorList:
    """`gmirror list`: mirrors with everything the kernel says of them, except what lies under a component."""

    mirrors: tuple[Mirror, ...] = ()


def read_geom_list_other(text: str) -> Reading[GeomList]:
    """`geom CLASS list` of any class (geom(8))."""
    blocks, unread = blocks_of(text)
    return Reading(GeomList(tuple(_facts(block) for block in blocks)), unread)


def read_gmirror_list(text: str) -> Reading[MirrorList]:
    """`gmirror list` (gmirror(8))."""
    blocks, unread = blocks_of(text)
    return Reading(MirrorList(tuple(_mirror(block) for block in blocks)), unread)


def blocks_of(text: str) -> tuple[list[Block], tuple[str, ...]]:
    """The blocks of a list, with or without the indentation, and the lines that belong to none."""
    unread: list[str] = []
    blocks: list[Block] = []
    part: list[dict[str, str]] | None = None
    keys: dict[str, str] | None = None
    for line in filled(text, unread):
        said = line.strip()
        if said.startswith("Geom name:"):
            block = Block(said.removeprefix("Geom name:").strip())
            blocks.append(block)
            part, keys = None, block.keys
        elif not blocks:
            unread.append(line)
        elif said in ("Providers:", "Consumers:"):
            part = blocks[-1].providers if said == "Providers:" else blocks[-1].consumers
            keys = None
        elif part is not None and (numbered := _NUMBERED.fullmatch(said)):
            keys = {"name": numbered[2]}
            part.append(keys)
        elif keys is not None and (pair := _KEY.fullmatch(said)):
            keys[pair[1].lower()] = (pair[2] or "").strip()
        else:
            unread.append(line)
    return blocks, tuple(unread)


def _value(key: str, word: str) -> object:
    if key == "flags":
        return flags_of(word)
    if key in ("mediasize", "length") and (size := _SIZE.fullmatch(word)):
        return int(size[1])
    if key in ("synchronized", "completed") and word.endswith("%"):
        return percent_of(word)
    number = whole(word)
    return word if number is None or (len(word) > 1 and word.startswith("0")) else number


def _values(keys: Mapping[str, str]) -> dict[str, object]:
    return {key: word if key == "name" else _value(key, word) for key, word in keys.items()}


def _facts(block: Block) -> dict[str, object]:
    facts: dict[str, object] = {**_values(block.keys), "name": block.name}
    facts["providers"] = tuple(_values(keys) for keys in block.providers)
    facts["consumers"] = tuple(_values(keys) for keys in block.consumers)
    if len(block.providers) == 1:
        facts["provider"] = block.providers[0]["name"]
    if len(block.consumers) == 1:
        facts["consumer"] = block.consumers[0]["name"]
    return facts


def _size(keys: Mapping[str, str], key: str) -> int | None:
    found = _SIZE.fullmatch(keys.get(key, ""))
    return int(found[1]) if found else None


def _mirror(block: Block) -> Mirror:
    keys, provider = block.keys, block.providers[0] if block.providers else {}
    state = keys.get("state", "")
    return Mirror(
        name=block.name,
        state=MirrorState(state),
        components=tuple(_component(consumer) for consumer in block.consumers),
        expected=whole(keys.get("components", "")),
        balance=keys.get("balance") or None,
        flags=flags_of(keys.get("flags")),
        id=keys.get("id") or None,
        genid=whole(keys.get("genid", "")),
        syncid=whole(keys.get("syncid", "")),
        mediasize=_size(provider, "mediasize"),
        open_counts=provider.get("mode"),
        state_raw=state,
    )


def _component(keys: Mapping[str, str]) -> Component:
    state = keys.get("state", "")
    return Component(
        name=keys["name"],
        state=ComponentState(state),
        percent=percent_of(keys.get("synchronized")),
        priority=whole(keys.get("priority", "")),
        flags=flags_of(keys.get("flags")),
        genid=whole(keys.get("genid", "")),
        syncid=whole(keys.get("syncid", "")),
        bytes_synced=whole(keys.get("bytessynced", "")),
        id=keys.get("id") or None,
        state_raw=state,
    )
