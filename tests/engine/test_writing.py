"""Files as they are written on a node: run by a real /bin/sh, on odd names, twice, and taken back."""

import subprocess
from pathlib import Path

import pytest

from console.engine.masking import MASK, Output, masked
from console.engine.writing import (
    CREATED,
    diff_of,
    filled,
    restore_text,
    secret_names,
    values_in,
    write_text,
)
from console.model.plan import WriteFile

RUN = "20261123-021140-try-7f3a"
VRRP = "[VRID]\nserverid = 1\npassword = @SECRET:vrrp-password@\npriority = 200\n"


def _sh(text: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["/bin/sh", "-c", text], input=given, capture_output=True, timeout=60, check=False)


def _write(path: Path, content: str, mode: str = "0644") -> subprocess.CompletedProcess[bytes]:
    action = WriteFile(path=str(path), content=content, mode=mode)
    return _sh(write_text(action, RUN), filled(content, {"vrrp-password": "geheim42"}))


NAMES = ["it.conf", "with blank", "quote's", 'double"', "$HOME", "-rf", "a;rm -rf b", "`id`", "ü"]


@pytest.mark.parametrize("name", NAMES)
def test_a_new_file_has_the_content_and_mode_and_nothing_lies_beside_it(tmp_path: Path, name: str) -> None:
    path = tmp_path / "deep" / name
    ran = _write(path, "a=1\n$x `y` %s \\\n", "0600")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.decode().strip() == CREATED
    assert path.read_text() == "a=1\n$x `y` %s \\\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in path.parent.iterdir()] == [name]


@pytest.mark.parametrize("name", NAMES)
def test_what_was_there_is_put_back_with_its_mode(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("old\n")
    path.chmod(0o640)
    first = _write(path, "new\n")
    second = _write(path, "newer\n")
    assert path.read_text() == "newer\n"
    assert path.stat().st_mode & 0o777 == 0o644
    action = WriteFile(path=str(path), content="new\n")
    undo = restore_text(action, RUN, first.stdout.decode())
    assert undo is not None
    assert second.stdout == b"", "what is kept is what was there before the run"
    assert _sh(undo).returncode == 0
    assert path.read_text() == "old\n"
    assert path.stat().st_mode & 0o777 == 0o640
    assert [p.name for p in tmp_path.iterdir()] == [name]
    again = _sh(undo)
    assert again.returncode == 1
    assert path.read_text() == "old\n"


def test_a_file_that_was_not_there_is_removed_again(tmp_path: Path) -> None:
    path = tmp_path / "it's"
    undo = restore_text(WriteFile(path=str(path), content="x"), RUN, _write(path, "x").stdout.decode())
    assert undo is not None
    assert _sh(undo).returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_without_a_word_of_what_was_there_nothing_can_be_put_back() -> None:
    assert restore_text(WriteFile(path="/etc/x", content="x"), RUN, "") is None


def test_a_directory_or_a_link_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "dir").mkdir()
    (tmp_path / "target").write_text("kept")
    (tmp_path / "link").symlink_to("target")
    for name in ("dir", "link"):
        ran = _write(tmp_path / name, "x")
        assert ran.returncode == 1
        assert b"not replaced" in ran.stderr
    assert (tmp_path / "target").read_text() == "kept"
    assert list((tmp_path / "dir").iterdir()) == []


def test_a_file_with_secrets_is_never_copied_aside(tmp_path: Path) -> None:
    path = tmp_path / "freevrrpd.conf"
    path.write_text("password = older\n")
    ran = _write(path, VRRP, "0600")
    assert ran.returncode == 0, ran.stderr
    assert "password = geheim42\n" in path.read_text()
    assert [p.name for p in tmp_path.iterdir()] == ["freevrrpd.conf"]
    assert b"geheim42" not in ran.stdout + ran.stderr


def test_a_write_that_fails_leaves_the_old_file_and_no_part(tmp_path: Path) -> None:
    path = tmp_path / "it.conf"
    path.write_text("old")
    text = write_text(WriteFile(path=str(path), content="x"), RUN).replace("cat >", "false >")
    assert _sh(text).returncode == 1
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("it.conf", "old")]


def test_secrets_are_named_in_order_and_filled_in() -> None:
    content = "a=@SECRET:one@ b=@SECRET:two@ c=@SECRET:one@"
    assert secret_names(content) == ("one", "two")
    assert filled(content, {"one": "1", "two": "2"}) == b"a=1 b=2 c=1"
    with pytest.raises(KeyError):
        filled(content, {"one": "1"})


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("password = geheim42", "geheim42"),
        ("password=geheim42", "geheim42"),
        ("  password =  two words  ", "two words"),
        ("#password = geheim42", None),
        ("password =", None),
        ("passwords = x", None),
    ],
)
def test_a_secret_is_found_in_a_file_by_what_stands_around_it(line: str, value: str | None) -> None:
    found = values_in(VRRP, f"[VRID]\n{line}\n".encode())
    assert found == ({"vrrp-password": value} if value else {})


def test_a_diff_shows_what_changes_but_no_secret() -> None:
    action = WriteFile(path="/usr/local/etc/freevrrpd.conf", content=VRRP)
    old = b"[VRID]\nserverid = 2\npassword = geheim42\n[VRID]\npassword=another\n\x1b[31m\n"
    diff = diff_of(action, old)
    assert "-serverid = 2" in diff
    assert "+serverid = 1" in diff
    assert "geheim42" not in diff
    assert "another" not in diff
    assert "@SECRET" not in diff
    assert MASK in diff
    assert "\x1b" not in diff
    assert diff_of(action, None).startswith("--- /dev/null")


@pytest.mark.parametrize("size", range(1, 12))
def test_a_secret_is_masked_wherever_a_reading_cuts_it(size: int) -> None:
    text = "the word is geheim42, yes geheim42"
    output, kept = Output(["geheim42"]), []
    for start in range(0, len(text), size):
        kept.append(output.add(text[start : start + size]))
    kept.append(output.add("", last=True))
    assert kept[-1] == masked(text, ["geheim42"])
    for seen in kept:
        assert "geh" not in seen


def test_only_the_last_64_kib_of_output_are_kept() -> None:
    output = Output([])
    for _ in range(3):
        seen = output.add("x" * 40000)
    assert len(seen) == 65536
