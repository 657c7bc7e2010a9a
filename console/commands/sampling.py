"""One good look at a pair for commands that print and leave."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from console.config_file import BadConfig
from console.model.asking import Asker
from console.model.config import Config, PairConfig
from console.model.snapshot import PairState
from console.ssh.policy import read_only_opener
from console.watch.node_watch import Opener
from console.watch.pair_watch import PairWatch
from console.watch.turns import in_turn


def opener(config: Config, asker: Asker | None) -> Opener:
    """How these commands reach a node: sampler lanes only, nothing that could change it."""
    ssh_config = Path(config.ssh_config) if config.ssh_config else None
    return in_turn(read_only_opener(ssh_config, asker, config.pairs))


def chosen(config: Config, path: Path, name: str | None) -> tuple[PairConfig, ...]:
    """The pairs to look at: all, or the one called `name`.

    Raises:
        BadConfig: there is no such pair.
    """
    pairs = tuple(p for p in config.pairs if name in (None, p.name))
    if not pairs:
        known = ", ".join(p.name for p in config.pairs)
        raise BadConfig(path, None, "", f"no pair is called {name!r}; there are: {known}")
    return pairs


async def settled_state(pair: PairConfig, open_session: Opener, limit: float) -> PairState:
    """Watch a pair until both nodes have said everything once, or cannot; at most `limit` seconds."""
    return (await settled_look(pair, open_session, limit))[0]


async def settled_look(pair: PairConfig, open_session: Opener, limit: float) -> tuple[PairState, bool]:
    """`settled_state`, and whether it was settled in time."""
    watch = PairWatch(pair, open_session)
    states = watch.states()
    state = await anext(states)
    try:
        async with asyncio.timeout(limit):
            while not watch.settled:
                state = await anext(states)
    except TimeoutError:
        return state, False
    finally:
        await states.aclose()
    return state, True


async def settled_states(pairs: Sequence[PairConfig], open_session: Opener, limit: float) -> list[PairState]:
    """`settled_state` of several pairs at once, in their order."""
    return [state for state, _ in await settled_looks(pairs, open_session, limit)]


async def settled_looks(
    pairs: Sequence[PairConfig], open_session: Opener, limit: float
) -> list[tuple[PairState, bool]]:
    """`settled_look` of several pairs at once, in their order."""
    return list(await asyncio.gather(*(settled_look(p, open_session, limit) for p in pairs)))
