"""The papers for a jump host say what the command line and the configuration are; their files are sound."""

import argparse
import re
import shlex
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from pydantic import BaseModel

from console import cli
from console.commands import papers as command
from console.model.config import Config, HookConfig, NodeConfig, PairConfig, QmailConfig
from console.papers import papers

TEXTS = {paper.path: paper.text for paper in papers()}
MANUAL, SETTINGS = TEXTS["man/mirrorgate.1"], TEXTS["man/mirrorgate.toml.5"]
MANUALS = [path for path in TEXTS if path.startswith("man/")]
UNITS = [path for path in TEXTS if path.startswith("systemd/")]
SCRIPTS = [path for path in TEXTS if path.startswith("rc.d/")]
PROGRAM = "/usr/local/bin/mirrorgate"


def _commands() -> dict[str, argparse.ArgumentParser]:
    for action in cli.parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    raise AssertionError("no commands")


def _entries(text: str, section: str) -> dict[str, str]:
    """What a manual says of each command: the text from its `.It Cm` to the next one."""
    body = re.split(r"^\.Sh ", text, flags=re.MULTILINE)
    (part,) = (one for one in body if one.startswith(section))
    found = re.split(r"^\.It Cm ", part, flags=re.MULTILINE)[1:]
    return {one.split()[0]: one for one in found}


def _options(parser: argparse.ArgumentParser) -> set[str]:
    return {word for action in parser._actions for word in action.option_strings} - {"-h", "--help"}


def _flags(text: str) -> set[str]:
    """`--json` and `-t`, as `Fl -json` and `Fl t , -timeout`."""
    told = set()
    for words in re.findall(r"\bFl ((?:-?[a-z][a-z-]*(?: , | \| |$|\b))+)", text):
        told |= {f"-{word}" for word in re.split(r" , | \| | ", words) if word}
    return told


def test_the_manual_has_every_command_and_no_other() -> None:
    assert _entries(MANUAL, "COMMANDS").keys() == _commands().keys()


@pytest.mark.parametrize("name", sorted(_commands()))
def test_the_manual_has_every_option_of_a_command_and_no_other(name: str) -> None:
    parser, said = _commands()[name], _entries(MANUAL, "COMMANDS")[name]
    head = said.split("\n", 1)[0]
    assert _flags(head) == _options(parser)
    for action in parser._actions:
        if action.option_strings and action.nargs != 0:
            taken = action.choices or [action.metavar or action.dest.upper()]
            assert any(str(word) in said for word in taken), action.option_strings
        elif not action.option_strings:
            shown = str(action.metavar or action.dest)
            assert any(word.lower() in head.lower() for word in re.split(r"[ |]", shown)), shown


def test_the_manual_has_every_option_of_the_whole() -> None:
    part = MANUAL.split(".Sh COMMANDS")[0]
    assert _options(cli.parser()) <= _flags(part)


TABLES: dict[str, type[BaseModel]] = {
    "The whole": Config,
    "Pairs": PairConfig,
    "Nodes": NodeConfig,
    "Mail": QmailConfig,
    "Hooks": HookConfig,
}


@pytest.mark.parametrize("table", TABLES)
def test_the_manual_has_every_key_of_the_configuration_and_its_default(table: str) -> None:
    part = re.split(r"^\.S[hs] ", SETTINGS.split(f".Ss {table}\n")[1], flags=re.MULTILINE)[0]
    said = {one.split()[0]: one for one in re.split(r"^\.It Va ", part, flags=re.MULTILINE)[1:]}
    fields = TABLES[table].model_fields
    assert said.keys() == fields.keys()
    for name, field in fields.items():
        if field.is_required() and name not in ("nodes", "pairs"):
            assert "required" in said[name], name
        elif isinstance(field.default, str | int | float):
            shown = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
            assert shown in said[name], name


@pytest.mark.parametrize("path", MANUALS)
def test_a_manual_is_well_formed(path: str, tmp_path: Path) -> None:
    if shutil.which("mandoc") is None:
        pytest.skip("no mandoc on this machine (Debian: mandoc)")
    file = tmp_path / Path(path).name
    file.write_text(TEXTS[path])
    said = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "warning", str(file)], capture_output=True, text=True, check=False
    )
    assert (said.returncode, said.stdout) == (0, "")
    shown = subprocess.run(["mandoc", "-T", "utf8", str(file)], capture_output=True, text=True, check=True)
    assert "mirrorgate" in shown.stdout


def test_papers_are_listed_and_written_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(None) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(TEXTS)
    folder = tmp_path / "new"
    assert command.main(folder) == 0
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == TEXTS.keys()
    assert (folder / "wall.sh").stat().st_mode & 0o777 == 0o755
    assert (folder / "rc.d/mirrorgate_collect").stat().st_mode & 0o777 == 0o555
    capsys.readouterr()
    (folder / "wall.sh").write_text("mine")
    assert command.main(folder) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert (folder / "wall.sh").read_text() == "mine"


def test_every_file_of_the_room_is_a_paper() -> None:
    room = Path(cli.__file__).with_name("papers")
    there = {str(path.relative_to(room)) for path in room.rglob("*") if path.is_file()}
    assert {path for path in there if not path.endswith((".py", ".pyc"))} == TEXTS.keys()


