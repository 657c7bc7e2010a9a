"""`mirrorgate serve`: what it refuses to begin with."""

import argparse
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from console import cli
from console.commands import serve
from console.model.config import Config
from tests.screens.sample import pair_config


def _ran(tmp_path: Path, *words: str) -> int:
    arguments: argparse.Namespace = cli.parser().parse_args(["serve", *words])
    config = Config(pairs=(pair_config("www"),))
    return serve.main(arguments, config, tmp_path / "config.toml")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--listen", "0.0.0.0:0"), "serve has no password and no TLS"),
        (("--listen", "192.0.2.1:9651"), "say with --public-url"),
        (("--listen", "9651"), "--listen: expected HOST:PORT"),
        (("--public-url", "http://jump.example"), "--public-url: expected the https:// address"),
        (("--listen", "192.0.2.1:9651", "--public-url", "https://j.example"), "cannot listen at 192.0.2.1"),
    ],
)
def test_it_says_in_one_line_why_it_does_not_serve(
    words: tuple[str, ...], why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _ran(tmp_path, *words) == 2
    said = capsys.readouterr().err
    assert why in said
    assert said.count("\n") == 1


def test_an_address_that_is_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert _ran(tmp_path, "--listen", f"127.0.0.1:{taken.getsockname()[1]}") == 2
    assert "choose another address with --listen" in capsys.readouterr().err


@pytest.mark.parametrize("module", ["textual_serve", "aiohttp"])
def test_without_its_extra_it_says_what_to_install(module: str) -> None:
    code = (
        f"import sys; sys.modules['{module}'] = None\n"
        "from pathlib import Path; from console.commands import serve\n"
        "sys.exit(serve.main(None, None, Path('c')))"
    )
    root = Path(cli.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=False)
    assert done.returncode == 2
    assert done.stderr == "mirrorgate: serve needs what is not installed: pip install 'mirrorgate[browser]'\n"


@pytest.mark.parametrize("number", ["0", "-1", "201", "many"])
def test_how_many_viewers_is_a_number_within_reason(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.parser().parse_args(["serve", "--viewers", number])
    assert "--viewers" in capsys.readouterr().err
