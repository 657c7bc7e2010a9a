"""gzip(1), gunzip(1) and zcat(1) as filters, piece by piece; and the throttle that a migration's pipe has.

bashkit's own gzip takes its input as text of a limited size. And it gives each round of a loop the same
input: a function that moves a pipe in rounds, such as `pace` of a migration, would never come to an end, so a
stage that calls it is given `__pace` in its place (`console.lab.shelltext`).
"""

import zlib
from collections.abc import AsyncIterator

from console.lab.arguments import read_options
from console.lab.bytestream import FileSink, pieces
from console.lab.call import Call, Command
from console.lab.files import resolve

USAGE = "usage: gzip [-123456789acdfhklLNnqrtVv] [-S .suffix] [<file> [<file> ...]]"
_HEADER = 31
"""zlib's window bits for gzip's header and sum."""
_SUFFIX = ".gz"


async def gzip(call: Call) -> int:
    """Pack or, with -d, unpack standard input or files; exit 1 where that is not possible."""
    read = read_options(call, "123456789cdfknqv", USAGE)
    if read is None:
        return 1
    options, names = read
    unpack = "d" in options or call.name in ("gunzip", "zcat")
    level = max((int(letter) for letter in options if letter.isdigit()), default=6)
    to_pipe = "c" in options or call.name == "zcat"
    status = 0
    for name in names or ["-"]:
        work = _unpacked(pieces(call, name)) if unpack else _packed(pieces(call, name), level)
        try:
            if name == "-" or to_pipe:
                async for data in work:
                    await call.send(data)
            else:
                await _beside(call, name, work, unpack=unpack, keep="k" in options)
        except (OSError, zlib.error, EOFError) as odd:
            if isinstance(odd, BrokenPipeError):
                raise
            why = odd if isinstance(odd, OSError | EOFError) else "not in gzip format"
            call.complain(f"{call.name}: {'input' if name == '-' else name}: {why}")
            status = 1
    return status


async def _packed(source: AsyncIterator[bytes], level: int) -> AsyncIterator[bytes]:
    packer = zlib.compressobj(level, wbits=_HEADER)
    async for data in source:
        if made := packer.compress(data):
            yield made
    yield packer.flush()


async def _unpacked(source: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    unpacker = zlib.decompressobj(_HEADER)
    async for data in source:
        if made := unpacker.decompress(data):
            yield made
    if not unpacker.eof:
        raise EOFError("unexpected end of file")


async def _beside(call: Call, name: str, work: AsyncIterator[bytes], *, unpack: bool, keep: bool) -> None:
    """The result takes the place of the file, with the suffix or without it."""
    if unpack and not name.endswith(_SUFFIX):
        raise OSError("unknown suffix -- ignored")
    sink = await FileSink.open(call, name.removesuffix(_SUFFIX) if unpack else name + _SUFFIX)
    if isinstance(sink, str):
        raise OSError(sink)
    try:
        async for data in work:
            await sink.write(data)
    finally:
        sink.flush()
    if not keep:
        call.node.fs.remove(resolve(call, name))


async def pace(call: Call) -> int:
    """Standard input to standard output, no more than so many KiB a second on average."""
    rate = int(call.arguments[0]) * 1024
    clock = call.node.clock
    begun, moved = clock.now(), 0
    async for data in pieces(call, "-"):
        await call.send(data)
        moved += len(data)
        await clock.sleep(max(0.0, begun + moved / rate - clock.now()))
    return 0


COMMANDS: dict[str, Command] = {"gzip": gzip, "gunzip": gzip, "zcat": gzip, "__pace": pace}
