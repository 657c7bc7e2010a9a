"""fsck_ffs(8): preen lines, full checks and journal recovery, one file system or several."""

import re
from dataclasses import dataclass, field, replace
from typing import Any

from console.parse.gathering import gather, settled
from console.parse.lines import filled
from console.parse.reading import Reading


@dataclass(frozen=True, slots=True)
class CheckedFileSystem:
    """What fsck said of one file system. Counts are fragments, except blocks and inodes."""

    dev: str | None = None
    clean: bool | None = None
    """False when it was left inconsistent; None when the text does not say."""
    last_mounted: str | None = None
    read_only_check: bool | None = None
    """NO WRITE: every answer is no, even with -y."""
    phases: tuple[int | str, ...] = ()
    problems: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    files: int | None = None
    used: int | None = None
    free: int | None = None
    frags: int | None = None
    blocks: int | None = None
    fragmentation: float | None = None
    """Percent."""
    modified: bool = False
    marked_clean: bool = False
    needs_manual: bool = False
    soft_updates: bool | None = None
    rerun: bool = False
    reboot: bool = False
    deferred: bool = False
    """Left to the background check."""
    journal: bool = False
    journal_skipped: bool = False
    records: int | None = None
    freed_inodes: int | None = None
    freed_blocks: int | None = None
    freed_frags: int | None = None
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FsckRun:
    """The run: each file system, and under the same names the first that needs attention, or the first."""

    filesystems: tuple[CheckedFileSystem, ...] = ()
    boot_aborted: bool = False
    chosen: CheckedFileSystem = field(default_factory=CheckedFileSystem, metadata={"beside": True})
    """Shown beside `filesystems`, not under a name of its own."""


_N = "([0-9]{1,20})"
_HEAD = re.compile(r"\*\* (/\S+|SU\+J Recovering (/\S+))( \(NO WRITE\))?")
_OF_DEV = re.compile(r"(/[^\s:]+): (.+)")
_SUMMARY = re.compile(
    rf"(?:{_N} files?, {_N} used, |clean, )"
    rf"{_N} free \({_N} frags, {_N} blocks, ([0-9]{{1,9}}(?:\.[0-9]{{1,9}})?)% fragmentation\)"
)
_PHASE = re.compile(r"Phase ([0-9])([a-z]?) - .*")
_RECORDS = re.compile(rf"{_N} journal records in {_N} bytes for [0-9.]+% utilization")
_FREED = re.compile(rf"Freed {_N} inodes \({_N} dirs\) {_N} blocks,? and {_N} frags\.?")
_QUESTION = re.compile(r"([A-Z][^?]*)\?(?: \[yn\])?(?: (yes|no|y|n))?", re.DOTALL)
_CLEAN = re.compile(r"FILE ?SYSTEM CLEAN; SKIPPING CHECKS", re.IGNORECASE)
_PROBLEM = re.compile(r"(?:[0-9]+ )?[A-Z][A-Z0-9'(),./+-]+(?:[ =].*)?")
_MORE = re.compile(r"(?:OWNER=|SIZE=|MTIME=|MODE=|DIR=|FILE=|NAME=|LENGTH ).*")
_ASKED = re.compile(r" [A-Z]{2,20}\? (yes|no)$")
_DONE = re.compile(
    r".*\((?:SALVAGED|CLEARED|FIXED|ADJUSTED|RECONNECTED|REMOVED|CORRECTED|TRUNCATED|EXPANDED|RESET)\)"
)
_STARS = re.compile(r"\*{4,5} (.+?) \*{4,5}")
_BOOT = (
    "Automatic file system check failed; help!",
    "Automatic file system check failed . . . help!",
    "Unknown error; help!",
    "ERROR: ABORTING BOOT",
    "Enter full pathname of shell or RETURN for /bin/sh:",
)
_REMARKS = re.compile(
    r"Reading [0-9]+ byte journal from inode [0-9]+\.|Building recovery table\.|Processing journal entries\."
    r"|Resolving unreferenced inode list\.|Root file ?system|Journal .*|Starting file system checks:"
    r"|THE FOLLOWING FILE ?SYSTEMS? HAD AN UNEXPECTED INCONSISTENCY:|\S+: /\S+ \(/.*\)"
    r"|Using alternate superblock .*"
)
_ERROR = re.compile(r"(?:Can't |Cannot |fsck(?:_ffs|_ufs|_4\.2bsd)?: |ioctl |could not ).*")
_UNREACHABLE = re.compile(r"(?:fsck\S*: )?(?:Can't|Cannot|could not) (?:stat|open) (/[^:\s]+)")


class _Run:
    """The file systems so far, with the lines given to the one being checked."""

    def __init__(self) -> None:
        self.facts: list[dict[str, Any]] = []
        self.by_dev: dict[str, dict[str, Any]] = {}
        self.boot_aborted = False

    def begin(self, dev: str | None) -> dict[str, Any]:
        """Facts of a file system that was not checked before in this text."""
        begun: dict[str, Any] = {}
        self.facts.append(begun)
        if dev is not None:
            begun["dev"] = dev
            self.by_dev[dev] = begun
        return begun

    def of(self, dev: str | None) -> dict[str, Any]:
        """The facts of `dev`, or of the one being checked; new ones when there are none yet."""
        if dev is None:
            return self.facts[-1] if self.facts else self.begin(None)
        return self.by_dev.get(dev) or self.begin(dev)


