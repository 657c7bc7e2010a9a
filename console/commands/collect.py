"""`mirrorgate collect`: one process reads the nodes, many read-only consoles are shown it."""

import argparse
from pathlib import Path

from console.commands.complaining import complain
from console.model.config import Config


def main(arguments: argparse.Namespace, config: Config, path: Path) -> int:
    """Run the command; returns its exit status. Raises BadConfig."""
    complain("collect: not built yet")
    return 2
