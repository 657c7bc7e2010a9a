"""Every kind of output that can be read, by name, and its facts as plain values for JSON."""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from console.parse.confxml import read_kern_geom_confxml
from console.parse.df import read_df
from console.parse.disklabel import read_disklabel
from console.parse.disks import read_camcontrol_devlist, read_diskinfo, read_dmesg_disk
from console.parse.dump import read_dump, read_restore
from console.parse.errors import read_errors
from console.parse.fdisk import read_fdisk
from console.parse.freevrrpd_conf import read_freevrrpd_conf
from console.parse.fsck import read_fsck
from console.parse.fstab import read_fstab
from console.parse.fstat import read_fstat
from console.parse.geom_list import read_geom_list_other, read_gmirror_list
from console.parse.geom_status import (
    read_geom_status_other,
    read_gmirror_status,
    read_gmirror_status_script,
)
from console.parse.ggate import read_ggate
from console.parse.gmirror_dump import read_gmirror_dump
from console.parse.gpart import read_gpart_show
from console.parse.ifconfig import read_ifconfig, read_ifconfig_carp
from console.parse.kldstat import read_kldstat
from console.parse.lineage import read_lineage, read_lock
from console.parse.mdconfig import read_mdconfig
from console.parse.mounting import read_mount
from console.parse.newfs import read_growfs, read_newfs
from console.parse.processes import read_ps
from console.parse.qmail_control import read_qmail_showctl
from console.parse.qmail_log_paste import read_qmail_log
from console.parse.qmail_qstat import read_qmail_qstat
from console.parse.qmail_queue import read_qmail_qread, read_qmail_queue_listing
from console.parse.reading import Reading
from console.parse.routes import read_netstat_rn
from console.parse.sockstat import read_sockstat
from console.parse.svstat import read_svstat
from console.parse.swapinfo import read_swapinfo
from console.parse.sysctl import read_kern_disks, read_sysctl
from console.parse.syslog_events import read_syslog_freevrrpd, read_syslog_geom_mirror
from console.parse.system import read_freebsd_version, read_uname, read_uptime
from console.parse.ufs import read_dumpfs, read_tunefs

KINDS: Mapping[str, Callable[[str], Reading[Any]]] = {
    "camcontrol-devlist": read_camcontrol_devlist,
    "df": read_df,
    "disklabel": read_disklabel,
    "diskinfo": read_diskinfo,
    "dmesg-disk": read_dmesg_disk,
    "dump": read_dump,
    "dumpfs": read_dumpfs,
    "errors": read_errors,
    "fdisk": read_fdisk,
    "freebsd-version": read_freebsd_version,
    "freevrrpd-conf": read_freevrrpd_conf,
    "fsck": read_fsck,
    "fstab": read_fstab,
    "fstat": read_fstat,
    "geom-list-other": read_geom_list_other,
    "geom-status-other": read_geom_status_other,
    "ggate": read_ggate,
    "gmirror-dump": read_gmirror_dump,
    "gmirror-list": read_gmirror_list,
    "gmirror-status": read_gmirror_status,
    "gmirror-status-script": read_gmirror_status_script,
    "gpart-show": read_gpart_show,
    "growfs": read_growfs,
    "ifconfig": read_ifconfig,
    "ifconfig-carp": read_ifconfig_carp,
    "kern-disks": read_kern_disks,
    "kern-geom-confxml": read_kern_geom_confxml,
    "kldstat": read_kldstat,
    "lineage": read_lineage,
    "lock": read_lock,
    "mdconfig": read_mdconfig,
    "mount": read_mount,
    "netstat-rn": read_netstat_rn,
    "newfs": read_newfs,
    "ps": read_ps,
    "qmail-log": read_qmail_log,
    "qmail-qread": read_qmail_qread,
    "qmail-qstat": read_qmail_qstat,
    "qmail-queue-listing": read_qmail_queue_listing,
    "qmail-showctl": read_qmail_showctl,
    "restore": read_restore,
    "sockstat": read_sockstat,
    "svstat": read_svstat,
    "swapinfo": read_swapinfo,
    "sysctl": read_sysctl,
    "syslog-freevrrpd": read_syslog_freevrrpd,
    "syslog-geom-mirror": read_syslog_geom_mirror,
    "tunefs": read_tunefs,
    "uname": read_uname,
    "uptime": read_uptime,
}
"""Reader by kind. Each takes any text and never raises."""


def explain(kind: str, text: str) -> dict[str, object]:
    """The facts and the unread lines of `text` as values that JSON knows; KeyError for an unknown kind."""
    reading = KINDS[kind](text)
    return {"facts": plain(reading.facts), "unread": list(reading.unread)}


def plain(value: object) -> object:
    """A fact as dicts, lists and scalars: None is left out, an enum is its value, `from_` is `from`."""
    if isinstance(value, Enum):
        return plain(value.value)
    if is_dataclass(value) and not isinstance(value, type):
        shown: dict[str, object] = {}
        for member in fields(value):
            held = plain(getattr(value, member.name))
            if member.metadata.get("beside") and isinstance(held, dict):
                shown = held | shown
            elif held is not None:
                shown[member.name.removesuffix("_")] = held
        return shown
    if isinstance(value, Mapping):
        return {str(key): plain(held) for key, held in value.items() if held is not None}
    if isinstance(value, frozenset | set):
        return sorted((plain(held) for held in value), key=repr)
    if isinstance(value, tuple | list):
        return [plain(held) for held in value]
    return value
