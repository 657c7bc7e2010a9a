"""Closed vocabularies: what a mirror, component, role or finding can be. A word we do not know is UNKNOWN."""

from enum import StrEnum
from typing import Self


class _Word(StrEnum):
    """A word printed by a node; an unknown one becomes UNKNOWN, and the raw text is kept beside it."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if isinstance(value, str) and value.upper() != value and value.upper() in cls.__members__:
            return cls[value.upper()]
        return cls.__members__.get("UNKNOWN")


class MirrorState(_Word):
    """State of a mirror (gmirror(8); g_mirror.c)."""

    STARTING = "STARTING"
    COMPLETE = "COMPLETE"
    DEGRADED = "DEGRADED"
    UNKNOWN = "UNKNOWN"


class ComponentState(_Word):
    """State of a component inside a mirror (g_mirror.c)."""

    NONE = "NONE"
    NEW = "NEW"
    ACTIVE = "ACTIVE"
    STALE = "STALE"
    SYNCHRONIZING = "SYNCHRONIZING"
    DISCONNECTED = "DISCONNECTED"
    DESTROY = "DESTROY"
    INVALID = "INVALID"
    UNKNOWN = "UNKNOWN"


class Role(_Word):
    """What VRRP says of a node *now*; never confused with `home`."""

    MASTER = "MASTER"
    BACKUP = "BACKUP"
    INITIALIZE = "INITIALIZE"
    STOPPED = "STOPPED"
    """No VRRP daemon runs."""
    DISABLED = "DISABLED"
    """The daemon lives but has given up (faulty interface, SIGHUP): it will not take over."""
    UNKNOWN = "UNKNOWN"


class Home(_Word):
    """Where the service normally lives."""

    MASTER = "master"
    SLAVE = "slave"


class Severity(_Word):
    """How bad a finding is; `rank` orders them worst first."""

    CRITICAL = "critical"
    WARNING = "warning"
    NOTICE = "notice"
    UNKNOWN = "unknown"
    """Something could not be checked."""

    @property
    def rank(self) -> int:
        """0 is worst."""
        return ("critical", "warning", "unknown", "notice").index(self.value)


class Answer(_Word):
    """The outcome of a condition."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
