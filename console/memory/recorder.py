"""Keeps a recording while pairs are watched: takes what is learnt, and has it written once a second.

Nothing here waits for the disk but a task of its own: with a full or dead disk the watching goes on, it is
said that nothing is recorded, and a new stretch begins when there is room again. What waits to be written is
bounded.
"""

import asyncio
import fcntl
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from console.health.events import newer
from console.memory.figures import Bucket, figures, served
from console.memory.schema import NoRecording, in_words
from console.memory.writing import Batch, NewStretch, ServiceSeen, Writing, all_of
from console.model.config import Config
from console.model.snapshot import Event, PairState
from console.model.tape import LinkChanged, SectionLost, SectionRead, Taped

T = TypeVar("T")

MEGABYTE = 1_000_000
A_PAIR = 50
"""Megabytes that a pair may take where nothing else is said."""
_EVERY = 1.0
"""Seconds between two writes."""
_AGAIN = 5.0
"""Seconds until a disk that failed is tried again."""
_LEAP = 2.0
"""Seconds by which the clock must differ from the steady one to have been set."""
_WAITING = 50_000
"""Pieces that may wait for the disk; beyond them it is as if it had failed."""
_PATIENCE = 5.0
"""Seconds that the last write may take when the recorder ends."""


def default_path(environment: Mapping[str, str] = os.environ) -> Path:
    """`recording.db` beside the journal: in `$XDG_STATE_HOME/mirrorgate`, or that below ~/.local/state."""
    base = environment.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(base).expanduser() / "mirrorgate" / "recording.db"


def recording_of(config: Config, named: Path | None = None) -> Path:
    """The file of the recording: named on the command line, else in the configuration, else the default."""
    return named or (Path(config.recording) if config.recording else default_path())


def limit_of(config: Config, megabytes: int | None = None) -> int:
    """Bytes that the recording may take."""
    wanted = megabytes or config.recording_size or A_PAIR * len(config.pairs)
    return wanted * MEGABYTE


