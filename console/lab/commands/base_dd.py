"""dd(1): copying blocks between files, images, devices and the shell's pipes, piece by piece."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from console.lab.arguments import read_size
from console.lab.bytestream import FileSink, pieces
from console.lab.call import Call, Command
from console.lab.errors import reason
from console.lab.files import entry, resolve
from console.lab.geom.base import Provider

_PIECE = 1 << 18


@dataclass
class _Moved:
    """How much went through."""

    bytes: int = 0


async def dd(call: Call) -> int:
    """Copy blocks: if=, of=, bs=, count=, skip=, seek=, conv=notrunc, conv=fsync."""
    wanted = dict(word.split("=", 1) for word in call.arguments if "=" in word)
    sizes = {
        key: read_size(wanted.get(key, standard))
        for key, standard in (("bs", "512"), ("skip", "0"), ("seek", "0"))
    }
    if any(size is None for size in sizes.values()):
        call.complain("dd: illegal numeric value")
        return 1
    block, skip, seek = (sizes[key] or 0 for key in ("bs", "skip", "seek"))
    length = int(wanted["count"]) * block if "count" in wanted else None
    started = call.node.clock.now()
    moved = _Moved()
    source = _source(call, wanted.get("if"), skip * block, length)
    conversions = wanted.get("conv", "").split(",")
    try:
        why = await _move(call, source, wanted, seek * block, "notrunc" in conversions, moved)
    except BrokenPipeError:
        raise
    except OSError as error:
        why = f"{wanted.get('if', 'stdin')}: {reason(error) if error.errno else error}"
    if not why and (target := wanted.get("of")) is not None and "fsync" in conversions:
        try:
            await call.node.mounts.fsync(resolve(call, target))
        except OSError as error:
            why = f"fsync(): {target}: {reason(error)}"
    if why:
        call.complain(f"dd: {why}")
        return 1
    full, part = divmod(moved.bytes, block or 512)
    took = max(0.05, call.node.clock.now() - started)
    if wanted.get("status") != "none":
        for way in ("in", "out"):
            call.complain(f"{full}+{1 if part else 0} records {way}")
        call.complain(
            f"{moved.bytes} bytes transferred in {took:.6f} secs ({moved.bytes / took:.0f} bytes/sec)"
        )
    return 0


def _source(call: Call, name: str | None, start: int, length: int | None) -> AsyncIterator[bytes]:
    if name is not None and (provider := _device(call, name)) is not None:
        return _of_device(provider, start, length)
    return pieces(call, "-" if name is None else name, start, length)


async def _of_device(provider: Provider, at: int, length: int | None) -> AsyncIterator[bytes]:
    end = provider.mediasize if length is None else min(provider.mediasize, at + length)
    while at < end:
        data = await provider.read(at, min(_PIECE, end - at))
        at += len(data)
        yield data


async def _move(
    call: Call, source: AsyncIterator[bytes], wanted: dict[str, str], at: int, keep: bool, moved: _Moved
) -> str:
    """Bring the bytes to where they belong; returns why the target does not take them."""
    target = wanted.get("of")
    path = "/dev/stdout" if target is None else resolve(call, target)
    provider = None if target is None else _device(call, target)
    if provider is not None and not (provider.write_count or provider.exclusive_count):
        return await _onto_device(provider, source, at, path, moved)
    sink: FileSink | None = None
    if target is not None and path != "/dev/null":
        if path.startswith("/dev/"):
            return f"{target}: {'Operation not permitted' if entry(call.node, path) else _UNSUPPORTED}"
        opened = await FileSink.open(call, path, at=at, truncate=not keep)
        if isinstance(opened, str):
            return f"{target}: {opened}"
        sink = opened
    try:
        async for data in source:
            if sink is not None:
                await sink.write(data)
            elif target is None:
                await call.send(data)
            moved.bytes += len(data)
    finally:
        if sink is not None:
            sink.flush()
    return ""


_UNSUPPORTED = "Operation not supported"


async def _onto_device(
    provider: Provider, source: AsyncIterator[bytes], at: int, name: str, moved: _Moved
) -> str:
    kept = b""
    async for data in source:
        # A pipe's pieces are of any length, a device takes whole sectors.
        kept += data
        whole = len(kept) - len(kept) % provider.sectorsize
        why = await _put(provider, at, kept[:whole], name)
        if why:
            return why
        at, kept = at + whole, kept[whole:]
        moved.bytes += len(data)
    return await _put(provider, at, kept, name)


async def _put(provider: Provider, at: int, data: bytes, name: str) -> str:
    if at + len(data) > provider.mediasize:
        return f"{name}: No space left on device"
    try:
        if data:
            await provider.write(at, data)
    except OSError as error:
        return f"{name}: {reason(error)}"
    return ""


def _device(call: Call, name: str) -> Provider | None:
    """The disk device that `name` stands for."""
    path = resolve(call, name)
    return call.node.geom.find(path.removeprefix("/dev/")) if path.startswith("/dev/") else None


COMMANDS: dict[str, Command] = {"dd": dd}