@pytest.mark.parametrize("path", [*SCRIPTS, "wall.sh"])
def test_scripts_are_clean_for_shellcheck(path: str, tmp_path: Path) -> None:
    file = tmp_path / "script"
    file.write_text(TEXTS[path])
    shellcheck = Path(sys.executable).with_name("shellcheck")
    said = subprocess.run([shellcheck, str(file)], capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout) == (0, "")


RC_SUBR = """
load_rc_config() { eval "${name}_account=somebody"; }
run_rc_command() {
    eval "echo $1 rcvar=\\$rcvar=\\$$rcvar pidfile=$pidfile env=\\$${name}_env"
    "$start_precmd"
    echo "$command $command_args"
}
install() { echo "install $*"; }
"""


@pytest.mark.parametrize("path", SCRIPTS)
def test_a_script_of_freebsd_starts_what_the_command_line_knows(path: str, tmp_path: Path) -> None:
    (tmp_path / "rc.subr").write_text(RC_SUBR)
    script = tmp_path / "script"
    script.write_text(TEXTS[path].replace("/etc/rc.subr", str(tmp_path / "rc.subr")))
    said = subprocess.run(["/bin/sh", str(script), "start"], capture_output=True, text=True, check=True)
    assert said.stderr == ""
    first, *places, line = said.stdout.replace("\\\n", "").splitlines()
    name = Path(path).name
    expected = f"start rcvar={name}_enable=NO pidfile=/var/run/{name}.pid env=XDG_STATE_HOME=/var/db"
    assert first == expected
    assert "install -d -o somebody -m 0700 /var/db/mirrorgate" in places
    daemon, words = line.split(PROGRAM)
    assert daemon.split()[0] == "/usr/sbin/daemon"
    assert "-u somebody" in daemon
    assert cli.parser().parse_args(shlex.split(words)).command == name.removeprefix("mirrorgate_")


@pytest.mark.parametrize("path", UNITS)
def test_a_unit_starts_what_the_command_line_knows(path: str) -> None:
    (line,) = re.findall(r"^ExecStart=(.*)$", TEXTS[path], flags=re.MULTILINE)
    program, *words = shlex.split(line)
    assert program == PROGRAM
    assert f"mirrorgate-{cli.parser().parse_args(words).command}.service" == Path(path).name


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze on this machine (Debian: systemd)")
    for path in UNITS:
        # Only the program is not where it will be.
        (tmp_path / Path(path).name).write_text(TEXTS[path].replace(PROGRAM, "/bin/true"))
    files = sorted(str(file) for file in tmp_path.iterdir())
    said = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *files], capture_output=True, text=True, check=False
    )
    ours = [line for line in said.stderr.splitlines() if "mirrorgate" in line]
    assert (said.returncode, ours) == (0, [])


def test_the_wall_starts_the_console_and_nothing_else() -> None:
    (line,) = re.findall(r'^\t"\$program" (.*)$', TEXTS["wall.sh"], flags=re.MULTILINE)
    asked = cli.parser().parse_args(shlex.split(line))
    assert (asked.command, asked.wall, asked.pair) == ("monitor", True, None)


def _needed(name: str, extras: frozenset[str], found: dict[str, bool]) -> None:
    """Every distribution below `name`, and whether it is compiled."""
    try:
        told = distribution(name)
    except PackageNotFoundError:
        return
    found[name.lower().replace("_", "-")] = "Root-Is-Purelib: true" not in (told.read_text("WHEEL") or "")
    for line in told.requires or ():
        wanted = re.match(r"[A-Za-z0-9._-]+", line)
        extra = re.search(r"""extra\s*==\s*["']([^"']+)""", line)
        system = re.search(r"(sys_platform|platform_system)\s*==", line)
        if wanted is None or system or (extra and extra[1] not in extras):
            continue
        if wanted[0].lower().replace("_", "-") not in found:
            _needed(wanted[0], frozenset(), found)


def test_the_notes_for_freebsd_name_every_part_that_is_compiled() -> None:
    """Where a dependency comes to need a compiler, its package has to be named."""
    found: dict[str, bool] = {}
    _needed("mirrorgate", frozenset(), found)
    assert {"asyncssh", "textual", "pydantic"} <= found.keys()
    compiled = {name for name, is_so in found.items() if is_so and name != "mirrorgate"}
    assert {"bcrypt", "cryptography", "pydantic-core"} <= compiled
    notes = TEXTS["JUMP-HOST.md"]
    assert {name for name in compiled if f"py311-{name}" not in notes} == set()


def test_the_page_on_security_counts_what_is_tried() -> None:
    from tests.ssh.test_monitor_key import COMMANDS
    from tests.ssh.test_wall_login import HOSTILE

    page = (Path(cli.__file__).parents[1] / "SECURITY.md").read_text()
    assert f"a shell; {len(COMMANDS) - 1} other commands" in page
    assert f"| {len(HOSTILE)} variables" in page
    for test in re.findall(r"`(tests/[a-z_/]+\.py)`", page):
        assert (Path(cli.__file__).parents[1] / test).exists(), test


def test_a_file_in_place_of_the_directory_is_told_as_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "wall"
    file.write_text("")
    assert command.main(file) == 2
    assert capsys.readouterr().err == f"mirrorgate: {file} is no directory: name one, or one to be made\n"
