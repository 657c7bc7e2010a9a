"""The Unix socket of a collector: who may use it, and that it takes nobody else's place."""

import contextlib
import errno
import grp
import os
import socket
import stat
from pathlib import Path

MODE = 0o660
"""Whoever may write to the socket sees the pairs: its owner and its group."""
_LONGEST = 103
"""Bytes of a socket's path: FreeBSD has room for 104 with the end, Linux for 108."""
_BACKLOG = 128


class NoSocket(Exception):
    """The socket cannot be had; `str()` is one line with what to do."""


class SocketFile:
    """A listening socket and its file."""

    def __init__(self, path: Path, listening: socket.socket, group: str | None) -> None:
        self.path = path
        self.group = group
        self.listening = listening
        """Not blocking."""
        self._mine = _identity(path)

    @classmethod
    def open(cls, path: Path, group: str | None = None) -> "SocketFile":
        """Listen at `path`, which appears only once its mode and group are right.

        Raises:
            NoSocket: somebody serves there, it is something else, or it cannot be made.
        """
        if len(os.fsencode(path)) > _LONGEST - len(_beside(path).name) + len(path.name):
            raise NoSocket(f"{path}: the path is too long for a socket: choose one of 80 characters at most")
        _free(path)
        made = _beside(path)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            # The mode at birth: nobody else may be let in before it is set.
            before = os.umask(0o177)
            try:
                listening.bind(str(made))
            finally:
                os.umask(before)
            if group is not None:
                _give(made, group)
            made.chmod(MODE)
            listening.listen(_BACKLOG)
            listening.setblocking(False)
            made.rename(path)
        except OSError as odd:
            listening.close()
            with contextlib.suppress(OSError):
                made.unlink()
            raise NoSocket(f"{path}: {odd.strerror or odd}: {_remedy(odd)}") from odd
        except NoSocket:
            listening.close()
            made.unlink()
            raise
        return cls(path, listening, group)

    def still_there(self) -> bool:
        """Whether the file is the one that was made: a cleaner of /tmp or another collector may have come."""
        return _identity(self.path) == self._mine

    def close(self) -> None:
        """Stop listening; the file goes too, if it is still this one."""
        self.listening.close()
        if self.still_there():
            with contextlib.suppress(OSError):
                self.path.unlink()


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _free(path: Path) -> None:
    """See to it that nothing but a dead collector's socket is replaced."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise NoSocket(f"{path}: there is something that is no socket: choose another path")
    except FileNotFoundError:
        return
    except OSError as odd:
        raise NoSocket(f"{path}: {odd.strerror}: {_remedy(odd)}") from odd
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return
        except OSError as odd:
            raise NoSocket(
                f"{path}: whether somebody serves there cannot be told: {odd.strerror or odd}"
            ) from odd
    raise NoSocket(f"{path}: somebody serves there already: end that collector, or choose another path")


def _give(path: Path, group: str) -> None:
    try:
        number = grp.getgrnam(group).gr_gid
    except KeyError:
        raise NoSocket(f"there is no group {group!r}: create it, or name another with --group") from None
    try:
        os.chown(path, -1, number)
    except PermissionError as odd:
        raise NoSocket(
            f"the socket cannot be given to group {group}: run the collector as a member of it"
        ) from odd


def _remedy(odd: OSError) -> str:
    match odd.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return "create the directory first, for the collector's user"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return "the collector's user must be able to write in that directory"
        case _:
            return "choose another path"
