"""`monitor --wall`: a console for a login shell or ForceCommand, whose viewer is not trusted with a shell.

Entered before Textual is imported, which reads the environment when it is.
"""

import os
import pwd
import re
import resource
import signal
import sys
from collections.abc import Mapping

REFUSED = 126
"""The exit status of a refusal: the shell's own for what is found and not run."""
_ONLY_WATCHES = "this account only watches: log in without a command (`ssh -t HOST`)"
_NO_TERMINAL = "a console needs a terminal: `ssh -t HOST`"

_WORDS = frozenset({"TERM", "LANG"})
_NUMBERS = frozenset({"COLUMNS", "LINES"})
_WORD = re.compile(r"[A-Za-z0-9_.@+-]{1,64}")
_NUMBER = re.compile(r"[1-9][0-9]{0,2}")
_LOCALE = re.compile(r"LC_[A-Z]{1,20}")
_PATH = "/usr/local/bin:/usr/bin:/bin"
_MEMORY = 2 << 30
"""Bytes of address space: several times what a fleet of 200 pairs takes."""


def obeyed(given: Mapping[str, str], name: str, home: str) -> dict[str, str]:
    """The whole environment of a wall: of what the client gave only how its terminal draws."""
    kept = {
        key: value
        for key, value in given.items()
        if ((key in _WORDS or _LOCALE.fullmatch(key)) and _WORD.fullmatch(value))
        or (key in _NUMBERS and _NUMBER.fullmatch(value))
    }
    return {**kept, "HOME": home, "LOGNAME": name, "USER": name, "PATH": _PATH}


def enter() -> str | None:
    """Make this process a wall; returns why it must not go on, as one line, or None.

    What the client sent of an environment is forgotten, its command is refused, and nothing is left that
    outlives the terminal or fills the machine.
    """
    if os.environ.get("SSH_ORIGINAL_COMMAND"):
        return _ONLY_WATCHES
    account = pwd.getpwuid(os.getuid())
    environment = obeyed(os.environ, account.pw_name, account.pw_dir)
    if not sys.flags.isolated:
        # PYTHONINSPECT and its like have been read already: only a Python that begins anew is without them.
        line = [sys.executable, "-I", "-m", "console.cli", *sys.argv[1:]]
        os.execve(sys.executable, line, environment)  # noqa: S606 # no shell is wanted
    os.environ.clear()
    os.environ.update(environment)
    os.umask(0o077)
    _outlive_nothing()
    _bounded()
    if not all(os.isatty(number) for number in (0, 1, 2)):
        return _NO_TERMINAL
    return None


def _outlive_nothing() -> None:
    """Whatever was inherited: the end of the terminal ends the process, and nothing suspends it."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP, signal.SIGTERM, signal.SIGALRM})


def _bounded() -> None:
    """No core files, which hold keys; and a bound on memory."""
    for kind, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_AS, _MEMORY)):
        _, hard = resource.getrlimit(kind)
        if hard == resource.RLIM_INFINITY or hard > most:
            resource.setrlimit(kind, (most, most))
