"""What the shell's own words would do if they saw lazy files: tests, globs, cd; and tar(1)."""

import io
import posixpath
import tarfile

from console.lab.call import Call, Command
from console.lab.files import entry, listed, reachable, read_content, resolve, wait_for

_BATCH = 200
"""Files after which tar hands on what it has."""


async def test(call: Call) -> int:
    """`[ -e PATH ]` and its like."""
    flag, name = call.arguments[:2]
    path = resolve(call, name)
    await wait_for(call, path)
    known = entry(call.node, path, follow=True)
    if known is None or not reachable(call, path):
        return 1
    match flag:
        case "-d":
            return int(known.kind != "directory")
        case "-f":
            return int(known.kind != "file")
        case "-r":
            return int(not known.lets(call, 4))
        case "-x":
            return int(not (known.lets(call, 1) and (known.kind == "directory" or known.mode & 0o111)))
        case "-s":
            return int(known.size == 0)
    return 0


async def enter(call: Call) -> int:
    """Whether cd(1) would get into a directory; complains as it does."""
    path = resolve(call, call.arguments[0])
    await wait_for(call, path)
    known = entry(call.node, path, follow=True)
    why = ""
    if known is None:
        why = "No such file or directory"
    elif known.kind != "directory":
        why = "Not a directory"
    elif not reachable(call, path) or not known.lets(call, 1):
        why = "Permission denied"
    if why:
        call.complain(f"cd: {call.arguments[0]}: {why}")
    return 2 if why else 0


async def glob(call: Call) -> int:
    """`A/*/NAME`: the paths that exist, or the pattern where none does."""
    for word in call.arguments:
        top, _, name = word.partition("/*/")
        above = resolve(call, top)
        found = [
            f"{top}/{part.name}/{name}"
            for part in (listed(call.node, above) if entry(call.node, above) else [])
            if part.kind == "directory" and entry(call.node, posixpath.join(part.path, name))
        ]
        call.say("\n".join(found or [word]))
    return 0


async def tar(call: Call) -> int:
    """`tar -cf - -T -`: an archive of the files whose names are read."""
    names = (await call.stdin.read()).decode("utf-8", "surrogateescape").split("\n")
    status, out = 0, io.BytesIO()
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.USTAR_FORMAT) as archive:
        for number, name in enumerate(filter(None, names)):
            path = resolve(call, name)
            await wait_for(call, path)
            content, known = read_content(call, path), entry(call.node, path)
            if isinstance(content, str) or known is None:
                call.complain(f"tar: {name}: Cannot stat: {content if isinstance(content, str) else 'gone'}")
                status = 1
                continue
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.mode = len(content), int(known.modified), known.mode
            member.uname, member.gname = known.user, known.group
            archive.addfile(member, io.BytesIO(content))
            if number % _BATCH == _BATCH - 1:
                await call.send(out.getvalue())
                out.seek(0)
                out.truncate()
    await call.send(out.getvalue())
    return status


COMMANDS: dict[str, Command] = {"__test": test, "__enter": enter, "__glob": glob, "__tar": tar}
