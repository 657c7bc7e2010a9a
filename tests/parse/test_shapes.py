"""Shapes of the formats for which there is no recording: other releases, pastes, odd values."""

from typing import Any

import pytest

from tests.parse.captured import as_json, differences
from tests.parse.sampled import READERS

HUMAN = "Name    Status  Components\n"
Case = tuple[str, str, dict[str, Any]]


def _status(*mirrors: tuple[str, str, list[dict[str, Any]]]) -> dict[str, Any]:
    return {"mirrors": [{"name": n, "state": s, "components": c} for n, s, c in mirrors]}


A, B = {"name": "ad4", "state": "ACTIVE"}, {"name": "ad6", "state": "STALE"}
STATUS: list[Case] = [
    (
        "gmirror-status",
        "mirror/gm0  DEGRADED  ad4 (ACTIVE)\nad6 (STALE)\n",
        _status(("mirror/gm0", "DEGRADED", [A, B])),
    ),
    (
        "gmirror-status",
        "Name Status Components mirror/gm0 COMPLETE ad4 ad6 mirror/gm1 DEGRADED ad8 (0%)\n",
        _status(
            ("mirror/gm0", "COMPLETE", [{"name": "ad4"}, {"name": "ad6"}]),
            ("mirror/gm1", "DEGRADED", [{"name": "ad8", "percent": 0}]),
        ),
    ),
    ("gmirror-status", "gm0  STARTING  N/A\n", _status(("gm0", "STARTING", []))),
    ("gmirror-status", "mirror/gm0 DEGRADED\n", _status(("mirror/gm0", "DEGRADED", []))),
    (
        "gmirror-status",
        "\tName\tStatus\tComponents\nmirror/gm0\tDEGRADED\tad4 (ACTIVE)\n\t\t\tad6 (STALE)\n",
        _status(("mirror/gm0", "DEGRADED", [A, B])),
    ),
    (
        "gmirror-status",
        HUMAN + "mirror/gm0  DEGRADED  ufsid/6b0397a287a2c8a7 (SYNCHRONIZING, 100%)\n",
        _status(
            (
                "mirror/gm0",
                "DEGRADED",
                [{"name": "ufsid/6b0397a287a2c8a7", "state": "SYNCHRONIZING", "percent": 100}],
            )
        ),
    ),
    (
        "geom-status-other",
        "   Name   Status  Components\nraid/r0  OPTIMAL  ada0 (ACTIVE (ACTIVE))\n                  ada1\n",
        {
            "geoms": [
                {
                    "name": "raid/r0",
                    "state": "OPTIMAL",
                    "components": [{"name": "ada0", "state": "ACTIVE (ACTIVE)"}, "ada1"],
                }
            ]
        },
    ),
    (
        "geom-status-other",
        "          Name  Status  Components\nmsdosfs/NO NAME     N/A  da0s1\n",
        {"geoms": [{"name": "msdosfs/NO NAME", "state": "N/A", "components": ["da0s1"]}]},
    ),
]
STORAGE: list[Case] = [
    ("mdconfig", "md0 md1 md10 \n", {"units": ["md0", "md1", "md10"]}),
    ("mdconfig", "0 1 \n", {"units": ["md0", "md1"]}),
    (
        "mdconfig",
        "md0\tmalloc\t    5M\t-\t\nmd1\tvnode\t  1.5G\t/my images/a b.img\tlabel\n",
        {
            "units": [
                {"unit": "md0", "type": "malloc", "size": "5M", "file": None},
                {
                    "unit": "md1",
                    "type": "vnode",
                    "size": "1.5G",
                    "file": "/my images/a b.img",
                    "label": "label",
                },
            ]
        },
    ),
    ("ggate", "ggate0\nggate1\n", {"devices": ["ggate0", "ggate1"], "device": None}),
    (
        "ggate",
        "# who may\n1.2.3.0/24 RW /dev/da0s4d\nclient.example.com ro /dev/cd0 # the CD\n",
        {
            "exports": [
                {"host": "1.2.3.0", "prefix": 24, "access": "RW", "path": "/dev/da0s4d"},
                {"host": "client.example.com", "prefix": 32, "access": "RO", "path": "/dev/cd0"},
            ]
        },
    ),
    (
        "ggate",
        "       NAME: ggate3\n       info: 10.0.0.2:3081 /x y\n     access: read-only\n    timeout: 0\n"
        "queue_count: 7\n queue_size: 1024\n references: 2\n  mediasize: 1048576 (1.0M)\n sectorsize: 512\n"
        "       mode: r1w1e1\n\n",
        {
            "gates": [
                {
                    "name": "ggate3",
                    "unit": 3,
                    "host": "10.0.0.2",
                    "port": 3081,
                    "path": "/x y",
                    "access": "read-only",
                    "timeout": 0,
                    "queue_count": 7,
                    "mediasize": 1048576,
                    "mode": "r1w1e1",
                }
            ]
        },
    ),
    (
        "ggate",
        "error: ioctl(/dev/ggctl): Device busy.\n",
        {"messages": [{"level": "error", "text": "ioctl(/dev/ggctl): Device busy."}]},
    ),
    (
        "mount",
        "/dev/a b on /mnt/(odd) on x (ufs, local, with quotas, mounted by joe)\n",
        {
            "mounts": [
                {
                    "special": "/dev/a b",
                    "node": "/mnt/(odd) on x",
                    "type": "ufs",
                    "options": ["local", "with quotas", "mounted by joe"],
                }
            ]
        },
    ),
    (
        "mount",
        "server:/exports/with\\040blank\t/mnt/a\\040b\t\tnfs\trw,noatime\t0 0\n",
        {
            "mounts": [
                {
                    "special": "server:/exports/with blank",
                    "node": "/mnt/a b",
                    "type": "nfs",
                    "options": ["rw", "noatime"],
                }
            ]
        },
    ),
    (
        "df",
        "Filesystem 512-blocks Used Avail Capacity iused ifree %iused  Mounted on\n"
        "my fs 100 110 -10 110% 5 0 100% /my mount\n",
        {
            "blocksize": 512,
            "rows": [{"fs": "my fs", "blocks": 100, "avail": -10, "capacity": 110, "on": "/my mount"}],
        },
    ),
    (
        "df",
        "Filesystem Type 1M-blocks Used Avail Capacity  Mounted on\n"
        "tmpfs tmpfs 1 0 1 0% /a\ntmpfs tmpfs 1 0 1 0% /b\n",
        {"blocksize": 1048576, "rows": [{"type": "tmpfs", "on": "/a"}, {"type": "tmpfs", "on": "/b"}]},
    ),
]
SYSTEM: list[Case] = [
    (
        "uptime",
        "12:01PM  up 1 day,  3:42, 1 user, load averages: 0.08, 0.07, 0.02\n",
        {"up_seconds": 99720, "users": 1},
    ),
    ("uptime", " 1:36AM  up 27 secs, 0 users, load averages: 0.69, 0.17, 0.06\n", {"up_seconds": 27}),
    (
        "uptime",
        "23:59  up 3 hrs, 12 users, load averages: 1.00, 2.00, 30.01\n",
        {"up_seconds": 10800, "users": 12},
    ),
    (
        "uptime",
        " 1:36AM  up 2 days, 5 mins, 3 users, load averages: 0.00, 0.00, 0.00\n",
        {"up_seconds": 173100},
    ),
    (
        "uname",
        "FreeBSD a.b 4.11-RELEASE FreeBSD 4.11-RELEASE #0: Fri Jan 21 17:21:22 GMT 2005    root@x:/  i386\n",
        {"host": "a.b", "release": "4.11-RELEASE", "major": 4, "minor": 11, "machine": "i386"},
    ),
    ("uname", "13.2-RELEASE-p4\n", {"release": "13.2-RELEASE-p4", "branch": "RELEASE", "patch": 4}),
    ("freebsd-version", "14.0-RELEASE-p5\n", {"userland": "14.0-RELEASE-p5"}),
    ("sysctl", "{ sec = 12, usec = 34 } Thu Jul  9 16:57:34 2020\n", {"sec": 12, "usec": 34}),
    ("sysctl", "kern.geom.debugflags: 0 -> 16\n", {"name": "kern.geom.debugflags", "value": 16, "old": 0}),
    ("sysctl", "hw.model=Intel(R)\n", {"name": "hw.model", "value": "Intel(R)"}),
    ("kern-disks", "nda0 mmcsd0boot1 mmcsd0 cd0\n", {"disks": ["nda0", "mmcsd0boot1", "mmcsd0", "cd0"]}),
    (
        "ps",
        "USER    PID %CPU %MEM   VSZ   RSS  TT  STAT STARTED      TIME COMMAND\n"
        "root    766  0.0  0.1 11756  1012  ??  Ss   Thu09AM   0:00.26 ggatec create -u 0 a b\n",
        {"processes": [{"pid": 766, "user": "root", "stat": "Ss", "command": "ggatec create -u 0 a b"}]},
    ),
    (
        "ps",
        " 9 DL+ [syncer]\n10 I<s /bin/sh -c x\n",
        {"processes": [{"pid": 9, "stat": "DL+", "command": "[syncer]"}, {"pid": 10, "stat": "I<s"}]},
    ),
    (
        "sockstat",
        "root     sshd: root 647   4  tcp46  *:22                  *:*\n",
        {"sockets": [{"command": "sshd: root", "pid": 647, "proto": "tcp46", "local": "*:22"}]},
    ),
]
NETWORK: list[Case] = [
    (
        "ifconfig-carp",
        "carp0: flags=8<LOOPBACK> metric 0 mtu 1500\n\tinet 10.0.0.1 netmask 0xff000000\n"
        "\tcarp: INIT vhid 7 advbase 1 advskew 100\n",
        {"interfaces": ["carp0"], "init": [7], "master": [], "count": 1, "inet_count": 1},
    ),
    (
        "ifconfig",
        "em0: flags=8802<BROADCAST,SIMPLEX,MULTICAST> mtu 1500\n",
        {"names": ["em0"], "interfaces": [{"name": "em0", "up": False, "inet": []}]},
    ),
    (
        "syslog-geom-mirror",
        "Nov  3 01:18:20 nodea kernel: GEOM_MIRROR: Device mirror/gm0 launched (1/2).\n"
        "Nov  3 01:18:21 nodea /kernel: GEOM_MIRROR[1]: Device gm0: provider ad4 disconnected\n"
        "2026-11-03T01:18:22.000001Z nodea kernel - - - GEOM_MIRROR: Cannot add disk ad4 to gm0 (error=22)\n",
        {
            "events": [
                {
                    "event": "launched",
                    "device": "gm0",
                    "active": 1,
                    "expected": 2,
                    "stamp": "Nov  3 01:18:20",
                },
                {"event": "disconnected", "device": "gm0", "provider": "ad4"},
                {"event": "cannot-add", "device": "gm0", "provider": "ad4", "error": 22},
            ]
        },
    ),
    (
        "syslog-freevrrpd",
        "Nov 23 01:50:08 nodea freevrrpd[2097]: server state vrid 1: initialize\n"
        "Nov 23 01:50:09 nodea freevrrpd[2097]: [master] script /a/b.sh has been executed\n"
        "Nov 23 01:50:09 nodea freevrrpd[2097]: option 'useVMAC' unknown on configuration file, ignoring it",
        {
            "events": [
                {"event": "state", "vrid": 1, "state": "initialize", "pid": 2097},
                {"event": "script-ended", "script": "/a/b.sh", "state": "master"},
                {"event": "unknown-option", "option": "useVMAC"},
            ],
            "states": [{"vrid": 1, "state": "initialize", "stamp": "Nov 23 01:50:08"}],
        },
    ),
    (
        "freevrrpd-conf",
        "[VRID]\nserverid=3\naddr=10.0.0.1/32,vlan1:10.0.0.2/24\n[vrid]\nserverid = x\n",
        {"sections": [{"serverid": 3, "addr": ["10.0.0.1/32", "vlan1:10.0.0.2/24"]}, {"serverid": "x"}]},
    ),
]


