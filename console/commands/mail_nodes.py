"""The nodes that a mail command asks, and what asks them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from console.commands.sampling import chosen
from console.commands.terminal_asker import TerminalAsker
from console.config_file import BadConfig
from console.model.config import Config, NodeConfig, PairConfig
from console.model.mail import MailReading
from console.ssh.mail_reader import MailReader


def nodes_of(
    config: Config, path: Path, pair: str | None, node: str | None
) -> list[tuple[PairConfig, NodeConfig]]:
    """The nodes that are meant, by the names of a pair and a node; raises BadConfig where there is none."""
    pairs = chosen(config, path, pair)
    found = [(one, each) for one in pairs for each in one.nodes if node in (None, each.name)]
    if not found:
        known = ", ".join(each.name for one in pairs for each in one.nodes)
        raise BadConfig(path, None, "", f"no node is called {node!r}; there are: {known}")
    return found


@asynccontextmanager
async def reading(config: Config) -> AsyncIterator[MailReading]:
    """What asks the nodes; questions go to the terminal."""
    asker = TerminalAsker()
    reader = MailReader(config.pairs, Path(config.ssh_config) if config.ssh_config else None, lambda: asker)
    try:
        yield reader
    finally:
        await reader.close()
