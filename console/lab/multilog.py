"""A log as multilog(8) keeps it: lines stamped with TAI64N in `current`, old files beside it."""

from collections.abc import Iterable

from console.lab.attributes import attributes_of
from console.lab.files import set_modified, set_owner
from console.lab.world import Node

_EPOCH = 2**62 + 10
_LARGEST = 1_000_000
"""Bytes after which `current` is put aside (`s1000000`)."""
_KEPT = 5
_FIRST_INODE = 880_101


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
        self._held: bytearray | None = None
        self._inode = _FIRST_INODE
        node.fs.mkdir(directory, recursive=True)
        set_owner(node, directory, "qmaill", "qmail")
        self.file = f"{directory}/current"
        if not node.fs.exists(self.file):
            self._begin()
        self._size = int(node.fs.stat(self.file)["size"])

    def write(self, lines: Iterable[str], at: float | None = None) -> None:
        """Append lines, all read at this moment, or at one of the past."""
        label = tai64n(self._node.clock.now() if at is None else at)
        data = "".join(f"@{label} {line}\n" for line in lines).encode("utf-8", "surrogateescape")
        if not data:
            return
        if self._size + len(data) > _LARGEST:
            self.put_aside(at)
        if self._held is None:
            self._node.fs.append_file(self.file, data)
        else:
            self._held += data
        self._size += len(data)

    def hold(self) -> None:
        """Keep what is written until `release`: adding to a file bit by bit copies it each time."""
        self._held = bytearray()

    def release(self) -> None:
        """Write what was held."""
        held, self._held = self._held, None
        if held:
            self._node.fs.append_file(self.file, bytes(held))

    def put_aside(self, at: float | None = None) -> None:
        """Begin a new file, as when the old one is full or ALRM comes; the stamp is that of its end."""
        fs, given = self._node.fs, attributes_of(self._node)
        moment = self._node.clock.now() if at is None else at
        if self._held is not None:
            self.release()
            self.hold()
        aside = f"{self._directory}/@{tai64n(moment)}.s"
        fs.rename(self.file, aside)
        given.move(self.file, aside)
        fs.chmod(aside, 0o744)
        set_modified(self._node, aside, moment)
        self._begin()
        self._size = 0
        old = sorted(e["name"] for e in fs.read_dir(self._directory) if str(e["name"]).startswith("@"))
        for name in old[:-_KEPT]:
            fs.remove(f"{self._directory}/{name}")
            given.forget(f"{self._directory}/{name}")

    def _begin(self) -> None:
        """An empty `current`, another file than the one before."""
        self._node.fs.write_file(self.file, b"")
        set_owner(self._node, self.file, "qmaill", "qmail")
        attributes_of(self._node).numbers[self.file] = self._inode
        self._inode += 1
