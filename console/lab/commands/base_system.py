"""Odds and ends of the base system: vmstat(8), dmesg(8), logger(1), pw(8), fstat(1)."""

from console.lab.arguments import read_options
from console.lab.call import Call, Command
from console.lab.users import add_user, groups_of, user_named, users_of

_EVENTS = (
    (320, "cpu context switches"), (55, "device interrupts"), (18, "software interrupts"), (1370, "traps"),
    (1270, "system calls"), (16, "kernel threads created"), (6, " fork() calls"), (2, "vfork() calls"),
)  # fmt: skip


async def vmstat(call: Call) -> int:
    """Counters since boot (-s), or one line of activity."""
    up = max(1, int(call.node.clock.now() - call.node.boot_time))
    if "-s" in call.arguments:
        for rate, what in _EVENTS:
            call.say(f"{rate * up:9d} {what}")
        return 0
    call.say("procs    memory    page                      disks       faults       cpu")
    call.say("r  b  w  avm  fre  flt  re  pi  po   fr   sr vt0 vt1   in   sy   cs us sy id")
    call.say("0  0  0 504M 580M  820   0   0   0  910   30   0   0   55 1270  320  4  3 93")
    return 0


async def dmesg(call: Call) -> int:
    """Print the kernel's message buffer."""
    for line in call.node.dmesg:
        call.say(line)
    return 0


async def logger(call: Call) -> int:
    """Write a line to the system log under the name given with -t and the own pid."""
    read = read_options(
        call,
        "46Af:H:h:iP:p:sS:t:",
        "usage: logger [-46Ais] [-f file] [-h host] [-P port] [-p pri] [-t tag]\n"
        "              [-S addr:port] [message ...]",
    )
    if read is None:
        return 1
    options, words = read
    texts = [" ".join(words)] if words else (await call.stdin.read()).decode(errors="replace").splitlines()
    pid = call.node.processes.take_pid()
    for text in texts:
        call.node.syslog(options.get("t", call.user), text, pid)
        if "s" in options:
            call.complain(f"{options.get('t', call.user)}[{pid}]: {text}")
    return 0


async def pw(call: Call) -> int:
    """Add (useradd) or show (usershow, groupshow) accounts."""
    words = list(call.arguments)
    action = words.pop(0) if words else ""
    name = words.pop(0) if words and not words[0].startswith("-") else ""
    values = {words[i]: words[i + 1] for i in range(len(words) - 1) if words[i].startswith("-")}
    name = name or values.get("-n", "")
    if action == "usershow":
        user = user_named(call.node, name)
        if user is None:
            call.complain(f"pw: no such user `{name}'")
            return 67
        secret = "" if user.uid == 0 else "*"
        call.say(f"{user.name}:{secret}:{user.uid}:{user.gid}::0:0:{user.full_name}:{user.home}:{user.shell}")
        return 0
    if action == "groupshow":
        found = next((group for group in groups_of(call.node) if group.name == name), None)
        if found is None:
            call.complain(f"pw: unknown group `{name}'")
            return 65
        call.say(f"{found.name}:*:{found.gid}:{','.join(found.members)}")
        return 0
    if action != "useradd":
        call.complain("usage: pw [user|group|lock|unlock] [add|del|mod|show|next] [help|switches/values]")
        return 64
    if call.uid != 0:
        call.complain("pw: you must be root to run this program")
        return 77
    groups = tuple(filter(None, values.get("-G", "").split(",")))
    user = add_user(call.node, name, values.get("-s", "/bin/sh"), groups)
    if user is None:
        call.complain(f"pw: login name `{name}' already exists")
        return 74
    if "-m" in words and not call.node.fs.exists(user.home):
        call.node.fs.mkdir(user.home, recursive=True)
    return 0


async def getent(call: Call) -> int:
    """Look up accounts by name."""
    if call.arguments[:1] == ["passwd"] and len(call.arguments) > 1:
        for user in users_of(call.node):
            if user.name == call.arguments[1]:
                call.say(f"{user.name}:*:{user.uid}:{user.gid}:{user.full_name}:{user.home}:{user.shell}")
                return 0
    return 2


async def fstat(call: Call) -> int:
    """Who has files open on a file system (-f): whoever stays in one of its directories."""
    call.say("USER     CMD          PID   FD MOUNT      INUM MODE         SZ|DV R/W")
    point = call.arguments[-1].rstrip("/") if call.arguments[:1] == ["-f"] else ""
    for process in call.node.processes:
        if point and (process.cwd == point or process.cwd.startswith(point + "/")):
            call.say(
                f"{process.user:<8.8} {process.name:<10.10} {process.pid:5} {'wd':>4} "
                f"{point:<10} {2:4} drwxr-xr-x     512  r"
            )
    return 0


COMMANDS: dict[str, Command] = {
    "fstat": fstat,
    "vmstat": vmstat,
    "dmesg": dmesg,
    "logger": logger,
    "pw": pw,
    "getent": getent,
}
