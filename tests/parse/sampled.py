"""The readers of what the sampler reads, by kind."""

from console.parse.kinds import KINDS

SAMPLED = (
    "df",
    "freebsd-version",
    "freevrrpd-conf",
    "geom-list-other",
    "geom-status-other",
    "ggate",
    "gmirror-dump",
    "gmirror-list",
    "gmirror-status",
    "gmirror-status-script",
    "ifconfig",
    "ifconfig-carp",
    "kern-disks",
    "kern-geom-confxml",
    "kldstat",
    "lineage",
    "lock",
    "mdconfig",
    "mount",
    "ps",
    "qmail-qstat",
    "sockstat",
    "sysctl",
    "syslog-freevrrpd",
    "syslog-geom-mirror",
    "uname",
    "uptime",
)
READERS = {kind: KINDS[kind] for kind in SAMPLED}
