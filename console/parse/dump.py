"""dump(8) and restore(8). dump prints everything on standard error; a run without DUMP IS DONE failed."""

import re
from dataclasses import dataclass
from typing import Any

from console.parse.gathering import gather, settled
from console.parse.lines import filled
from console.parse.reading import Reading


@dataclass(frozen=True, slots=True)
class DumpRun:
    """One dump. Blocks are tape blocks of 1 KiB."""

    level: int | None = None
    date: str | None = None
    since: str | None = None
    """Date of the lower-level dump it builds on, or `the epoch`."""
    since_level: int | None = None
    device: str | None = None
    mounted: str | None = None
    snapshot: bool | None = None
    """Taken from a snapshot (-L), so consistent although mounted."""
    to: str | None = None
    host: str | None = None
    estimated_blocks: int | None = None
    estimated_volumes: float | None = None
    passes: tuple[str, ...] = ()
    percents: tuple[float, ...] = ()
    finish_in: str | None = None
    """The last estimate, `H:MM` or `soon`."""
    written_blocks: int | None = None
    volumes: int | None = None
    seconds: int | None = None
    kbytes_per_s: int | None = None
    done: bool = False
    aborted: bool = False
    warnings: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


_N = "([0-9]{1,18})"
_PREFIX = re.compile(r"(?:DUMP: ){1,2}")
_THIS = re.compile(rf"Date of this level {_N} dump: (.+)")
_LAST = re.compile(rf"Date of last level {_N} dump: (.+)")
_DUMPING = re.compile(r"Dumping (snapshot of )?(\S+) (?:\((.+)\) )?to (.+?)(?: on host (\S+))?")
_PASS = re.compile(r"(?:mapping|dumping) \(Pass ([IV]+)\) \[[a-z ]+\]")
_ESTIMATE = re.compile(rf"estimated {_N} tape blocks(?: on ([0-9]{{1,9}}(?:\.[0-9]{{1,9}})?) tape\(s\))?\.?")
_PERCENT = re.compile(
    r"([0-9]{1,9}(?:\.[0-9]{1,9})?)% done, finished (?:in ([0-9]{1,9}:[0-9]{2})|(soon))(?: at .+)?"
)
_WRITTEN = re.compile(rf"{_N} tape blocks(?: on {_N} volumes?(?:\(s\))?)?")
_SECONDS = re.compile(rf"finished in (?:{_N} seconds?|less than a second)(?:, throughput {_N} KBytes/sec)?")
_WARNING = re.compile(
    r"WARNING: .*|warning: .*|NEEDS ATTENTION: .*|cannot open /dev/tty: .*|fopen on .*"
    r"|You can't update the dumpdates .*"
)
_ERROR = re.compile(
    r"dump: .*|(?:read|write|lseek|block read) error.*|.* (?:short read|read) error.*|Cannot .*"
    r"|can't .*|Can't .*"
    r"|fatal .*|Broken pipe.*|SIG.*|.*: unknown file system|No way to .*|partial .*"
)
_REMARK = re.compile(
    r"level [0-9]+ dump on .*|Closing .*|Cache [0-9]+ MB, blocksize = [0-9]+|Volume [0-9]+ .*"
    r"|Average .*|End of tape .*"
    r"|Mount tape .*|Changing volumes .*|Do you want .*|Is the new volume .*|Opening .*|The label is .*"
    r"|Label: .*"
)


def read_dump(text: str) -> Reading[DumpRun]:
    """Read the messages of dump(8), 4.x to 14."""
    unread: list[str] = []
    facts: dict[str, Any] = {}
    for line in filled(text, unread):
        bare = " ".join(line.split())
        prefix = _PREFIX.match(bare)
        told = _said(bare[prefix.end() :] if prefix else bare)
        if told is None:
            unread.append(line)
        else:
            gather(facts, told)
    return Reading(DumpRun(**settled(facts)), tuple(unread))


def _said(said: str) -> dict[str, Any] | None:
    """What one message, without its prefix, changes; None for words that dump does not use."""
    if found := _PERCENT.fullmatch(said):
        return {"percents": [float(found[1])], "finish_in": found[2] or found[3]}
    if found := _THIS.fullmatch(said):
        return {"level": int(found[1]), "date": found[2]}
    if found := _LAST.fullmatch(said):
        return {"since_level": int(found[1]), "since": found[2]}
    if found := _DUMPING.fullmatch(said):
        snapshot, device, mounted, to, host = found.groups()
        return {
            "device": device,
            "mounted": mounted,
            "snapshot": snapshot is not None,
            "to": to,
            "host": host,
        }
    if found := _PASS.fullmatch(said):
        return {"passes": [found[1]]}
    if found := _ESTIMATE.fullmatch(said):
        volumes = float(found[2]) if found[2] else None
        return {"estimated_blocks": int(found[1]), "estimated_volumes": volumes}
    if found := _WRITTEN.fullmatch(said):
        return {"written_blocks": int(found[1]), "volumes": int(found[2]) if found[2] else None}
    if found := _SECONDS.fullmatch(said):
        rate = int(found[2]) if found[2] else None
        return {"seconds": int(found[1]) if found[1] else 0, "kbytes_per_s": rate}
    if said == "DUMP IS DONE":
        return {"done": True}
    if said.startswith("The ENTIRE dump is aborted"):
        return {"aborted": True}
    if _WARNING.fullmatch(said):
        return {"warnings": [said]}
    if _ERROR.fullmatch(said):
        return {"errors": [said]}
    return {} if _REMARK.fullmatch(said) else None


