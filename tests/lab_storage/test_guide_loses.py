"""R1: the reference guide's own scripts, run in its own order, end with the old data served and say nothing.

The real pair did so too (recording 06b). What the guide's four scripts do is data here, with two repairs
without which they never end: `-t` for the option `-d` that ggatec lacks, and a wait that gives up on a mirror
that nobody copies.
"""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from console.lab.invariants import Watcher, watch
from console.lab.provision import install_pair
from console.lab.stage import PROVISIONED, Outcome, Stage

SITES = "/home/sites"
WRITTEN = f"{SITES}/file_from_slave_server.txt"
RECORDING = Path(__file__).parent.parent / "captures/freebsd-13.2-pair/06b-failback-guide-script.jsonl"
SCRIPTS = "/usr/local/libexec/mirrorgate"

MASTER_LETS_GO = f"""
umount {SITES}
gmirror deactivate remotemirror ggate0
gmirror deactivate remotemirror md0
ggatec destroy -u 0
"""
SLAVE_TAKES_OVER = f"""
pkill ggated; sleep 1
[ -e /dev/md0 ] || mdconfig -a -t vnode -f /root/images/sitesbackup.img
fsck -t ufs -y /dev/md0
sleep 2
if [ -e /dev/mirror/remotemirror ]; then
    mount /dev/mirror/remotemirror {SITES}
else
    mount /dev/md0 {SITES}
fi
"""
SLAVE_LETS_GO = f"""
umount {SITES}
/sbin/ggated
"""
MASTER_TAKES_OVER = f"""
gmirror deactivate remotemirror md0
gmirror deactivate remotemirror ggate0
until [ -e /dev/ggate0 ]; do
    ggatec create -t 10 -u 0 192.168.1.101 /root/images/sitesbackup.img
    sleep 1
done
if [ "$(mdconfig -l)" = "md0 " ]; then :; else mdconfig -a -t vnode -f /root/images/sitesprimary.img; fi
gmirror deactivate remotemirror ggate0
gmirror deactivate remotemirror md0
gmirror label -v -n -b prefer remotemirror ggate0
sleep 1
gmirror insert remotemirror md0
sleep 1
gmirror rebuild remotemirror md0
while gmirror status -s remotemirror | grep -Eq 'SYNC|STALE'; do sleep 1; done
mount /dev/mirror/remotemirror {SITES}
"""


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    built = await Stage.set_up(PROVISIONED)
    yield built
    await built.close()


@pytest.fixture
def watcher(stage: Stage) -> Watcher:
    return watch(stage.world)


async def run(stage: Stage, node: str, script: str) -> Outcome:
    outcome = await stage.run(node, script)
    assert outcome is not None, f"no answer: {script}"
    await stage.reach(stage.now + 8.0)
    return outcome


async def failover_by_the_guide(stage: Stage) -> None:
    """Its tests 1 and 2, up to the moment when the master is to serve again."""
    await run(stage, "a", MASTER_LETS_GO)
    await run(stage, "b", SLAVE_TAKES_OVER)
    await run(stage, "b", f"echo from-slave > {WRITTEN}; fsync {WRITTEN}; sync")
    await run(stage, "b", SLAVE_LETS_GO)


def recorded(command: str) -> str:
    """What the real master complained about a command."""
    for line in RECORDING.read_text().splitlines():
        record = json.loads(line)
        if record.get("node") == "a" and str(record.get("run", "")).startswith(command):
            said: str = record["err"]
            if said:
                return said.strip()
    raise LookupError(command)


async def test_the_guides_own_scripts_serve_the_old_data_and_report_success(
    stage: Stage, watcher: Watcher
) -> None:
    await failover_by_the_guide(stage)
    outcome = await run(stage, "a", MASTER_TAKES_OVER)

    assert outcome.exit_status == 0
    shown = await run(stage, "a", f"ls {SITES}; cat {WRITTEN}")
    assert shown.out == ".snap\none.txt\n"
    assert "No such file or directory" in shown.err
    assert (await run(stage, "a", "gmirror status -s")).out == "mirror/remotemirror  DEGRADED  md0 (ACTIVE)\n"
    assert watcher.violations == [
        "nodea serves nodea:/root/images/sitesprimary.img, "
        "which lacks the acknowledged write to /file_from_slave_server.txt on nodeb"
    ]


async def test_each_refusal_that_the_guide_ignores_is_the_one_that_was_recorded(stage: Stage) -> None:
    await failover_by_the_guide(stage)
    outcome = await run(stage, "a", MASTER_TAKES_OVER)

    for command in (
        "gmirror deactivate remotemirror md0",
        "gmirror insert remotemirror md0",
        "gmirror rebuild remotemirror md0",
    ):
        assert recorded(command) in outcome.err


async def test_one_insert_further_the_slaves_newer_data_is_overwritten(
    stage: Stage, watcher: Watcher
) -> None:
    await failover_by_the_guide(stage)
    await run(stage, "a", MASTER_TAKES_OVER)
    await run(stage, "a", "gmirror forget remotemirror; gmirror insert remotemirror ggate0")
    await run(stage, "a", "gmirror rebuild remotemirror ggate0")
    await stage.reach(stage.now + 60.0)

    assert any("copied over nodeb:/root/images/sitesbackup.img" in line for line in watcher.violations)
    assert any(line.startswith("in no image any more") for line in watcher.violations)


async def test_our_scripts_refuse_from_the_state_that_the_guide_left(stage: Stage, watcher: Watcher) -> None:
    install_pair(stage.world)
    await failover_by_the_guide(stage)
    told = len(watcher.violations)
    outcome = await run(stage, "a", f"{SCRIPTS}/promote.sh")

    assert outcome.exit_status == 1
    assert "is not complete" in outcome.err
    assert "/home/sites" not in (await run(stage, "a", "mount")).out
    assert watcher.violations[told:] == []


async def test_our_scripts_in_the_guides_place_keep_the_slaves_file(stage: Stage, watcher: Watcher) -> None:
    install_pair(stage.world)
    for node, script in (("a", "demote"), ("b", "promote")):
        outcome = await run(stage, node, f"{SCRIPTS}/{script}.sh")
        assert outcome.exit_status == 0, outcome
    await run(stage, "b", f"echo from-slave > {WRITTEN}; fsync {WRITTEN}")
    assert (await run(stage, "b", f"{SCRIPTS}/demote.sh -r job")).exit_status == 0
    outcome = await run(stage, "a", f"{SCRIPTS}/promote.sh")

    assert outcome.exit_status == 1
    assert "use the job fail-back" in outcome.err
    assert await watcher.check() == []
    assert (await run(stage, "b", f"{SCRIPTS}/promote.sh")).exit_status == 0
    assert (await run(stage, "b", f"cat {WRITTEN}")).out == "from-slave\n"
    assert await watcher.check() == []
