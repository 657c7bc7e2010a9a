"""Disks, labels and the rest: shapes of other releases and situations than the captures hold."""

from typing import Any

import pytest

from console.parse.kinds import explain
from tests.parse_kinds.test_index import differences

SHAPES: list[tuple[str, str, str, dict[str, Any]]] = [
    (
        "partitions by provider name",
        "gpart-show",
        "=>      3  7340155    vtbd0  GPT  (3.5G) [CORRUPT]\n"
        "        3       45  vtbd0p1  freebsd-boot  [bootme,bootonce]  (23K)\n"
        "  7340080       78           - free -  (39K)\n",
        {
            "tables": [
                {
                    "corrupt": True,
                    "parts": [{"index": 1, "name": "vtbd0p1", "attributes": ["bootme", "bootonce"]}],
                    "free": [{"start": 7340080, "size": 78}],
                }
            ]
        },
    ),
    (
        "two equal disks and a label name",
        "gpart-show",
        "=> 63 100 ada0 MBR (1M)\n  63 100 1 freebsd (1M)\n\n"
        "=> 63 100 ada1 MBR (1M)\n  63 100 1 freebsd (1M)\n\n"
        "=> 63 100 diskid/DISK-1 MBR (1M)\n  63 100 1 freebsd (1M)\n",
        {"table_count": 3, "same_disk": []},
    ),
    (
        "BSD partitions by letter",
        "gpart-show",
        "=> 0 100 da0s1 BSD (1M)\n 0 50 da0s1a freebsd-ufs (512K)\n 50 50 da0s1d !0 (512K)\n",
        {"tables": [{"parts": [{"index": 1}, {"index": 4, "type": "!0"}]}]},
    ),
    (
        "several slices",
        "fdisk",
        "******* Working on device /dev/ad0 *******\nThe data for partition 1 is:\n"
        "sysid 12 (0x0c),(DOS or Windows 95 with 32 bit FAT (LBA))\n"
        "    start 63, size 8385867 (4094 Meg), flag 0\n        beg: cyl 0/ head 1/ sector 1;\n"
        "        end: cyl 521/ head 254/ sector 63\nThe data for partition 2 is:\n"
        "sysid 165,(FreeBSD/NetBSD/386BSD)\n    start 8385930, size 100 (0 Meg), flag 80 (active)\n"
        "The data for partition 3 is:\n<UNUSED>\n",
        {
            "dev": "/dev/ad0",
            "parts": [
                {
                    "n": 1,
                    "sysid": 12,
                    "active": False,
                    "description": "DOS or Windows 95 with 32 bit FAT (LBA)",
                },
                {"n": 2, "sysid": 165, "start": 8385930, "size": 100, "active": True},
            ],
            "unused": [3],
        },
    ),
    (
        "a label with warnings",
        "disklabel",
        "# /dev/da0s1:\n20 partitions:\n#          size     offset    fstype   [fsize bsize bps/cpg]\n"
        "  a:  500  16  4.2BSD  2048 16384 28528\n  b: 10 516 swap\n  t: 1 2 77\n"
        "partition a: partition extends past end of unit\n"
        "Warning, partition c is not marked as unused!\n",
        {
            "slots": 20,
            "letters": ["a", "b", "t"],
            "is_prototype": False,
            "partitions": [{"cpg": 28528}, {"fstype": "swap"}, {"fstype": "77"}],
            "warnings": [
                "partition a: partition extends past end of unit",
                "Warning, partition c is not marked as unused!",
            ],
        },
    ),
    ("no label", "disklabel", "bsdlabel: /dev/md0: no valid label found\n", {"no_label": True}),
    (
        "boot messages through syslog",
        "dmesg-disk",
        "Nov 23 01:00:00 nodea kernel: ada0 at ahcich0 bus 0 scbus0 target 0 lun 0\n"
        "Nov 23 01:00:00 nodea kernel: ada0: <WDC WD10EZEX 01.01A01> ACS-3 ATA SATA 3.x device\n"
        "ada0: 300.000MB/s transfers (SATA 2.x, UDMA6, PIO 8192bytes)\nada0: Command Queueing enabled\n"
        "ada0: 953869MB (1953525168 512 byte sectors)\nada0: quirks=0x1<4K>\n"
        "ad0: 76319MB <ST380011A 3.06> [155061/16/63] at ata0-master UDMA100\n"
        "mfid0 on mfi0\nmfid0: 1429504MB (2927624192 sectors) RAID volume 'VD0' is optimal\n"
        "mmcsd0: 31GB <SDHC SU32G> at mmc0 50.0MHz/4bit\ncd0 at ata1 bus 0 scbus1 target 0 lun 0\n",
        {
            "disks": [
                {
                    "name": "ada0",
                    "mb": 953869,
                    "sectors": 1953525168,
                    "sector_size": 512,
                    "model": "WDC WD10EZEX 01.01A01",
                },
                {"name": "ad0", "mb": 76319, "model": "ST380011A 3.06"},
                {"name": "mfid0", "mb": 1429504, "sectors": 2927624192},
                {"name": "mmcsd0", "mb": 31744},
            ]
        },
    ),
    (
        "a CAM list with its buses",
        "camcontrol-devlist",
        "scbus0 on ahcich0 bus 0:\n<QEMU HARDDISK 2.5+>               at scbus0 target 0 lun 0 (ada0,pass0)\n"
        "<>                                 at scbus0 target -1 lun ffffffff ()\n"
        "<VMware Virtual NVMe Disk 1.4>     at scbus2 target 0 lun c1 (nda0,pass1)\n",
        {
            "devices": [{"names": ["ada0", "pass0"]}, {"lun": 0xC1, "names": ["nda0", "pass1"]}],
            "disks": ["ada0", "nda0"],
        },
    ),
    (
        "diskinfo -v of a disk",
        "diskinfo",
        "vtbd1\n\t512         \t# sectorsize\n\t1073741824  \t# mediasize in bytes (1.0G)\n"
        "\t2097152     \t# mediasize in sectors\n\t0           \t# stripesize\n"
        "\t63          \t# Sectors according to firmware.\n\t            \t# Disk descr.\n"
        "\tABC-1       \t# Disk ident.\n\tNo          \t# TRIM/UNMAP support\n",
        {
            "providers": [
                {
                    "name": "vtbd1",
                    "mediasize": 1073741824,
                    "sectors": 2097152,
                    "spt": 63,
                    "ident": "ABC-1",
                    "trim": False,
                }
            ]
        },
    ),
    (
        "routes with counters",
        "netstat-rn",
        "Routing tables\n\nInternet:\n"
        "Destination        Gateway            Flags    Refs      Use  Netif Expire\n"
        "default            192.168.1.1        UGS         0     1234    em0\n"
        "192.168.1.101      00:0c:29:aa:bb:cc  UHLW        1        5    em0   1200\n",
        {
            "default": "192.168.1.1",
            "inet": [
                {"destination": "default", "netif": "em0", "refs": 0, "use": 1234},
                {"netif": "em0", "expire": "1200"},
            ],
        },
    ),
]


