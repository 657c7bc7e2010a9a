"""Image files with real contents: sparse blocks that are copied, overwritten and compared like a disk's."""

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from console.lab.world import Node

BLOCK = 65536
SECTOR = 512
_ZERO = bytes(BLOCK)
_MARKER = b"\x7fmirrorgate-lab-image "


class Image:
    """A sparse file of `size` bytes; blocks never written read as zeros and take no space."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.sparse = False
        """Made by truncate(1): what was never written takes no room on a file system either."""
        self._blocks: dict[int, bytes] = {}
        self.failing = False
        """Set by a fault: every request then ends in EIO."""
        self.frozen = False
        """Set by a fault: requests wait until it is lifted."""

    def read(self, offset: int, length: int) -> bytes:
        """The bytes of a range; it must lie inside the image."""
        parts = []
        while length > 0:
            index, start = divmod(offset, BLOCK)
            take = min(length, BLOCK - start)
            parts.append(self._blocks.get(index, _ZERO)[start : start + take])
            offset += take
            length -= take
        return b"".join(parts)

    def write(self, offset: int, data: bytes) -> None:
        """Replace a range; what lies past the end is dropped."""
        data = data[: max(0, self.size - offset)]
        position = 0
        while position < len(data):
            index, start = divmod(offset + position, BLOCK)
            take = min(len(data) - position, BLOCK - start)
            piece = data[position : position + take]
            if take < BLOCK:
                old = self._blocks.get(index, _ZERO)
                piece = old[:start] + piece + old[start + take :]
            if piece == _ZERO:
                self._blocks.pop(index, None)
            else:
                self._blocks[index] = piece
            position += take

    def resize(self, size: int) -> None:
        """Grow with zeros or cut off, as truncate(1) does."""
        if size < self.size:
            last, start = divmod(size, BLOCK)
            for index in [index for index in self._blocks if index > last or (index == last and start == 0)]:
                del self._blocks[index]
            if last in self._blocks:
                self._blocks[last] = self._blocks[last][:start] + _ZERO[start:]
        self.size = size

    def written(self, unit: int) -> frozenset[int]:
        """The numbers of those pieces of `unit` bytes that are not all zeros."""
        zero = bytes(unit)
        return frozenset(
            (index * BLOCK + at) // unit
            for index, block in self._blocks.items()
            for at in range(0, BLOCK, unit)
            if block[at : at + unit] != zero
        )

    def copy(self) -> "Image":
        """A second image with equal contents."""
        twin = Image(self.size)
        twin.sparse = self.sparse
        twin._blocks = dict(self._blocks)
        return twin

    def used(self) -> int:
        """Bytes that take space on the host file system."""
        return len(self._blocks) * BLOCK

    def digest(self, algorithm: str = "sha256", length: int | None = None) -> str:
        """The hash of the first `length` bytes (all by default), in hex."""
        hashed = hashlib.new(algorithm, usedforsecurity=False)
        end = self.size if length is None else min(length, self.size)
        for offset in range(0, end, BLOCK):
            hashed.update(self.read(offset, min(BLOCK, end - offset)))
        return hashed.hexdigest()


class ImageFiles:
    """A node's image files: its file system holds short markers, so that mv and rm work by themselves."""

    def __init__(self, node: "Node") -> None:
        self._node = node
        self._images: dict[int, Image] = {}

    def at(self, path: str) -> Image | None:
        """The image behind a path, or None when it is missing or an ordinary file."""
        fs = self._node.fs
        if not fs.exists(path) or fs.stat(path)["file_type"] == "directory":
            return None
        return self.behind(fs.read_file(path))

    def behind(self, content: bytes) -> Image | None:
        """The image that a file of this content stands for, or None when it stands for itself."""
        number = content.removeprefix(_MARKER)
        if number == content or not number.isdigit():
            return None
        return self._images.get(int(number))

    def create(self, path: str, size: int) -> Image:
        """Make (or replace) an image file of zeros, as `truncate -s` does for a new file."""
        image = Image(size)
        image.sparse = True
        return self.put(path, image)

    def put(self, path: str, image: Image) -> Image:
        """Make `path` stand for this image."""
        number = next(
            (number for number, known in self._images.items() if known is image), len(self._images) + 1
        )
        self._images[number] = image
        if "/" in path.strip("/"):
            self._node.fs.mkdir(path.rsplit("/", 1)[0], recursive=True)
        self._node.fs.write_file(path, _MARKER + str(number).encode())
        return image

    def by_path(self) -> dict[str, Image]:
        """Every image file that the node's file system holds now."""
        found: dict[str, Image] = {}
        directories = ["/"]
        while directories:
            directory = directories.pop()
            for item in self._node.fs.read_dir(directory):
                path = f"{directory.rstrip('/')}/{item['name']}"
                facts = item["metadata"]
                if facts["file_type"] == "directory":
                    if path not in ("/dev", "/proc"):
                        directories.append(path)
                elif facts["file_type"] == "file" and facts["size"] < len(_MARKER) + 12:
                    image = self.at(path)
                    if image is not None:
                        found[path] = image
        return found

    def used(self) -> int:
        """Bytes that all of the node's images take on its root disk."""
        return sum(image.used() for image in self._images.values())

    def size_of(self, path: str) -> int | None:
        """The size that ls(1) shows for an image, or None for ordinary files."""
        image = self.at(path)
        return None if image is None else image.size