@pytest.mark.parametrize(("kind", "text", "expect"), [*STATUS, *STORAGE, *SYSTEM, *NETWORK])
def test_a_shape_is_read_whole(kind: str, text: str, expect: dict[str, Any]) -> None:
    reading = READERS[kind](text)
    assert differences(expect, as_json(reading.facts)) == []
    assert reading.unread == ()


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("gmirror-status", "gmirror: Command 'status' not available; try 'load' first."),
        ("gmirror-status", "Class MIRROR not found."),
        ("gmirror-status", "gmirror: No such geom: gm9."),
        ("gmirror-list", "Class 'MIRROR' does not have an instance named 'X'."),
        ("gmirror-dump", "Can't read metadata from md0: Invalid argument."),
        ("ggate", "Module geom_gate not available!"),
        ("mdconfig", "mdconfig: ioctl(/dev/mdctl): Device busy"),
        ("mount", "mount: /dev/md0: Device busy"),
        ("df", "df: /x: No such file or directory"),
        ("ifconfig", "ifconfig: interface em9 does not exist"),
        ("ifconfig", "\tinet 10.0.0.1 netmask 0xff000000"),
        ("ps", "ps: illegal option -- q"),
        ("kldstat", "kldstat: can't find file x: No such file or directory"),
        ("sockstat", "sockstat: cannot open /dev/mem"),
        ("sysctl", "sysctl: unknown oid 'kern.geom.mirror.timeout'"),
        ("uname", "uname: illegal option -- z"),
        ("uptime", "nothing to see"),
        ("qmail-qstat", "find: /var/qmail/queue/mess: Permission denied"),
        ("syslog-geom-mirror", "Nov 23 01:17:17 nodea kernel: lo0: link state changed to UP"),
        ("freevrrpd-conf", "not a key"),
    ],
)
def test_what_is_no_output_of_the_command_is_unread(kind: str, line: str) -> None:
    reading = READERS[kind](line + "\n")
    assert len(reading.unread) == 1
    empty = as_json(READERS[kind]("").facts)
    assert as_json(reading.facts) == empty
