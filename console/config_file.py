"""Reading and writing the configuration: a bad one names file, key, line and what was expected."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w

from console import config_directory
from console.model.config import Config
from console.toml_file import BadConfig, line_of, read_text, validated, write_whole

__all__ = ["BadConfig", "as_toml", "default_path", "line_of", "load", "parse", "write"]

_MOST = 1 << 20
"""Bytes: more is no configuration."""


def default_path(environment: Mapping[str, str] = os.environ) -> Path:
    """`$XDG_CONFIG_HOME/mirrorgate/config.toml`, or the same below ~/.config.

    Where there is no such file but a directory `config.d` beside it: that.
    """
    base = environment.get("XDG_CONFIG_HOME") or "~/.config"
    file = Path(base).expanduser() / "mirrorgate" / "config.toml"
    directory = file.with_name("config.d")
    return directory if not os.path.exists(file) and os.path.isdir(directory) else file


def load(path: Path) -> Config:
    """Read and check a configuration: a file, or a directory of them (`config_directory`).

    Raises:
        BadConfig: it is missing, unreadable, not TOML, or says something we cannot use.
    """
    if not os.path.exists(path):  # Path.exists raises where a directory may not be searched
        raise BadConfig(
            path,
            None,
            "",
            "no configuration here yet: `mirrorgate init` makes one, `mirrorgate lab` needs none",
        )
    if os.path.isdir(path):
        return config_directory.load(path, _MOST)
    return parse(read_text(path, _MOST), path)


def parse(text: str, path: Path) -> Config:
    """Check configuration text; `path` only names it in errors.

    Raises:
        BadConfig: as `load`.
    """
    return validated(text, path, Config)


def write(config: Config, path: Path, *, overwrite: bool) -> None:
    """Write a configuration, readable by its owner only (0600), whole or not at all.

    Raises:
        FileExistsError: `path` exists and `overwrite` is false.
        OSError: it cannot be written.
    """
    if path.exists() and not overwrite:
        raise FileExistsError(path)
    write_whole(path, as_toml(config).encode())


def as_toml(config: Config) -> str:
    """The configuration as TOML, without what only repeats a default."""
    data: dict[str, Any] = config.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    return tomli_w.dumps(data)
