"""sysctl: `name: value`, `name=value` (-e) or the bare value (-n); see sysctl(8)."""

import re
from dataclasses import dataclass

from console.parse.lines import filled, whole
from console.parse.reading import Reading

_NAMED = re.compile(r"([A-Za-z_][\w%-]*(?:\.[\w%-]+)+)(?:: ?|=)(.*)")
_BOOTTIME = re.compile(r"\{ sec = (\d{1,12}), usec = (\d{1,9}) \}.*")
_LOAD = re.compile(r"\{ (\d+\.\d+) (\d+\.\d+) (\d+\.\d+) \}")
_DISK = re.compile(r"[a-z]+\d+(?:boot\d|rpmb)?")
_SET = re.compile(r"(.*) -> (.*)")


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable."""

    name: str | None = None
    value: int | str | None = None
    sec: int | None = None
    """Unix seconds of a time value such as kern.boottime."""
    usec: int | None = None
    load: tuple[float, float, float] | None = None
    """vm.loadavg."""
    old: int | str | None = None
    """The value before, when one was set: `name: old -> new`."""


@dataclass(frozen=True, slots=True)
class Sysctl(Setting):
    """The first variable, and all of them when there are several."""

    settings: tuple[Setting, ...] | None = None


@dataclass(frozen=True, slots=True)
class Disks:
    """kern.disks, in the kernel's order."""

    disks: tuple[str, ...] = ()


def read_sysctl(text: str) -> Reading[Sysctl]:
    """`sysctl NAME …`, also -n and -e (sysctl(8))."""
    found, unread = settings_of(text)
    if not found:
        return Reading(Sysctl(), unread)
    first = found[0]
    several = found if len(found) > 1 else None
    return Reading(
        Sysctl(first.name, first.value, first.sec, first.usec, first.load, first.old, several), unread
    )


def settings_of(text: str) -> tuple[tuple[Setting, ...], tuple[str, ...]]:
    """The variables, and the lines that are none; a value without its name (-n) stands alone."""
    unread: list[str] = []
    said = list(filled(text, unread))
    if len(said) == 1 and not _NAMED.fullmatch(said[0]) and not said[0].startswith("sysctl:"):
        return (_setting(None, said[0].strip()),), tuple(unread)
    found: list[Setting] = []
    for line in said:
        if named := _NAMED.fullmatch(line):
            found.append(_setting(named[1], named[2].strip()))
        else:
            unread.append(line)
    return tuple(found), tuple(unread)


def read_kern_disks(text: str) -> Reading[Disks]:
    """`sysctl [-n] kern.disks`: the disks' names on one line."""
    unread: list[str] = []
    disks: list[str] = []
    for line in filled(text, unread):
        names = line.removeprefix("kern.disks:").removeprefix("kern.disks=").split()
        if all(_DISK.fullmatch(name) for name in names):
            disks.extend(names)
        else:
            unread.append(line)
    return Reading(Disks(tuple(disks)), tuple(unread))


def _setting(name: str | None, word: str) -> Setting:
    if time := _BOOTTIME.fullmatch(word):
        return Setting(name, sec=int(time[1]), usec=int(time[2]))
    if load := _LOAD.fullmatch(word):
        return Setting(name, load=(float(load[1]), float(load[2]), float(load[3])))
    if name is not None and (change := _SET.fullmatch(word)):
        return Setting(name, _plain(change[2].strip()), old=_plain(change[1].strip()))
    return Setting(name, _plain(word))


def _plain(word: str) -> int | str:
    negative = whole(word[1:]) if word.startswith("-") else None
    number = -negative if negative is not None else whole(word)
    return word if number is None else number
