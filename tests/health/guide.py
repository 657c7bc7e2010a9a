"""A pair set up as the reference guide has it: its captured files, and what its four scripts do."""

from pathlib import Path
from typing import Any

from console.model.facts import ConfigFile
from console.model.snapshot import PairSnapshot
from console.model.words import Home
from console.parse.freevrrpd_conf import read_vrrp_conf
from console.parse.ggate import read_exports
from tests.health.building import SCRIPTS, healthy, with_facts

CAPTURES = Path(__file__).parent.parent / "captures" / "freebsd"

MASTER_MASTER = """\
#!/bin/sh
gmirror deactivate remotemirror ggate0; gmirror deactivate remotemirror md0
until [ -c /dev/ggate0 ]
do
    ggatec create -d 5 192.168.1.102 /root/images/sitesbackup.img; sleep 1
done
units=$(mdconfig -l)
[ "$units" = "md0" ] || mdconfig -a -t vnode -f /root/images/sitesprimary.img
gmirror label -n -b prefer remotemirror ggate0
gmirror insert remotemirror md0
gmirror rebuild remotemirror md0
while [ $(gmirror status | awk '/remotemirror/ { print $2 }') != COMPLETE ]; do sleep 1; done
/sbin/mount /dev/mirror/remotemirror /home/sites
"""
MASTER_BACKUP = """\
#!/bin/sh
umount /home/sites
for half in ggate0 md0; do gmirror deactivate remotemirror $half; done
ggatec destroy -u 0
"""
SLAVE_MASTER = """\
#!/bin/sh
pkill ggated
[ -c /dev/md0 ] || mdconfig -a -t vnode -f /root/images/sitesbackup.img
fsck -t ufs -y /dev/md0
sleep 2
if [ -c /dev/mirror/remotemirror ]; then mount /dev/mirror/remotemirror /home/sites
else mount /dev/md0 /home/sites
fi
"""
SLAVE_BACKUP = """\
#!/bin/sh
umount /home/sites
/sbin/ggated
"""


def captured(name: str) -> str:
    return (CAPTURES / name).read_text()


def _files(master: str, backup: str) -> tuple[ConfigFile, ...]:
    return (
        ConfigFile("/etc/rc.conf", ('hostname="node"', 'sshd_enable="YES"')),
        ConfigFile("/boot/loader.conf"),
        ConfigFile("/etc/fstab", ("/dev/gpt/rootfs / ufs rw 1 1",)),
        ConfigFile(SCRIPTS[0], tuple(master.splitlines())),
        ConfigFile(SCRIPTS[1], tuple(backup.splitlines())),
    )


def guide_pair() -> PairSnapshot:
    """Both nodes as the guide sets them up."""
    pair = healthy()
    setup: list[tuple[Home, str, str, str]] = [
        (Home.MASTER, "guide-server-a-no-header.txt", MASTER_MASTER, MASTER_BACKUP),
        (Home.SLAVE, "guide-server-b.txt", SLAVE_MASTER, SLAVE_BACKUP),
    ]
    for home, conf, master, backup in setup:
        new: dict[str, Any] = {
            "vrrpconf": read_vrrp_conf(captured(f"freevrrpd-conf/{conf}")).facts,
            "files": _files(master, backup),
        }
        pair = with_facts(pair, home, **new)
    return with_facts(pair, Home.SLAVE, exports=read_exports(captured("ggate/gg-exports-host.txt")).facts)
