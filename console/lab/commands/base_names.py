"""Making names and numbers for scripts: mktemp(1) and jot(1)."""

import random
import string

from console.lab.arguments import read_options
from console.lab.call import Call, Command
from console.lab.files import entry, resolve, set_mode, set_owner

_USAGE = (
    "usage: mktemp [-d] [-p tmpdir] [-q] [-t prefix] [-u] template ...\n"
    "       mktemp [-d] [-p tmpdir] [-q] [-u] -t prefix"
)
_LETTERS = string.ascii_letters + string.digits
_FREE = random.SystemRandom()


def _name(template: str) -> str:
    stem = template.rstrip("X")
    return stem + "".join(_FREE.choice(_LETTERS) for _ in range(len(template) - len(stem)))


async def mktemp(call: Call) -> int:
    """Make a file (-d a directory) with a name that nobody had before, and print it."""
    read = read_options(call, "dp:qt:u", _USAGE)
    if read is None:
        return 1
    options, templates = read
    place = options.get("p") or call.env.get("TMPDIR") or "/tmp"  # noqa: S108 - a simulated node's
    if "t" in options or not templates:
        templates = [*templates, f"{place}/{options.get('t', 'tmp')}.XXXXXXXXXX"]
    for template in templates:
        path = resolve(call, _name(template))
        if entry(call.node, path.rpartition("/")[0] or "/", follow=True) is None:
            if "q" not in options:
                call.complain(f"mktemp: mkstemp failed on {template}: No such file or directory")
            return 1
        if "d" in options:
            call.node.fs.mkdir(path)
        else:
            call.node.fs.write_file(path, b"")
        set_mode(call.node, path, 0o700 if "d" in options else 0o600)
        set_owner(call.node, path, call.user, "wheel" if call.uid == 0 else call.groups[0])
        call.say(path)
    return 0


async def jot(call: Call) -> int:
    """Print numbers: `jot COUNT [BEGIN]`."""
    words = [word for word in call.arguments if not word.startswith("-") or word == "-"]
    if not words or not all(word == "-" or word.lstrip("-").isdigit() for word in words):
        call.complain(
            "usage: jot [-cnr] [-b word] [-w word] [-s string] [-p precision] [reps [begin [end [s]]]]"
        )
        return 1
    count = int(words[0]) if words[0] != "-" else 100
    begin = int(words[1]) if len(words) > 1 and words[1] != "-" else 1
    for number in range(begin, begin + count):
        call.say(str(number))
    return 0


COMMANDS: dict[str, Command] = {"mktemp": mktemp, "jot": jot}