def read_fsck(text: str) -> Reading[FsckRun]:
    """Read what fsck(8) printed at boot or by hand, since 4.x."""
    unread: list[str] = []
    run = _Run()
    for line in filled(text, unread):
        bare = " ".join(line.split())
        if bare.startswith(_BOOT):
            run.boot_aborted = True
        elif head := _HEAD.fullmatch(bare):
            _begin(run, head)
        elif not _line(run, bare):
            unread.append(line)
    systems = tuple(_checked(facts) for facts in run.facts)
    chosen = next((fs for fs in systems if fs.needs_manual or fs.errors), None) or (
        systems[0] if systems else None
    )
    return Reading(FsckRun(systems, run.boot_aborted, chosen or CheckedFileSystem()), tuple(unread))


def _begin(run: _Run, head: re.Match[str]) -> None:
    name, recovering, no_write = head.groups()
    if recovering:
        run.of(recovering)["journal"] = True
        return
    run.begin(name)["read_only_check"] = no_write is not None


def _line(run: _Run, bare: str) -> bool:
    """Whether the line was understood; it is then kept in the facts of its file system."""
    dev = None
    if bare.startswith("** "):
        bare = bare[3:]
    elif found := _OF_DEV.fullmatch(bare):
        dev, bare = found.groups()
    if unreachable := _UNREACHABLE.match(bare):
        dev = unreachable[1]
    if _REMARKS.fullmatch(bare):
        return True
    if not (told := _told(bare)):
        return False
    facts = run.of(dev)
    more = told.pop("more", None)
    gather(facts, told)
    if more is not None:
        problems = facts.setdefault("problems", [])
        problems.append(f"{problems.pop()} {more}" if problems else more)
    return True


def _told(bare: str) -> dict[str, Any]:
    if found := _SUMMARY.fullmatch(bare):
        return _counts(found)
    if _CLEAN.fullmatch(bare):
        return {"clean": True}
    if found := _PHASE.fullmatch(bare):
        return {"phases": [f"{found[1]}{found[2]}" if found[2] else int(found[1])]}
    if bare.startswith("Last Mounted on "):
        return {"last_mounted": bare[16:]}
    if found := _STARS.fullmatch(bare):
        return _starred(found[1])
    if bare.startswith(("UNEXPECTED INCONSISTENCY;", "UNEXPECTED SOFT UPDATE INCONSISTENCY;")):
        soft = {"soft_updates": True} if "SOFT UPDATE" in bare else {}
        return {"needs_manual": True, "clean": False, **soft}
    if found := _RECORDS.fullmatch(bare):
        return {"journal": True, "records": int(found[1])}
    if found := _FREED.fullmatch(bare):
        inodes, _, blocks, frags = (int(number) for number in found.groups())
        return {"journal": True, "freed_inodes": inodes, "freed_blocks": blocks, "freed_frags": frags}
    if bare.startswith("Skipping journal"):
        return {"journal_skipped": True}
    if bare.startswith("DEFER FOR BACKGROUND CHECKING"):
        return {"deferred": True}
    if (found := _QUESTION.fullmatch(bare)) and found[1].upper() == found[1]:
        journal = {"journal": True} if found[1] == "USE JOURNAL" else {}
        answer = {"y": "yes", "n": "no"}.get(found[2], found[2])
        return {"answers": [answer] if answer else [], **journal}
    if bare == "UNEXPECTED SOFT UPDATE INCONSISTENCY":
        return {"soft_updates": True}
    if _MORE.fullmatch(bare):
        if asked := _ASKED.search(bare):
            return {"more": bare[: asked.start()], "answers": [asked[1]]}
        return {"more": bare} | ({"modified": True} if _DONE.fullmatch(bare) else {})
    if _PROBLEM.fullmatch(bare) and _loud(bare):
        return {"problems": [bare]} | ({"modified": True} if _DONE.fullmatch(bare) else {})
    if _ERROR.fullmatch(bare):
        return {"errors": [bare]}
    return {}


def _loud(bare: str) -> bool:
    """Problems are printed in capitals; only values and remarks after the first words are not."""
    for word in bare.split()[:3]:
        if "=" in word or "(" in word:
            return True
        if word != word.upper():
            return False
    return True


def _counts(found: re.Match[str]) -> dict[str, Any]:
    files, used, free, frags, blocks, percent = found.groups()
    told = {"free": int(free), "frags": int(frags), "blocks": int(blocks), "fragmentation": float(percent)}
    return told | ({"files": int(files), "used": int(used)} if files else {"clean": True})


def _starred(said: str) -> dict[str, Any]:
    words = said.replace("FILESYSTEM", "FILE SYSTEM")
    match words:
        case "FILE SYSTEM WAS MODIFIED":
            return {"modified": True}
        case "FILE SYSTEM MARKED CLEAN":
            return {"marked_clean": True, "clean": True}
        case "FILE SYSTEM IS CLEAN":
            return {"clean": True}
        case "FILE SYSTEM STILL DIRTY" | "FILE SYSTEM MARKED DIRTY":
            return {"clean": False}
        case "PLEASE RERUN FSCK":
            return {"rerun": True, "clean": False}
        case "REBOOT NOW" | "REBOOT FREEBSD IMMEDIATELY":
            return {"reboot": True}
    return {}


def _checked(facts: dict[str, Any]) -> CheckedFileSystem:
    checked = CheckedFileSystem(**settled(facts))
    if checked.clean is None and checked.problems and (checked.read_only_check or "no" in checked.answers):
        return replace(checked, clean=False)
    return checked
