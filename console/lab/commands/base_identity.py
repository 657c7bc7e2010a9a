"""Who and what this machine is: uname(1), hostname(1), freebsd-version(1), uptime(1), date(1), id(1)."""

from datetime import UTC, datetime

from console.lab.arguments import read_options
from console.lab.call import Call, Command
from console.lab.users import User, users_of

RELEASE = "13.2-RELEASE"
IDENT = "FBLAB"
MACHINE = "amd64"


async def uname(call: Call) -> int:
    """Print names of the system; several options print in a fixed order."""
    read = read_options(call, "abiKmnoprsUv", "usage: uname [-abiKmnoprsUv]")
    if read is None:
        return 1
    host = full_name(call)
    values = {
        "s": "FreeBSD",
        "n": host,
        "r": RELEASE,
        "v": f"FreeBSD {RELEASE} {IDENT}",
        "m": MACHINE,
        "p": MACHINE,
        "i": IDENT,
        "K": "1302001",
        "U": "1302001",
        "o": "FreeBSD",
    }
    wanted = set(read[0])
    if "a" in wanted:
        wanted = set("snrvm")
    call.say(" ".join(values[letter] for letter in "snrvmpiKUo" if letter in (wanted or {"s"})))
    return 0


def full_name(call: Call) -> str:
    """The node's host name with its domain."""
    return call.node.sysctls.get("kern.hostname", f"{call.node.hostname}.lab")


async def freebsd_version(call: Call) -> int:
    """Print the version of kernel (-k), running kernel (-r) and userland (-u)."""
    read = read_options(call, "kruj:", "usage: freebsd-version [-kru] [-j jail]")
    if read is None:
        return 1
    for letter in "kru":
        if letter in (read[0] or {"u"}):
            call.say(RELEASE)
    return 0


async def hostname(call: Call) -> int:
    """Print or set the host name."""
    read = read_options(call, "fsd", "usage: hostname [-f] [-s | -d] [name-of-host]")
    if read is None:
        return 1
    options, names = read
    if names:
        if call.uid != 0:
            call.complain("hostname: sethostname: Operation not permitted")
            return 1
        call.node.sysctls["kern.hostname"] = names[0]
        return 0
    name, _, domain = full_name(call).partition(".")
    call.say(name if "s" in options else domain if "d" in options else full_name(call))
    return 0


def load_averages(call: Call) -> tuple[float, float, float]:
    """Load of a machine that does little: it fell since booting."""
    up = call.node.clock.now() - call.node.boot_time
    return (0.15 + 60.0 / (60.0 + up), 0.12 + 90.0 / (180.0 + up), 0.08 + 90.0 / (600.0 + up))


