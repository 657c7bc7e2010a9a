"""restore(8): unpacks a dump into the directory it is called in, whatever is mounted there."""

import asyncio
import json
import posixpath
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from console.lab.arguments import read_options
from console.lab.bytestream import pieces
from console.lab.call import Call
from console.lab.dumping.dates import ctime
from console.lab.dumping.request import modern
from console.lab.dumping.stream import Cut, NotADump, Reader, Title
from console.lab.dumping.unpacking import Full, Unpacker
from console.lab.files import entry, resolve, wait_for

USAGE = (
    "usage:\trestore -i [-dhmNuvy] [-b blocksize] [-f file | -P pipecommand] [-s fileno]\n"
    "\trestore -R [-dNuvy] [-b blocksize] [-f file | -P pipecommand] [-s fileno]\n"
    "\trestore -r [-dNuvy] [-b blocksize] [-f file | -P pipecommand] [-s fileno]\n"
    "\trestore -t [-dhNuvy] [-b blocksize] [-f file | -P pipecommand] [-s fileno] [file ...]\n"
    "\trestore -x [-dhmNuvy] [-b blocksize] [-f file | -P pipecommand] [-s fileno] [file ...]"
)
SYMBOLS = "restoresymtable"
_VOLUMES = (
    "You have not read any tapes yet.\n"
    "If you are extracting just a few files, start with the last volume\n"
    "and work towards the first; restore can quickly skip tapes that\n"
    "have no further files to extract. Otherwise, begin with volume 1."
)
_BYTES_PER_NAME = 190
"""What one name takes in the real symbol table, about: the lab's is shorter and is filled up."""


class Failed(Exception):
    """Restoring ends with exit status 1; the arguments are lines for standard error."""


@dataclass
class _Terminal:
    """Where restore asks: its input, or nothing when the dump comes from there."""

    call: Call
    held: bytes = b""
    silent: bool = False
    ended: bool = field(default=False)

    async def line(self) -> str | None:
        """What is answered, None at the end."""
        while not self.silent and b"\n" not in self.held and not self.ended:
            data = await self.call.stdin.read(512)
            self.ended = not data
            self.held += data
        if b"\n" not in self.held:
            return None
        text, _, self.held = self.held.partition(b"\n")
        return text.decode("utf-8", "replace").strip()


async def restore(call: Call) -> int:
    """Unpack (-r, -x), list (-t) or read through (-N) a dump; exit 0 or 1."""
    call.argv = [call.argv[0], *modern(call.arguments, _LETTERS)]
    read = read_options(call, _LETTERS, USAGE)
    if read is None:
        return 1
    options, names = read
    acts = options.keys() & {"i", "R", "r", "t", "x"}
    if len(acts) != 1:
        call.complain(USAGE)
        return 1
    table = call.node.processes
    title = "restore " + " ".join(call.arguments)
    process = table.spawn(title, call.parent, user=call.user)
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def deliver(number: int) -> None:
        if not ended.done():
            ended.set_result(number)

    process.on_signal = deliver
    work = asyncio.ensure_future(_restore(call, options, names, next(iter(acts))))
    try:
        await asyncio.wait({work, ended}, return_when=asyncio.FIRST_COMPLETED)
        return work.result() if work.done() else 128 + ended.result()
    finally:
        work.cancel()
        ended.cancel()
        table.exit(process)


_LETTERS = "b:dDf:himNP:Rrs:tuvxy"


async def _restore(call: Call, options: dict[str, str], names: list[str], act: str) -> int:
    source = options.get("f", "/dev/sa0")
    terminal = _Terminal(call, silent=source == "-")
    if source == "-":
        call.complain("cannot open /dev/tty: Device not configured")
        await call.flush()
    else:
        known = entry(call.node, resolve(call, source), follow=True)
        if known is None or known.kind == "directory":
            why = "No such file or directory" if known is None else "Is a directory"
            call.complain(f"{source}: {why}")
            return 1
    reader = Reader(_reading(call, source))
    try:
        title = await _title(reader, source)
        if act == "t":
            _list(call, title, names)
        elif act == "r":
            await _whole(call, reader, title, dry="N" in options)
        elif act == "x":
            await _some(call, reader, title, names, terminal, options)
        elif act == "i":
            call.complain("restore > ", end="")
        else:
            raise Failed("open: No such file or directory", f"cannot open symbol table file ./{SYMBOLS}")
    except Failed as failed:
        for line in failed.args:
            call.complain(line)
        return 1
    except Cut:
        call.complain("tape read error: No error: 0")
        return 1
    return 0


def _reading(call: Call, source: str) -> Callable[[int], Awaitable[bytes]]:
    stream = pieces(call, source)

    async def read(size: int) -> bytes:
        if source == "-":
            return await call.stdin.read(size)
        try:
            return await anext(stream, b"")
        except OSError as why:
            raise Failed(f"{source}: {why}") from why

    return read


