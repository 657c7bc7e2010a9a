"""`mirrorgate --read-only COMMAND`: which commands there are then. What is not listed is refused."""

import argparse

READS = frozenset(
    {
        None,
        "authorize",
        "check",
        "collect",
        "completion",
        "control",
        "doctor",
        "events",
        "export",
        "init",
        "log",
        "monitor",
        "papers",
        "parse",
        "queue",
        "record",
        "replay",
        "report",
        "runs",
        "serve",
        "status",
        "trace",
        "trends",
    }
)
"""Commands that only read nodes; what they write, they write here."""


def refusal(arguments: argparse.Namespace) -> str | None:
    """Why the command is refused, as one line; None where it is not, or not asked to be read-only."""
    if not arguments.read_only:
        return None
    if arguments.command not in READS:
        return f"{arguments.command} is refused: with --read-only nothing changes a node; leave it out"
    if arguments.command == "authorize" and arguments.install:
        return (
            "authorize --install is refused: with --read-only nothing changes a node; leave the first one out"
        )
    return None
