"""Completion code in the shells themselves: it loads without a word, and tab finds what is new."""

import fcntl
import os
import pty
import select
import shutil
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], 'eval "$(cat FILE)"'),
    "zsh": (["zsh", "-f", "-i"], 'autoload -Uz compinit && compinit -u -D; eval "$(cat FILE)"'),
    "tcsh": (["tcsh", "-f", "-i"], "source FILE"),
}
CASES = [("mirrorgate tren", b"trends"), ("mirrorgate collect --gro", b"--group")]


class Terminal:
    """A shell on a terminal of its own."""

    def __init__(self, words: list[str], folder: Path) -> None:
        self._ours, theirs = pty.openpty()
        self.text = b""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "TERM": "vt100",
            "PS1": "% ",
            "LC_ALL": "C",
        }
        self.process = subprocess.Popen(
            words,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            env=environment,
            cwd=folder,
        )
        os.close(theirs)

    def types(self, text: str, until: bytes) -> bytes:
        """Type, and read until something is there; fails after 30 s."""
        self.text = b""
        os.write(self._ours, text.encode())
        deadline = time.monotonic() + 30
        while until not in self.text:
            assert time.monotonic() < deadline, f"{until!r} is not in {self.text!r}"
            if select.select([self._ours], [], [], 0.1)[0]:
                self.text += os.read(self._ours, 4096)
        return self.text

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)


@pytest.mark.parametrize("shell", SHELLS)
def test_tab_finds_commands_and_options(shell: str, tmp_path: Path) -> None:
    words, load = SHELLS[shell]
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} on this machine (Debian: {shell})")
    file = tmp_path / "completion"
    with file.open("wb") as code:
        subprocess.run([sys.executable, "-m", "console.cli", "completion", shell], stdout=code, check=True)
    terminal = Terminal(words, tmp_path)
    try:
        terminal.types("echo be''gin\n", b"begin\r\n")
        said = terminal.types(f"{load.replace('FILE', str(file))}; echo loa''ded\n", b"loaded\r\n")
        for bad in (b"rror:", b"not found", b"Undefined", b"Unmatched", b"syntax"):
            assert bad not in said, said
        for typed, found in CASES:
            terminal.types(f"{typed}\t", found)
            terminal.types("\x15echo ne''xt\n", b"next\r\n")
    finally:
        terminal.close()