@pytest.mark.parametrize(
    ("kind", "text", "wanted"), [shape[1:] for shape in SHAPES], ids=[s[0] for s in SHAPES]
)
def test_a_shape_is_read_whole(kind: str, text: str, wanted: dict[str, Any]) -> None:
    told = explain(kind, text)
    assert differences(wanted, told["facts"]) == []
    assert told["unread"] == []


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("fstab", "/dev/md0 /mnt ufs"),
        ("fstab", "/dev/md0 /mnt ufs rw one 2"),
        ("swapinfo", "/dev/md99 524288 22316 501972 lots"),
        ("disklabel", "  a: 100 16"),
        ("disklabel", "  a: 100 16 4.2BSD 1 2 3 4"),
        ("gpart-show", "  34 128 1 freebsd-boot (64k)"),
        ("fdisk", "    start 63, size 100 (0 Meg), flag 80 (active)"),
        ("svstat", "/service/x: sideways (pid 1) 2 seconds"),
        ("camcontrol-devlist", "<x> at scbus0 target 0"),
        ("newfs", "/dev/md0: big (some sectors) block size 1"),
        ("qmail-qread", "\tlocal\tbob@h"),
        ("qmail-log", "delivery: success"),
        ("netstat-rn", "default 1.2.3.4 UGS em0"),
    ],
)
def test_half_a_line_is_unread(kind: str, text: str) -> None:
    assert explain(kind, text)["unread"] == [text]
