"""Reading and copying contents, images included: cat(1), head(1), tail(1), dd(1), cmp(1), sha256(1)."""

import hashlib
import posixpath
import re

from console.lab.arguments import read_options, read_size
from console.lab.call import Call, Command
from console.lab.errors import reason
from console.lab.files import entry, read_content, resolve, set_owner, wait_for
from console.lab.geom.base import Provider
from console.lab.mounted_ufs import LARGEST_PLAIN_FILE


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


async def _content(call: Call, name: str, limit: int | None = None) -> bytes | None:
    """What is in a file, `-` being standard input; complains and returns None when it cannot be read."""
    if name == "-":
        return await call.stdin.read()
    await wait_for(call, resolve(call, name))
    content = read_content(call, name, limit)
    if isinstance(content, str):
        call.complain(f"{call.name}: {name}: {content}")
        return None
    return content


async def cat(call: Call) -> int:
    """Print files one after the other."""
    read = read_options(call, "belnstuv", "usage: cat [-belnstuv] [file ...]")
    if read is None:
        return 1
    options, names = read
    status, number = 0, 0
    for name in names or ["-"]:
        if name == "-" and not options:
            while data := await call.stdin.read(65536):
                call.say(_text(data), end="")
                await call.flush()
            continue
        data_or_none = await _content(call, name)
        if data_or_none is None:
            status = 1
            continue
        text = _text(data_or_none)
        if options.keys() & {"n", "b"}:
            lines = []
            for line in text.splitlines():
                number += bool(line) or "n" in options
                lines.append(f"{number:6d}\t{line}" if line or "n" in options else "")
            text = "".join(f"{line}\n" for line in lines)
        call.say(text, end="")
    return status


def _legacy_count(call: Call) -> None:
    """Turn -5 and +5 into -n 5 and -n +5."""
    words: list[str] = []
    for word in call.arguments:
        valued = words and words[-1] in ("-n", "-c", "-b")
        legacy = re.fullmatch(r"-\d+|\+\d+", word) and not valued
        words += ["-n", word.lstrip("-")] if legacy else [word]
    call.argv = [call.argv[0], *words]


async def head(call: Call) -> int:
    """Print the first lines (-n) or bytes (-c) of files."""
    _legacy_count(call)
    read = read_options(call, "c:n:qv", "usage: head [-n lines | -c bytes] [file ...]")
    if read is None:
        return 1
    options, names = read
    status = 0
    for index, name in enumerate(names or ["-"]):
        if "c" in options:
            count = int(options["c"])
            data = await _content(call, name, count)
            part = None if data is None else data[:count]
        else:
            data = await _content(call, name)
            part = (
                None
                if data is None
                else b"".join(data.splitlines(keepends=True)[: int(options.get("n", "10"))])
            )
        if part is None:
            status = 1
            continue
        if len(names) > 1:
            call.say(("\n" if index else "") + f"==> {name} <==")
        call.say(_text(part), end="")
    return status


async def tail(call: Call) -> int:
    """Print the last lines or bytes of files; -f and -F go on as the file grows."""
    _legacy_count(call)
    read = read_options(
        call, "Fb:c:fn:qrv", "usage: tail [-F | -f | -r] [-q] [-b # | -c # | -n #] [file ...]"
    )
    if read is None:
        return 1
    options, names = read
    status = 0
    for index, name in enumerate(names or ["-"]):
        data = await _content(call, name)
        if data is None:
            status = 1
            continue
        if len(names) > 1 and "q" not in options:
            call.say(("\n" if index else "") + f"==> {name} <==")
        call.say(_text(_last(data, options)), end="")
    if names and options.keys() & {"f", "F"}:
        await _follow(call, names[-1])
    return status


