"""The files that go onto nodes: POSIX sh, the same on all; what differs is in mirrorgate.conf."""

from importlib.resources import files

LIBEXEC = "/usr/local/libexec/mirrorgate"
SETTINGS = "/usr/local/etc/mirrorgate.conf"

INSTALLED: dict[str, str] = {
    f"{LIBEXEC}/pair.sh": "0644",
    f"{LIBEXEC}/promote.sh": "0755",
    f"{LIBEXEC}/demote.sh": "0755",
    f"{LIBEXEC}/serve.sh": "0755",
    f"{LIBEXEC}/state.sh": "0755",
    f"{LIBEXEC}/canary.sh": "0755",
    f"{LIBEXEC}/canary_read.sh": "0755",
    "/usr/local/bin/master_script.sh": "0755",
    "/usr/local/bin/backup_script.sh": "0755",
    "/usr/local/etc/rc.d/mirrorgate": "0755",
    f"{SETTINGS}.sample": "0644",
}
"""Path on the node: mode. The same on both nodes."""

HOOKS = ("10-mysql", "20-apache", "30-nfs")
"""Examples; nothing installs them unasked."""


def text(path: str) -> str:
    """The content of a file of `INSTALLED`, by its path on the node."""
    return files("playbooks.node").joinpath(path.rsplit("/", 1)[1]).read_text("utf-8")
