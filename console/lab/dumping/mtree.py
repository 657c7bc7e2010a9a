"""mtree(8) as 13.2 has it: writing a file hierarchy down, and comparing one with what was written down.

As seen on 13.2, names that are missing are told as `./NAME missing` and do not change the exit status; only
files that differ make it 2.
"""

import hashlib
import posixpath
import re
from collections.abc import Iterator

from console.lab.arguments import read_options
from console.lab.attributes import flag_words
from console.lab.call import Call
from console.lab.commands.base_identity import full_name
from console.lab.dumping.dates import ctime
from console.lab.files import Entry, children, device_number, entry, read_content, resolve, wait_for
from console.lab.users import groups_of, user_named

USAGE = (
    "usage: mtree [-bCcDdejLlMnPqrStUuWx] [-i|-m] [-E tags]\n"
    "\t\t[-f spec] [-f spec]\n"
    "\t\t[-I tags] [-K keywords] [-k keywords] [-N dbdir] [-p path]\n"
    "\t\t[-R keywords] [-s seed] [-X exclude-file]\n"
    "\t\t[-F flavor]"
)
MISMATCH = 2
_USUAL = "flags,gid,link,mode,nlink,size,time,type,uid"
_TYPES = {
    "file": "file", "directory": "dir", "symlink": "link", "fifo": "fifo", "device": "char",
    "socket": "socket",
}  # fmt: skip
_SAME = {"sha256digest": "sha256", "sha1digest": "sha1", "md5digest": "md5", "sha512digest": "sha512"}
_DIGESTS = ("md5", "sha1", "sha256", "sha512")
_TITLES = {
    "uid": "user", "gid": "gid", "mode": "permissions", "nlink": "link count", "size": "size",
    "time": "modification time", "link": "link ref",
}  # fmt: skip
_ORDER = ("type", "uname", "uid", "gname", "gid", "mode", "nlink", "size", "time", *_DIGESTS, "link", "flags")
_NAME_WIDTH, _LINE = 15, 80
_PLAIN = re.compile(r"[\x21\x24-\x29\x2b-\x3e\x40-\x5a\x5d-\x7e]")

Facts = dict[str, str]


async def mtree(call: Call) -> int:
    """Write down (-c) or compare (-f, or standard input) the hierarchy at -p."""
    read = read_options(call, "bcCdDeE:f:F:I:ijk:K:lLmMnN:p:PqrR:s:StTuUwWxX:", USAGE)
    if read is None or read[1]:
        if read is not None:
            call.complain(USAGE)
        return 1
    options, _ = read
    path = resolve(call, options.get("p", "."))
    await wait_for(call, path)
    known = entry(call.node, path, follow=True)
    if known is None:
        call.complain(f"mtree: {options.get('p', '.')}: No such file or directory")
        return 1
    keys = _keys(options.get("k", _USUAL)) | _keys(options.get("K", "")) | {"type"}
    keys -= _keys(options.get("R", "")) - {"type"}
    if "c" in options:
        _Writer(call, keys, known.path, options).write()
        return 0
    text = await _spec(call, options.get("f"))
    return 1 if text is None else _Comparison(call, known.path, options).run(parse(text))


def _keys(words: str) -> set[str]:
    return {_SAME.get(word, word) for word in re.split(r"[ \t,]+", words) if word}


async def _spec(call: Call, name: str | None) -> str | None:
    if name is None:
        return (await call.stdin.read()).decode("utf-8", "surrogateescape")
    content = read_content(call, name)
    if isinstance(content, str):
        call.complain(f"mtree: {name}: {content}")
        return None
    return content.decode("utf-8", "surrogateescape")


def facts_of(call: Call, known: Entry, keys: set[str]) -> Facts:
    """What mtree says of a file, for those keywords that apply to it."""
    found: Facts = {"type": _TYPES[known.kind]}
    user = user_named(call.node, known.user)
    group = next((g for g in groups_of(call.node) if g.name == known.group), None)
    values = {
        "uname": known.user, "uid": str(user.uid if user else 0), "gname": known.group,
        "gid": str(group.gid if group else 0), "mode": f"0{known.mode:o}" if known.mode else "0",
        "nlink": str(known.links), "time": f"{known.modified:.9f}",
        "flags": "none" if not known.flags else flag_words(known.flags),
    }  # fmt: skip
    if known.kind == "symlink":
        values["link"] = call.node.fs.read_link(known.path)
        values["mode"] = "0755"
    found |= {key: value for key, value in values.items() if key in keys}
    if known.kind == "file":
        if "size" in keys:
            found["size"] = str(known.size)
        for name in _DIGESTS:
            if name in keys:
                found[name] = _digest(call, known, name)
    return found


