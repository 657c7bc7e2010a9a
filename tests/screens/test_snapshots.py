"""How the overview looks, one picture per state worth one."""

from typing import Any

import pytest
from textual.pilot import Pilot

from tests.screens import sample
from tests.screens.feeding import console
from tests.waiting import eventually

PICTURES = {
    "healthy": (sample.healthy, (120, 40), "textual-dark"),
    "syncing": (sample.syncing, (120, 40), "textual-dark"),
    "degraded": (sample.degraded, (120, 40), "textual-dark"),
    "split_brain": (sample.split_brain, (120, 40), "textual-dark"),
    "node_gone": (sample.gone, (120, 40), "textual-dark"),
    "syncing_80x24": (sample.syncing, (80, 24), "textual-dark"),
    "syncing_light": (sample.syncing, (120, 40), "textual-light"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_the_overview_looks_as_it_did(name: str, snap_compare: Any) -> None:
    make, size, theme = PICTURES[name]
    app = console(make(), theme=theme)

    async def drawn(pilot: Pilot[None]) -> None:
        await eventually(lambda: app.states)
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=drawn)
