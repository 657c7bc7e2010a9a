"""find(1): walking file hierarchies by the primaries that scripts of administrators use."""

import asyncio
import fnmatch
import posixpath
import re
import stat as modes
from collections.abc import Callable, Iterator
from dataclasses import replace

from console.lab import catalogue
from console.lab.attributes import attributes_of, flags_after
from console.lab.call import Call, Command, Empty
from console.lab.commands.base_jobs import run_words
from console.lab.commands.base_listing import Formatter, formatter, moment_of
from console.lab.files import (
    Entry,
    device_number,
    entry,
    inode_number,
    listed,
    locked,
    remove,
    resolve,
    wait_for,
)

_TYPES = {"f": "file", "d": "directory", "l": "symlink", "p": "fifo", "c": "device", "s": "socket"}
_MOST, _MOST_WORDS = 524_288 * 3 // 4, 524_288 // 10
"""Bytes and names that one command is given, from ARG_MAX of amd64."""
_UNITS = {"c": 1, "k": 1 << 10, "M": 1 << 20, "G": 1 << 30}


class Usage(Exception):
    """The expression makes no sense; the argument is find's line."""


class _Walk:
    """What a primary sees of the file it looks at."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.prune = False
        self.status = 0


Test = Callable[[_Walk, str, Entry], bool]


async def find(call: Call) -> int:
    """Print (-print), remove (-delete) or hand on (-exec … {} +) the files an expression fits."""
    words, flags = list(call.arguments), ""
    while words and words[0].startswith("-") and words[0][1:] and set(words[0][1:]) <= set("HLPEXdsx"):
        flags += words.pop(0)[1:]
    tops: list[str] = []
    while words and not words[0].startswith(("-", "(", "!")):
        tops.append(words.pop(0))
    if not tops:
        call.complain("usage: find [-H | -L | -P] [-EXdsx] [-f path] path ... [expression]")
        return 1
    expression = _Expression(call, words)
    try:
        test = expression.read()
    except Usage as usage:
        call.complain(f"find: {usage}")
        return 1
    expression.depth |= "d" in flags
    walk = _Walk(call)
    for top in tops:
        path = resolve(call, top)
        await wait_for(call, path)
        known = entry(call.node, path)
        if known is None:
            call.complain(f"find: {top}: No such file or directory")
            walk.status = 1
            continue
        device = device_number(call.node, path) if expression.single or "x" in flags else None
        await _walk(walk, top, known, test, expression, device, 0)
        await call.flush()
    for words, found in expression.runs:
        for batch in _batches(found):
            if await _run(call, [*words, *batch]):
                walk.status = 1
    return walk.status


def _batches(names: list[str]) -> Iterator[list[str]]:
    """As many names at once as find(1) hands on: three quarters of what execve(2) takes."""
    batch: list[str] = []
    size = 0
    for name in names:
        if size + len(name) + 9 > _MOST or len(batch) == _MOST_WORDS:
            yield batch
            batch, size = [], 0
        batch.append(name)
        size += len(name) + 9
    if batch:
        yield batch


async def _run(call: Call, words: list[str]) -> int:
    """Run a command; one of the lab's without a shell, which would have to read all the names."""
    command = catalogue.commands().get(words[0].rsplit("/", 1)[-1])
    if command is None:
        return await run_words(call, words)
    inner = replace(call, argv=words, out="", err="", stdin=Empty())
    status = await command(inner)
    await inner.flush()
    return status


