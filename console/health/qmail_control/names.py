"""Which domains a list of control files covers, and which known name a misspelt file may have meant."""

from collections.abc import Collection, Iterator
from difflib import get_close_matches

from console.health.qmail_control.table import SETTINGS

_LEFT_BEHIND = (".bak", ".old", ".orig", ".save", ".new", ".dpkg-dist", ".rpmnew", ".rpmsave", "~")
"""Ends of names that editors, packages and careful people leave behind."""


def suffixes(domain: str) -> Iterator[str]:
    """A domain as qmail looks it up: itself, then each of its ends that begins with a dot."""
    yield domain
    for at, letter in enumerate(domain):
        if letter == "." and at:
            yield domain[at:]


def covers(hosts: Collection[str], domain: str) -> bool:
    """Whether rcpthosts accepts `domain`; a wildcard is covered by itself or by a wider one."""
    return any(end in hosts for end in suffixes(domain))


def meant(name: str) -> str | None:
    """The known file that an unknown one was probably to be."""
    bare = name.lower().strip()
    if any(bare.endswith(end) for end in _LEFT_BEHIND):
        return None
    if bare in SETTINGS:
        return bare
    close = get_close_matches(bare[:40], SETTINGS, n=1, cutoff=0.84)
    return close[0] if close else None
