"""Whom the engine works with: hands on each node, eyes on the pair, the operator, the journal."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from console.model.config import NodeConfig
from console.model.job import HandsLost, JobLook, JobState, LockLost
from console.model.lineage import OperatorLock
from console.model.run import Choice, Question, RunRecord
from console.model.snapshot import PairSnapshot

__all__ = [
    "Eyes",
    "Hands",
    "HandsLost",
    "JobLook",
    "JobState",
    "Journal",
    "LockLost",
    "OpenHands",
    "Operator",
]


class Hands(Protocol):
    """What may change one node. Every call has a limit; a lost connection raises HandsLost, nothing else.

    A call that raises HandsLost may or may not have reached the node: `look` tells after reconnecting.
    """

    async def launch(self, job: str, text: str, *, run: str, input: bytes | None = None) -> JobLook:
        """Claim and start a job, once: where the id exists, it is only looked at. Waits ~0.2 s for its end.

        Refused on the node (raises LockLost) unless `run` holds the lock there. `input` (a secret file's
        content) reaches the job's standard input and is removed with its end.
        """
        ...

    async def look(self, job: str, out_offset: int = 0, err_offset: int = 0) -> JobLook:
        """Read a job; of one that runs, the end may be waited for a little (half a second)."""
        ...

    async def stop(self, job: str) -> JobLook:
        """Ask a running job to end (TERM to its process group, KILL 5 s later)."""
        ...

    async def read(self, text: str, limit: float = 10.0) -> tuple[int | None, str]:
        """Run a read-only command; (exit status or None when late, inert output and errors)."""
        ...

    async def read_file(self, path: str) -> bytes | None:
        """A file's content (1 MiB at most), None when there is none. Never logged."""
        ...

    async def take_lock(
        self, run: str, job: str, operator: str, *, break_stale: bool = False
    ) -> OperatorLock | None:
        """Take the node's lock: None when it is ours now, else who holds it.

        `break_stale` is the operator's word. Our own lock of the same run is simply taken again (resume).
        """
        ...

    async def beat(self, run: str) -> bool:
        """Renew the lock's sign of life; False when it is no longer ours."""
        ...

    async def drop_lock(self, run: str) -> None:
        """Release our lock; another's is left alone."""
        ...

    async def close(self) -> None:
        """Close the connection; jobs go on."""
        ...


OpenHands = Callable[[NodeConfig], Awaitable[Hands]]
"""Connects to a node with hands; raises HandsLost."""


class Eyes(Protocol):
    """Fresh readings of the pair."""

    async def fresh(self, limit: float = 5.0) -> PairSnapshot:
        """Both nodes read after this call began; what is not answered in time is unknown. Never raises."""
        ...

    def latest(self) -> PairSnapshot:
        """The newest reading there is, for drawing."""
        ...


class Operator(Protocol):
    """The person at the console, or what stands for one on the command line."""

    async def decide(self, question: Question) -> Choice:
        """The answer; what had to be typed was typed. CANCEL when in doubt."""
        ...

    async def secret(self, name: str, prompt: str) -> str | None:
        """A secret such as the VRRP password; None = generate one."""
        ...

    def tell(self, run: RunRecord) -> None:
        """The run has changed; returns at once."""
        ...


class Journal(Protocol):
    """Where runs are kept. `keep` returns after the record is on disk (fsync)."""

    async def keep(self, run: RunRecord) -> None:
        """Write the run as it is now: an intent is kept before anything is sent."""
        ...

    async def claim(self, run: str) -> bool:
        """Whether the run is this console's alone from now on; False: another console has it under way."""
        ...

    async def release(self, run: str) -> None:
        """Give the claim up; the end of the process does it as well."""
        ...

    async def load(self, run: str) -> RunRecord | None:
        """A run by id."""
        ...

    async def runs(self, pair: str | None = None, limit: int = 100) -> tuple[RunRecord, ...]:
        """Newest first."""
        ...
