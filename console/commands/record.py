"""`mirrorgate record`: a recording of every pair, kept while it runs."""

import argparse
from pathlib import Path

from console.commands.complaining import complain
from console.model.config import Config


def main(arguments: argparse.Namespace, config: Config, path: Path) -> int:
    """Run the command; returns its exit status. Raises BadConfig."""
    complain("record: not built yet")
    return 2
