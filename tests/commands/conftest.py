"""A simulated pair and the configuration that reaches it."""

from collections.abc import AsyncIterator

import pytest

from console import config_file
from console.commands.sampling import opener
from console.lab.pair import LabPair, serve
from console.model.config import Config
from console.watch.node_watch import Opener


@pytest.fixture
async def lab() -> AsyncIterator[LabPair]:
    """A healthy pair behind real SSH servers."""
    pair = await serve()
    try:
        yield pair
    finally:
        await pair.close()


@pytest.fixture
def config(lab: LabPair) -> Config:
    """The configuration the lab writes."""
    return config_file.load(lab.config_file)


@pytest.fixture
def reach(config: Config) -> Opener:
    """How commands reach the pair's nodes."""
    return opener(config, None)
