"""Reading and setting kernel state: sysctl(8)."""

from console.lab import sysctls
from console.lab.arguments import read_options
from console.lab.call import Call, Command

USAGE = "usage: sysctl [-bdehiNnoqTtWx] [ -B <bufsize> ] [-f filename] name[=value] ...\n" + (
    "       sysctl [-bdehNnoqTtWx] [ -B <bufsize> ] -a"
)


async def sysctl(call: Call) -> int:
    """Print names and values, a whole branch or all; name=value sets one."""
    read = read_options(call, "AabB:deFf:hiNnoqTtWwx", USAGE)
    if read is None:
        return 1
    options, wanted = read
    if not wanted and "a" not in options:
        call.complain(USAGE)
        return 1
    status = 0
    for word in wanted or [""]:
        name, assigned, value = word.partition("=")
        if assigned:
            status |= _set(call, name, value, options)
            continue
        if "kern.geom.conf".startswith(name) or name.startswith("kern.geom.conf"):
            # The kernel writes the mesh in its event thread, which a dead gate can hold for minutes.
            await call.node.geom.idle()
        found = [
            (known, text)
            for known, text in sysctls.names(call.node)
            if not name or known == name or known.startswith(f"{name}.")
        ]
        for known, text in found:
            _show(call, known, text(call.node) if "N" not in options else "", options)
        if not found and "i" not in options:
            if "q" not in options:
                call.complain(f"sysctl: unknown oid '{name}'")
            status = 1
    return status


def _show(call: Call, name: str, value: str, options: dict[str, str]) -> None:
    if "N" in options:
        call.say(name)
    elif "n" in options:
        call.say(value)
    else:
        call.say(f"{name}{'=' if 'e' in options else ': '}{value}")


def _set(call: Call, name: str, value: str, options: dict[str, str]) -> int:
    old = next((text(call.node) for known, text in sysctls.names(call.node) if known == name), None)
    if old is None:
        call.complain(f"sysctl: unknown oid '{name}'")
        return 1
    if not name.startswith(sysctls.WRITABLE):
        call.complain(f"sysctl: oid '{name}' is read only")
        return 1
    if call.uid != 0:
        call.complain(f"sysctl: {name}={value}: Operation not permitted")
        return 1
    call.node.sysctls[name] = value
    if "q" not in options:
        call.say(value if "n" in options else f"{name}: {old} -> {value}")
    return 0


COMMANDS: dict[str, Command] = {"sysctl": sysctl}
