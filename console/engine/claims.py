"""Which runs are under way on this machine: a lock file each, which the kernel releases with the process."""

import fcntl
import os
from pathlib import Path


class Claims:
    """Claims of one process. A killed process holds none: that is why it is not a row of the journal."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._held: dict[str, int] = {}

    def take(self, run: str) -> bool:
        """Claim a run; False when another console on this machine has it. Raises OSError."""
        if run in self._held:
            return False
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = os.open(self._directory / f"{run}.running", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        except OSError:
            os.close(file)
            raise
        if not _still_named(file, self._directory / f"{run}.running"):
            os.close(file)
            return False
        self._held[run] = file
        return True

    def held(self, run: str) -> bool:
        """Whether some console on this machine, this one included, has the run under way."""
        if run in self._held:
            return True
        try:
            file = os.open(self._directory / f"{run}.running", os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(file)
        return False

    def drop(self, run: str) -> None:
        """Give a claim up; one that is not held is no error."""
        file = self._held.pop(run, None)
        if file is not None:
            # Removed while it is still locked: who opened it meanwhile finds that it has no name any more.
            (self._directory / f"{run}.running").unlink(missing_ok=True)
            os.close(file)


def _still_named(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False
