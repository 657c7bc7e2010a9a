"""Questions that only a person can answer while a connection is being made."""

from typing import Protocol


class Asker(Protocol):
    """Someone who can be asked; a monitor or a script has none."""

    async def passphrase(self, key: str) -> str | None:
        """The passphrase of the private key file `key`, or None to give up."""
        ...

    async def trust(self, host: str, fingerprint: str, key_type: str) -> bool:
        """Whether the unknown host key (SHA256 fingerprint) of `host` is to be trusted and remembered."""
        ...