def _last(data: bytes, options: dict[str, str]) -> bytes:
    if "c" in options:
        count = int(options["c"].lstrip("-"))
        return data[count - 1 :] if options["c"].startswith("+") else data[max(0, len(data) - count) :]
    wanted = options.get("n", "10")
    lines = data.splitlines(keepends=True)
    count = abs(int(wanted))
    if "r" in options:
        return b"".join(reversed(lines[-count:] if "n" in options else lines))
    if wanted.startswith("+"):
        return b"".join(lines[max(0, count - 1) :])
    return b"".join(lines[-count:]) if count else b""


async def _follow(call: Call, name: str) -> None:
    path = resolve(call, name)
    seen = len(call.node.fs.read_file(path)) if call.node.fs.exists(path) else 0
    while True:
        await call.flush()
        await call.node.clock.sleep(0.5)
        data = call.node.fs.read_file(path) if call.node.fs.exists(path) else b""
        if len(data) < seen:
            seen = 0
        call.say(_text(data[seen:]), end="")
        seen = len(data)


def _hashing(algorithm: str, label: str) -> Command:
    async def digest(call: Call) -> int:
        read = read_options(
            call, "c:pqrs:tx", f"usage: {algorithm} [-pqrtx] [-c string] [-s string] [files ...]"
        )
        if read is None:
            return 1
        options, names = read
        if "s" in options:
            value = hashlib.new(algorithm, options["s"].encode(), usedforsecurity=False).hexdigest()
            call.say(value if "q" in options else f'{label} ("{options["s"]}") = {value}')
            return 0
        if not names:
            hashed = hashlib.new(algorithm, usedforsecurity=False)
            while data := await call.stdin.read(1 << 20):
                hashed.update(data)
            call.say(hashed.hexdigest())
            return 0
        status = 0
        for name in names:
            content = await _content(call, name)
            if content is None:
                status = 1
                continue
            value = hashlib.new(algorithm, content, usedforsecurity=False).hexdigest()
            form = "{1}" if "q" in options else "{1} {0}" if "r" in options else f"{label} ({{0}}) = {{1}}"
            call.say(form.format(name, value))
        return status

    return digest


async def dd(call: Call) -> int:
    """Copy blocks: if=, of=, bs=, count=, skip=, seek=, conv=notrunc."""
    wanted = dict(word.split("=", 1) for word in call.arguments if "=" in word)
    sizes = {
        key: read_size(wanted.get(key, standard))
        for key, standard in (("bs", "512"), ("skip", "0"), ("seek", "0"))
    }
    if any(size is None for size in sizes.values()):
        call.complain("dd: illegal numeric value")
        return 1
    block, skip, seek = (sizes[key] or 0 for key in ("bs", "skip", "seek"))
    count = int(wanted["count"]) if "count" in wanted else None
    source, target = wanted.get("if"), wanted.get("of")
    started = call.node.clock.now()
    if source is None:
        data = await call.stdin.read()
    elif (provider := _device(call, source)) is not None and count is not None:
        try:
            data = await _read_device(provider, skip * block, count * block)
        except OSError as error:
            call.complain(f"dd: {source}: {reason(error)}")
            return 1
        skip = 0
    elif (image := call.node.images.at(resolve(call, source))) is not None and count is not None:
        await wait_for(call, resolve(call, source))
        start = min(skip * block, image.size)
        data, skip = image.read(start, min(count * block, image.size - start)), 0
    else:
        limit = None if count is None else (skip + count) * block
        await wait_for(call, resolve(call, source))
        content = read_content(call, source, limit)
        if isinstance(content, str):
            call.complain(f"dd: {source}: {content}")
            return 1
        data = content
    data = data[skip * block :]
    if count is not None:
        data = data[: count * block]
    if target is None:
        call.say(_text(data), end="")
    elif why := await _write(call, target, data, seek * block, "notrunc" in wanted.get("conv", "")):
        call.complain(f"dd: {target}: {why}")
        return 1
    elif "fsync" in wanted.get("conv", ""):
        try:
            await call.node.mounts.fsync(resolve(call, target))
        except OSError as error:
            call.complain(f"dd: fsync(): {target}: {reason(error)}")
            return 1
    full, part = divmod(len(data), block or 512)
    took = max(0.05, call.node.clock.now() - started)
    if wanted.get("status") != "none":
        for way in ("in", "out"):
            call.complain(f"{full}+{1 if part else 0} records {way}")
        call.complain(f"{len(data)} bytes transferred in {took:.6f} secs ({len(data) / took:.0f} bytes/sec)")
    return 0


