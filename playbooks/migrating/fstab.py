"""fstab and loader.conf of the copy: device words replaced line by line, all else kept byte for byte."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from console.model.disks import HostDisks
from playbooks.migrating.devices import DEV, part_of

_LINE = re.compile(r"(\s*)([^\s#]\S*)(\s+)(\S+)(.*)", re.DOTALL)
_SETTING = re.compile(r"(\s*(?:vfs\.root\.mountfrom|dumpdev)\s*=\s*)(.*)", re.DOTALL)
_ROOT_WORD = re.compile(r"(ufs:)?((?:/dev/)?[A-Za-z][A-Za-z0-9_./-]*)")
_OCTAL = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Renaming:
    """What device words of the old system mean in the copy."""

    host: HostDisks
    """The source: its partitions say what a word means."""
    devices: Mapping[str, str]
    """By the name of an old partition: the new device, with /dev/."""
    gone: frozenset[str] = frozenset()
    """Old partitions that the copy will not see; their lines would stop the boot."""
    words: Mapping[str, str] = field(default_factory=dict)
    """By a device word that proves no partition by itself (a swap on `/dev/gptid/…`): the new device."""

    def new(self, spec: str, mount: str | None = None) -> str | None:
        """The new device, None where the word stays as it is."""
        part = part_of(self.host, spec, mount)
        return self.words.get(spec) if part is None else self.devices.get(part.name)

    def is_gone(self, spec: str, mount: str | None = None) -> bool:
        """Whether the copy will not have this device."""
        part = part_of(self.host, spec, mount)
        return part is not None and part.name in self.gone


def fstab_of_copy(text: str, renaming: Renaming) -> str:
    """fstab(5) with the devices of the copy; lines of devices that it will not have are commented out.

    Words of which nothing is known are kept.
    """
    return "\n".join(_line(line, renaming) for line in text.split("\n"))


def _line(line: str, renaming: Renaming) -> str:
    found = _LINE.fullmatch(line)
    if found is None:
        return line
    blank, spec, gap, file, rest = found.groups()
    plain = _OCTAL.sub(lambda octal: chr(int(octal[1], 8)), file)
    mount = plain if plain.startswith("/") else None
    if (new := renaming.new(spec, mount)) is not None:
        return f"{blank}{new}{gap}{file}{rest}"
    return f"#{line}" if renaming.is_gone(spec, mount) else line


def loader_of_copy(text: str | None, renaming: Renaming) -> str | None:
    """loader.conf(5) with `vfs.root.mountfrom` and `dumpdev` of the copy; None where nothing changes."""
    if text is None:
        return None
    changed = "\n".join(_setting(line, renaming) for line in text.split("\n"))
    return None if changed == text else changed


def _setting(line: str, renaming: Renaming) -> str:
    found = _SETTING.fullmatch(line)
    if found is None:
        return line
    value, mark, remark = found[2].partition("#")

    def word(match: re.Match[str]) -> str:
        short = not match[2].startswith(DEV)
        new = renaming.new(DEV + match[2] if short else match[2], "/")
        if new is None:
            return match[0]
        return (match[1] or "") + (new.removeprefix(DEV) if short else new)

    return found[1] + _ROOT_WORD.sub(word, value) + mark + remark
