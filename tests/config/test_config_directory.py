"""A configuration of several files: put together, and every mistake named with its file, line and key."""

from pathlib import Path

import pytest

from console.config_directory import _ONCE
from console.config_file import BadConfig, default_path, load
from console.model.config import ConfigPart
from tests.config.test_config_file import GOOD

OTHER = GOOD.replace('name = "www"', 'name = "mail"\ntags = ["berlin", "production"]')
HOOK = '[[on_event]]\nname = "pager"\ncommand = ["/bin/true"]\n'


def _write(directory: Path, **files: str) -> Path:
    for name, text in files.items():
        (directory / f"{name}.toml").write_text(text)
    return directory


def test_every_file_of_a_directory_is_a_part_of_the_whole(tmp_path: Path) -> None:
    settings = f'ssh_config = "/etc/ssh/wall"\ncollector = "/var/run/m.sock"\n{HOOK}pairs = []\n'
    _write(tmp_path, b_www=GOOD, a_mail=OTHER, settings=settings.replace("pairs = []\n", ""))
    (tmp_path / ".hidden.toml").write_text("not TOML")
    (tmp_path / "b_www.toml~").write_text("not TOML")
    config = load(tmp_path)
    assert [pair.name for pair in config.pairs] == ["mail", "www"]
    assert config.pairs[0].tags == ("berlin", "production")
    assert (config.ssh_config, config.collector) == ("/etc/ssh/wall", "/var/run/m.sock")
    assert [hook.name for hook in config.on_event] == ["pager"]


def test_a_mistake_names_the_file_it_is_in(tmp_path: Path) -> None:
    _write(tmp_path, a=GOOD, b=OTHER.replace('home = "slave"', 'home = "left"'))
    with pytest.raises(BadConfig) as bad:
        load(tmp_path)
    assert str(bad.value).startswith(f"{tmp_path / 'b.toml'}:14: pairs[1].nodes[2].home: ")


def test_a_name_in_two_files_is_named_with_both(tmp_path: Path) -> None:
    _write(tmp_path, a=OTHER + GOOD, b=GOOD)
    with pytest.raises(BadConfig) as bad:
        load(tmp_path)
    said = f"{tmp_path / 'b.toml'}:2: pairs[1].name: another pair is called 'www': {tmp_path / 'a.toml'}:18"
    assert str(bad.value) == said


def test_a_name_twice_in_one_file_is_named_with_both_lines(tmp_path: Path) -> None:
    _write(tmp_path, a=GOOD + GOOD)
    with pytest.raises(BadConfig, match=r"a\.toml:17: pairs\[2\]\.name: another pair .*a\.toml:2$"):
        load(tmp_path)


def test_hooks_are_told_apart_too(tmp_path: Path) -> None:
    _write(tmp_path, a=GOOD + HOOK, b=HOOK)
    with pytest.raises(BadConfig, match=r"b\.toml:2: on_event\[1\]\.name: another hook is called 'pager'"):
        load(tmp_path)


def test_a_hook_may_name_a_pair_of_another_file_but_not_one_of_none(tmp_path: Path) -> None:
    _write(tmp_path, a=HOOK + 'pairs = ["www"]\n', b=GOOD)
    assert load(tmp_path).on_event[0].pairs == ("www",)
    _write(tmp_path, a=HOOK + 'pairs = ["www", "web"]\n')
    with pytest.raises(BadConfig, match=r"a\.toml:4: on_event\[1\]\.pairs: no pair is called 'web'"):
        load(tmp_path)


def test_what_holds_for_the_whole_is_said_once_or_the_same_each_time(tmp_path: Path) -> None:
    _write(tmp_path, a='ssh_config = "x"\n' + GOOD, b='\nssh_config = "y"\n')
    with pytest.raises(
        BadConfig, match=r"b\.toml:2: ssh_config: something else is said already: .*a\.toml:1"
    ):
        load(tmp_path)
    _write(tmp_path, b='ssh_config = "x"\n')
    assert load(tmp_path).ssh_config == "x"


def test_a_directory_without_a_pair_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"no file of this directory ends in \.toml"):
        load(tmp_path)
    _write(tmp_path, a='ssh_config = "x"\n')
    with pytest.raises(BadConfig, match=r"no file here has \[\[pairs\]\]"):
        load(tmp_path)


def test_a_directory_beside_the_usual_file_is_used_where_there_is_no_such_file(tmp_path: Path) -> None:
    environment = {"XDG_CONFIG_HOME": str(tmp_path)}
    file = tmp_path / "mirrorgate" / "config.toml"
    assert default_path(environment) == file
    file.with_name("config.d").mkdir(parents=True)
    assert default_path(environment) == file.with_name("config.d")
    file.write_text(GOOD)
    assert default_path(environment) == file


def test_no_key_of_a_directory_is_passed_over(tmp_path: Path) -> None:
    assert {*_ONCE, "pairs", "on_event"} == ConfigPart.model_fields.keys()
    _write(tmp_path, a="recording_size = 2000\n" + GOOD)
    assert load(tmp_path).recording_size == 2000