def _digest(call: Call, known: Entry, name: str) -> str:
    image = call.node.images.at(known.path)
    if image is not None:
        return image.digest(name)
    content = call.node.fs.read_file(known.path)
    return hashlib.new(name, content, usedforsecurity=False).hexdigest()


def visible(name: str) -> str:
    """A name as it stands in a specification: odd characters as three octal digits."""
    data = name.encode("utf-8", "surrogateescape")
    return "".join(chr(c) if _PLAIN.match(chr(c)) else f"\\{c:03o}" for c in data)


def _plain(name: str) -> str:
    data = re.sub(rb"\\([0-7]{3})", lambda found: bytes([int(found[1], 8)]), name.encode("utf-8", "replace"))
    return data.decode("utf-8", "surrogateescape")


def _ordered(call: Call, path: str) -> list[Entry]:
    """Files first, then directories."""
    return sorted(children(call.node, path), key=lambda known: (known.kind == "directory", known.name))


class _Writer:
    """`mtree -c`."""

    def __init__(self, call: Call, keys: set[str], path: str, options: dict[str, str]) -> None:
        self._call = call
        self._keys = keys
        self._path = path
        self._options = options
        self._set: Facts = {}
        self._device = device_number(call.node, path)

    def write(self) -> None:
        """Print the whole specification."""
        call = self._call
        if "n" not in self._options:
            now = ctime(call.node.clock.now())
            for title, value in (
                ("   user", call.user), ("machine", full_name(call)),
                ("   tree", self._path), ("   date", now),
            ):  # fmt: skip
                call.say(f"#\t{title}: {value}")
        root = entry(call.node, self._path)
        if root is not None:
            self._directory(root, ".")

    def _directory(self, known: Entry, name: str) -> None:
        call, comments = self._call, "n" not in self._options
        call.say("")
        if comments:
            call.say(f"# {name}")
        inside = [] if self._elsewhere(known) else _ordered(call, known.path)
        inside = [one for one in inside if "d" not in self._options or one.kind == "directory"]
        facts = {one.path: facts_of(call, one, self._keys) for one in inside}
        self._settle(list(facts.values()))
        self._line(posixpath.basename(name), facts_of(call, known, self._keys), directory=True)
        for one in inside:
            if one.kind == "directory":
                self._directory(one, f"{name}/{one.name}")
            else:
                self._line(one.name, facts[one.path], directory=False)
        if name != ".":
            if comments:
                call.say(f"# {name}")
            call.say("..\n")

    def _elsewhere(self, known: Entry) -> bool:
        return "x" in self._options and device_number(self._call.node, known.path) != self._device

    def _settle(self, inside: list[Facts]) -> None:
        """Say what most of a directory's files have in common, where that has changed."""
        common: Facts = {}
        for key in ("uname", "uid", "gname", "gid", "mode", "flags"):
            values = [facts[key] for facts in inside if key in facts]
            if values:
                common[key] = max(sorted(set(values)), key=values.count)
        wanted = self._set | common
        if "nlink" in self._keys:
            wanted["nlink"] = "1"
        if wanted != self._set and wanted:
            self._set = wanted
            order = [key for key in _ORDER if key in wanted]
            self._call.say("/set type=file " + " ".join(f"{key}={wanted[key]}" for key in order))

    def _line(self, name: str, facts: Facts, *, directory: bool) -> None:
        text = ("" if directory else "    ") + visible(name)
        at = len(text) if len(text) <= _NAME_WIDTH else _LINE
        text = text.ljust(_NAME_WIDTH)
        at = max(at, _NAME_WIDTH)
        for key in _ORDER:
            if key not in facts or self._set.get(key) == facts[key] or (key, facts[key]) == ("type", "file"):
                continue
            value = visible(facts[key]) if key == "link" else facts[key]
            word = f"{'sha256digest' if key == 'sha256' else key}={value}"
            if at + len(word) > _LINE - 3:
                text, at = text + " \\\n" + " " * _NAME_WIDTH, _NAME_WIDTH
            text, at = text + f" {word}", at + len(word) + 2
        self._call.say(text)


