"""File systems, swap, dump and restore: shapes of other releases and situations than the captures hold."""

from typing import Any

import pytest

from console.parse.kinds import explain
from tests.parse_kinds.test_index import differences

SHAPES: list[tuple[str, str, str, dict[str, Any]]] = [
    (
        "a swap table with a total",
        "swapinfo",
        "Device          1M-blocks     Used    Avail Capacity\n"
        "/dev/ada0p2          2048        1     2047     0%\n"
        "/dev/ada1p2          2048        1     2047     0%\n"
        "Total                4096        2     4094     0%\n",
        {
            "blocksize": 1048576,
            "human": False,
            "total": True,
            "rows": [{"dev": "/dev/ada0p2"}, {"dev": "/dev/ada1p2"}],
            "total_row": {"blocks": 4096, "used": 2},
        },
    ),
    (
        "4.x swap with a type",
        "swapinfo",
        "Device          1K-blocks     Used    Avail Capacity  Type\n"
        "/dev/ad0s1b        524160        0   524160     0%    Interleaved\n",
        {"rows": [{"dev": "/dev/ad0s1b", "blocks": 524160, "capacity": 0, "type": "Interleaved"}]},
    ),
    (
        "older -h keeps blocks in the first column",
        "swapinfo",
        "Device          1K-blocks     Used    Avail Capacity\n/dev/da0p3  4194304  0B  4.0G  0%\n",
        {"human": True, "rows": [{"blocks": 4194304, "used_text": "0B", "avail_text": "4.0G"}]},
    ),
    (
        "fstab with comments, escapes and missing numbers",
        "fstab",
        "  # a remark\n/dev/md0 /my\\040sites ufs rw,noauto # here\nproc /proc procfs rw 0 0\n",
        {"entries": [{"file": "/my sites", "opts": "rw,noauto", "freq": 0, "passno": 0}, {"spec": "proc"}]},
    ),
    (
        "newfs of 4.x",
        "newfs",
        "Warning: 2048 sector(s) in last cylinder unallocated\n"
        "/dev/ad0s1e:\t262144 sectors in 64 cylinders of 1 tracks, 4096 sectors\n"
        "\t128.0MB in 4 cyl groups (16 c/g, 32.00MB/g, 7616 i/g)\n"
        "super-block backups (for fsck -b #) at:\n 32, 65568,\n 131104, 196640\n",
        {
            "dev": "/dev/ad0s1e",
            "sectors": 262144,
            "size_mb": 128.0,
            "groups": 4,
            "backups": [32, 65568, 131104, 196640],
            "warnings": ["Warning: 2048 sector(s) in last cylinder unallocated"],
        },
    ),
    (
        "newfs -j with its message glued to the list",
        "newfs",
        "newfs: soft updates journaling set\n"
        "/dev/da0p1: 610.0MB (1249216 sectors) block size 32768, fragment size 4096\n"
        "\tusing 4 cylinder groups of 152.50MB, 4880 blks, 19584 inodes.\n\twith soft updates\n"
        "super-block backups (for fsck_ffs -b #) at:\n"
        " 192, 312512, 624832, 937152Using inode 4 in cg 0 for 5013504 byte journal\n",
        {"journal": True, "soft_updates": True, "backups": [192, 312512, 624832, 937152], "warnings": []},
    ),
    (
        "growfs -y asks nothing",
        "growfs",
        "super-block backups (for fsck_ffs -b #) at:\n 98496, 123072\n",
        {"backups": [98496, 123072], "backups_first": 98496, "unchanged": False},
    ),
    (
        "growfs before release 10",
        "growfs",
        "We strongly recommend you to make a backup before growing the Filesystem\n\n"
        " Do you want to commence? (Yes/No) Yes\nnew file systemsize is: 13106688 frags\n"
        "Warning: 213116 sector(s) cannot be allocated.\n"
        "growfs: 25596.0MB (52420608 sectors) block size 16384, fragment size 2048\n",
        {"answer": "Yes", "size_mb": 25596.0, "sectors": 52420608},
    ),
    (
        "growfs with nothing to do",
        "growfs",
        "growfs: requested size 48MB is equal to the current filesystem size 48MB\n",
        {"unchanged": True},
    ),
    (
        "a full check with repairs",
        "fsck",
        "** /dev/md0\n** Last Mounted on /home/sites\n** Phase 1 - Check Blocks and Sizes\n"
        "INCORRECT BLOCK COUNT I=4 (4 should be 0)\nCORRECT? yes\n\n"
        "** Phase 1b - Rescan For More DUPS\n** Phase 2 - Check Pathnames\n"
        "** Phase 4 - Check Reference Counts\nUNREF FILE  I=5  OWNER=root MODE=100644\n"
        "SIZE=0 MTIME=Nov 23 01:00 2026  CLEAR? yes\n\n"
        "2 files, 2 used, 11812 free (28 frags, 1473 blocks, 0.2% fragmentation)\n\n"
        "***** FILE SYSTEM MARKED CLEAN *****\n\n***** FILE SYSTEM WAS MODIFIED *****\n",
        {
            "phases": [1, "1b", 2, 4],
            "problems": [
                "INCORRECT BLOCK COUNT I=4 (4 should be 0)",
                "UNREF FILE I=5 OWNER=root MODE=100644 SIZE=0 MTIME=Nov 23 01:00 2026",
            ],
            "answers": ["yes", "yes"],
            "modified": True,
            "marked_clean": True,
            "clean": True,
            "read_only_check": False,
        },
    ),
    (
        "preen repairs one file system and leaves another",
        "fsck",
        "/dev/ad0s1a: FREE BLK COUNT(S) WRONG IN SUPERBLK (SALVAGED)\n"
        "/dev/ad0s1a: 605 files, 2202492 used, 7040218 free (786 frags, 879929 blocks, 0.0% fragmentation)\n"
        "/dev/ad0s1e: DEFER FOR BACKGROUND CHECKING\n"
        "/dev/ad0s1f: NO WRITE ACCESS\n"
        "/dev/ad0s1f: UNEXPECTED INCONSISTENCY; RUN fsck MANUALLY.\n"
        "THE FOLLOWING FILE SYSTEM HAD AN UNEXPECTED INCONSISTENCY:\n\tufs: /dev/ad0s1f (/usr)\n"
        "Automatic file system check failed; help!\n",
        {
            "dev": "/dev/ad0s1f",
            "needs_manual": True,
            "boot_aborted": True,
            "filesystems": [
                {"dev": "/dev/ad0s1a", "modified": True, "files": 605},
                {"dev": "/dev/ad0s1e", "deferred": True},
                {"dev": "/dev/ad0s1f", "clean": False, "problems": ["NO WRITE ACCESS"]},
            ],
        },
    ),
    (
        "a check that ends with another one needed",
        "fsck",
        "** /dev/da0p2\n** Skipping journal, falling through to full fsck\n\n"
        "***** FILE SYSTEM STILL DIRTY *****\n\n***** PLEASE RERUN FSCK *****\n",
        {"journal_skipped": True, "clean": False, "rerun": True},
    ),
    (
        "a device that is not there",
        "fsck",
        "Can't stat /dev/mirror/m: No such file or directory\nCan't stat /dev/mirror/m\n",
        {
            "dev": "/dev/mirror/m",
            "filesystems": [
                {
                    "errors": [
                        "Can't stat /dev/mirror/m: No such file or directory",
                        "Can't stat /dev/mirror/m",
                    ]
                }
            ],
        },
    ),
    (
        "dump of a snapshot to a pipe",
        "dump",
        "  DUMP: Date of this level 1 dump: Mon Nov 23 01:53:07 2026\n"
        "  DUMP: Date of last level 0 dump: Sun Nov 22 01:53:07 2026\n"
        "  DUMP: Dumping snapshot of /dev/vtbd1s1e (/src/my var) to standard output\n"
        "  DUMP: estimated 224 tape blocks on 0.01 tape(s).\n"
        "  DUMP: 12.34% done, finished in 1:23\n"
        "  DUMP: DUMP: 189 tape blocks\n  DUMP: finished in less than a second\n  DUMP: DUMP IS DONE\n",
        {
            "level": 1,
            "since_level": 0,
            "since": "Sun Nov 22 01:53:07 2026",
            "device": "/dev/vtbd1s1e",
            "mounted": "/src/my var",
            "snapshot": True,
            "to": "standard output",
            "estimated_blocks": 224,
            "estimated_volumes": 0.01,
            "percents": [12.34],
            "finish_in": "1:23",
            "written_blocks": 189,
            "seconds": 0,
            "done": True,
        },
    ),
    (
        "a dump that failed",
        "dump",
        "  DUMP: Date of this level 0 dump: Mon Nov 23 01:53:07 2026\n"
        "  DUMP: WARNING: should use -L when dumping live read-write filesystems!\n"
        "  DUMP: write error 10 blocks into volume 1: No space left on device\n"
        "  DUMP: The ENTIRE dump is aborted.\n",
        {
            "done": False,
            "aborted": True,
            "warnings": ["WARNING: should use -L when dumping live read-write filesystems!"],
            "errors": ["write error 10 blocks into volume 1: No space left on device"],
        },
    ),
    (
        "dump feeding restore",
        "restore",
        "  DUMP: Date of this level 0 dump: Mon Nov 23 01:53:07 2026\nwarning: ./.snap: File exists\n"
        "expected next file 4865, got 6\n  DUMP: DUMP IS DONE\n",
        {
            "warnings": ["warning: ./.snap: File exists"],
            "mismatches": [[4865, 6]],
            "errors": [],
            "dump": {"level": 0, "done": True},
        },
    ),
    (
        "restore of something else",
        "restore",
        "Tape is not a dump tape\n",
        {"not_a_dump": True, "errors": ["Tape is not a dump tape"]},
    ),
    (
        "open files on a mount",
        "fstat",
        "USER     CMD          PID   FD MOUNT      INUM MODE         SZ|DV R/W\n"
        "root     sh           912   wd /home/sites      2 drwxr-xr-x     512  r\n"
        "www      my httpd     913    4 /home/sites     77 -rw-r--r--    1024 rw  /home/sites/log\n"
        "www      httpd        913   5* internet stream tcp fffff80004812500\n",
        {
            "pids": [912, 913],
            "files": [
                {"fd": "wd", "inum": 2, "rw": "r"},
                {"cmd": "my httpd", "name": "/home/sites/log"},
                {"fd": "5", "what": "internet stream tcp fffff80004812500"},
            ],
        },
    ),
    (
        "tunefs on standard error",
        "tunefs",
        "tunefs: soft updates: (-n)                                 enabled\n"
        "tunefs: soft update journaling: (-j)                       disabled\n"
        "tunefs: minimum percentage of free space: (-m)             8%\n"
        "tunefs: volume label: (-L)                                 \n",
        {"soft_updates": True, "journal": False, "minfree": 8},
    ),
]


@pytest.mark.parametrize(
    ("kind", "text", "wanted"), [shape[1:] for shape in SHAPES], ids=[s[0] for s in SHAPES]
)
def test_a_shape_is_read_whole(kind: str, text: str, wanted: dict[str, Any]) -> None:
    told = explain(kind, text)
    assert differences(wanted, told["facts"]) == []
    assert told["unread"] == []
