"""Reading and copying contents, images included: cat(1), head(1), tail(1), cmp(1), sha256(1)."""

import asyncio
import hashlib
import re

from console.lab.arguments import read_options
from console.lab.bytestream import pieces
from console.lab.call import Call, Command
from console.lab.files import read_content, resolve, wait_for


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


async def _pass(call: Call, name: str, start: int = 0, length: int | None = None, title: str = "") -> bool:
    """Print bytes of a file as they are read; complains and returns False when it cannot be."""
    call.say(title, end="")
    try:
        async for data in pieces(call, name, start, length):
            await call.send(data)
    except OSError as why:
        if isinstance(why, BrokenPipeError):
            raise
        call.out = call.out.removesuffix(title)
        call.complain(f"{call.name}: {name}: {why}")
        return False
    return True


async def cat(call: Call) -> int:
    """Print files one after the other."""
    read = read_options(call, "belnstuv", "usage: cat [-belnstuv] [file ...]")
    if read is None:
        return 1
    options, names = read
    status, number = 0, 0
    for name in names or ["-"]:
        if not options:
            status |= not await _pass(call, name)
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
        title = ("\n" if index else "") + f"==> {name} <==\n" if len(names) > 1 else ""
        if "c" in options:
            status |= not await _pass(call, name, 0, int(options["c"]), title)
            continue
        data = await _content(call, name)
        if data is None:
            status = 1
            continue
        call.say(title, end="")
        call.say(_text(b"".join(data.splitlines(keepends=True)[: int(options.get("n", "10"))])), end="")
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
        titled = len(names) > 1 and "q" not in options
        title = ("\n" if index else "") + f"==> {name} <==\n" if titled else ""
        if options.get("c", "").startswith("+"):
            status |= not await _pass(call, name, max(0, int(options["c"]) - 1), None, title)
            continue
        data = await _content(call, name)
        if data is None:
            status = 1
            continue
        call.say(title, end="")
        call.say(_text(_last(data, options)), end="")
    if names and options.keys() & {"f", "F"}:
        await _follow(call, names[-1])
    return status


def _last(data: bytes, options: dict[str, str]) -> bytes:
    if "c" in options:
        count = int(options["c"].lstrip("-"))
        return data[max(0, len(data) - count) :]
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


async def _digest(call: Call, algorithm: str, name: str) -> str:
    hashed = hashlib.new(algorithm, usedforsecurity=False)
    async for data in pieces(call, name):
        # Only what is worth a thread goes into one.
        await asyncio.to_thread(hashed.update, data) if len(data) >= 1 << 16 else hashed.update(data)
    return hashed.hexdigest()


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
            call.say(await _digest(call, algorithm, "-"))
            return 0
        status = 0
        for name in names:
            try:
                value = await _digest(call, algorithm, name)
            except OSError as why:
                call.complain(f"{call.name}: {name}: {why}")
                status = 1
                continue
            form = "{1}" if "q" in options else "{1} {0}" if "r" in options else f"{label} ({{0}}) = {{1}}"
            call.say(form.format(name, value))
        return status

    return digest


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
    "cmp": compare,
    "sha256": _hashing("sha256", "SHA256"),
    "sha512": _hashing("sha512", "SHA512"),
    "sha1": _hashing("sha1", "SHA1"),
    "md5": _hashing("md5", "MD5"),
}
