"""Error texts of the storage commands, taken apart and explained."""

from typing import Any

import pytest

from console.parse.kinds import explain
from tests.parse_kinds.test_index import differences

COMPLAINTS: list[tuple[str, dict[str, Any]]] = [
    (
        "gmirror: No such device: gm0.",
        {"program": "gmirror", "error": "No such device", "device": "gm0", "fatal": True},
    ),
    (
        "Can't read metadata from md0: Invalid argument.\ngmirror: Not fully done.",
        {"program": "gmirror", "device": "md0", "meaning": "no mirror metadata on it"},
    ),
    (
        "gmirror: Provider md0 is the last active provider in gm0.",
        {"device": "md0", "meaning": "it holds the only current copy of the data"},
    ),
    ("Class MIRROR not found.", {"device": "MIRROR", "meaning": "kernel module geom_mirror is not loaded"}),
    (
        "error: ggatec: ioctl(/dev/ggctl): Device busy.\nerror: Exiting.",
        {"program": "ggatec", "call": "ioctl(/dev/ggctl)", "error": "Device busy"},
    ),
    (
        "ggatec: illegal option -- d\nusage: ggatec create [-nv] <host> <path>\n       ggatec list [-v]",
        {"program": "ggatec", "error": "illegal option -- d", "meaning": "ggatec create has no option -d"},
    ),
    (
        "ggated: Daemon already running, pid: 740.",
        {"program": "ggated", "meaning": "ggated is running already"},
    ),
    (
        "mount: /dev/md0: R/W mount of /home/sites denied. Filesystem is not clean - run fsck.: "
        "Operation not permitted",
        {
            "program": "mount",
            "device": "/dev/md0",
            "path": "/home/sites",
            "meaning": "the file system is not clean: check it first",
        },
    ),
    (
        "mount: /dev/ad0s1d : Operation not permitted",
        {"program": "mount", "path": "/dev/ad0s1d", "error": "Operation not permitted"},
    ),
    (
        "mount_cd9660: /dev/acd0: Device not configured",
        {"program": "mount_cd9660", "path": "/dev/acd0", "error": "Device not configured"},
    ),
    ("umount: /mnt: not a file system root directory", {"path": "/mnt", "meaning": "it is not mounted"}),
    (
        "umount: unmount of /my sites failed: Device busy",
        {"path": "/my sites", "error": "Device busy", "fatal": True},
    ),
    (
        "kldload: can't load geom_mirror: module already loaded or in kernel",
        {"program": "kldload", "device": "geom_mirror", "fatal": False},
    ),
    ("kldunload: can't unload file: Device busy", {"program": "kldunload", "error": "Device busy"}),
    (
        "Nov 23 01:00:00 nodea kernel: "
        "pid 84 (qmail-local), uid 1002 inumber 5 on /home/sites: filesystem full",
        {
            "events": [
                {"path": "/home/sites", "event": "filesystem-full", "pid": 84, "program": "qmail-local"}
            ]
        },
    ),
    (
        "WARNING: R/W mount of /home/sites denied.  Filesystem is not clean - run fsck",
        {"events": [{"path": "/home/sites", "event": "mount-denied-not-clean"}]},
    ),
    (
        "WARNING: / was not properly dismounted",
        {"events": [{"path": "/", "event": "not-properly-dismounted"}]},
    ),
    ("cat: /etc/gg.exports: No such file or directory", {"program": "cat", "path": "/etc/gg.exports"}),
]


@pytest.mark.parametrize(("text", "wanted"), COMPLAINTS, ids=[text[:40] for text, _ in COMPLAINTS])
def test_a_complaint_is_taken_apart(text: str, wanted: dict[str, Any]) -> None:
    told = explain("errors", text)
    assert differences(wanted, told["facts"]) == []
    assert told["unread"] == []
