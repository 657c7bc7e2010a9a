"""Questions asked on the terminal, for commands that run without the console's dialogs."""

import asyncio
import getpass
import sys


class TerminalAsker:
    """Asks on the controlling terminal; answers no where there is none."""

    async def passphrase(self, key: str) -> str | None:
        """Ask for a key's passphrase without echo."""
        if not sys.stdin.isatty():
            return None
        return await asyncio.to_thread(getpass.getpass, f"passphrase of {key}: ") or None

    async def trust(self, host: str, fingerprint: str, key_type: str) -> bool:
        """Show an unknown host key's fingerprint; only a typed `yes` trusts it."""
        if not sys.stdin.isatty():
            return False
        question = f"{host} is not known. Its {key_type} key is {fingerprint}. Trust it (yes/no)? "
        return (await asyncio.to_thread(input, question)).strip() == "yes"
