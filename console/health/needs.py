"""What each fact needs on the node: most are anyone's, some a group's, few are root's.

As FreeBSD's defaults have it: confxml, mount(8), ifconfig(8), df(1) and kldstat(8) answer everybody; disks
are group operator's (devfs), the queue's directories group qmail's, freevrrpd.conf holds a password.
"""

from dataclasses import dataclass
from enum import StrEnum


class Right(StrEnum):
    """The least that reads it."""

    ANYONE = "any user"
    READABLE = "whoever may read the file"
    OPERATOR = "group operator"
    QMAIL = "group qmail"
    ROOT = "root"


@dataclass(frozen=True, slots=True)
class Need:
    """What a section needs, and what to do where it is denied."""

    right: Right
    remedy: str


_HARDENED = "Any user may, unless the node hides others' (security.bsd.see_other_uids=0): then use become."
_LOG = (
    "It needs read permission on /var/log/messages: a group that newsyslog.conf gives it, or root by become."
)
_ROOT = "It needs root: use become, or for a monitor's key `mirrorgate authorize --read-only`{}."
_STATE = _ROOT.format("; or leave it unchecked")

NEEDS = {
    "host": Need(Right.ANYONE, "Any user may: see the raw text."),
    "geom": Need(Right.ANYONE, "Any user may (sysctl kern.geom.confxml): see the raw text."),
    "mounts": Need(Right.ANYONE, "Any user may (mount -p): see the raw text."),
    "interfaces": Need(Right.ANYONE, "Any user may (ifconfig -a): see the raw text."),
    "modules": Need(Right.ANYONE, "Any user may (kldstat): see the raw text."),
    "df": Need(Right.ANYONE, "Any user may (df -k -n): see the raw text."),
    "processes": Need(Right.ANYONE, _HARDENED),
    "sockets": Need(Right.ANYONE, _HARDENED),
    "vrrplog": Need(Right.READABLE, _LOG),
    "messages": Need(Right.READABLE, _LOG),
    "exports": Need(Right.READABLE, "Whoever may read /etc/gg.exports; where root alone may: " + _STATE),
    "files": Need(
        Right.READABLE, "Whoever may read rc.conf, loader.conf, fstab and the scripts; else: " + _STATE
    ),
    "images": Need(Right.ROOT, "The image's directory is readable for root only. " + _STATE),
    "metadata": Need(Right.OPERATOR, "It needs group operator: let the console log in as a member of it."),
    "mail": Need(
        Right.QMAIL,
        "qmail-qstat needs group qmail (or root), and its log a user who may read it; or switch qmail "
        "off for this pair in the configuration.",
    ),
    "vrrpconf": Need(Right.ROOT, "freevrrpd.conf holds the password. " + _ROOT.format("")),
    "lineage": Need(Right.ROOT, "/var/db/mirrorgate is for root only. " + _STATE),
    "lock": Need(Right.ROOT, "/var/db/mirrorgate is for root only. " + _STATE),
}
"""By the name of the fact."""

_DENIALS = (
    "permission denied",
    "operation not permitted",
    "must be root",
    "a password is required",
    "authentication required",
    "not in the sudoers",
    "may not run",
)


def denied(*texts: str) -> bool:
    """Whether what a node printed says that somebody may not."""
    return any(words in text.lower() for text in texts for words in _DENIALS)
