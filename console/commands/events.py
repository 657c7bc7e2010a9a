"""`mirrorgate events`: role, component, mount and link changes, one line each, as they happen."""

import asyncio
import json
import time
from collections.abc import Sequence

from console.health.events import newer
from console.model.config import PairConfig
from console.model.jsonable import jsonable
from console.model.snapshot import Event
from console.watch.fleet import Fleet
from console.watch.node_watch import Opener
from console.watch.pair_watch import PairWatch


async def run(
    pairs: Sequence[PairConfig], open_session: Opener, seconds: float | None, *, as_json: bool
) -> int:
    """Print events for `seconds` (None: until interrupted)."""
    newest: dict[str, Event] = {}
    states = Fleet(tuple(PairWatch(p, open_session) for p in pairs)).states()
    try:
        async with asyncio.timeout(seconds):
            async for state in states:
                name = state.snapshot.config.name
                fresh = newer(state.events, newest.get(name))
                newest.update({name: fresh[0]} if fresh else {})
                for event in reversed(fresh):
                    if as_json:
                        print(json.dumps({"pair": name, **dict(_mapping(jsonable(event)))}), flush=True)
                    else:
                        at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(event.at))
                        print(f"{at} {name} {event.node or '-'} {event.kind}: {event.text}", flush=True)
    except TimeoutError:
        return 0
    finally:
        await states.aclose()
    return 0


def _mapping(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}
