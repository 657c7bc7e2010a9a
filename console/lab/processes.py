"""The process table of a simulated node: what ps(1) lists and kill(1) ends."""

import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

OnSignal = Callable[[int], bool | None]
"""Told of a signal; returns True when the process goes on living."""

SIGINFO = 29
"""FreeBSD's number of it."""

_HARMLESS = frozenset({0, signal.SIGCHLD, signal.SIGCONT, signal.SIGWINCH, signal.SIGURG})


@dataclass(eq=False)
class Process:
    """One process; `stat` is the ps(1) state word and may change, `command` the full argument list."""

    pid: int
    ppid: int
    command: str
    stat: str
    started: float
    user: str = "root"
    tty: str = "-"
    on_signal: OnSignal | None = None
    on_info: Callable[[], None] | None = None
    """Told of SIGINFO, which others ignore."""
    cwd: str = "/"
    """Where it stays: a mount point above that cannot be unmounted."""
    pending: list[int] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The short command name, as pgrep(1) and sockstat(1) see it."""
        if self.command.startswith("["):
            return self.command.strip("[]")
        return self.command.split()[0].rsplit("/", 1)[-1].rstrip(":") if self.command else ""

    @property
    def uninterruptible(self) -> bool:
        """True in state D: signals wait until the I/O ends."""
        return self.stat.startswith("D")


class ProcessTable:
    """All processes of one node, by pid."""

    def __init__(self, now: Callable[[], float], first_pid: int = 600) -> None:
        self._now = now
        self._next = first_pid
        self._by_pid: dict[int, Process] = {}

    def __iter__(self) -> Iterator[Process]:
        return iter(sorted(self._by_pid.values(), key=lambda process: process.pid))

    def __contains__(self, process: Process) -> bool:
        return self._by_pid.get(process.pid) is process

    def get(self, pid: int) -> Process | None:
        """The process with that pid, or None."""
        return self._by_pid.get(pid)

    def take_pid(self) -> int:
        """A pid for something too short-lived to be listed."""
        self._next += 1
        return self._next

    def spawn(
        self,
        command: str,
        ppid: int = 1,
        stat: str = "S",
        on_signal: OnSignal | None = None,
        *,
        pid: int | None = None,
        user: str = "root",
        tty: str = "-",
    ) -> Process:
        """Enter a new process; without `pid` it gets the next number."""
        process = Process(
            pid=self.take_pid() if pid is None else pid,
            ppid=ppid,
            command=command,
            stat=stat,
            started=self._now(),
            user=user,
            tty=tty,
            on_signal=on_signal,
        )
        self._by_pid[process.pid] = process
        return process

    def exit(self, process: Process) -> None:
        """Take a process that ended out of the table; harmless when it is gone already."""
        if self._by_pid.get(process.pid) is process:
            del self._by_pid[process.pid]
            for child in self._by_pid.values():
                if child.ppid == process.pid:
                    child.ppid = 1

    def kill(self, pid: int, number: int = signal.SIGTERM) -> bool:
        """Send a signal; False when there is no such process."""
        process = self._by_pid.get(pid)
        if process is None:
            return False
        if process.uninterruptible:
            process.pending.append(number)
        else:
            self._deliver(process, number)
        return True

    def resume(self, process: Process, stat: str) -> None:
        """End an uninterruptible wait and deliver the signals that came meanwhile."""
        process.stat = stat
        pending, process.pending = process.pending, []
        for number in pending:
            if process in self:
                self._deliver(process, number)

    def clear(self) -> None:
        """Forget everything, as a power cut does."""
        self._by_pid.clear()

    def _deliver(self, process: Process, number: int) -> None:
        if number == SIGINFO and process.on_info is not None:
            process.on_info()
        if number in _HARMLESS or number == SIGINFO:
            return
        survives = process.on_signal(number) if process.on_signal is not None else False
        if not survives or number == signal.SIGKILL:
            self.exit(process)
