"""As many open files as a process needs that watches many nodes."""

import contextlib
import resource

_FILES = 8192
"""A connection to each node, and one to each scraper or viewer."""


def allow_files() -> None:
    """Raise the soft limit as far as is wanted and allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
