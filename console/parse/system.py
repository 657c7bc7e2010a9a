"""What a node says of itself: uname(1), freebsd-version(1), uptime(1)."""

import re
from dataclasses import dataclass

from console.parse.lines import filled
from console.parse.reading import Reading

_RELEASE = re.compile(r"(\d{1,3})\.(\d{1,3})(?:\.\d{1,3})?(?:-([A-Za-z]+\d*(?:-?p\d+)?|p\d+)[\w.-]*)?")
_PATCH = re.compile(r"-p(\d{1,5})$")
_VERSION = re.compile(r"\d{1,3}\.\d{1,3}[\w.-]{0,60}")
_MACHINE = re.compile(
    r"amd64|i386|pc98|arm64|arm|armv[5-7]|aarch64|powerpc(?:64|64le|spe)?|riscv(?:64)?|sparc64|mips(?:64)?\w*"
    r"|ia64|alpha|sun4v|x86_64"
)
_SYSTEM = re.compile(r"\s*[A-Za-z]{0,20}BSD(?:\s|$)")
_UPTIME = re.compile(
    r"\s*(\d{1,2}:\d\d(?:[AP]M)?)\s+up\s+(.{1,60}?),\s+(\d{1,6}) users?,\s+load averages?:"
    r" +(\d+\.\d+),? +(\d+\.\d+),? +(\d+\.\d+)\s*"
)
_SPAN = re.compile(r"(\d{1,6}) (day|hr|hour|min|sec)s?")
_HOURS = re.compile(r"(\d{1,2}):(\d\d)")
_SECONDS = {"day": 86400, "hr": 3600, "hour": 3600, "min": 60, "sec": 1}


@dataclass(frozen=True, slots=True)
class Uname:
    """`uname`, with whatever options."""

    os: str | None = None
    host: str | None = None
    release: str | None = None
    major: int | None = None
    minor: int | None = None
    branch: str | None = None
    """RELEASE, STABLE, CURRENT …"""
    patch: int | None = None
    """Of `13.2-RELEASE-p4`, 4."""
    machine: str | None = None


@dataclass(frozen=True, slots=True)
class FreebsdVersion:
    """`freebsd-version -kru`: always printed in this order; one line alone is the userland."""

    installed_kernel: str | None = None
    running_kernel: str | None = None
    userland: str | None = None
    versions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Uptime:
    """`uptime`, or the first line of `w`."""

    up_seconds: int | None = None
    """As exact as printed: to the minute."""
    users: int | None = None
    load: tuple[float, float, float] | None = None
    time: str | None = None


def read_uname(text: str) -> Reading[Uname]:
    """`uname -a`, also wrapped, and its parts (uname(1))."""
    words, unread = _uname_words(text)
    at = next((place for place, word in enumerate(words) if _RELEASE.fullmatch(word)), None)
    machine = words[-1] if words and _MACHINE.fullmatch(words[-1]) else None
    release = None if at is None else words[at]
    parts = _RELEASE.fullmatch(release) if release else None
    return Reading(
        Uname(
            os=words[0] if words and words[0].endswith("BSD") else None,
            host=words[1] if at is not None and at >= 2 else None,
            release=release,
            major=int(parts[1]) if parts else None,
            minor=int(parts[2]) if parts else None,
            branch=(parts[3] or "").partition("-")[0] or None if parts else None,
            patch=int(patched[1]) if (patched := _PATCH.search(release or "")) else None,
            machine=machine,
        ),
        unread,
    )


def _uname_words(text: str) -> tuple[list[str], tuple[str, ...]]:
    """The words of the uname line, which a paste may have wrapped once or twice, and the lines around it."""
    unread: list[str] = []
    said = list(filled(text, unread))
    start = next((place for place, line in enumerate(said) if _SYSTEM.match(line)), None)
    if start is None:
        known = [line for line in said if all(map(_is_uname_word, line.split()))]
        return " ".join(known).split(), (*unread, *(line for line in said if line not in known))
    ends = (
        place
        for place in range(start, min(start + 3, len(said)))
        if _MACHINE.fullmatch(said[place].split()[-1])
    )
    end = next(ends, start)
    return " ".join(said[start : end + 1]).split(), (*unread, *said[:start], *said[end + 1 :])


def _is_uname_word(word: str) -> bool:
    return bool(_RELEASE.fullmatch(word) or _MACHINE.fullmatch(word))


def read_freebsd_version(text: str) -> Reading[FreebsdVersion]:
    """`freebsd-version`, `-k`, `-kru` (freebsd-version(1))."""
    unread: list[str] = []
    versions: list[str] = []
    for line in filled(text, unread):
        (versions if _VERSION.fullmatch(line.strip()) else unread).append(line.strip())
    found = tuple(versions)
    if len(found) == 1:
        return Reading(FreebsdVersion(userland=found[0], versions=found), tuple(unread))
    if len(found) == 3:
        return Reading(FreebsdVersion(*found, versions=found), tuple(unread))
    return Reading(FreebsdVersion(versions=found), tuple(unread))


def read_uptime(text: str) -> Reading[Uptime]:
    """`uptime` (uptime(1), w(1)): `up 209 days, 23:14`, `up 1 min`, `up 27 secs`, `up 3 hrs`."""
    unread: list[str] = []
    facts = Uptime()
    for line in filled(text, unread):
        found = _UPTIME.fullmatch(line[:300])
        seconds = _seconds(found[2]) if found else None
        if found is None or seconds is None or facts.time is not None:
            unread.append(line)
            continue
        load = (float(found[4]), float(found[5]), float(found[6]))
        facts = Uptime(up_seconds=seconds, users=int(found[3]), load=load, time=found[1])
    return Reading(facts, tuple(unread))


def _seconds(span: str) -> int | None:
    total = 0
    for part in span.split(","):
        if hours := _HOURS.fullmatch(part.strip()):
            total += int(hours[1]) * 3600 + int(hours[2]) * 60
        elif words := _SPAN.fullmatch(part.strip()):
            total += int(words[1]) * _SECONDS[words[2]]
        else:
            return None
    return total
