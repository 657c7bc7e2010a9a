"""argparse at the width of the terminal, and quick to begin with."""

import argparse
import os
import sys
from contextlib import suppress
from functools import cache
from typing import Any


class _Formatter(argparse.HelpFormatter):
    """As wide as the terminal. argparse makes one for every argument: each would ask for the width again."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_width())


class Parser(argparse.ArgumentParser):
    """A parser whose commands are parsers of this kind too."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=_Formatter, **options)


@cache
def _width() -> int:
    # As shutil.get_terminal_size does; importing it takes as long as reading 10 MB.
    with suppress(KeyError, ValueError):
        if (columns := int(os.environ["COLUMNS"])) > 0:
            return columns - 2
    with suppress(AttributeError, ValueError, OSError):
        if (columns := os.get_terminal_size(sys.__stdout__.fileno()).columns) > 0:  # type: ignore[union-attr]
            return columns - 2
    return 78
