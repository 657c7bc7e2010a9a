"""service(8) and sysrc(8): services by the scripts in rc.d, and the settings that enable them."""

import re

from console.lab.arguments import read_options
from console.lab.call import Call, Command
from console.lab.files import resolve
from console.lab.rc import RC_CONF, SCRIPT_PLACES, settings
from console.lab.running import run_text

SERVICES = {
    "sshd": "sshd", "devd": "devd", "syslogd": "syslogd", "cron": "cron", "ggated": "ggated",
    "freevrrpd": "freevrrpd",
}  # fmt: skip
"""Services that work without a script of their own in the lab: the process they look after."""

_NAME = re.compile(r"[A-Za-z_]\w*")


async def service(call: Call) -> int:
    """Run a service's script, or list the enabled ones (-e)."""
    words = [word for word in call.arguments if not word.startswith("-")]
    if "-e" in call.arguments:
        for name in ("devd", "syslogd", "sshd", "cron"):
            call.say(f"/etc/rc.d/{name}")
        return 0
    if len(words) < 2:
        call.complain("usage: service [-j <jail name or id>] [-v] <rc.d script> start|stop|etc.")
        return 1
    name, action = words[:2]
    for place in SCRIPT_PLACES:
        if _NAME.fullmatch(name) and call.node.fs.exists(f"{place}/{name}"):
            ran = await run_text(call.node, f"sh {place}/{name} {action}")
            call.say(ran.out, end="")
            call.complain(ran.err, end="")
            return ran.status
    return _without_script(call, name, action)


def _without_script(call: Call, name: str, action: str) -> int:
    if name not in SERVICES:
        call.say(f"{name} does not exist in /etc/rc.d or the local startup")
        call.say("directories (/usr/local/etc/rc.d), or is not executable")
        return 1
    running = [
        process for process in call.node.processes if process.name == SERVICES[name] and process.ppid == 1
    ]
    if action in ("status", "onestatus"):
        call.say(f"{name} is running as pid {running[0].pid}." if running else f"{name} is not running.")
        return 0 if running else 1
    if action in ("stop", "onestop", "forcestop"):
        if call.uid != 0:
            call.complain(f"kill: {running[0].pid if running else 0}: Operation not permitted")
            return 1
        if not running:
            call.say(f"{name} not running?")
            return 1
        call.say(f"Stopping {name}.")
        call.node.processes.kill(running[0].pid)
        return 0
    call.complain(f"/etc/rc.d/{name}: unknown directive '{action}'.")
    call.complain(
        f"Usage: /etc/rc.d/{name} [fast|force|one|quiet]"
        "(start|stop|restart|rcvar|enable|disable|delete|enabled|describe|extracommands|status|poll)"
    )
    return 1


async def sysrc(call: Call) -> int:
    """Show or change settings of rc.conf, or of the file given with -f."""
    if not call.node.fs.exists("/usr/share/bsdconfig/common.subr"):
        # A minimal system lacks bsdconfig(8)'s library.
        call.complain(".: cannot open /usr/share/bsdconfig/common.subr: No such file or directory")
        return 2
    read = read_options(
        call, "acdDeEf:FhinNqR:vxj:", "usage: sysrc [OPTIONS] {name[[+|-]=value] ...|-a|-A|-l|-L [name ...]}"
    )
    if read is None:
        return 1
    options, words = read
    path = resolve(call, options["f"]) if "f" in options else RC_CONF
    status = 0
    for word in words:
        name, is_change, value = word.partition("=")
        known = settings(call.node, path)
        if "x" in options:
            if name not in known:
                call.complain(f"sysrc: unknown variable '{name}'")
                status = 1
            _change(call, path, name, None)
        elif is_change and "c" in options:
            status |= known.get(name) != value
        elif is_change:
            if call.uid != 0:
                call.complain(f"sysrc: cannot create {path}: Permission denied")
                return 1
            _change(call, path, name, value)
            call.say(value if "n" in options else f"{name}: {known.get(name, '')} -> {value}")
        elif name in known:
            call.say(known[name] if "n" in options else f"{name}: {known[name]}")
        elif "i" not in options:
            call.complain(f"sysrc: unknown variable '{name}'")
            status = 1
    return status


def _change(call: Call, path: str, name: str, value: str | None) -> None:
    """Replace the line that sets `name`, add one at the end, or take it out (None)."""
    fs = call.node.fs
    text = fs.read_file(path).decode("utf-8", "surrogateescape") if fs.exists(path) else ""
    line = "" if value is None else f'{name}="{value}"\n'
    pattern = re.compile(rf"^[ \t]*{re.escape(name)}=.*(?:\n|\Z)", re.M)
    if pattern.search(text):
        text = pattern.sub(lambda _: line, text, count=1)
    else:
        text = (text if not text or text.endswith("\n") else text + "\n") + line
    fs.write_file(path, text.encode("utf-8", "surrogateescape"))


COMMANDS: dict[str, Command] = {"service": service, "sysrc": sysrc}
