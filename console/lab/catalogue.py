"""All simulated commands: what the modules under `console.lab.commands` export, by name."""

import importlib
import pkgutil
from functools import cache

from console.lab import commands as room
from console.lab.call import Command


@cache
def commands() -> dict[str, Command]:
    """Every module's `COMMANDS`, in one dictionary."""
    found: dict[str, Command] = {}
    for module in pkgutil.iter_modules(room.__path__):
        found.update(getattr(importlib.import_module(f"{room.__name__}.{module.name}"), "COMMANDS", {}))
    return found
