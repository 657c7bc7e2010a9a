"""Private key files: which can be used as they are, and asking for a passphrase once."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh

from console.model.asking import Asker

_TRIES = 3
_DEFAULT_FILES = ("id_ed25519", "id_ecdsa", "id_rsa")


@dataclass(frozen=True, slots=True)
class Identities:
    """The keys one login can offer; a locked one needs its passphrase first."""

    ready: tuple[Path | asyncssh.SSHKey, ...]
    locked: tuple[Path, ...]
    problems: tuple[str, ...] = ()
    """One line for each file that was named and cannot be used."""


@dataclass
class Keyring:
    """Keys unlocked in this process, shared by every connection so that nobody is asked twice."""

    _open: dict[Path, asyncssh.SSHKey] = field(default_factory=dict, repr=False)
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    def sort(self, named: Sequence[Path]) -> Identities:
        """Sort key files into usable and locked ones; without any named, ssh's usual three."""
        home = Path.home() / ".ssh"
        paths = tuple(named) or tuple(home / name for name in _DEFAULT_FILES if (home / name).is_file())
        ready: list[Path | asyncssh.SSHKey] = []
        locked: list[Path] = []
        problems: list[str] = []
        for path in paths:
            if path in self._open:
                ready.append(self._open[path])
                continue
            try:
                asyncssh.read_private_key(path)
            except OSError as odd:
                problems.append(f"key file {path}: {odd.strerror or odd}")
            except asyncssh.KeyImportError as odd:
                if str(odd).startswith("Passphrase"):
                    locked.append(path)
                else:
                    problems.append(f"key file {path}: {odd}")
            else:
                ready.append(path)
        return Identities(tuple(ready), tuple(locked), tuple(problems))

    async def unlock(self, locked: Sequence[Path], asker: Asker) -> bool:
        """Ask for the passphrases of locked files, three times each at most; returns whether one opened."""
        async with self._asking:
            return any([await self._unlock_one(path, asker) for path in locked])

    async def _unlock_one(self, path: Path, asker: Asker) -> bool:
        if path in self._open:
            return True
        for _ in range(_TRIES):
            passphrase = await asker.passphrase(str(path))
            if passphrase is None:
                return False
            try:
                # Deriving the key is slow on purpose.
                key = await asyncio.to_thread(asyncssh.read_private_key, path, passphrase)
            except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as odd:
                if "bcrypt" in str(odd):
                    # No passphrase will do: the package that derives the key is missing here.
                    return False
                continue
            self._open[path] = key
            return True
        return False
