"""Whether the other threads of this process sleep, as the kernel tells: bashkit executes in some of them.

How long something computes, or how busy the machine is, plays no part in the answer. It needs Linux: `stat`
and `schedstat` of proc(5).
"""

import os
import threading

_THREADS = "/proc/self/task"


class Threads:
    """The threads of this process but for the one that made it."""

    def __init__(self) -> None:
        self._own = threading.get_native_id()
        self._files: dict[str, tuple[int, int]] = {}

    @staticmethod
    def known() -> bool:
        """Whether this system tells what threads do."""
        return os.path.exists(f"{_THREADS}/{threading.get_native_id()}/schedstat")

    def turns(self) -> tuple[bytes, ...] | None:
        """How often each of them has run; None while one is not asleep.

        One that waits for the interpreter is woken by the look itself: only two looks that say the same tell
        that none had anything to do.
        """
        turns: list[bytes] = []
        listed = os.listdir(_THREADS)
        for gone in self._files.keys() - set(listed):
            self._forget(gone)
        for thread in listed:
            if int(thread) == self._own:
                continue
            try:
                state, ran = self._files.get(thread) or self._opened(thread)
                if os.pread(state, 256, 0).rpartition(b")")[2][1:2] != b"S":
                    return None
                turns += (thread.encode(), os.pread(ran, 64, 0))
            except (FileNotFoundError, ProcessLookupError):
                self._forget(thread)
                return None
        return tuple(turns)

    def all_sleep(self) -> bool:
        """Whether none of them had anything to do between two looks at all of them."""
        before = self.turns()
        return before is not None and before == self.turns()

    def close(self) -> None:
        """Look no more."""
        for thread in list(self._files):
            self._forget(thread)

    def _opened(self, thread: str) -> tuple[int, int]:
        state = os.open(f"{_THREADS}/{thread}/stat", os.O_RDONLY)
        try:
            ran = os.open(f"{_THREADS}/{thread}/schedstat", os.O_RDONLY)
        except OSError:
            os.close(state)
            raise
        self._files[thread] = (state, ran)
        return state, ran

    def _forget(self, thread: str) -> None:
        for file in self._files.pop(thread, ()):
            os.close(file)
