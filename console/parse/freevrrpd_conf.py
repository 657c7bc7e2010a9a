"""freevrrpd.conf: `[VRID]` sections of `key = value` lines, comments from `#` (FreeVRRPd 1.x, vrrp_conf.c).

The sampler sends it with the secrets masked on the node, `password = ******** (length N, check C)`: only
that form reaches the facts of a node.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from console.model.facts import VrrpConf, VrrpSection
from console.parse.lines import filled, whole
from console.parse.masking import MASK, MASKED, masked
from console.parse.reading import Reading

_KEY = re.compile(r"([A-Za-z][A-Za-z0-9_]{0,63})\s*=\s*(.*)")
_NUMBERS = ("serverid", "priority", "carriertimeout", "spanningtreelatency", "MCClearErrorsCount")
_LISTS = ("addr", "vridsdep")
_WORDS = (
    "interface",
    "password",
    "masterscript",
    "backupscript",
    "monitoredcircuits",
    "AHencryption",
    "useIKE",
    "presharedkey",
)
_KNOWN = frozenset((*_NUMBERS, *_LISTS, *_WORDS))
_FATAL = "no [VRID] section before the first key"


@dataclass(frozen=True, slots=True)
class FreevrrpdConf:
    """The file as freevrrpd would read it. A section maps its keys to numbers, lists or words."""

    sections: tuple[Mapping[str, object], ...] = ()
    keys_outside_section: tuple[str, ...] | None = None
    fatal: str | None = None
    """Why freevrrpd would not start."""
    unknown_keys: tuple[str, ...] = ()
    """Keys that freevrrpd logs as unknown and ignores."""
    values: Mapping[str, object] | None = None
    """What the keys outside a section say."""


def read_freevrrpd_conf(text: str) -> Reading[FreevrrpdConf]:
    """/usr/local/etc/freevrrpd.conf as pasted, with the password that the paste holds."""
    sections, outside, unread = _split(text)
    every = [key for part in (outside, *sections) for key in part]
    return Reading(
        FreevrrpdConf(
            sections=tuple(_known(section) for section in sections),
            keys_outside_section=tuple(outside) or None,
            fatal=_FATAL if outside else None,
            unknown_keys=tuple(dict.fromkeys(key for key in every if key not in _KNOWN)),
            values=_known(outside) if outside else None,
        ),
        unread,
    )


def read_vrrp_conf(text: str) -> Reading[VrrpConf]:
    """The masked file as a fact: of a password only its length and its keyed checksum."""
    sections, outside, unread = _split(text)
    every = [key for part in (outside, *sections) for key in part]
    return Reading(
        VrrpConf(
            sections=tuple(_section(section) for section in sections),
            keys_outside_section=tuple(outside),
            unknown_keys=tuple(dict.fromkeys(key for key in every if key not in _KNOWN)),
            fatal=_FATAL if outside else None if sections else "no [VRID] section",
            outside=_section(outside) if outside else None,
        ),
        tuple(masked(line) for line in unread),
    )


def _split(text: str) -> tuple[list[dict[str, str]], dict[str, str], tuple[str, ...]]:
    """The sections' keys, the keys before the first section, and the lines that are neither."""
    unread: list[str] = []
    sections: list[dict[str, str]] = []
    outside: dict[str, str] = {}
    for line in filled(text, unread):
        said = line.strip()
        if said.startswith("#"):
            continue
        if said.upper() == "[VRID]":
            sections.append({})
        elif pair := _KEY.fullmatch(said):
            (sections[-1] if sections else outside)[pair[1]] = pair[2].strip()
        else:
            unread.append(line)
    return sections, outside, tuple(unread)


def _known(keys: Mapping[str, str]) -> dict[str, object]:
    return {key: _value(key, word) for key, word in keys.items() if key in _KNOWN}


def _value(key: str, word: str) -> object:
    if key in _NUMBERS:
        number = whole(word.partition("#")[0].strip())
        return word if number is None else number
    if key in _LISTS:
        parts = [part.strip() for part in word.split(",") if part.strip()]
        return [whole(part) if key == "vridsdep" and whole(part) is not None else part for part in parts]
    return word


def _section(keys: Mapping[str, str]) -> VrrpSection:
    password = keys.get("password")
    mask = MASKED.fullmatch(password) if password is not None else None
    spoken = ("serverid", "interface", "priority", "addr", "password", "masterscript", "backupscript")
    return VrrpSection(
        serverid=whole(keys.get("serverid", "")),
        interface=keys.get("interface") or None,
        priority=whole(keys.get("priority", "")),
        addr=tuple(part.strip() for part in keys.get("addr", "").split(",") if part.strip()),
        password_length=int(mask[1]) if mask else None if password is None else len(password),
        password_check=mask[2] if mask else None,
        masterscript=keys.get("masterscript") or None,
        backupscript=keys.get("backupscript") or None,
        others=tuple(
            (key, MASK if key == "presharedkey" else word)
            for key, word in keys.items()
            if key in _KNOWN and key not in spoken
        ),
    )
