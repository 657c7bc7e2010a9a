"""A channel that runs `/bin/sh` on a node, whatever the login shell is, and why there may be none."""

from typing import Literal

from console.ssh.text import inert_bytes, one_line
from console.ssh.trouble import Trouble

Become = Literal["none", "sudo", "doas"]

SHELLS: dict[Become, str] = {
    "none": "exec /bin/sh",
    "sudo": "exec sudo -n /bin/sh",
    "doas": "exec doas -n /bin/sh",
}
"""All that the login shell is given to read: words so plain that csh and sh take them alike."""


def no_shell(node: str, become: Become, said: bytes, exit_status: int | None) -> Trouble:
    """Why the shell did not start, from what came out of the channel instead."""
    text = inert_bytes(said)
    line = one_line(text) or ("no word" if exit_status is None else f"exit status {exit_status}")
    words = text.lower()
    missing = exit_status in (126, 127) or "not found" in words
    if become != "none" and missing and become in words:
        return Trouble(
            node,
            f"{become} is not there ({line})",
            f"install {become}, or set `become` to what this node has",
            retry=False,
        )
    if become != "none" and ("password" in words or "authentication" in words or "terminal" in words):
        return Trouble(
            node,
            f"{become} asks for a password ({line})",
            f'allow this user /bin/sh by {become} without one, or set `become = "none"`',
            retry=False,
        )
    if become != "none" and exit_status:
        return Trouble(
            node,
            f"{become} refuses ({line})",
            f'allow this user /bin/sh by {become}, or set `become = "none"`',
            retry=False,
        )
    if missing:
        return Trouble(
            node, f"/bin/sh cannot be run there ({line})", "check the login shell of this user", retry=False
        )
    if exit_status is not None:
        return Trouble(
            node,
            f"the login gives no shell ({line})",
            "use an account that may run commands (no nologin, no forced command)",
            retry=False,
        )
    return Trouble(
        node,
        f"the session ended before it began ({line})",
        "see the node's auth log if it goes on",
        retry=True,
    )
