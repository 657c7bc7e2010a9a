"""A log as multilog(8) keeps it: lines stamped with TAI64N in `current`, old files beside it."""

from collections.abc import Iterable

from console.lab.world import Node

_EPOCH = 2**62 + 10
_LARGEST = 1_000_000
"""Bytes after which `current` is put aside (`s1000000`)."""
_KEPT = 5


def tai64n(moment: float) -> str:
    """The label of a moment in Unix seconds, without the `@`."""
    seconds = int(moment)
    return f"{_EPOCH + seconds:016x}{int((moment - seconds) * 1e9):08x}"


def unix_time(label: str) -> float | None:
    """The moment of a label such as 400000006b03863c2c69702c; None when it is none."""
    try:
        return int(label[:16], 16) - _EPOCH + int(label[16:24], 16) / 1e9
    except ValueError:
        return None


class Multilog:
    """One multilog process' directory."""

    def __init__(self, node: Node, directory: str) -> None:
        self._node = node
        self._directory = directory
        self._size = 0
        node.fs.mkdir(directory, recursive=True)
        self.file = f"{directory}/current"
        if node.fs.exists(self.file):
            self._size = int(node.fs.stat(self.file)["size"])
        else:
            node.fs.write_file(self.file, b"")

    def write(self, lines: Iterable[str]) -> None:
        """Append lines, all read at this moment."""
        label = tai64n(self._node.clock.now())
        data = "".join(f"@{label} {line}\n" for line in lines).encode("utf-8", "surrogateescape")
        if not data:
            return
        if self._size + len(data) > _LARGEST:
            self._put_aside(label)
        self._node.fs.append_file(self.file, data)
        self._size += len(data)

    def _put_aside(self, label: str) -> None:
        fs = self._node.fs
        fs.rename(self.file, f"{self._directory}/@{label}.s")
        fs.write_file(self.file, b"")
        self._size = 0
        old = sorted(e["name"] for e in fs.read_dir(self._directory) if str(e["name"]).startswith("@"))
        for name in old[:-_KEPT]:
            fs.remove(f"{self._directory}/{name}")
