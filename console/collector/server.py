"""Serves what a collector reads to its viewers, on a Unix socket. They wish for little and change nothing."""

import asyncio
import contextlib
import logging
import math
from collections.abc import Callable, Iterable, Mapping

from console.collector.protocol import (
    BEAT,
    LONGEST_WISH,
    Beat,
    Full,
    Hello,
    Look,
    Retry,
    line_of,
    wish,
)
from console.collector.shelf import Shelf, Slot
from console.collector.socket_file import SocketFile
from console.collector.viewer import PATIENCE, Viewer
from console.model.pair_line import Both, PairLine
from console.model.snapshot import Event

MOST_VIEWERS = 200
_PACE = 0.02
"""Seconds between two wishes of one viewer, at least."""
_RETRIES = 5.0
"""Seconds between two attempts to reach nodes that viewers ask for, at least."""
_log = logging.getLogger("mirrorgate.collector")


class Server:
    """What is known of each pair, and everybody who is shown it."""

    def __init__(
        self,
        shelves: Mapping[str, Shelf],
        digests: Mapping[str, str],
        retry: Callable[[], None],
        *,
        most: int = MOST_VIEWERS,
        beat: float = BEAT,
        patience: float = PATIENCE,
    ) -> None:
        self._shelves = shelves
        self._hello = Hello(digests)
        self._retry = retry
        self._most = most
        self._beat_every = beat
        self._patience = patience
        self._viewers: set[Viewer] = set()
        self._handlers: set[asyncio.Task[None]] = set()
        self._lines: dict[str, PairLine] = {}
        self._events: dict[str, tuple[Event, ...]] = {}
        self._retried = -math.inf

    @property
    def viewers(self) -> int:
        """How many there are."""
        return len(self._viewers)

    def changed(self, pair: str, slots: Iterable[Slot]) -> None:
        """Something of a pair is otherwise on its shelf."""
        for viewer in self._viewers:
            viewer.changed(pair, slots)

    def take(self, line: PairLine, events: tuple[Event, ...]) -> None:
        """A pair's newest line and events (newest first); an equal line only brings newer times."""
        old, self._lines[line.pair] = self._lines.get(line.pair), line
        self._events[line.pair] = events
        if old != line:
            for viewer in self._viewers:
                viewer.line(line.pair)

    async def serve(self, file: SocketFile) -> None:
        """Serve at `file`, which is closed at the end; where it is taken away, another is put there.

        Raises:
            NoSocket: another collector has taken its place, or no other can be had.
        """
        try:
            while True:
                server = await asyncio.start_unix_server(
                    self._accept, sock=file.listening, limit=LONGEST_WISH
                )
                try:
                    await self._beats(file)
                finally:
                    server.close()
                _log.warning("%s: the socket was taken away: serving at a new one", file.path)
                file.close()
                file = SocketFile.open(file.path, file.group)
        finally:
            file.close()
            for handler in self._handlers:
                handler.cancel()
            await asyncio.gather(*self._handlers, return_exceptions=True)

    async def _beats(self, file: SocketFile) -> None:
        while file.still_there():
            await asyncio.sleep(self._beat_every)
            for viewer in self._viewers:
                viewer.beat()

    def _beat(self) -> Beat:
        seen: dict[str, Both] = {name: line.last_seen for name, line in self._lines.items()}
        return Beat(len(self._viewers), seen)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._attend(reader, writer))
        self._handlers.add(task)
        try:
            await asyncio.wait({task})
            if not task.cancelled():
                task.result()
        finally:
            task.cancel()
            self._handlers.discard(task)
            # What was not read yet is of no use to anybody.
            writer.transport.abort()

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._viewers) >= self._most:
            writer.write(line_of(Full(self._most)))
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(1.0):
                    await writer.drain()
            return
        viewer = Viewer(writer, self._shelves, self._lines, self._events, self._beat, self._patience)
        self._viewers.add(viewer)
        both = {
            asyncio.create_task(viewer.serve(self._hello)),
            asyncio.create_task(self._wishes(viewer, reader)),
        }
        try:
            done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except TimeoutError:
            _log.warning("a viewer does not read what it is told: let go")
        except (OSError, ValueError) as odd:
            _log.info("a viewer left: %s", odd)
        finally:
            self._viewers.discard(viewer)
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)

    async def _wishes(self, viewer: Viewer, reader: asyncio.StreamReader) -> None:
        """Do what a viewer asks until he leaves; raises ValueError when he asks what cannot be."""
        while line := await reader.readline():
            match wish(line):
                case Look(pairs):
                    viewer.look(pairs)
                case Retry():
                    self._try_again()
            await asyncio.sleep(_PACE)

    def _try_again(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._retried + _RETRIES:
            self._retried = now
            self._retry()
