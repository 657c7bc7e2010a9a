"""The mail script in a shell of this machine, one request at a time, on captured queues and logs."""

import base64
import gzip
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from console.ssh.frames import FrameReader
from console.ssh.mail_channel import MOST, SCRIPT, Answer, answer_of, request
from tests.parse.captured import CAPTURES
from tests.parse.qmail_logs import files as log_files

BOUNDARY = "b" * 32
QUEUES = CAPTURES / "qmail" / "queue"


def run(settings: Mapping[str, str], text: str, *, shell: str = "dash", prefix: Sequence[str] = ()) -> bytes:
    """What the script says to these lines of requests."""
    body = f"hello {BOUNDARY}\n" + "".join(f"set {name} {value}\n" for name, value in settings.items())
    said = subprocess.run(
        [*prefix, shell, "-c", SCRIPT],
        input=(body + text + "bye\n").encode("utf-8", errors="surrogateescape"),
        capture_output=True,
        check=True,
        # It ends its process group where its input ends too early.
        start_new_session=True,
        cwd="/",
    )
    assert said.stdout.startswith(b"mirrorgate-mail 1\n")
    return said.stdout


def answers(said: bytes) -> dict[int, Answer]:
    """The answers by the number of their request."""
    frames = FrameReader(BOUNDARY, MOST, raw=True).feed(said)
    numbers = sorted({frame.tick for frame in frames})
    return {number: answer_of([one for one in frames if one.tick == number]) for number in numbers}


class Node:
    """A node that is a folder here: `qmail` and `log/current` below it."""

    def __init__(self, folder: Path, *, shell: str = "dash", prefix: Sequence[str] = ()) -> None:
        self.folder = folder
        self.queue = folder / "qmail" / "queue"
        self.log = folder / "log" / "current"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.settings = {"qmail": f"{folder}/qmail", "qmaillog": str(self.log)}
        self.shell = shell
        self.prefix = prefix
        self.asked: list[str] = []

    def ask_now(self, word: str, words: Sequence[object] = (), lists: Sequence[Sequence[str]] = ()) -> Answer:
        self.asked.append(word)
        said = run(self.settings, request(word, 1, words, lists), shell=self.shell, prefix=self.prefix)
        return answers(said)[1]

    async def ask(
        self,
        word: str,
        words: tuple[object, ...] = (),
        lists: tuple[tuple[str, ...], ...] = (),
        limit: float = 0,
    ) -> Answer:
        return self.ask_now(word, words, lists)

    def empty_queue(self, split: int = 23) -> None:
        for name in ("mess", "info", "local", "remote"):
            for place in range(split):
                (self.queue / name / str(place)).mkdir(parents=True)
        for name in ("todo", "intd", "bounce", "pid", "lock"):
            (self.queue / name).mkdir()

    def put(self, path: str, content: bytes = b"x") -> Path:
        file = self.queue / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return file

    def captured_queue(self, name: str) -> None:
        """A queue as it was captured: names, sizes, times, and contents where they were kept."""
        for row in captured(name, "listing.tsv").splitlines():
            path, size, changed, _, kind = row.split("\t")
            file = self.queue / path
            if kind == "d":
                file.mkdir(parents=True, exist_ok=True)
            elif kind == "f":
                file.parent.mkdir(parents=True, exist_ok=True)
                with file.open("wb") as opened:
                    opened.truncate(int(size))
                os.utime(file, (float(changed), float(changed)))
        for row in captured(name, "contents-base64.tsv").splitlines():
            path, _, content = row.partition("\t")
            if not (self.queue / path).exists():
                continue  # it came after the listing
            when = (self.queue / path).stat().st_mtime
            (self.queue / path).write_bytes(base64.b64decode(content))
            os.utime(self.queue / path, (when, when))

    def captured_log(self, name: str) -> None:
        """The files of a captured log directory."""
        for path in log_files(name):
            data = path.read_bytes()
            target = self.log.with_name(path.name.removesuffix(".gz"))
            target.write_bytes(gzip.decompress(data) if path.suffix == ".gz" else data)


def captured(queue: str, name: str) -> str:
    """A file beside a captured queue, packed or not; empty where there is none."""
    path = QUEUES / queue / name
    if path.exists():
        return path.read_text()
    packed = path.with_name(f"{name}.gz")
    return gzip.decompress(packed.read_bytes()).decode() if packed.exists() else ""