async def uptime(call: Call) -> int:
    """Print time of day, time since boot, users and load averages, as w(1) does."""
    now = datetime.fromtimestamp(call.node.clock.now(), UTC)
    minutes = int((call.node.clock.now() - call.node.boot_time + 30) // 60)
    days, minutes = divmod(minutes, 1440)
    parts = []
    if days:
        parts.append(f" {days} day{'s' if days > 1 else ''},")
    hours, minutes = divmod(minutes, 60)
    if hours:
        parts.append(f" {hours}:{minutes:02d},")
    elif minutes:
        parts.append(f" {minutes} min{'s' if minutes > 1 else ''},")
    else:
        parts.append(f" {int(call.node.clock.now() - call.node.boot_time)} secs,")
    hour = now.hour % 12 or 12
    clock = f"{hour:2d}:{now:%M%p}"
    loads = ", ".join(f"{load:.2f}" for load in load_averages(call))
    call.say(f"{clock}  up{''.join(parts)} 0 users, load averages: {loads}")
    return 0


_EXPANSIONS = {"%+": "%a %b %e %H:%M:%S %Z %Y", "%e": "", "%s": ""}


def format_time(moment: float, pattern: str) -> str:
    """strftime(3) with the conversions that Python leaves to the platform."""
    when = datetime.fromtimestamp(moment, UTC)
    pattern = pattern.replace("%+", _EXPANSIONS["%+"]).replace("%s", str(int(moment)))
    return when.strftime(pattern.replace("%e", f"{when.day:2d}"))


async def date(call: Call) -> int:
    """Print the time, in a +format or for -r seconds or of -r file."""
    read = read_options(
        call, "f:I:jnRr:uv:z:", "usage: date [-jnRu] [-r seconds|file] [-v[+|-]val[y|m|w|d|H|M|S]] [+format]"
    )
    if read is None:
        return 1
    options, rest = read
    moment = call.node.clock.now()
    if "r" in options:
        if not options["r"].isdigit():
            call.complain(f"date: {options['r']}: No such file or directory")
            return 1
        moment = float(options["r"])
    if rest and not rest[0].startswith("+"):
        call.complain(
            "date: illegal time format"
            if not rest[0].isdigit()
            else "date: clock_settime: Operation not permitted"
        )
        return 1
    pattern = (
        "%a, %d %b %Y %H:%M:%S %z" if "R" in options else rest[0][1:] if rest else "%a %b %e %H:%M:%S %Z %Y"
    )
    call.say(format_time(moment, pattern))
    return 0


def _caller(call: Call) -> User:
    return next(user for user in users_of(call.node) if user.uid == call.uid)


async def identity(call: Call) -> int:
    """Print user and groups: id(1)."""
    read = read_options(
        call, "AGMPacgnpru", "usage: id [user]\n       id -G [-n] [user]\n       id -u [-nr] [user]"
    )
    if read is None:
        return 1
    options, rest = read
    if rest:
        found = [user for user in users_of(call.node) if rest[0] in (user.name, str(user.uid))]
        if not found:
            call.complain(f"id: {rest[0]}: no such user")
            return 1
        user = found[0]
    else:
        user = _caller(call)
    names = "n" in options
    if "u" in options:
        call.say(user.name if names else str(user.uid))
    elif "g" in options:
        call.say(user.groups[0].name if names else str(user.gid))
    elif "G" in options:
        call.say(" ".join(group.name if names else str(group.gid) for group in user.groups))
    else:
        groups = ",".join(f"{group.gid}({group.name})" for group in user.groups)
        call.say(f"uid={user.uid}({user.name}) gid={user.gid}({user.groups[0].name}) groups={groups}")
    return 0


async def whoami(call: Call) -> int:
    """Print the user's name."""
    call.say(_caller(call).name)
    return 0


KENV = {
    "vfs.root.mountfrom": "ufs:/dev/gpt/rootfs",
    "vfs.root.mountfrom.options": "rw",
    "console": "comconsole",
    "comconsole_speed": "115200",
    "autoboot_delay": "0",
    "kernel": "kernel",
    "kernelname": "/boot/kernel/kernel",
    "loader_logo": "none",
    "loader_brand": "none",
    "smbios.system.maker": "QEMU",
}
"""The kernel environment that the loader leaves on these machines."""


def _kenv(call: Call, name: str) -> str:
    system = call.node.system
    if name == "vfs.root.mountfrom" and system is not None:
        return f"ufs:{system.volumes[0].device}"
    return KENV[name]


async def kenv(call: Call) -> int:
    """Print one or all variables of the kernel environment."""
    read = read_options(
        call, "hNq", "usage: kenv [-hNq]\n       kenv [-qv] variable[=value]\n       kenv [-q] -u variable"
    )
    if read is None:
        return 1
    options, rest = read
    if not rest:
        for name in sorted(KENV):
            call.say(name if "N" in options else f'{name}="{_kenv(call, name)}"')
        return 0
    if rest[0] not in KENV:
        if "q" not in options:
            call.complain(f"kenv: unable to get {rest[0]}")
        return 1
    call.say(_kenv(call, rest[0]))
    return 0


COMMANDS: dict[str, Command] = {
    "uname": uname,
    "freebsd-version": freebsd_version,
    "hostname": hostname,
    "uptime": uptime,
    "date": date,
    "id": identity,
    "whoami": whoami,
    "kenv": kenv,
}
