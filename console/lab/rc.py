"""What rc(8) does once a node is up: modules of loader.conf, /etc/rc.local, and enabled services."""

import re

from console.lab.running import run_text
from console.lab.world import Node

RC_CONF = "/etc/rc.conf"
SCRIPT_PLACES = ("/etc/rc.d", "/usr/local/etc/rc.d")
BOOTED = ("mirrorgate", "freevrrpd")
"""Services with a script of their own, in the order of rcorder(8)."""

_SETTING = re.compile(r'^\s*(\w+)="?([^"\n]*)"?', re.M)


def settings(node: Node, path: str) -> dict[str, str]:
    """The assignments of a file such as rc.conf."""
    if not node.fs.exists(path):
        return {}
    return dict(_SETTING.findall(node.fs.read_file(path).decode("utf-8", "replace")))


def enabled(words: dict[str, str], name: str) -> bool:
    """Whether rc.conf turns a service on."""
    return words.get(f"{name}_enable", "NO").upper() in ("YES", "TRUE", "ON", "1")


async def run_rc(node: Node) -> None:
    """Start what the configuration files ask for."""
    loader = settings(node, "/boot/loader.conf")
    words = settings(node, RC_CONF)
    modules = [
        n.removesuffix("_load") for n, v in loader.items() if n.endswith("_load") and v.upper() == "YES"
    ]
    modules += words.get("kld_list", "").split()
    if modules:
        await run_text(node, f"kldload {' '.join(modules)}")
    if node.fs.exists("/etc/rc.local"):
        await run_text(node, "sh /etc/rc.local")
    for name in ("ggated", *BOOTED):
        if enabled(words, name):
            await run_text(node, f"service {name} start")
