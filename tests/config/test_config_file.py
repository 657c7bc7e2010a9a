"""The configuration file: what is accepted, and what a bad one says."""

import stat
from pathlib import Path

import pytest

from console.config_file import BadConfig, as_toml, default_path, load, parse, write

GOOD = """\
[[pairs]]
name = "www"
floating = "192.168.1.102"

[[pairs.nodes]]
name = "web-a"
home = "master"
host = "192.168.1.100"
image = "/root/images/sitesprimary.img"

[[pairs.nodes]]
name = "web-b"
home = "slave"
host = "192.168.1.101"
image = "/root/images/sitesbackup.img"
"""


def test_the_reference_pair_needs_only_names_hosts_and_images() -> None:
    pair = parse(GOOD, Path("c.toml")).pairs[0]
    assert (pair.mirror, pair.mount, pair.vrid, pair.master.name, pair.slave.name) == (
        "remotemirror",
        "/home/sites",
        1,
        "web-a",
        "web-b",
    )


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "words"),
    [
        ('host = "192.168.1.100"', 'hsot = "x"', 8, "pairs[1].nodes[1].hsot", "no such key"),
        ('home = "slave"', 'home = "left"', 13, "pairs[1].nodes[2].home", "'master' or 'slave'"),
        ('image = "/root/images/sitesbackup.img"', 'image = "images"', 15, "image", "absolute path"),
        ('floating = "192.168.1.102"', 'floating = "vip"', 3, "pairs[1].floating", "IPv4"),
        ('floating = "192.168.1.102"', "vrid = 256", 3, "pairs[1].vrid", "255"),
        ('floating = "192.168.1.102"', 'floating = "192.168.1.101"', 1, "pairs[1]", "floating address"),
        ('home = "slave"', 'home = "master"', 1, "pairs[1]", "home = 'slave'"),
        ('home = "slave"', "home = ", 13, "", "not TOML"),
        ('name = "www"', "", 1, "pairs[1].name", "required"),
    ],
)
def test_a_bad_file_names_file_line_key_and_what_was_expected(
    old: str, new: str, line: int, key: str, words: str
) -> None:
    with pytest.raises(BadConfig) as bad:
        parse(GOOD.replace(old, new), Path("c.toml"))
    assert str(bad.value).startswith(f"c.toml:{line}: ")
    assert key in bad.value.key
    assert words in str(bad.value)
    assert "\n" not in str(bad.value)


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="mirrorgate init"):
        load(tmp_path / "none.toml")


def test_what_is_written_is_private_whole_and_reads_back(tmp_path: Path) -> None:
    config = parse(GOOD, Path("c.toml"))
    path = tmp_path / "deep" / "config.toml"
    write(config, path, overwrite=False)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load(path) == config
    with pytest.raises(FileExistsError):
        write(config, path, overwrite=False)
    assert [p.name for p in path.parent.iterdir()] == ["config.toml"]
    assert "interval" not in as_toml(config)


def test_the_default_path_follows_xdg() -> None:
    assert default_path({"XDG_CONFIG_HOME": "/x"}) == Path("/x/mirrorgate/config.toml")
