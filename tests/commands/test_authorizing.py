"""`mirrorgate authorize --read-only`: what it prints may be pasted, and what it refuses."""

import re
import subprocess
from argparse import Namespace
from pathlib import Path

import pytest

from console import cli
from console.commands import acting, authorizing
from console.model.config import Config
from playbooks.monitor_key import CONF, GATE, ROOT_READS, SAMPLER, key_line, settings
from playbooks.node import text
from tests.health.building import healthy

BODY = "AAAAC3NzaC1lZDI1NTE5AAAAI" + "B" * 43
KEY = f"ssh-ed25519 {BODY} wall@jump"
CONFIG = Config(pairs=(healthy().config,))
PAIR = CONFIG.pairs[0]


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    path = tmp_path / "wall.pub"
    path.write_text(f"{KEY}\n")
    return path


def asked(*words: str) -> int:
    return authorizing.main(cli.parser().parse_args(["authorize", *words]), CONFIG, Path("config"))


def test_what_is_printed_makes_the_files_when_it_is_pasted(
    key: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By a shell, with every place moved below a folder, and what only root can do left out."""
    assert asked("--read-only", "--node", "web-a", "--key", str(key), "--become", "sudo") == 0
    said = capsys.readouterr().out
    root = tmp_path / "root"
    stubs = "pw() { :; }\nvisudo() { :; }\n"
    moved = re.sub(r"(?m)^(cat >>?|chmod 0\d+ )(/)", rf"\g<1>{root}\2", said)
    moved = re.sub(
        r"(?m)^install .* 755 (.*)$",
        lambda m: "mkdir -p " + " ".join(f"{root}{p}" for p in m[1].split()),
        moved,
    )
    for folder in ("usr/local/etc/sudoers.d",):
        (root / folder).mkdir(parents=True)
    subprocess.run(["/bin/sh", "-eu"], input=(stubs + moved).encode(), check=True, capture_output=True)
    for path in (SAMPLER, GATE):
        assert (root / path[1:]).read_text() == text(path)
        assert (root / path[1:]).stat().st_mode & 0o777 == 0o755
    assert (root / CONF[1:]).read_text() == settings(PAIR, PAIR.master, "sudo")
    assert (root / "home/mgwatch/.ssh/authorized_keys").read_text() == f"{key_line(KEY, None)}\n"
    sudoers = root / "usr/local/etc/sudoers.d/mirrorgate-mgwatch"
    assert sudoers.stat().st_mode & 0o777 == 0o440
    assert sudoers.read_text().count("NOPASSWD") == len(ROOT_READS)


@pytest.mark.parametrize("become", ["none", "sudo", "doas"])
def test_everything_is_explained_for_each_node(
    key: Path, capsys: pytest.CaptureFixture[str], become: str
) -> None:
    assert asked("--read-only", "--key", str(key), "--become", become) == 0
    said = capsys.readouterr().out
    assert re.findall(r"# ==== (\S+) ", said) == ["web-a", "web-b"]
    for why in ROOT_READS.values():
        assert why in said
    assert 'restrict,command="' in said
    assert "no-port-forwarding,no-X11-forwarding,no-agent-forwarding,no-pty,no-user-rc,command=" in said
    assert "mirrorgate --read-only doctor" in said


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), "say --read-only"),
        (("--read-only", "--user", "root"), "never root"),
        (("--read-only", "--user", "a;b"), "expected an account"),
        (("--read-only", "--key", "/nowhere.pub"), "No such file"),
        (("--read-only", "--key", "/etc/passwd"), "one public key"),
        (("--read-only", "--install"), "--install needs --key"),
    ],
)
def test_odd_questions_are_answered_in_one_line(
    words: tuple[str, ...],
    expected: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert asked(*words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert expected in said.err
    assert said.err.count("\n") == 1


def test_install_is_the_job_with_the_same_answers(key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Namespace] = []

    async def main(arguments: Namespace, config: Config, path: Path) -> int:
        seen.append(arguments)
        return 0

    monkeypatch.setattr(acting, "main", main)
    words = (
        "--read-only",
        "--install",
        "--node",
        "web-b",
        "--key",
        str(key),
        "--become",
        "doas",
        "--dry-run",
    )
    assert asked(*words) == 0
    (one,) = seen
    assert (one.command, one.job, one.pair, one.dry_run, one.yes) == (
        "run",
        "authorize",
        PAIR.name,
        True,
        False,
    )
    assert one.settings == [f"key={KEY}", "user=mgwatch", "nodes=slave", "become=doas"]
