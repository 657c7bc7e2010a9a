"""dump(8): writes a file system, or what changed of it since an earlier dump, as one stream."""

import asyncio
from dataclasses import dataclass

from console.lab.arguments import read_options
from console.lab.attributes import NODUMP
from console.lab.bytestream import FileSink
from console.lab.call import Call
from console.lab.commands.base_identity import full_name
from console.lab.dumping.dates import DUMPDATES, base_of, ctime
from console.lab.dumping.stream import (
    BLOCK,
    RECORD,
    Title,
    blocks_of,
    end_record,
    file_record,
    title_record,
)
from console.lab.dumping.tree import Found, bytes_of, of_device, of_mount
from console.lab.errors import reason
from console.lab.files import entry, resolve
from console.lab.mounts import Mount
from console.lab.processes import Process

USAGE = (
    "usage: dump [-0123456789acLnSu] [-B records] [-b blocksize] [-C cachesize]\n"
    "            [-D dumpdates] [-d density] [-f file | -P pipecommand] [-h level]\n"
    "            [-s feet] [-T date] filesystem\n"
    "       dump -W | -w"
)
_LETTERS = "0123456789aB:b:C:cD:d:f:h:LnP:RrSs:T:uWw"
_STARTUP, _ABORTED = 1, 3
_TAPE = 39400
"""Tape blocks that a tape of 2300 feet takes: what dump reckons with unless told otherwise."""
_TAPE_SECONDS = 300.0
_PIECE = 1 << 16


class Aborted(Exception):
    """The dump ends without its end mark."""


class Refused(Exception):
    """The dump cannot even begin; the argument says why."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be dumped, how and to where."""

    device: str
    point: str
    """Where fstab or the mount table has it, else ""."""
    mount: Mount | None
    level: int
    to: str
    snapshot: bool
    update: bool
    estimate_only: bool
    nodump_level: int
    dates: str
    volume: int | None
    """Tape blocks after which the next tape is asked for; None = never."""

    @property
    def to_pipe(self) -> bool:
        """Whether it goes to standard output."""
        return self.to == "-"


def modern(words: list[str]) -> list[str]:
    """The arguments with `0uaf FILE DEVICE` of old turned into `-0 -u -a -f FILE DEVICE`."""
    if not words or words[0].startswith("-"):
        return words
    valued = {letter for letter, after in zip(_LETTERS, _LETTERS[1:], strict=False) if after == ":"}
    values = words[1:]
    found: list[str] = []
    for letter in words[0]:
        found.append(f"-{letter}")
        if letter in valued and values:
            found.append(values.pop(0))
    return found + values


async def dump(call: Call) -> int:
    """Dump a file system; exit 0, 1 when it cannot begin, 3 when it was broken off."""
    if len(call.arguments) > 1:
        call.argv = [call.argv[0], *modern(call.arguments)]
    read = read_options(call, _LETTERS, USAGE)
    if read is None or len(read[1]) != 1:
        if read is not None:
            call.complain(USAGE)
        return _STARTUP
    options, (name,) = read
    try:
        request = _request(call, options, name)
        found = await _map(call, request)
    except Refused as refused:
        call.complain(f"dump: {refused}")
        return _STARTUP
    return await _Dumping(call, request, found).run()


def _request(call: Call, options: dict[str, str], name: str) -> Request:
    node = call.node
    listed = _in_fstab(call, name)
    device = listed[0] if listed is not None else resolve(call, name) if "/" in name else f"/dev/{name}"
    mount = next((known for known in node.mounts.mounts if known.device == device), None)
    snapshot = "L" in options
    if mount is None:
        if snapshot:
            _say(call, "WARNING: Cannot use -L on an unmounted filesystem.")
        snapshot = False
    elif mount.read_only:
        if snapshot:
            _say(call, "WARNING: -L ignored for read-only filesystem.")
        snapshot = False
    elif not snapshot:
        _say(call, "WARNING: should use -L when dumping live read-write filesystems!")
    else:
        snap = f"{mount.point.rstrip('/')}/.snap"
        known = entry(node, snap, follow=True)
        if known is None or known.kind != "directory":
            _say(call, f"WARNING: -L requested but snapshot location {snap}")
            _say(call, "         is not a directory: dump downgraded, -L ignored")
            snapshot = False
    if call.uid != 0 and "operator" not in call.groups:
        raise Refused(f"Cannot open {device}: Permission denied")
    if mount is None and listed is None:
        known = entry(node, resolve(call, name), follow=True)
        if known is None:
            raise Refused(f"Cannot open {name}: No such file or directory")
        if node.geom.find(device) is None:
            raise Refused(f"{name}: unknown file system")
    level = max((int(letter) for letter in options if letter.isdigit()), default=0)
    to = options.get("f", "/dev/sa0")
    volume = None
    if to != "-" and "a" not in options:
        volume = int(options["B"]) if options.get("B", "").isdigit() else _TAPE
    point = listed[1] if listed is not None else mount.point if mount is not None else ""
    return Request(
        device, point, mount, level, to, snapshot, "u" in options, "S" in options,
        int(options.get("h", "1")), resolve(call, options.get("D", DUMPDATES)), volume,
    )  # fmt: skip


