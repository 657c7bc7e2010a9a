"""dump(8): writes a file system, or what changed of it since an earlier dump, as one stream."""

import asyncio

from console.lab.arguments import read_options
from console.lab.attributes import NODUMP
from console.lab.bytestream import FileSink
from console.lab.call import Call
from console.lab.commands.base_identity import full_name
from console.lab.dumping.dates import Dumped, base_of, ctime, keep_date
from console.lab.dumping.request import LETTERS, Refused, Request, modern, read_request, say
from console.lab.dumping.stream import (
    BLOCK,
    RECORD,
    Title,
    blocks_of,
    end_record,
    file_record,
    title_record,
)
from console.lab.dumping.tree import Found, bytes_of, of_device, of_mount, of_tree
from console.lab.errors import reason
from console.lab.processes import Process

USAGE = (
    "usage: dump [-0123456789acLnSu] [-B records] [-b blocksize] [-C cachesize]\n"
    "            [-D dumpdates] [-d density] [-f file | -P pipecommand] [-h level]\n"
    "            [-s feet] [-T date] filesystem\n"
    "       dump -W | -w"
)
_STARTUP, _ABORTED = 1, 3
_BETWEEN = 300.0
"""World seconds between two progress messages."""
_PIECE = 1 << 16


class Aborted(Exception):
    """The dump ends without its end mark."""


async def dump(call: Call) -> int:
    """Dump a file system; exit 0, 1 when it cannot begin, 3 when it was broken off."""
    if len(call.arguments) > 1:
        call.argv = [call.argv[0], *modern(call.arguments)]
    read = read_options(call, LETTERS, USAGE)
    if read is None or len(read[1]) != 1:
        if read is not None:
            call.complain(USAGE)
        return _STARTUP
    options, (name,) = read
    try:
        request = read_request(call, options, name)
        found, seen = await _map(call, request)
    except Refused as refused:
        call.complain(f"dump: {refused}")
        return _STARTUP
    return await _Dumping(call, request, found, seen).run()


async def _map(call: Call, request: Request) -> tuple[list[Found], list[Found]]:
    """What will be dumped, and what is seen while mapping.

    They differ where a mounted file system is read without a snapshot: what is written later than the
    mapping has seen it is counted and not dumped (R20).
    """
    node = call.node
    await node.geom.idle()
    try:
        if request.mount is not None:
            found = await of_mount(node, request.mount, frozen=request.snapshot)
            live = not request.snapshot and request.mount.ufs is not None
            return found, of_tree(node, request.mount, frozen=False) if live else found
        provider = node.geom.find(request.device)
        if provider is None:
            raise Refused(f"Cannot open {request.device}: No such file or directory")
        found = await of_device(provider)
    except OSError as error:
        raise Refused(f"Cannot open {request.device}: {reason(error)}") from error
    except ValueError as error:
        raise Refused(f"{request.device}: Cannot find file system superblock") from error
    return found, found


class _Dumping:
    """One run of dump: its messages, its process and how far it is."""

    def __init__(self, call: Call, request: Request, found: list[Found], seen: list[Found]) -> None:
        self._call = call
        self._request = request
        self._clock = call.node.clock
        now = int(self._clock.now())
        self._base = base_of(call.node, request.device, request.level, request.dates)
        if request.since is not None:
            self._base = Dumped(request.device, max(0, request.level - 1), request.since)
        self._date = now
        self._all = found
        self._left_out: list[str] = []
        self._seen = self._choose(seen)
        self._left_out.clear()
        self._chosen = self._choose(found)
        self._bytes = self._written = 0
        self._estimate = 0
        self._asked = False
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
        self._process.on_info = self._ask
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
        last = f"level {self._base.level}" if request.since is None else "(level unknown)"
        self._tell(f"Date of last {last} dump: {ctime(self._base.date)}")
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
        left_out = self._left_out
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
            request.point or "an unlisted file system", names, directories & frozenset(names.values()),
            dumped, snapshot,
        )  # fmt: skip

    def _size(self) -> int:
        title = len(title_record(self._title())) // BLOCK
        return title + sum(blocks_of(one.file) for one in self._seen) + 1

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
        regular = False
        for one in self._chosen:
            if not regular and one.file.kind != "d":
                regular = True
                self._tell("dumping (Pass IV) [regular files]")
                await self._call.flush()
            await self._file(one)
        if not regular:
            self._tell("dumping (Pass IV) [regular files]")
        await self._put(end_record())
        self._written = self._bytes // BLOCK
        await self._put(bytes(-self._bytes % RECORD))
        await self._hand_on()
        if self._sink is not None:
            self._sink.flush()

    async def _file(self, one: Found) -> None:
        await self._put(file_record(one.file))
        contents = await one.load()
        for at, length in one.file.extents:
            for start in range(at, at + length, _PIECE):
                take = min(_PIECE, at + length - start)
                await self._put(bytes_of(contents, start, take).ljust(take, b"\0"))
        await self._put(bytes(-one.file.length % BLOCK))

    async def _put(self, data: bytes) -> None:
        self._held += data
        self._bytes += len(data)
        if len(self._held) >= _PIECE:
            await self._hand_on()

    async def _hand_on(self) -> None:
        """Write what is held, no faster than the disk is read and the reader takes it."""
        data, self._held = self._held, b""
        if self._sink is not None:
            await self._sink.write(data)
        elif data:
            await self._call.send(data)
        if self._request.volume is not None and self._bytes > self._request.volume * BLOCK:
            self._tell("Change Volumes: Mount volume #2")
            self._no_terminal()
        await self._clock.sleep(len(data) / self._call.node.world.dump_rate)
        await self._report()

    async def _report(self) -> None:
        """Renew the title; now and then, and when asked, say how far it is."""
        now, written = self._clock.now(), max(1, self._bytes // BLOCK)
        if written > self._estimate:
            text = "99.99% done, finished soon"
        else:
            left = (now - self._started) * (self._estimate - written) / written
            minutes = int(left) // 60
            share = written * 100 / self._estimate
            text = (
                f"{share:3.2f}% done, finished in {minutes // 60}:{minutes % 60:02d} at {ctime(now + left)}"
            )
        self._entitle(f"pass 4: {text}")
        if self._asked or now - self._told >= _BETWEEN:
            self._asked, self._told = False, now
            self._tell(text)
            await self._call.flush()

    def _ask(self) -> None:
        self._asked = True

    def _finish(self) -> None:
        request = self._request
        volumes = "" if request.to_pipe else " on 1 volume"
        self._tell(f"DUMP: {self._written} tape blocks{volumes}")
        seconds = int(self._clock.now() - self._started)
        if seconds < 1:
            self._tell("finished in less than a second")
        else:
            rate = self._written // seconds
            self._tell(f"finished in {seconds} seconds, throughput {rate} KBytes/sec")
        if request.update:
            keep_date(self._call.node, Dumped(request.device, request.level, self._date), request.dates)
            self._tell(f"level {request.level} dump on {ctime(self._date)}")
        if not request.to_pipe:
            self._tell(f"Closing {request.to}")
        self._tell("DUMP IS DONE")

    def _tell(self, text: str) -> None:
        say(self._call, text)

    def _entitle(self, text: str) -> None:
        if self._process is not None:
            self._process.command = f"dump: {self._request.device}: {text} (dump)"
