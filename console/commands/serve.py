"""`mirrorgate serve`: the read-only console in a browser."""

import argparse
from pathlib import Path

from console.commands.complaining import complain
from console.model.config import Config


def main(arguments: argparse.Namespace, config: Config, path: Path) -> int:
    """Run the command; returns its exit status. Raises BadConfig."""
    complain("serve: not built yet")
    return 2