async def _title(reader: Reader, source: str) -> Title:
    try:
        return await reader.title()
    except NotADump:
        raise Failed("Tape is not a dump tape") from None
    except Cut:
        if source == "-":
            raise Failed("Tape is not a dump tape") from None
        raise


def _list(call: Call, title: Title, names: list[str]) -> None:
    call.complain(f"Level {title.level} dump of {title.file_system} on {title.host}:{title.device}")
    call.complain("Label: none")
    call.say(f"Dump   date: {ctime(title.date)}")
    call.say(f"Dumped from: {ctime(title.since)}")
    wanted = _wanted(title, names)
    for name in sorted(wanted, key=lambda known: known.split("/")):
        if title.names[name] in title.dumped:
            call.say(f"{title.names[name]:10d}\t{name}")
    for name in names:
        if _dotted(name) not in title.names:
            call.complain(f"{_dotted(name)}: not found on tape")


def _dotted(name: str) -> str:
    clean = posixpath.normpath(name.lstrip("/") or ".")
    return "." if clean == "." else f"./{clean}"


def _wanted(title: Title, names: list[str]) -> list[str]:
    """The names to be restored: those given with everything below them, or all."""
    given = [_dotted(name) for name in names] or ["."]
    return [
        name
        for name in title.names
        if any(name == one or one == "." or name.startswith(one + "/") for one in given)
    ]


async def _whole(call: Call, reader: Reader, title: Title, *, dry: bool) -> None:
    """`restore -r`: everything, on top of what earlier levels brought."""
    path = resolve(call, SYMBOLS)
    await wait_for(call, path)
    before: dict[str, int] = {}
    directories: frozenset[int] = frozenset()
    if title.since:
        before, directories = _symbols(call, path, title)
    target = Unpacker(call, dry=dry)
    try:
        target.rename(before, directories, title)
        target.make_directories(title)
        await _files(call, reader, title, target, set(title.names))
        target.finish()
        table = json.dumps(
            {"date": title.date, "names": title.names, "directories": sorted(title.directories)}
        )
        target.keep(SYMBOLS, table.encode().ljust(_BYTES_PER_NAME * len(title.names)), 0o600)
    except Full as full:
        raise Failed(*full.args) from full
    await reader.drain()


def _symbols(call: Call, path: str, title: Title) -> tuple[dict[str, int], frozenset[int]]:
    if not call.node.fs.exists(path):
        raise Failed("open: No such file or directory", f"cannot open symbol table file ./{SYMBOLS}")
    try:
        known = json.loads(call.node.fs.read_file(path))
        date, names = int(known["date"]), dict(known["names"])
        directories = frozenset(known["directories"])
    except (ValueError, KeyError, TypeError) as odd:
        raise Failed("read: No error: 0", f"cannot read symbol table file ./{SYMBOLS}") from odd
    if date != title.since:
        raise Failed("Incremental tape too low" if date > title.since else "Incremental tape too high")
    return names, directories


async def _files(
    call: Call, reader: Reader, title: Title, target: Unpacker, wanted: set[str], *, told: bool = False
) -> None:
    """Take every inode from the tape and put those wanted in their places."""
    places: dict[int, list[str]] = {}
    for name in sorted(wanted):
        places.setdefault(title.names[name], []).append(name)
    leaves = [n for n in title.dumped if n not in title.directories and n in places]
    told = told or not (title.snapshot and leaves)
    while (file := await reader.file()) is not None:
        if not told and file.kind != "d":
            told = True
            call.complain(f"expected next file {min(leaves)}, got {title.snapshot}")
        data = await reader.data(file)
        if file.number in places:
            target.put(file, places[file.number], data)
            await call.flush()


async def _some(
    call: Call, reader: Reader, title: Title, names: list[str], terminal: _Terminal, options: dict[str, str]
) -> None:
    """`restore -x`: the files named, asked for as with a tape."""
    wanted = set(_wanted(title, names))
    missing = [_dotted(name) for name in names if _dotted(name) not in title.names]
    for name in missing:
        call.complain(f"{name}: not found on tape")
    above = {
        "/".join(name.split("/")[:length]) for name in wanted for length in range(1, name.count("/") + 1)
    }
    target = Unpacker(call, dry="N" in options)
    try:
        target.make_directories(title, wanted | above)
        if wanted and not terminal.silent:
            await _volume(call, terminal)
        await _files(call, reader, title, target, wanted, told=True)
        target.finish()
    except Full as full:
        raise Failed(*full.args) from full
    call.complain("set owner/mode for '.'? [yn] ", end="")
    await call.flush()
    while (answer := await terminal.line()) not in ("y", "n"):
        if answer is None:
            break
        call.complain("set owner/mode for '.'? [yn] ", end="")
    await reader.drain()


async def _volume(call: Call, terminal: _Terminal) -> None:
    while True:
        call.complain(_VOLUMES)
        call.complain("Specify next volume #: ", end="")
        await call.flush()
        answer = await terminal.line()
        if answer is None:
            raise Failed
        if answer.isdigit() and int(answer) > 0:
            return
        call.complain("Volume numbers are positive numerics")
