"""Progress that a command tells on its standard output, a line each: `progress SLUG PERCENT DONE TOTAL`."""

import re
from dataclasses import dataclass

from console.parse.lines import filled


@dataclass(frozen=True, slots=True)
class Progress:
    """How far something is. Amounts are bytes; None is written as `-`."""

    slug: str
    """What it is about: of a migration the file system, `var`, `usr-home`."""
    percent: float | None = None
    done: int | None = None
    total: int | None = None


_LINE = re.compile(
    r"progress ([a-z0-9][a-z0-9-]{0,59}) (-|[0-9]{1,3}(?:\.[0-9]{1,3})?) (-|[0-9]{1,18}) (-|[0-9]{1,18})"
)


def read_progress(text: str) -> tuple[Progress, ...]:
    """Every such line, in order; whatever else the command says is passed over."""
    return tuple(
        one for line in filled(text, []) if line.startswith("progress ") if (one := _read(line.strip()))
    )


def _read(line: str) -> Progress | None:
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    slug, percent, done, total = found.groups()
    share = None if percent == "-" else float(percent)
    if share is not None and share > 100:
        return None
    return Progress(slug, share, None if done == "-" else int(done), None if total == "-" else int(total))