def parse(text: str) -> dict[str, Facts]:
    """A specification: facts by name, `.` for the root; what cannot be read is left out."""
    found: dict[str, Facts] = {}
    usual: Facts = {}
    above: list[str] = []
    for line in _lines(text):
        words = line.split()
        if words[0] == "/set":
            usual |= _pairs(words[1:])
        elif words[0] == "/unset":
            usual = {key: value for key, value in usual.items() if key not in words[1:]}
        elif words[0] == "..":
            above = above[:-1]
        else:
            name = "/".join([*above, _plain(words[0])])
            facts = usual | _pairs(words[1:])
            found[name] = facts
            if facts.get("type") == "dir":
                above = [*above, _plain(words[0])]
    return found


def _lines(text: str) -> Iterator[str]:
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            yield line


def _pairs(words: list[str]) -> Facts:
    pairs = (word.partition("=") for word in words)
    return {_SAME.get(key, key): _plain(value) if key == "link" else value for key, _, value in pairs}


class _Comparison:
    """`mtree -f`: what differs from a specification."""

    def __init__(self, call: Call, path: str, options: dict[str, str]) -> None:
        self._call = call
        self._path = path
        self._options = options
        self._device = device_number(call.node, path)

    def run(self, spec: dict[str, Facts]) -> int:
        """Compare; exit status."""
        seen: set[str] = set()
        differs = False
        for name, known in self._walk(spec):
            if name in spec:
                seen.add(name)
                differs |= self._compare(name, known, spec[name])
            elif "e" not in self._options:
                self._call.say(f"{name.removeprefix('./')} extra")
        for name in spec:
            if name not in seen:
                self._call.say(f"{name} missing")
        return MISMATCH if differs else 0

    def _walk(self, spec: dict[str, Facts]) -> Iterator[tuple[str, Entry]]:
        root = entry(self._call.node, self._path)
        waiting = [(".", root)] if root is not None else []
        while waiting:
            name, known = waiting.pop(0)
            yield name, known
            elsewhere = "x" in self._options and device_number(self._call.node, known.path) != self._device
            if known.kind == "directory" and name in spec and not elsewhere:
                inside = _ordered(self._call, known.path)
                waiting = [(f"{name}/{one.name}", one) for one in inside] + waiting

    def _compare(self, name: str, known: Entry, wanted: Facts) -> bool:
        found = facts_of(self._call, known, set(wanted))
        if wanted.get("type", found["type"]) != found["type"]:
            self._tell(name, [f"type ({wanted['type']}, {found['type']})"])
            return True
        lines = []
        for key in _ORDER:
            if (
                key not in wanted
                or key not in found
                or key == "type"
                or (key, known.kind) == ("nlink", "directory")
            ):
                continue
            old, new = wanted[key], found[key]
            if key == "time":
                if int(float(old)) != int(float(new)):
                    lines.append(f"modification time ({ctime(float(old))}, {ctime(float(new))})")
            elif key == "mode":
                if int(old, 8) != int(new, 8):
                    lines.append(f"permissions ({old}, {new})")
            elif old != new and key == "flags":
                lines.append(f'flags ("{old}" is not "{new}")')
            elif old != new:
                mark = "0x" if key in _DIGESTS else ""
                lines.append(f"{_TITLES.get(key, key)} ({mark}{old}, {mark}{new})")
        if lines:
            self._tell(name, lines)
        return bool(lines)

    def _tell(self, name: str, lines: list[str]) -> None:
        label = f"{name.removeprefix('./')}: "
        if len(label) > 8:
            self._call.say(label)
            first, rest = "", lines
        else:
            first, rest = label.ljust(8) + lines[0], lines[1:]
        if first:
            self._call.say(first)
        for line in rest:
            self._call.say(f"\t{line}")
