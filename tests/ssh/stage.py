"""A machine that looks like a FreeBSD node to the sampler: stub commands, and its files in a folder."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from console.ssh.sampler import SCRIPT

STUBS = Path(__file__).parent / "stubs"
BOUNDARY = "b" * 32
SALT = "5" * 32

_PATHS = {
    "log=/var/log/messages": "log={}/messages",
    "vrrp_conf=/usr/local/etc/freevrrpd.conf": "vrrp_conf={}/freevrrpd.conf",
    "gg_exports=/etc/gg.exports": "gg_exports={}/gg.exports",
    "state=/var/db/mirrorgate": "state={}/mirrorgate",
    "show /etc/rc.conf": "show {}/rc.conf",
    "show /boot/loader.conf": "show {}/loader.conf",
    "show /etc/fstab": "show {}/fstab",
}


@dataclass
class Stage:
    """The node's folder; its state is files, so that shells see a change at once."""

    folder: Path

    @property
    def script(self) -> str:
        """The sampler, its commands and files moved here."""
        script = SCRIPT
        changes = {"PATH=": f"STUB_STATE={self.folder}\nexport STUB_STATE\nPATH={STUBS}:", **_PATHS}
        for old, new in changes.items():
            assert script.count(f"{old}") == 1, old
            script = script.replace(old, new.format(self.folder))
        return script

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def hang(self, name: str) -> None:
        """The next calls of a stub wait until `release`."""
        os.mkfifo(self.folder / f"{name}.hangs")

    def release(self, name: str) -> None:
        """Let those that hang go on, and the later ones not hang at all."""
        path = self.folder / f"{name}.hangs"
        held = path.rename(path.with_suffix(".held"))
        # Opened for both, so that this never waits for a reader.
        os.close(os.open(held, os.O_RDWR | os.O_NONBLOCK))

    def calls(self, name: str) -> int:
        """How often a stub was called."""
        path = self.folder / f"{name}.calls"
        return len(path.read_text().splitlines()) if path.exists() else 0

    def run(self, shell: str, *lines: str) -> str:
        """Feed the sampler to a shell as the console does, then lines, then nothing more."""
        with subprocess.Popen(
            [shell], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=self.folder
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(self.script.encode())
            process.stdin.flush()
            assert process.stdout.readline() == b"mirrorgate-sampler 1\n"
            hello = f"hello {BOUNDARY} {SALT}\n"
            out, _ = process.communicate(
                (hello + "".join(line + "\n" for line in lines)).encode(), timeout=60
            )
            assert process.returncode == 0
            return out.decode("utf-8", "backslashreplace")
