"""What a simulated command reads: what was piped in, an image, or the session's own input."""

from collections.abc import AsyncIterator

from bashkit import CommandInput

from console.lab.bytestream import of_image
from console.lab.images import ImageFiles
from console.lab.lineinput import LineInput
from console.lab.shelloutput import Pipe

LIVE = b"\x01session input\x02"
"""What stands in a command's input for "read the session's own input"."""


class Given:
    """A simulated command's input: what was piped in, or the session's own input."""

    def __init__(self, given: CommandInput | Pipe, live: LineInput, images: ImageFiles) -> None:
        self._given = given
        self._live = live
        self._images = images
        self._image: AsyncIterator[bytes] | None = None
        self._kept = b""
        self._is_live: bool | None = None
        self._ended = False

    async def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes (all when negative); b"" at the end."""
        if self._is_live is None:
            await self._more()
            self._is_live = self._kept.startswith(LIVE)
            image = self._images.behind(self._kept)
            if image is not None:
                self._image, self._kept = of_image(image), b""
        if self._is_live:
            return await self._live.read(size)
        while not self._ended and (size < 0 or not self._kept):
            await self._more()
        taken, self._kept = (self._kept, b"") if size < 0 else (self._kept[:size], self._kept[size:])
        return taken

    async def _more(self) -> None:
        if self._image is not None:
            chunk = await anext(self._image, None)
        else:
            chunk = await self._given.read_chunk()
        if chunk is None:
            self._ended = True
        else:
            self._kept += chunk
