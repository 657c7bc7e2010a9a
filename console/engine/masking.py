"""Secrets kept out of what is kept: output of a job, masked before it enters the record."""

from collections.abc import Iterable

MASK = "••••••"
KEPT = 65536
"""Characters of output that are kept, the last ones."""


def masked(text: str, secrets: Iterable[str]) -> str:
    """The text with each secret replaced, longest first."""
    for secret in sorted(secrets, key=len, reverse=True):
        if secret:
            text = text.replace(secret, MASK)
    return text


class Output:
    """One stream of a job as it grows; a secret cut in two by a reading is held back until it is whole."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = tuple(s for s in secrets if s)
        self._held = max((len(s) for s in self._secrets), default=1) - 1
        self._text = ""
        self._open = ""

    def add(self, text: str, *, last: bool = False) -> str:
        """Take in new text; what may be kept so far. With `last`, nothing is held back."""
        self._open = masked(self._open + text, self._secrets)
        cut = len(self._open) if last or not self._held else max(0, len(self._open) - self._held)
        self._text = (self._text + self._open[:cut])[-KEPT:]
        self._open = self._open[cut:]
        return self._text
