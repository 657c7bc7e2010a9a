"""bsdlabel(8), also called disklabel(8): BSD labels of slices, of whole disks and (-f) of plain files."""

import errno
from dataclasses import replace

from console.lab.arguments import Options, read_options
from console.lab.call import Call, Command
from console.lab.errors import reason
from console.lab.files import read_content, resolve
from console.lab.geom.base import failure
from console.lab.geom.bsdlabel import AREA, LABEL_AT, Label, decode, encode, relative, virgin
from console.lab.geom.label_check import Checked, check, settle
from console.lab.geom.label_text import read, show
from console.lab.geom.tables import RAW, SECTOR, clip
from console.lab.images import Image

_USAGE = """usage: bsdlabel disk
\t\t(to read label)
\tbsdlabel -w [-n] [-m machine] disk [type]
\t\t(to write label with existing boot program)
\tbsdlabel -e [-n] [-m machine] disk
\t\t(to edit label)
\tbsdlabel -R [-n] [-m machine] disk protofile
\t\t(to restore label with existing boot program)
\tbsdlabel -B [-b boot] [-m machine] disk
\t\t(to install boot program with existing on-disk label)
\tbsdlabel -w -B [-n] [-b boot] [-m machine] disk [type]
\t\t(to write label and install boot program)
\tbsdlabel -R -B [-n] [-b boot] [-m machine] disk protofile
\t\t(to restore label and install boot program)"""


class _Refused(Exception):
    """What ends the program: the words behind its name, and the exit status."""

    def __init__(self, text: str, status: int = 1) -> None:
        super().__init__(text)
        self.status = status


class _Target:
    """The provider or plain file whose label is worked on."""

    def __init__(self, call: Call, name: str, *, plain: bool) -> None:
        self.call = call
        self.plain = plain
        self.image: Image | None = None
        self.name = name if plain or name.startswith("/dev/") else f"/dev/{name}"
        node = call.node
        if plain:
            content = read_content(call, name, 1)
            if isinstance(content, str):
                raise _Refused(f"{name}: {content}")
            self.path = resolve(call, name)
            self.image = node.images.at(self.path)
            whole = node.fs.read_file(self.path) if self.image is None else b""
            self.size = len(whole) if self.image is None else self.image.size
            return
        provider = node.geom.find(self.name)
        if provider is None:
            raise _Refused(f"unable to get correct path for {name}: No such file or directory")
        if call.uid != 0 and "operator" not in call.groups:
            raise _Refused(f"unable to get correct path for {name}: Permission denied")
        self.provider = provider
        self.size = provider.mediasize

    @property
    def total(self) -> int:
        """Sectors."""
        return self.size // SECTOR

    async def area(self) -> bytes:
        """The first 8 kB."""
        if not self.plain:
            return await self.provider.read(0, AREA)
        if self.image is not None:
            return self.image.read(0, AREA)
        return self.call.node.fs.read_file(self.path)[:AREA].ljust(AREA, b"\0")

    async def write(self, area: bytes) -> None:
        """Write the first 8 kB; raises _Refused."""
        if self.plain:
            if self.image is not None:
                self.image.write(0, area)
            else:
                self.call.node.fs.write_file(self.path, area + self.call.node.fs.read_file(self.path)[AREA:])
            return
        try:
            if self.call.uid != 0:
                raise failure(errno.EACCES)
            with self.call.node.geom.dev.opened(self.provider, write=True):
                await self.provider.write(0, area)
        except OSError as error:
            raise _Refused(
                f"cannot open provider {self.name} for writing label: {reason(error)}\n"
                f"{self.call.name}: Try to use gpart(8)."
            ) from error


async def bsdlabel(call: Call) -> int:
    """Show (no option), write (-w), restore (-R) or make bootable (-B) a label."""
    given = read_options(call, "ABb:efm:nRrw", _USAGE)
    if given is None:
        return 1
    options, rest = given
    if not rest or len({"e", "R", "w"} & set(options)) > 1:
        call.complain(_USAGE)
        return 1
    await call.node.geom.idle()
    try:
        target = _Target(call, rest[0], plain="f" in options)
        status = await _work(call, options, target, rest[1:])
    except _Refused as error:
        call.complain(f"{call.name}: {error}")
        return error.status
    await call.node.geom.idle()
    return status


async def _work(call: Call, options: Options, target: _Target, rest: list[str]) -> int:
    area = await target.area()
    found = decode(area[LABEL_AT : LABEL_AT + SECTOR])
    label = None if found is None else relative(found)
    shift = 0 if found is None else found.parts[RAW - 1][1]
    if "R" in options:
        if len(rest) != 1:
            call.complain(_USAGE)
            return 1
        return await _write(call, options, target, (area, shift), _from_text(call, options, target, rest[0]))
    if "w" in options:
        done = check(_fresh(target.total), target.total)
        return await _write(call, options, target, (area, 0), done)
    if label is None:
        raise _Refused(f"{target.name}: no valid label found")
    if "e" in options:
        editor = call.env.get("EDITOR", "/usr/bin/vi")
        raise _Refused(f"{editor}: No such file or directory")
    done = check(label, target.total)
    if "B" in options:
        return await _write(call, options, target, (area, shift), done)
    call.say(show(label, target.name, everything="A" in options), end="")
    _tell(call, done)
    return done.errors


def _fresh(total: int) -> Label:
    """What -w writes: c, and an a behind the boot code."""
    label = virgin(total)
    first = AREA // SECTOR
    return replace(label, parts=((total - first, first, 0, 0, 0, 0), *label.parts[1:]))


def _from_text(call: Call, options: Options, target: _Target, name: str) -> Checked:
    content = read_content(call, name)
    if isinstance(content, str):
        raise _Refused(f"fopen {name}: {content}", 4)
    wanted = read(content.decode("utf-8", "replace"), target.total, everything="A" in options)
    return settle(wanted, target.total)


async def _write(call: Call, options: Options, target: _Target, old: tuple[bytes, int], done: Checked) -> int:
    _tell(call, done)
    if done.errors:
        return 1 if "R" in options else 0
    if "n" in options:
        call.complain(f"{call.name}: write to disk label suppressed - label was as follows:")
        call.say(show(done.label, target.name, everything="A" in options), end="")
        return 0
    area, shift = old
    if "B" in options:
        area = _boot_program(call, options.get("b", "/boot/boot"))
    parts = tuple(
        (size, offset + shift if size else offset, *rest) for size, offset, *rest in done.label.parts
    )
    sector = encode(replace(done.label, parts=parts))  # type: ignore[arg-type]
    await target.write(clip(area, sector, at=LABEL_AT))
    return 0


def _boot_program(call: Call, path: str) -> bytes:
    content = read_content(call, path)
    if isinstance(content, str):
        raise _Refused(f"cannot open {path}: {content}")
    if len(content) > AREA:
        raise _Refused(f"boot code {path} is wrong size")
    return content.ljust(AREA, b"\0")


def _tell(call: Call, done: Checked) -> None:
    for line in done.complaints:
        call.complain(f"{call.name}: {line[1:]}" if line.startswith("@") else line)


COMMANDS: dict[str, Command] = {"bsdlabel": bsdlabel, "disklabel": bsdlabel}
