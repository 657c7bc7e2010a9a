"""An Asker that answers from a list and remembers what it was asked."""

from dataclasses import dataclass, field


@dataclass
class Answers:
    passphrases: list[str | None] = field(default_factory=list)
    trusts: bool = False
    asked: list[tuple[str, ...]] = field(default_factory=list)

    async def passphrase(self, key: str) -> str | None:
        self.asked.append(("passphrase", key))
        return self.passphrases.pop(0) if self.passphrases else None

    async def trust(self, host: str, fingerprint: str, key_type: str) -> bool:
        self.asked.append(("trust", host, fingerprint, key_type))
        return self.trusts