def _device(call: Call, name: str) -> Provider | None:
    """The disk device that `name` stands for."""
    path = resolve(call, name)
    return call.node.geom.find(path.removeprefix("/dev/")) if path.startswith("/dev/") else None


async def _read_device(provider: Provider, offset: int, length: int) -> bytes:
    length = max(0, min(length, provider.mediasize - offset))
    return await provider.read(offset, length) if length else b""


async def _write(call: Call, name: str, data: bytes, offset: int, keep: bool) -> str:
    path = resolve(call, name)
    if path == "/dev/null":
        return ""
    provider = _device(call, name)
    if provider is not None and not (provider.write_count or provider.exclusive_count):
        if offset + len(data) > provider.mediasize:
            return "No space left on device"
        try:
            await provider.write(offset, data)
        except OSError as error:
            return reason(error)
        return ""
    if path.startswith("/dev/"):
        return "Operation not permitted" if entry(call.node, path) else "Operation not supported"
    await wait_for(call, path)
    image = call.node.images.at(path)
    if image is not None:
        if not keep or offset + len(data) > image.size:
            image.resize(offset + (len(data) if keep else 0))
            image.resize(offset + len(data))
        image.write(offset, data)
        return ""
    known = entry(call.node, path, follow=True)
    if known is not None and known.kind == "directory":
        return "Is a directory"
    if known is not None and not known.lets(call, 2):
        return "Permission denied"
    old = call.node.fs.read_file(path) if known is not None else b""
    end = old[offset + len(data) :] if keep else b""
    if offset + len(data) + len(end) > LARGEST_PLAIN_FILE and _why_no_file(call, path) == "":
        large = call.node.images.create(path, offset + len(data) + len(end))
        large.write(0, old[:offset])
        large.write(offset, data + end)
        return ""
    try:
        call.node.fs.write_file(path, old[:offset].ljust(offset, b"\0") + data + end)
    except RuntimeError:
        return "No such file or directory"
    set_owner(call.node, path, call.user, "wheel" if call.uid == 0 else call.groups[0])
    return ""


def _why_no_file(call: Call, path: str) -> str:
    above = entry(call.node, posixpath.dirname(path), follow=True)
    return "" if above is not None and above.kind == "directory" else "No such file or directory"


async def compare(call: Call) -> int:
    """Compare two files byte by byte."""
    read = read_options(call, "bhlsxz", "usage: cmp [-l | -s | -x] [-hz] file1 file2 [skip1 [skip2]]")
    if read is None or len(read[1]) < 2:
        return 2
    options, names = read
    first, second = await _content(call, names[0]), await _content(call, names[1])
    if first is None or second is None:
        return 2
    if first == second:
        return 0
    if "s" not in options:
        at = next((i for i, (x, y) in enumerate(zip(first, second, strict=False)) if x != y), None)
        if at is None:
            call.complain(f"cmp: EOF on {names[0] if len(first) < len(second) else names[1]}")
        else:
            call.say(f"{names[0]} {names[1]} differ: char {at + 1}, line {first[:at].count(10) + 1}")
    return 1


COMMANDS: dict[str, Command] = {
    "cat": cat,
    "head": head,
    "tail": tail,
    "dd": dd,
    "cmp": compare,
    "sha256": _hashing("sha256", "SHA256"),
    "sha512": _hashing("sha512", "SHA512"),
    "sha1": _hashing("sha1", "SHA1"),
    "md5": _hashing("md5", "MD5"),
}
