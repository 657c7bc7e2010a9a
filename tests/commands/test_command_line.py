"""The command line as a shell sees it: exit statuses, one line on error, never a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from console import cli

WITHOUT_BASHKIT = "import sys; sys.modules['bashkit'] = None; "


def _run(*words: str, feed: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "console.cli", *words],
        input=feed,
        capture_output=True,
        timeout=60,
        env=dict(os.environ, **environment),
        check=False,
    )


def test_parse_explains_pasted_output_as_json() -> None:
    done = _run("parse", "mdconfig", feed=b"md0 md1 \n")
    assert done.returncode == 0
    assert json.loads(done.stdout) == {"facts": {"units": ["md0", "md1"]}, "unread": []}


def test_parse_takes_any_bytes() -> None:
    done = _run("parse", "gmirror-status", feed=b"\xff\x00[/x]\x1b]0;p\x07\n" + b"x" * 100_000)
    assert done.returncode == 0
    assert set(json.loads(done.stdout)) == {"facts", "unread"}
    assert b"\x1b" not in done.stdout


def test_an_unknown_kind_lists_the_kinds() -> None:
    done = _run("parse", "nosuch")
    assert done.returncode == 2
    assert b"gmirror-status" in done.stdout + done.stderr


@pytest.mark.parametrize(("command", "status"), [("status", 2), ("check", 3), ("doctor", 2), ("monitor", 2)])
def test_without_a_configuration_one_line_says_what_to_do(command: str, status: int, tmp_path: Path) -> None:
    done = _run("--config", str(tmp_path / "none.toml"), command)
    assert done.returncode == status
    said = done.stdout if command == "check" else done.stderr
    assert said.count(b"\n") == 1
    assert b"mirrorgate init" in said


PAIR = """
[[pairs]]
name = "www"
[[pairs.nodes]]
name = "a"
home = "master"
host = "192.0.2.1"
image = "/i"
[[pairs.nodes]]
name = "b"
home = "slave"
host = "192.0.2.2"
image = "/i"
"""


@pytest.mark.parametrize("words", [(), ("monitor",)])
def test_a_console_without_a_terminal_says_what_does_without_one(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    path = tmp_path / "c.toml"
    path.write_text(PAIR)
    done = _run("--config", str(path), *words)
    assert done.returncode == 2
    assert done.stdout == b""
    assert (
        done.stderr == b"mirrorgate: the console needs a terminal; without one: mirrorgate status --watch\n"
    )


def test_a_pair_that_is_not_configured_is_named_with_those_that_are(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    nodes = "".join(
        f'[[pairs.nodes]]\nname = "{n}"\nhome = "{home}"\nhost = "192.0.2.{i}"\nimage = "/i"\n'
        for i, (n, home) in enumerate((("a", "master"), ("b", "slave")), start=1)
    )
    path.write_text(f'[[pairs]]\nname = "www"\n{nodes}')
    done = _run("--config", str(path), "status", "mail")
    assert done.returncode == 2
    assert b"'mail'" in done.stderr
    assert b"www" in done.stderr


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("record", "--for", "-1"), "'-1': expected seconds, 0.1 to 86400"),
        (("record", "--for", "soon"), "'soon': expected seconds, 0.1 to 86400"),
        (("record", "--for", "nan"), "'nan': expected seconds, 0.1 to 86400"),
        (("record", "--size", "0"), "'0': expected megabytes, a whole number from 1 on"),
        (("record", "--file", ""), "expected the path of a file"),
        (("collect", "--socket", ""), "expected the path of a file"),
        (("serve", "--viewers", "many"), "'many': expected a whole number, 1 to 200"),
        (("check", "-t", "0"), "'0': expected seconds, more than 0 and up to 3600"),
        (("events", "--for", "-1"), "'-1': expected seconds, 0.1 to 86400"),
    ],
)
def test_a_wrong_value_is_told_with_what_was_expected(
    words: tuple[str, ...], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        cli.parser().parse_args(words)
    assert expected in capsys.readouterr().err


def test_a_reader_that_leaves_early_is_no_error() -> None:
    line = f"{sys.executable} -m console.cli parse qmail-log < /dev/null | head -c 1"
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, timeout=60, check=False)
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_completion_code_knows_the_commands(shell: str) -> None:
    done = _run("completion", shell)
    assert done.returncode == 0
    assert b"doctor" in done.stdout


def test_the_console_and_its_commands_import_without_bashkit() -> None:
    code = WITHOUT_BASHKIT + "import console.app, console.commands.console, console.commands.init"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_the_lab_without_bashkit_says_so_in_one_line() -> None:
    code = WITHOUT_BASHKIT + "sys.argv[1:] = ['lab']; from console.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.count(b"\n") == 1
    assert b"bashkit" in done.stderr


def test_a_log_file_is_private_and_keeps_no_password(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = (
        "import logging; from pathlib import Path; from console.log_file import log_to;"
        f"log_to(Path({str(log)!r})); logging.getLogger('mirrorgate').info('password = borkbork')"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert log.stat().st_mode & 0o777 == 0o600
    assert "borkbork" not in log.read_text()
    assert "password" in log.read_text()
