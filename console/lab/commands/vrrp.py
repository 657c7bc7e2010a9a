"""freevrrpd(8), the command."""

from console.lab.call import Call, Command
from console.lab.vrrpd import start_daemon

_HELP = """FreeVRRPd - VRRP daemon for FreeBSD
Choose one of the following:
-f : specify a path to a configuration file
-F : launching in foreground
-c : chroot to the specified directory
-h : this screen ;)
Found a bug ? mail me at olivier@FreeBSD.org
"""


async def freevrrpd(call: Call) -> int:
    """Start the daemon, which detaches before it reads its file."""
    if "-h" in call.arguments:
        call.say(_HELP, end="")
        return 255
    if call.uid != 0:
        call.complain("freevrrpd: you must be root to run this program")
        return 1
    start_daemon(call.node, list(call.arguments))
    return 0


COMMANDS: dict[str, Command] = {"freevrrpd": freevrrpd}
