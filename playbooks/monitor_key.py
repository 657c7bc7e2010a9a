"""What makes a key on a node one that only watches: programs, settings, the line of the key, root reads."""

import re

from console.model.config import NodeConfig, PairConfig
from playbooks.node import LIBEXEC, text
from playbooks.provisioning.node_files import NodeFile

GATE = f"{LIBEXEC}/monitor.sh"
SAMPLER = f"{LIBEXEC}/sampler.sh"
CONF = "/usr/local/etc/mirrorgate-monitor.conf"
USER = "mgwatch"
USER_PATTERN = r"^[a-z_][a-z0-9_-]{0,30}$"
DOAS = "/usr/local/etc/doas.conf"

ROOT_READS = {
    "vrrpconf": "freevrrpd.conf is for root only: it holds the password, which stays on the node",
    "exports": "gg.exports may be for root only",
    "files": "rc.conf, loader.conf, fstab and the scripts that freevrrpd.conf names, for `doctor`",
    "images": "size and blocks of the image files, where their directory is for root only",
    "lineage": "which promotion this half comes from: /var/db/mirrorgate is for root only",
    "lock": "whether an operator's job runs: the same directory",
}
"""Sections that may need root, and why; each is one exact command line. Nothing else is allowed."""

GROUPS = {
    "operator": "reads the metadata on the disks (gmirror dump)",
    "qmail": "counts the queue (qmail-qstat)",
}
"""Groups of the user, and what each is for; one that a node does not have is left out."""

_TYPES = r"(?:sk-)?(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521))(?:@openssh\.com)?"
_KEY = re.compile(rf"({_TYPES}) ([A-Za-z0-9+/]{{40,4000}}={{0,3}})(?:[ \t]+(.*))?")
_MODERN = 11
"""FreeBSD from which on sshd is 7.2 or newer and knows `restrict`."""
_NO_RC = 8
"""FreeBSD from which on sshd knows `no-user-rc` (4.9): an unknown option makes it refuse the key."""


def public_key(words: str) -> str:
    """`TYPE BASE64 COMMENT` of a public key, the comment without odd signs.

    Raises:
        ValueError: it is no OpenSSH public key, or has options of its own.
    """
    found = _KEY.fullmatch(words.strip())
    if found is None:
        raise ValueError("expected one line of a .pub file: ssh-ed25519 AAAA… comment")
    comment = re.sub(r"[^A-Za-z0-9@._-]", "", found[3] or "")[:60]
    return " ".join(filter(None, (found[1], found[2], comment)))


def key_line(key: str, release: str | None) -> str:
    """The line of authorized_keys, in words that the sshd of the node knows; `release` is FreeBSD's."""
    number = re.match(r"\d+", release or "")
    major = int(number[0]) if number else _MODERN
    options = ["restrict"]
    if major < _MODERN:
        options = ["no-port-forwarding", "no-X11-forwarding", "no-agent-forwarding", "no-pty"]
        if major >= _NO_RC:
            options.append("no-user-rc")
    return f'{",".join(options)},command="{GATE}" {public_key(key)}'


def settings(pair: PairConfig, node: NodeConfig, become: str) -> str:
    """What the programs read on the node, and as whom: a client cannot set it."""
    lines = [
        "# What mirrorgate's monitor may read here. Whoever has the key cannot change it.",
        f"set qmail {pair.qmail.home}",
        f"set qmaillog {pair.qmail.log}",
        f"set image {node.image}",
    ]
    if become != "none":
        lines += ["# Sections that are read as root, each allowed by a rule of its own.", "root " + become]
        lines[-1] += "".join(f" {section}" for section in ROOT_READS)
    return "\n".join(lines) + "\n"


def rules(user: str, become: str) -> str:
    """The lines for sudoers or doas.conf; empty where nothing is read as root."""
    if become == "none":
        return ""
    lines = [f"# mirrorgate: what {user} reads as root; each line is one command without a choice."]
    if become == "sudo":
        # Two of them are asked every second.
        lines.append(f"Defaults:{user} !syslog, !requiretty")
    for section, why in ROOT_READS.items():
        lines.append(f"# {section}: {why}")
        if become == "sudo":
            lines.append(f"{user} ALL=(root) NOPASSWD: {SAMPLER} {CONF} {section}")
        else:
            lines.append(f"permit nopass nolog {user} as root cmd {SAMPLER} args {CONF} {section}")
    return "\n".join(lines) + "\n"


def rules_path(user: str, become: str) -> str:
    """Where the rules go."""
    return DOAS if become == "doas" else f"/usr/local/etc/sudoers.d/mirrorgate-{user}"


def files_of(pair: PairConfig, node: NodeConfig, user: str, become: str) -> tuple[NodeFile, ...]:
    """Every file for a node, in the order in which they are written; doas.conf gets lines instead."""
    made = [
        NodeFile(
            f"{LIBEXEC}/sampler.sh",
            text(f"{LIBEXEC}/sampler.sh"),
            "What answers with the facts; root's own, so that whoever watches cannot change it.",
            "0755",
        ),
        NodeFile(
            f"{LIBEXEC}/mail.sh",
            text(f"{LIBEXEC}/mail.sh"),
            "What looks closely at the mail; it never reads the text of a message.",
            "0755",
        ),
        NodeFile(
            CONF, settings(pair, node, become), "Which files are read: the node says so, not the client."
        ),
        NodeFile(GATE, text(GATE), "The only command of the key: it chooses between the two.", "0755"),
    ]
    if become == "sudo":
        made.append(
            NodeFile(
                rules_path(user, become),
                rules(user, become),
                "The few reads that need root, each allowed as one exact command.",
                "0440",
            )
        )
    return tuple(made)
