"""A collector on made-up nodes, a socket, and viewers of it."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from console.collector.collecting import Collecting
from console.collector.server import Server
from console.collector.shared_watch import SharedWatching
from console.collector.socket_file import SocketFile
from console.commands.terminal_asker import TerminalAsker
from console.model.config import NodeConfig, PairConfig
from console.model.pair_line import PairLine
from console.model.snapshot import PairState
from console.ssh.trouble import Trouble
from console.watch.node_watch import Opener
from tests.waiting import eventually
from tests.watch.fake_session import GEOM, HOST, MOUNTS, FakeSession

MOUNTED = MOUNTS + "/dev/mirror/remotemirror\t/home/sites\tufs\trw\t2 2\n"


def pair(name: str, **other: object) -> PairConfig:
    """A quick pair without qmail."""
    nodes = [
        {"name": f"{name}-a", "home": "master", "host": "192.0.2.1", "image": "/a.img"},
        {"name": f"{name}-b", "home": "slave", "host": "192.0.2.2", "image": "/b.img"},
    ]
    fields = {"name": name, "interval": 0.05, "slow_interval": 0.1, "qmail": {"enabled": False}}
    return PairConfig.model_validate({**fields, "nodes": nodes, **other})


@dataclass
class Nodes:
    """Every node of a test; what it says can be changed at any time."""

    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    troubles: dict[str, Trouble] = field(default_factory=dict)
    opened: Counter[str] = field(default_factory=Counter)
    sessions: dict[str, list[FakeSession]] = field(default_factory=dict)

    @property
    def opener(self) -> Opener:
        async def opened(node: NodeConfig) -> FakeSession:
            self.opened[node.name] += 1
            if node.name in self.troubles:
                raise self.troubles[node.name]
            session = FakeSession(lambda section: self._says(node.name, section))
            self.sessions.setdefault(node.name, []).append(session)
            return session

        return opened

    def drop(self, node: str) -> None:
        """Break the connections to a node."""
        for session in self.sessions.pop(node, []):
            for lane in session.lanes:
                lane.drop()

    def _says(self, node: str, section: str) -> str:
        known = {
            "host": HOST.format(now=int(time.time()), name=node),
            "mounts": MOUNTS,
            "geom": GEOM,
        }
        return self.texts.get((node, section), known.get(section, ""))


@asynccontextmanager
async def collecting(
    pairs: Sequence[PairConfig], nodes: Nodes, socket: Path, server: Callable[..., Server] = Server
) -> AsyncIterator[Collecting]:
    """A collector until the block ends."""
    one = Collecting(pairs, nodes.opener, server=server)
    task = asyncio.create_task(one.run(SocketFile.open(socket)))
    try:
        yield one
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Viewer:
    """Follows a `SharedWatching` and keeps what it said."""

    def __init__(self, watching: SharedWatching) -> None:
        self.watching = watching
        self.states: dict[str, PairState] = {}
        self.lines: dict[str, PairLine] = {}
        self.words: list[str] = []
        self.seen: list[PairState | PairLine] = []
        watching.say = self.words.append

    async def follow(self) -> None:
        async for news in self.watching.states(TerminalAsker()):
            self.seen.append(news)
            if isinstance(news, PairLine):
                self.lines[news.pair] = news
                self.states.pop(news.pair, None)
            else:
                self.states[news.snapshot.config.name] = news
                self.lines.pop(news.snapshot.config.name, None)

    async def says(self, words: str) -> None:
        await eventually(lambda: self.words and words in self.words[-1], what=f"{words!r} in {self.words}")

    async def whole(self, name: str) -> PairState:
        """The state of a pair once both of its nodes have said how they are."""
        await eventually(
            lambda: (
                name in self.states
                and all(node.facts.mounts.value for node in self.states[name].snapshot.nodes)
            ),
            what=f"a state of {name}: {self.states.keys()} {self.words}",
        )
        return self.states[name]


@asynccontextmanager
async def viewing(
    pairs: Sequence[PairConfig],
    socket: Path,
    nodes: Nodes,
    look: str = "",
    *,
    grace: float = 0.2,
    again: float = 0.05,
) -> AsyncIterator[Viewer]:
    """A viewer until the block ends; `nodes` are those that it would reach itself."""
    watching = SharedWatching(pairs, socket, lambda _: nodes.opener, grace=grace, again=again)
    watching.look(look or pairs[0].name)
    viewer = Viewer(watching)
    task = asyncio.create_task(viewer.follow())
    try:
        yield viewer
        assert not task.done(), task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
