"""Files for a jump host, written by `mirrorgate papers`: manual pages, service files, the wall's shell."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

_MODES = {"wall.sh": 0o755, "rc.d": 0o555}
_WHAT = {
    "JUMP-HOST.md": "how a jump host is set up, FreeBSD without a compiler first",
    "wall.sh": "the login shell and ForceCommand of whoever may only watch",
    "sshd_config.wall": "lines for sshd_config beside it",
    "man/mirrorgate.1": "manual page: the commands",
    "man/mirrorgate.toml.5": "manual page: the configuration",
    **{f"rc.d/mirrorgate_{name}": f"FreeBSD: mirrorgate {name}" for name in ("collect", "record", "export")},
    **{
        f"systemd/mirrorgate-{name}.service": f"Linux: mirrorgate {name}"
        for name in ("collect", "record", "export")
    },
}


@dataclass(frozen=True, slots=True)
class Paper:
    """One file."""

    path: str
    """Where it goes below the directory that was asked for."""
    what: str
    text: str
    mode: int


def papers() -> Iterator[Paper]:
    """Every file, in the order in which they are read."""
    here = files(__name__)
    for path, what in _WHAT.items():
        mode = _MODES.get(path.partition("/")[0], 0o644)
        yield Paper(path, what, here.joinpath(*path.split("/")).read_text(encoding="utf-8"), mode)
