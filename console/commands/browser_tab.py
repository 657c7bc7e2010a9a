"""The process behind one tab of `mirrorgate serve`: `monitor`, drawn into a pipe. No command."""

import argparse
import sys
from pathlib import Path

from console import config_file
from console.browser.tab_driver import TabDriver
from console.commands import monitor
from console.commands.complaining import complain
from console.log_file import stay_quiet


def main(words: list[str]) -> int:
    """Run the console of a tab; returns its exit status."""
    parser = argparse.ArgumentParser(prog="mirrorgate serve")
    parser.add_argument("config", type=Path)
    parser.add_argument("pair", nargs="?")
    parser.add_argument("--ascii", action="store_true")
    arguments = parser.parse_args(words)
    stay_quiet()
    try:
        config = config_file.load(arguments.config)
        return monitor.run(
            config,
            arguments.config,
            arguments.pair,
            ascii_only=arguments.ascii,
            wall=True,
            driver=TabDriver,
        )
    except config_file.BadConfig as bad:
        complain(bad)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