async def _walk(
    walk: _Walk, name: str, known: Entry, test: Test, limits: "_Expression", device: int | None, level: int
) -> None:
    node = walk.call.node
    walk.prune = False
    before = not limits.depth
    if before and level >= limits.mindepth:
        test(walk, name, known)
    goes_in = known.kind == "directory" and not walk.prune and level < limits.maxdepth
    if goes_in and not (known.lets(walk.call, 4) and known.lets(walk.call, 1)):
        walk.call.complain(f"find: {name}: Permission denied")
        walk.status = 1
        goes_in = False
    if goes_in and (device is None or device_number(node, known.path) == device):
        await wait_for(walk.call, known.path)
        above = name.rstrip("/")
        for child in listed(node, known.path):
            if child.kind != "directory" and level + 1 >= limits.mindepth:
                test(walk, f"{above}/{child.name}", child)
            elif child.kind == "directory":
                await _walk(walk, f"{above}/{child.name}", child, test, limits, device, level + 1)
        await walk.call.flush()
        await asyncio.sleep(0)
    if not before and level >= limits.mindepth:
        test(walk, name, known)


class _Expression:
    """The words after the paths."""

    def __init__(self, call: Call, words: list[str]) -> None:
        self._call = call
        self._words = words
        self._acts = False
        self.runs: list[tuple[list[str], list[str]]] = []
        """For each `-exec … {} +` the command and the names that it is given."""
        self.single = False
        self.depth = False
        self.mindepth, self.maxdepth = 0, 1 << 30

    def read(self) -> Test:
        """One test for the whole expression; it prints when no primary does anything else."""
        test = self._either() if self._words else _always
        if self._words:
            raise Usage(f"{self._words[0]}: unknown primary or operator")
        if self._acts:
            return test
        return lambda walk, name, known: test(walk, name, known) and _print(walk, name, "\n")

    def _either(self) -> Test:
        tests = [self._both()]
        while self._words[:1] in (["-o"], ["-or"]):
            self._words.pop(0)
            tests.append(self._both())
        return lambda walk, name, known: any(test(walk, name, known) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self._words and self._words[0] not in ("-o", "-or", ")"):
            if self._words[0] in ("-a", "-and"):
                self._words.pop(0)
            tests.append(self._one())
        return lambda walk, name, known: all(test(walk, name, known) for test in tests)

    def _one(self) -> Test:
        if not self._words:
            raise Usage("an expression is not complete")
        word = self._words.pop(0)
        if word in ("!", "-not"):
            test = self._one()
            return lambda walk, name, known: not test(walk, name, known)
        if word == "(":
            test = self._either()
            if self._words[:1] != [")"]:
                raise Usage("(: missing closing ')'")
            self._words.pop(0)
            return test
        return self._primary(word)

    def _primary(self, word: str) -> Test:
        match word:
            case "-print" | "-print0":
                self._acts = True
                end = "\0" if word.endswith("0") else "\n"
                return lambda walk, name, known: _print(walk, name, end)
            case "-delete":
                self._acts = self.depth = True
                return _delete
            case "-prune":
                return _prune
            case "-xdev" | "-x":
                self.single = True
                return _always
            case "-depth":
                self.depth = True
                return _always
            case "-maxdepth" | "-mindepth":
                setattr(self, word[1:], int(self._value(word)))
                return _always
            case "-ls":
                self._acts = True
                return _list
            case "-exec":
                return self._exec()
            case "-empty":
                return lambda walk, name, known: _empty(walk, known)
        value = self._value(word)
        match word:
            case "-type":
                return lambda walk, name, known: known.kind == _TYPES.get(value)
            case "-name":
                return lambda walk, name, known: fnmatch.fnmatchcase(posixpath.basename(name) or "/", value)
            case "-path" | "-wholename":
                fits = re.compile(fnmatch.translate(value)).match
                return lambda walk, name, known: fits(name) is not None
            case "-newer" | "-cnewer" | "-mnewer":
                return self._newer(value, changed=word == "-cnewer")
            case "-user":
                return lambda walk, name, known: known.user == value
            case "-group":
                return lambda walk, name, known: known.group == value
            case "-links":
                return lambda walk, name, known: _compared(known.links, value)
            case "-size":
                return lambda walk, name, known: _sized(known.size, value)
            case "-flags":
                return _flagged(value)
        raise Usage(f"{word}: unknown primary or operator")

    def _exec(self) -> Test:
        words = [self._value("-exec")]
        while words[-2:] != ["{}", "+"]:
            if words[-1] == ";":
                raise Usage("-exec: the lab runs `{} +` and not `;`")
            words.append(self._value("-exec"))
        self._acts = True
        if words[0] == "stat" and words[1] == "-f" and len(words) == 5:
            return _described(formatter(words[2]))
        found: list[str] = []
        self.runs.append((words[:-2], found))

        def hand_on(walk: _Walk, name: str, known: Entry) -> bool:
            found.append(name)
            return True

        return hand_on

    def _value(self, word: str) -> str:
        if not self._words:
            raise Usage(f"{word}: requires additional arguments")
        return self._words.pop(0)

    def _newer(self, file: str, *, changed: bool) -> Test:
        path = resolve(self._call, file)
        other = entry(self._call.node, path, follow=True)
        if other is None:
            raise Usage(f"{file}: No such file or directory")
        since = other.modified

        def test(walk: _Walk, name: str, known: Entry) -> bool:
            moment = known.modified
            if changed:
                moment = max(moment, attributes_of(walk.call.node).changed_at(known.path))
            return moment > since

        return test


def _always(walk: _Walk, name: str, known: Entry) -> bool:
    return True


def _print(walk: _Walk, name: str, end: str) -> bool:
    walk.call.say(name, end=end)
    return True


def _described(form: Formatter) -> Test:
    """`-exec stat -f PATTERN {} +`: said at once of the file that is known already."""

    def test(walk: _Walk, name: str, known: Entry) -> bool:
        walk.call.out += form(walk.call, known, name) + "\n"
        return True

    return test


def _list(walk: _Walk, name: str, known: Entry) -> bool:
    """-ls: a line like that of `ls -dgils`."""
    call = walk.call
    front = f"{inode_number(call.node, known.path):6d} {known.blocks // 512:8d} "
    owner = f"{modes.filemode(known.full_mode)} {known.links:3d} {known.user:<32} {known.group:<32} "
    when = moment_of(call, known.modified)
    target = f" -> {call.node.fs.read_link(known.path)}" if known.kind == "symlink" else ""
    call.say(f"{front}{owner}{known.size:8d} {when} {name}{target}")
    return True


def _prune(walk: _Walk, name: str, known: Entry) -> bool:
    walk.prune = True
    return True


def _delete(walk: _Walk, name: str, known: Entry) -> bool:
    node = walk.call.node
    if known.kind == "directory" and node.fs.read_dir(known.path):
        walk.call.complain(f"find: -delete: rmdir({name}): Directory not empty")
    elif locked(node, known.path):
        walk.call.complain(f"find: -delete: unlink({name}): Operation not permitted")
    else:
        remove(node, known.path)
    return True


def _empty(walk: _Walk, known: Entry) -> bool:
    if known.kind == "directory":
        return not walk.call.node.fs.read_dir(known.path)
    return known.kind == "file" and known.size == 0


def _compared(number: int, value: str) -> bool:
    digits = value.lstrip("+-")
    wanted = int(digits) if digits.isdigit() else 0
    return number > wanted if value[:1] == "+" else number < wanted if value[:1] == "-" else number == wanted


def _sized(size: int, value: str) -> bool:
    unit = _UNITS.get(value[-1:])
    return _compared(-(-size // (unit or 512)), value[:-1] if unit else value)


def _flagged(value: str) -> Test:
    """-flags [-+]words: exactly these, all of these (-), or any of them (+)."""
    wanted = flags_after(value.lstrip("+-"), 0) or 0

    def test(walk: _Walk, name: str, known: Entry) -> bool:
        if value.startswith("+"):
            return bool(known.flags & wanted)
        return known.flags & wanted == wanted if value.startswith("-") else known.flags == wanted

    return test


COMMANDS: dict[str, Command] = {"find": find}
