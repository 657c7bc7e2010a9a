"""What the comparison hides, and what it must not hide."""

import pytest

from console.lab.masking import mask


@pytest.mark.parametrize(
    ("run", "recorded", "given"),
    [
        ("date", "Mon Nov 23 01:17:46 UTC 2026\n", "Tue Dec  1 23:00:00 UTC 2026\n"),
        ("uptime", " 1:17AM  up 1 min, 0 users, load averages: 0.98, 0.34, 0.13\n",
         "12:01PM  up 2 days, 3:04, 0 users, load averages: 0.00, 0.01, 0.02\n"),
        ("tail /var/log/messages", "Nov 23 01:18:10 nodea ggatec[753]: Exiting.\n",
         "Nov 24 11:18:10 nodea ggatec[99]: Exiting.\n"),
        ("ls -l /x", "-rw-r--r--  1 root  wheel  9 Nov 23 01:18 /x\n",
         "-rw-r--r--  1 root  wheel  9 Jan  3  2025 /x\n"),
        ("gmirror list", "   ID: 2937258218\n", "   ID: 17\n"),
        ("gmirror status", "md0 (SYNCHRONIZING, 16%)\n", "md0 (SYNCHRONIZING, 43%)\n"),
        ("ps -axww -o pid,stat,command", "  766 Is   ggated\n", "12766 Ss   ggated\n"),
        ("sockstat -4l", "root     ggated     747   6  tcp4   *:3080   *:*\n",
         "root     ggated     12747 6  tcp4   *:3080   *:*\n"),
        ("cat /tmp/x", "\0\0\0!system=GEOM\n", "!system=GEOM\n"),
    ],
)  # fmt: skip
def test_what_another_run_would_change_is_hidden(run: str, recorded: str, given: str) -> None:
    assert recorded != given
    assert mask(run, recorded) == mask(run, given)


@pytest.mark.parametrize(
    ("run", "recorded", "given"),
    [
        ("gmirror status", "md0 (STALE)\n", "md0 (ACTIVE)\n"),
        ("gmirror list", "   SyncID: 1\n", "   SyncID: 2\n"),
        ("ls -l /x", "-rw-r--r--  1 root  wheel  9 Nov 23 01:18 /x\n",
         "-rw-r--r--  1 root  wheel  10 Nov 23 01:18 /x\n"),
        ("ps -axww -o pid,stat,command", "  766 DL   ggated\n", "  766 Ss   ggated\n"),
        ("ggatec list -v", "queue_count: 1\n", "queue_count: 0\n"),
        ("df -n", "/dev/mirror/r  47256 12 43464 0% /home\n", "/dev/mirror/r  47256 16 43460 0% /home\n"),
        ("ifconfig", "\tinet 192.168.1.102 netmask 0xffffffff\n",
         "\tinet 192.168.1.103 netmask 0xffffffff\n"),
        ("mount", "/dev/md0 on /home/sites (ufs, local)\n",
         "/dev/md0 on /home/sites (ufs, local, soft-updates)\n"),
    ],
)  # fmt: skip
def test_what_means_something_is_compared(run: str, recorded: str, given: str) -> None:
    assert mask(run, recorded) != mask(run, given)


def test_the_order_of_the_mesh_means_nothing_but_its_names_do() -> None:
    def mesh(*names: str) -> str:
        geoms = "".join(
            f'<geom id="0xfffff8000000{i:04x}"><name>{name}</name></geom>' for i, name in enumerate(names)
        )
        return f'<mesh>\n<class id="0xffffffff80d231b0"><name>MD</name>{geoms}</class>\n</mesh>\n'

    run = "sysctl -n kern.geom.confxml"
    assert mask(run, mesh("md0", "md1")) == mask(run, mesh("md1", "md0"))
    assert mask(run, mesh("md0", "md1")) != mask(run, mesh("md0", "md2"))