def _in_fstab(call: Call, name: str) -> tuple[str, str] | None:
    """(device, mount point) of the UFS line that names a device or a mount point."""
    fs = call.node.fs
    if not fs.exists("/etc/fstab"):
        return None
    wanted = name.rstrip("/") or "/"
    for line in fs.read_file("/etc/fstab").decode("utf-8", "replace").splitlines():
        words = line.split("#", 1)[0].split()
        if len(words) > 2 and words[2] == "ufs" and wanted in (words[0], words[1], words[0][5:]):
            return words[0], words[1]
    return None


def _say(call: Call, text: str) -> None:
    call.complain(f"  DUMP: {text}")


async def _map(call: Call, request: Request) -> list[Found]:
    node = call.node
    await node.geom.idle()
    try:
        if request.mount is not None:
            return await of_mount(node, request.mount, frozen=request.snapshot)
        provider = node.geom.find(request.device)
        if provider is None:
            raise Refused(f"Cannot open {request.device}: No such file or directory")
        return await of_device(provider)
    except OSError as error:
        raise Refused(f"Cannot open {request.device}: {reason(error)}") from error
    except ValueError as error:
        raise Refused(f"{request.device}: Cannot find file system superblock") from error


class _Dumping:
    """One run of dump: its messages, its process and how far it is."""

    def __init__(self, call: Call, request: Request, found: list[Found]) -> None:
        self._call = call
        self._request = request
        self._clock = call.node.clock
        now = int(self._clock.now())
        self._base = base_of(call.node, request.device, request.level, request.dates)
        self._date = now
        self._all = found
        self._chosen = self._choose(found)
        self._blocks = 0
        self._estimate = 0
        self._started = 0.0
        self._told = 0.0
        self._held = b""
        self._process: Process | None = None
        self._sink: FileSink | None = None

    async def run(self) -> int:
        """Dump, as a process that can be asked and ended."""
        table = self._call.node.processes
        self._process = table.spawn("dump", self._call.parent, user=self._call.user)
        ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def deliver(number: int) -> None:
            if not ended.done():
                ended.set_result(number)

        self._process.on_signal = deliver
        self._process.on_info = self._now_tell
        work = asyncio.ensure_future(self._run())
        try:
            await asyncio.wait({work, ended}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return work.result()
            self._tell("The ENTIRE dump is aborted.")
            return 128 + ended.result() if ended.result() == 9 else _ABORTED
        finally:
            work.cancel()
            ended.cancel()
            table.exit(self._process)

    async def _run(self) -> int:
        request = self._request
        what = f"snapshot of {request.device}" if request.snapshot else request.device
        where = "standard output" if request.to_pipe else request.to
        self._tell(f"Date of this level {request.level} dump: {ctime(self._date)}")
        self._tell(f"Date of last level {self._base.level} dump: {ctime(self._base.date)}")
        self._tell(f"Dumping {what} {f'({request.point}) ' if request.point else ''}to {where}")
        self._entitle("pass 1: regular files")
        self._tell("mapping (Pass I) [regular files]")
        self._entitle("pass 2: directories")
        self._tell("mapping (Pass II) [directories]")
        self._estimate = self._size()
        tapes = "" if request.volume is None else f" on {self._estimate / request.volume:.2f} tape(s)"
        self._tell(f"estimated {self._estimate} tape blocks{tapes}.")
        if request.estimate_only:
            return 0
        await self._call.flush()
        try:
            await self._open()
            await self._write_all()
        except Aborted:
            self._tell("The ENTIRE dump is aborted.")
            return _ABORTED
        except BrokenPipeError:
            self._tell("Broken pipe")
            self._tell("The ENTIRE dump is aborted.")
            return _ABORTED
        self._finish()
        return 0

    def _choose(self, found: list[Found]) -> list[Found]:
        """Directories first, then the others, as they stand on the tape."""
        counts = self._request.level >= self._request.nodump_level
        left_out: list[str] = []
        chosen = []
        for one in sorted(found, key=lambda known: known.names[0]):
            name = one.names[0]
            inside = any(name == out or name.startswith(out + "/") for out in left_out)
            if inside or (counts and one.file.flags & NODUMP):
                left_out.append(name)
                continue
            fresh = one.changed >= self._base.date or one.file.mtime >= self._base.date
            if fresh or one.file.kind == "d":
                chosen.append(one)
        self._left_out = left_out
        return sorted(chosen, key=lambda known: (known.file.kind != "d", known.file.number))

    def _title(self) -> Title:
        names = {
            name: one.file.number
            for one in self._all
            for name in one.names
            if not any(name == out or name.startswith(out + "/") for out in self._left_out)
        }
        directories = frozenset(one.file.number for one in self._all if one.file.kind == "d")
        dumped = frozenset(one.file.number for one in self._chosen)
        request = self._request
        snapshot = 0
        if request.snapshot:
            taken = {one.file.number for one in self._all}
            snapshot = next(number for number in range(4, len(taken) + 6) if number not in taken)
        return Title(
            request.level, self._date, self._base.date, full_name(self._call), request.device,
            request.point or "an unlisted file system", names, directories & frozenset(names.values()), dumped,
            snapshot,
        )  # fmt: skip

    def _size(self) -> int:
        title = len(title_record(self._title())) // BLOCK
        return title + sum(blocks_of(one.file) for one in self._chosen) + 1

    async def _open(self) -> None:
        if self._request.to_pipe:
            return
        opened = await FileSink.open(self._call, self._request.to)
        if isinstance(opened, str) or self._request.to.startswith("/dev/sa"):
            self._tell(f'Cannot open output "{self._request.to}".')
            self._no_terminal()
        else:
            self._sink = opened

    def _no_terminal(self) -> None:
        self._tell("fopen on /dev/tty fails: Device not configured")
        raise Aborted

    async def _write_all(self) -> None:
        self._started = self._told = self._clock.now()
        self._entitle("pass 3: directories")
        self._tell("dumping (Pass III) [directories]")
        await self._put(title_record(self._title()))
        passed = 3
        for one in self._chosen:
            if passed == 3 and one.file.kind != "d":
                passed = 4
                self._tell("dumping (Pass IV) [regular files]")
                await self._call.flush()
            await self._file(one)
        if passed == 3:
            self._tell("dumping (Pass IV) [regular files]")
        await self._put(end_record())
        written = self._blocks
        await self._put(bytes(-(written * BLOCK) % RECORD), counted=False)
        await self._hand_on(everything=True)
        if self._sink is not None:
            self._sink.flush()

    async def _file(self, one: Found) -> None:
        await self._put(file_record(one.file))
        contents = await one.load()
        for at, length in one.file.extents:
            done = 0
            while done < length:
                take = min(_PIECE, length - done)
                data = bytes_of(contents, at + done, take)
                done += take
                await self._put(
                    data.ljust(take, b"\0"), last=done == length and (at, length) == _last(one.file)
                )

    async def _put(self, data: bytes, *, counted: bool = True, last: bool = True) -> None:
        """Write some bytes; at the end of a file up to the next whole tape block."""
        self._held += data
        if last and counted:
            self._held += bytes(-len(self._held) % BLOCK)
        if len(self._held) >= _PIECE:
            await self._hand_on()

    async def _hand_on(self, *, everything: bool = False) -> None:
        data, self._held = (self._held, b"") if everything else (self._held, b"")
        self._blocks += len(data) // BLOCK
        if self._sink is not None:
            await self._sink.write(data)
        elif data:
            await self._call.send(data)
        if self._request.volume is not None and self._blocks > self._request.volume:
            self._tell("Change Volumes: Mount volume #2")
            self._no_terminal()
        rate = self._call.node.world.dump_rate
        await self._clock.sleep(len(data) / rate)
        self._report()
