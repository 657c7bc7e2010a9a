"""A recording asked from an event loop: one question after the other, on a thread of its own."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from console.memory.reading import Recording
from console.memory.schema import identity, in_words

T = TypeVar("T")


class Reader:
    """Opens the recording at the first question, again after one that failed, and when it is another file."""

    def __init__(self, path: Path, open_it: Callable[[Path], Recording] = Recording) -> None:
        self.path = path
        self._open = open_it
        self._recording: Recording | None = None
        self._file: tuple[int, int] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="recording")

    async def ask(self, question: Callable[[Recording], T]) -> T:
        """What `question` makes of the recording; it runs to its end even where nobody waits any more.

        Raises:
            NoRecording: it cannot be read.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._do, question)

    def _do(self, question: Callable[[Recording], T]) -> T:
        try:
            file = identity(self.path)
        except OSError as odd:
            raise in_words(self.path, odd) from odd
        if file != self._file:
            self._close()
        if self._recording is None:
            self._file = file
            self._recording = self._open(self.path)
        try:
            return question(self._recording)
        except Exception:
            self._close()
            raise

    def _close(self) -> None:
        recording, self._recording = self._recording, None
        if recording is not None:
            recording.close()

    async def close(self) -> None:
        """Close the file. The reader may be asked no more."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)
