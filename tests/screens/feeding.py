"""The app fed from a list of states, its clock standing still."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from console.app import MirrorgateApp
from console.model.asking import Asker
from console.model.config import PairConfig
from console.model.form import FirstJob
from console.model.pair_line import PairLine
from console.model.snapshot import PairState
from console.screens.faults import Faults
from console.screens.jobs import Jobs
from tests.screens.sample import NOW


class Feed:
    """A source of states: those given at once, then those that are put."""

    def __init__(self, *first: PairState | PairLine) -> None:
        self.queue: asyncio.Queue[PairState | PairLine] = asyncio.Queue()
        self.looked: list[str] = []
        self.asker: Asker | None = None
        self.retries = 0
        for state in first:
            self.queue.put_nowait(state)

    async def states(self, asker: Asker) -> AsyncIterator[PairState | PairLine]:
        self.asker = asker
        while True:
            yield await self.queue.get()

    def put(self, state: PairState | PairLine) -> None:
        self.queue.put_nowait(state)

    def look(self, pair: str) -> None:
        self.looked.append(pair)

    def retry_now(self) -> None:
        self.retries += 1


class Clock:
    """Console time that moves only when told."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def console(
    *states: PairState,
    pairs: Sequence[PairConfig] | None = None,
    feed: Feed | None = None,
    clock: Clock | None = None,
    read_only: bool = False,
    faults: Faults | None = None,
    jobs: Jobs | None = None,
    ascii_only: bool = False,
    theme: str = "textual-dark",
    first: FirstJob | None = None,
) -> MirrorgateApp:
    """An app that shows `states`, without animation."""
    feed = feed or Feed(*states)
    configs = pairs if pairs is not None else [states[0].snapshot.config]
    app = MirrorgateApp(
        configs,
        feed,
        read_only=read_only,
        jobs=jobs,
        faults=faults,
        ascii_only=ascii_only,
        first=first,
        clock=clock or Clock(),
    )
    app.animation_level = "none"
    app.theme = theme
    return app


def text_of(app: MirrorgateApp) -> str:
    """What stands on the screen, line by line."""
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())
