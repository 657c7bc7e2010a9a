"""bashkit's own messages in the words of FreeBSD's sh(1)."""

import re
from collections.abc import Awaitable, Callable

Sink = Callable[[bytes], Awaitable[None]]
"""Where output goes."""

_PREFIX = re.compile(rb"^(?:bash|sh|(?P<file>/[^:\n]*)): (?:-c: )?(?:line \d+: )+(?P<rest>.*)$", re.S)


class Messages:
    """Turns bashkit's own messages into those of sh(1), line by line."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._held = b""
        self.written = False

    async def write(self, data: bytes) -> None:
        """Pass on whole lines; other programs' text is left as it is."""
        self.written = True
        data = (self._held + data).replace(b"sed: can't read ", b"sed: ")
        lines = data.splitlines(keepends=True)
        self._held = b""
        if lines and not lines[-1].endswith(b"\n") and lines[-1].startswith((b"bash: ", b"sh: ")):
            self._held = lines.pop()
        text = b"".join(sh_message(line) for line in lines) if b": line " in data else b"".join(lines)
        if text:
            await self._sink(text)

    async def close(self) -> None:
        """Pass on what is left."""
        if self._held:
            held, self._held = self._held, b""
            await self._sink(sh_message(held))


def sh_message(line: bytes) -> bytes:
    """One line of standard error as FreeBSD's sh(1) words it."""
    end = b"\n" if line.endswith(b"\n") else b""
    found = _PREFIX.match(line.rstrip(b"\n"))
    if found is None:
        return line
    rest = found["rest"]
    if rest.startswith(b"wait: "):
        return b""
    if b": command not found" in rest:
        rest = rest.split(b": command not found")[0] + b": not found"
    elif rest.startswith(b"syntax error"):
        rest = b"Syntax error: " + rest.removeprefix(b"syntax error").lstrip(b": ")
    elif re.match(rb"/\S*: No such file or directory$", rest):
        rest = rest.removesuffix(b"No such file or directory") + b"not found"
    if found["file"]:
        rest = found["file"].rsplit(b"/", 1)[-1] + b": " + rest
    return rest + end


def syntax_error(text: str) -> bytes:
    """What sh(1) says of text that bashkit cannot parse."""
    token = re.search(r"unexpected token `(.*?)'", text)
    if token:
        return f'Syntax error: "{token[1]}" unexpected\n'.encode()
    if "unterminated" in text or "unexpected EOF" in text:
        return b"Syntax error: Unterminated quoted string\n"
    return b"Syntax error: end of file unexpected\n"
