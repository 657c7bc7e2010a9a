"""The readers of what the sampler reads, by kind."""

from collections.abc import Callable
from typing import Any

from console.parse.confxml import read_kern_geom_confxml
from console.parse.df import read_df
from console.parse.freevrrpd_conf import read_freevrrpd_conf
from console.parse.geom_list import read_geom_list_other, read_gmirror_list
from console.parse.geom_status import read_geom_status_other, read_gmirror_status, read_gmirror_status_script
from console.parse.ggate import read_ggate
from console.parse.gmirror_dump import read_gmirror_dump
from console.parse.ifconfig import read_ifconfig, read_ifconfig_carp
from console.parse.kldstat import read_kldstat
from console.parse.mdconfig import read_mdconfig
from console.parse.mounting import read_mount
from console.parse.processes import read_ps
from console.parse.qmail_qstat import read_qmail_qstat
from console.parse.reading import Reading
from console.parse.sockstat import read_sockstat
from console.parse.sysctl import read_kern_disks, read_sysctl
from console.parse.syslog_events import read_syslog_freevrrpd, read_syslog_geom_mirror
from console.parse.system import read_freebsd_version, read_uname, read_uptime

READERS: dict[str, Callable[[str], Reading[Any]]] = {
    "df": read_df,
    "freebsd-version": read_freebsd_version,
    "freevrrpd-conf": read_freevrrpd_conf,
    "geom-list-other": read_geom_list_other,
    "geom-status-other": read_geom_status_other,
    "ggate": read_ggate,
    "gmirror-dump": read_gmirror_dump,
    "gmirror-list": read_gmirror_list,
    "gmirror-status": read_gmirror_status,
    "gmirror-status-script": read_gmirror_status_script,
    "ifconfig": read_ifconfig,
    "ifconfig-carp": read_ifconfig_carp,
    "kern-disks": read_kern_disks,
    "kern-geom-confxml": read_kern_geom_confxml,
    "kldstat": read_kldstat,
    "mdconfig": read_mdconfig,
    "mount": read_mount,
    "ps": read_ps,
    "qmail-qstat": read_qmail_qstat,
    "sockstat": read_sockstat,
    "sysctl": read_sysctl,
    "syslog-freevrrpd": read_syslog_freevrrpd,
    "syslog-geom-mirror": read_syslog_geom_mirror,
    "uname": read_uname,
    "uptime": read_uptime,
}
