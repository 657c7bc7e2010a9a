"""`make screenshots`: the pictures of the README, drawn by the console from the lab."""

import argparse
import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from console import config_file
from console.app import MirrorgateApp
from console.commands.console import Watching
from console.lab.pair import LabPair, serve
from console.model.snapshot import LinkState, PairState
from console.model.words import Answer, MirrorState

Shown = Callable[[PairState], bool]
"""Whether the state is the one to take a picture of."""


def _settled(state: PairState) -> bool:
    return all(node.facts.df.taken and node.facts.mail.taken for node in state.snapshot.nodes)


def _healthy(state: PairState) -> bool:
    return _settled(state) and any(t.mirror and t.mirror.state is MirrorState.COMPLETE for t in state.truths)


def _syncing(state: PairState) -> bool:
    return state.sync is not None and state.sync.percent > 20 and state.sync.eta is not None


def _degraded(state: PairState) -> bool:
    return state.sync is None and any(
        t.mirror and t.mirror.state is MirrorState.DEGRADED for t in state.truths
    )


def _split(state: PairState) -> bool:
    return all(t.mounted is Answer.YES for t in state.truths)


def _gone(state: PairState) -> bool:
    return any(node.link.state is LinkState.LOST for node in state.snapshot.nodes) and any(
        t.mirror and t.mirror.state is MirrorState.DEGRADED for t in state.truths
    )


# file name, fault to bring about first, size, theme, when to take it, screen
PICTURES: tuple[tuple[str, str | None, tuple[int, int], str, Shown, str], ...] = (
    ("overview", None, (160, 48), "textual-dark", _healthy, "overview"),
    ("overview-light", None, (160, 48), "textual-light", _healthy, "overview"),
    ("overview-80x24", None, (80, 24), "textual-dark", _healthy, "overview"),
    ("node", None, (160, 48), "textual-dark", _healthy, "node"),
    ("mail", None, (160, 48), "textual-dark", _healthy, "mail"),
    ("overview-syncing", "syncing", (160, 48), "textual-dark", _syncing, "overview"),
    ("overview-degraded", "degraded", (160, 48), "textual-dark", _degraded, "overview"),
    ("findings", None, (160, 48), "textual-dark", _degraded, "findings"),
    ("overview-split-brain", "split-brain", (160, 48), "textual-dark", _split, "overview"),
    ("events", None, (160, 48), "textual-dark", _split, "events"),
    ("overview-node-gone", "node-gone", (160, 48), "textual-dark", _gone, "overview"),
)


async def _take(
    lab: LabPair, directory: Path, name: str, size: tuple[int, int], theme: str, shown: Shown, screen: str
) -> None:
    config = config_file.load(lab.config_file)
    app = MirrorgateApp(config.pairs, Watching(config, config.pairs), faults=lab)
    app.animation_level = "none"
    async with app.run_test(size=size) as pilot:
        app.theme = theme
        app.action_go(screen)
        deadline = time.monotonic() + 90
        while not ((state := app.states.get(config.pairs[0].name)) and shown(state)):
            if time.monotonic() > deadline:
                raise SystemExit(f"{name}: the state to show did not come within 90 s")
            await pilot.pause(0.1)
        await pilot.pause(1.5)
        app.save_screenshot(f"{name}.svg", path=str(directory))
    print(f"{directory / name}.svg", flush=True)


async def _all(directory: Path, only: str | None) -> None:
    await asyncio.to_thread(directory.mkdir, exist_ok=True)
    lab = await serve()
    try:
        for name, fault, size, theme, shown, screen in PICTURES:
            if fault and (only in (None, name)):
                await lab.fault(fault)
            if only in (None, name):
                await _take(lab, directory, name, size, theme, shown, screen)
    finally:
        await lab.close()


def main() -> None:
    """Draw every picture, or one by its name."""
    arguments = argparse.ArgumentParser(description="Draw the README's pictures from the lab.")
    arguments.add_argument("directory", type=Path)
    arguments.add_argument("--only")
    chosen = arguments.parse_args()
    asyncio.run(_all(chosen.directory, chosen.only))


if __name__ == "__main__":
    main()
