"""The disks of a machine, from the sections that playbooks/node/disks.sh prints.

Total: what a section does not say, or cannot, is named in `unknown` with the reason.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from console.model.disks import HostDisks, Mounted
from console.parse.complaints import complaint, nonsense
from console.parse.df import read_df
from console.parse.disk_tables import Tables, read_disk
from console.parse.disklabel import read_disklabel
from console.parse.disks import DiskInfo, read_diskinfo
from console.parse.fdisk import MbrTable, read_fdisk
from console.parse.gpart import PartTable, read_gpart_show
from console.parse.lines import lines
from console.parse.mounting import read_mount
from console.parse.swapinfo import read_swapinfo
from console.parse.ufs import SuperBlock, read_dumpfs

T = TypeVar("T")

LATE = "it was not answered in time"
_NO_FILE = 3
"""Exit status of a section that shows a file, where there is none."""
_TOOLS = frozenset(
    [
        "dump",
        "restore",
        "gpart",
        "fdisk",
        "disklabel",
        "bsdlabel",
        "newfs",
        "tunefs",
        "dumpfs",
        "mtree",
        "sha256",
        "ssh",
        "ssh-keygen",
        "gzip",
        "zstd",
    ]
)
_DISK = re.compile(r"[a-z]{1,12}[0-9]{1,4}")
_RELEASE = re.compile(r"([0-9]{1,2})\.[0-9]{1,2}\S{0,40}")
_REACHED = re.compile(r"Remote protocol version|Permission denied|[Hh]ost key|too many authentication", re.I)
_AWAY = re.compile(r"refused|timed out|No route|unreachable|not resolve|not known|Unknown host", re.I)


@dataclass(frozen=True, slots=True)
class Section:
    """What one command of the script said."""

    text: str
    exit_status: int = 0


def read_host_disks(name: str, sections: Mapping[str, Section], taken: float = 0.0) -> HostDisks:
    """Everything the sections tell of the machine called `name`, read at `taken` (Unix seconds)."""
    return _Reader(name, sections, taken).read()


class _Reader:
    """One machine's sections, and what could not be read of them."""

    def __init__(self, name: str, sections: Mapping[str, Section], taken: float) -> None:
        self._name = name
        self._sections = sections
        self._taken = taken
        self._unknown: dict[str, str] = {}

    def read(self) -> HostDisks:
        """Put everything together."""
        hostname, release = self._host()
        tables = self._tables()
        return HostDisks(
            name=self._name,
            hostname=hostname,
            release=release,
            major=_major(release),
            disks=tuple(read_disk(disk, tables, self._cannot) for disk in self._disks()),
            mounts=tables.mounts,
            fstab=self._file("fstab", "/etc/fstab"),
            loader_conf=self._file("loader", "/boot/loader.conf", needed=False),
            swap=tuple(row.dev for row in read_swapinfo(self._text("swap")).facts.rows),
            snap_directories=self._paths("snaps"),
            tools=frozenset(self._text("tools").split()) & _TOOLS,
            qmail_queue=next(iter(self._paths("queue")), None),
            answers_ssh=self._reached(),
            unknown=tuple(self._unknown.items()),
            taken=self._taken,
            raw="\n".join(f"## {key}\n{one.text}" for key, one in self._sections.items()),
        )

    def _cannot(self, what: str, why: str) -> None:
        self._unknown.setdefault(what, why)

    def _text(self, key: str) -> str:
        """A section that has to be there and to have gone well; else empty, and said."""
        section = self._sections.get(key)
        if section is None:
            self._cannot(key, LATE)
            return ""
        why = complaint(section.text, section.exit_status, key)
        if why is not None:
            self._cannot(key, why)
            return ""
        return section.text

    def _file(self, key: str, path: str, *, needed: bool = True) -> str | None:
        section = self._sections.get(key)
        if section is not None and section.exit_status == _NO_FILE:
            if needed:
                self._cannot(path, "there is no such file")
            return None
        if section is None or section.exit_status != 0:
            why = LATE if section is None else complaint(section.text, section.exit_status, f"cat {path}")
            self._cannot(path, why or "it cannot be read")
            return None
        return section.text

    def _paths(self, key: str) -> tuple[str, ...]:
        return tuple(line for line in lines(self._text(key)) if line.startswith("/"))

    def _host(self) -> tuple[str | None, str | None]:
        said = [line.strip() for line in lines(self._text("host")) if line.strip()]
        if len(said) < 2 or not _RELEASE.fullmatch(said[1]):
            if "host" not in self._unknown:
                self._cannot("host", nonsense("\n".join(said), "uname"))
            return (said[0] if said else None), None
        if len(said) < 3 or said[2] != "0":
            self._cannot(
                "root", "the login is not root, so disks cannot be read; become root by sudo or doas"
            )
        return said[0], said[1]

    def _disks(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(word for word in self._text("disks").split() if _DISK.fullmatch(word)))

    def _reached(self) -> bool | None:
        section = self._sections.get("reach")
        if section is None:
            return None
        if section.exit_status not in (126, 127, 254) or _REACHED.search(section.text):
            return True
        return False if _AWAY.search(section.text) else None

    def _tables(self) -> Tables:
        """Each command's answers by what they are about; one that failed is not among them."""
        infos: dict[str, DiskInfo] = {}
        for text in self._each("diskinfo", failing=True).values():
            infos |= {one.name.removeprefix("/dev/"): one for one in read_diskinfo(text).facts.providers}
        labels = {
            holder: (text, label)
            for holder, text in self._each("label").items()
            if (label := read_disklabel(text).facts).partitions and not label.no_label
        }
        return Tables(
            infos=infos,
            mbrs=self._mbrs(),
            labels=labels,
            tables=self._gpart("gpart"),
            named=self._gpart("gpart-l"),
            blocks=self._blocks(),
            boots=self._each("boot", failing=True),
            uses={row.fs: row for row in read_df(self._text("df")).facts.rows},
            mounts=tuple(
                Mounted(one.special, one.node, one.type, one.options)
                for one in read_mount(self._text("mounts")).facts.mounts
            ),
        )

    def _each(self, kind: str, *, failing: bool = False) -> dict[str, str]:
        """The sections `KIND/NAME` that went well, by name; `failing` = say which did not."""
        found: dict[str, str] = {}
        for key, section in self._sections.items():
            at, slash, name = key.partition("/")
            if at != kind or not slash:
                continue
            why = complaint(section.text, section.exit_status, f"{kind} {name}")
            if why is None:
                found[name] = section.text
            elif failing:
                self._cannot(key, why)
        return found

    def _mbrs(self) -> dict[str, MbrTable]:
        """Slice tables that are on the disk: fdisk without -s makes one up where there is none."""
        found: dict[str, MbrTable] = {}
        long = self._each("fdisk")
        for disk, text in self._each("fdisk-s").items():
            short = read_fdisk(text).facts
            full = read_fdisk(long.get(disk, "")).facts
            same = [(one.n, one.start, one.size) for one in full.parts] == [
                (one.n, one.start, one.size) for one in short.parts
            ]
            found[disk] = full if same and full.parts else short
        return found

    def _gpart(self, key: str) -> dict[str, PartTable]:
        section = self._sections.get(key)
        if section is None:
            return {}
        why = complaint(section.text, section.exit_status, "gpart show")
        if why is not None and "No such geom" not in section.text:
            self._cannot(key, why)
            return {}
        return {table.name: table for table in read_gpart_show(section.text).facts.tables}

    def _blocks(self) -> dict[str, SuperBlock]:
        found: dict[str, SuperBlock] = {}
        for place, text in self._each("dumpfs", failing=True).items():
            block = read_dumpfs(text).facts
            if block.ufs is not None:
                found[place] = block
            elif any("Permission denied" in one or "not permitted" in one for one in block.errors):
                self._cannot(f"dumpfs/{place}", block.errors[0])
        return found


def _major(release: str | None) -> int | None:
    found = _RELEASE.fullmatch(release or "")
    return int(found[1]) if found else None