@dataclass(frozen=True, slots=True)
class TapeEntry:
    """A line of `restore -t`."""

    inode: int
    path: str


@dataclass(frozen=True, slots=True)
class RestoreRun:
    """What restore(8) said; nothing at all means that it succeeded."""

    level: int | None = None
    of: str | None = None
    host: str | None = None
    device: str | None = None
    date: str | None = None
    since: str | None = None
    label: str | None = None
    entries: tuple[TapeEntry, ...] = ()
    mismatches: tuple[tuple[int, int], ...] = ()
    """(expected, got) file numbers: harmless when the source was live."""
    warnings: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    """Questions it waits on: without a terminal it never ends."""
    not_a_dump: bool = False
    dump: DumpRun | None = None
    """The dump at the other end of the pipe, when its messages are in the same text."""


_EXPECTED = re.compile(rf"expected next file {_N}, got {_N}")
_LEVEL = re.compile(rf"Level {_N} dump of (.+) on ([^\s:]+):(\S+)")
_ENTRY = re.compile(rf"{_N} (\./?.*)")
_RESTORE_WARNING = re.compile(
    r"warning: .*|.+: not found on (?:tape|volume)|cannot open /dev/tty: .*"
    r"|.* \(inode [0-9]+\) not found on tape"
)
_RESTORE_ERROR = re.compile(
    r"tape read error.*|Tape is not a dump tape|Incremental tape too (?:low|high)|.+: cannot create .*"
    r"|restore: .*"
    r"|cannot (?:open|read|find|create) .*|Cannot .*|corrupted .*|/\S+: [A-Z][a-z].*"
    r"|.*: (?:No space left|Read-only) .*"
    r"|no memory .*|bad .*|hole in .*|unknown tape header .*|resync restore, skipped .*|abort\?.*"
    r"|.+ is not a dump.*"
)
_ASKS = (
    "Specify next volume",
    "set owner/mode for '.'?",
    "abort? [yn]",
    "Mount tape volume",
    "You have not read any",
)
_RESTORE_REMARK = re.compile(
    r"If you are extracting just a few files,.*|and work towards the first;.*"
    r"|have no further files to extract\..*"
    r"|extract file .*"
    r"|(?:Verify|Initialize|Extract|Begin|Check|Mark|Set|Add|Find|Calculate|Make|Create|Restore) .*"
    r"|then enter tape name .*|.*[Tt]ape block size is [0-9]+.*"
)


def read_restore(text: str) -> Reading[RestoreRun]:
    """Read restore(8), also mixed with the dump(8) that feeds it."""
    unread: list[str] = []
    facts: dict[str, Any] = {}
    dumped: list[str] = []
    for line in filled(text, unread):
        bare = " ".join(line.split())
        if _PREFIX.match(bare) or bare.startswith("dump: "):
            dumped.append(line)
            continue
        told = _restored(bare)
        if told is None:
            unread.append(line)
        else:
            gather(facts, told)
    if dumped:
        dump = read_dump("\n".join(dumped))
        facts["dump"] = dump.facts
        unread.extend(dump.unread)
    return Reading(RestoreRun(**settled(facts)), tuple(unread))


def _restored(said: str) -> dict[str, Any] | None:
    if found := _ENTRY.fullmatch(said):
        return {"entries": [TapeEntry(int(found[1]), found[2])]}
    if found := _EXPECTED.fullmatch(said):
        return {"mismatches": [(int(found[1]), int(found[2]))]}
    if found := _LEVEL.fullmatch(said):
        return {"level": int(found[1]), "of": found[2], "host": found[3], "device": found[4]}
    for start, name in (("Dump date: ", "date"), ("Dumped from: ", "since"), ("Label: ", "label")):
        if said.startswith(start):
            return {name: said.removeprefix(start)}
    if said.startswith(_ASKS):
        return {"asks": [said]}
    if _RESTORE_WARNING.fullmatch(said):
        return {"warnings": [said]}
    if _RESTORE_ERROR.fullmatch(said):
        no_dump = {"not_a_dump": True} if said == "Tape is not a dump tape" else {}
        return {"errors": [said]} | no_dump
    return {} if _RESTORE_REMARK.fullmatch(said) else None