class Recorder:
    """Records what it is given, from `start` to `close`; both from the event loop that also calls `take`.

    Without a disk that takes it `trouble` says why, in one line; `say` is told when that changes.
    """

    def __init__(
        self,
        path: Path,
        limit: int,
        say: Callable[[str], None] = lambda line: None,
        *,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """`limit`: bytes that the file may take."""
        self.path = path
        self.trouble: str | None = None
        self._limit = limit
        self._say = say
        self._wall, self._steady = wall, steady
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="recorder")
        self._lock = -1
        self._writing: Writing | None = None
        self._task: asyncio.Task[None] | None = None
        self._batch = Batch()
        self._latest: dict[tuple[str, str, str], Taped] = {}
        self._ahead: float | None = None
        self._broken = True
        self._untidy = False
        self._tidied = steady()
        self._seen: dict[str, Event] = {}
        self._sampled: dict[str, float] = {}

    async def start(self) -> None:
        """Begin. Raises NoRecording: another process records there, or the file cannot be used."""
        self._lock = await asyncio.to_thread(_lock, self.path)
        try:
            self._writing = await self._on_thread(lambda: Writing(self.path, self._limit))
        except BaseException:
            os.close(self._lock)
            self._lock = -1
            raise
        await self._flush(self._writing)
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Write what is left, if the disk takes it within a few seconds, and end."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        if self._writing is not None:
            writing, self._writing = self._writing, None
            with suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE):
                    await self._flush(writing)
                    await self._on_thread(writing.close)
        self._thread.shutdown(wait=False)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, what: BaseException | None, where: TracebackType | None
    ) -> None:
        await self.close()

    def take(self, taped: Taped) -> None:
        """A piece was learnt. Never waits, never raises."""
        self._watch_the_clock()
        _remember(self._latest, taped)
        if self._broken:
            return
        self._batch.news.append(taped)
        if len(self._batch.news) > _WAITING:
            self._fail(f"{self.path}: the disk is too slow")

    def events(self, pair: str, events: "tuple[Event, ...] | list[Event]") -> None:
        """These happened, in this order."""
        self._batch.events += [(pair, event) for event in events]
        del self._batch.events[:-_WAITING]

    def follow(self, state: PairState, *, settled: bool) -> None:
        """A new state of a pair: its new events, its figures, whether its service is there."""
        name = state.snapshot.config.name
        fresh = newer(state.events, self._seen.get(name))
        if fresh:
            self._seen[name] = fresh[0]
            self.events(name, fresh[::-1])
        now = state.snapshot.now
        # A few states a second say no more of a figure than one does.
        if not settled or 0 <= now - self._sampled.get(name, -1.0) < 0.9:
            return
        self._sampled[name] = now
        self._batch.service.append(ServiceSeen(name, now, *served(state)))
        del self._batch.service[:-_WAITING]
        minute = now // 60 * 60
        for figure, value in figures(state).items():
            key = (name, figure, minute)
            self._batch.figures.setdefault(key, Bucket(minute)).add(value)

    def _watch_the_clock(self) -> None:
        """Begin a new stretch where the clock was set: the time of one stretch runs forward."""
        ahead = self._wall() - self._steady()
        leap = 0.0 if self._ahead is None else ahead - self._ahead
        self._ahead = ahead
        if abs(leap) < _LEAP:
            return
        self._latest = dict(zip(self._latest, all_of(self._latest.values(), leap), strict=True))
        self._sampled.clear()
        if not self._broken:
            now = self._wall()
            self._batch.news.append(NewStretch(now, tuple(self._latest.values()), now - leap))

    async def _run(self) -> None:
        while True:
            writing = self._writing
            if writing is None:
                return
            await self._flush(writing)
            await asyncio.sleep(_AGAIN if self.trouble else _EVERY)

    async def _flush(self, writing: Writing) -> None:
        self._watch_the_clock()
        batch, self._batch = self._batch, Batch()
        batch.now = self._wall()
        if self._broken:
            batch.news = [NewStretch(batch.now, tuple(self._latest.values()))]
            self._broken = False
        # The figures of a minute grow until it is over.
        self._batch.figures = {key: one for key, one in batch.figures.items() if key[2] > batch.now - 60}
        grown = {
            key: Bucket(one.at, one.count, one.low, one.total, one.high) for key, one in batch.figures.items()
        }
        batch.figures = grown
        steady = self._steady()
        elapsed, self._tidied = steady - self._tidied, steady
        try:
            await self._on_thread(lambda: writing.write(batch))
        except NoRecording as odd:
            self._batch.events[:0] = batch.events
            del self._batch.events[:-_WAITING]
            self._fail(str(odd))
            return
        if self.trouble and not self._broken:
            self.trouble = None
            self._say(f"recording again: {self.path}")
        await self._tidy(writing, batch.now, elapsed)

    async def _tidy(self, writing: Writing, now: float, elapsed: float) -> None:
        try:
            await self._on_thread(lambda: writing.tidy(now, elapsed))
        except NoRecording as odd:
            if not self._untidy:
                self._say(f"recording, but nothing old can be thinned out: {odd}")
            self._untidy = True
            return
        self._untidy = False

    def _fail(self, why: str) -> None:
        self._broken = True
        self._batch.news.clear()
        self._batch.service.clear()
        if self.trouble is None:
            self._say(f"not recording: {why}; the watching goes on")
        self.trouble = f"not recording: {why}"

    async def _on_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _remember(latest: dict[tuple[str, str, str], Taped], taped: Taped) -> None:
    """Keep the newest of each, in the order in which they were learnt."""
    match taped.news:
        case SectionRead(section) | SectionLost(section):
            name = section or "*"
        case LinkChanged():
            name = ""
    key = (taped.pair, taped.home.value, name)
    latest.pop(key, None)
    latest[key] = taped


def _lock(path: Path) -> int:
    """Whoever holds it records there. Raises NoRecording."""
    name = Path(f"{path}.lock")
    if path.is_dir():
        raise NoRecording(f"{path}: it is a directory: name the file of the recording")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as odd:
        raise in_words(path, odd) from odd
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as odd:
        os.close(handle)
        raise NoRecording(f"{path}: another mirrorgate records into it: see who with fstat or lsof") from odd
    return handle
