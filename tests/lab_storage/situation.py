"""A pair on a virtual clock whose nodes run the shell text that the recorded pair ran."""

import json
import re
from pathlib import Path
from typing import Self

from console.lab.stage import FRESH, HARDCODED, PROVISIONED, Outcome, Stage

CAPTURES = Path(__file__).parent.parent / "captures/freebsd-13.2-pair"
SITES = "/home/sites"
IMAGE = {"a": "/root/images/sitesprimary.img", "b": "/root/images/sitesbackup.img"}
ATTACH = {name: f"mdconfig -a -t vnode -f {image} -u 0" for name, image in IMAGE.items()}
GATE = f"ggatec create -t 10 -u 0 192.168.1.101 {IMAGE['b']}"
COMPLETE = (
    "               Name    Status  Components\n"
    "mirror/remotemirror  COMPLETE  ggate0 (ACTIVE)\n"
    "                               md0 (ACTIVE)\n"
)
"""What `gmirror status` prints for a complete pair that was built on the slave's half."""

ALONE = "               Name    Status  Components\nmirror/remotemirror  DEGRADED  md0 (ACTIVE)\n"
UNTIL_DEVICE = "n=0; while [ ! -e /dev/mirror/remotemirror ] && [ $n -lt 20 ]; do sleep 1; n=$((n+1)); done"


class Situation:
    """Two nodes, what is done to them and what they say."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    @classmethod
    async def fresh(cls) -> Self:
        """Two nodes after their first boot."""
        return cls(await Stage.set_up(FRESH))

    @classmethod
    async def free(cls) -> Self:
        """A complete, mounted pair with `-t 10`; neither half is hard-coded, as in recordings 02 to 08."""
        return cls(await Stage.set_up(PROVISIONED))

    @classmethod
    async def hardcoded(cls) -> Self:
        """The same with both halves hard-coded, as in recording 09."""
        return cls(await Stage.set_up(HARDCODED))

    @classmethod
    async def as_built(cls) -> Self:
        """The same with the master's half hard-coded and the slave's free, as in recording 14."""
        pair = await cls.free()
        await pair.ok("a", "gmirror remove remotemirror md0; gmirror insert -h -p 100 remotemirror md0")
        await pair.copied("md0")
        return pair

    async def says(self, node: str, text: str) -> Outcome:
        """What a command leaves behind; it must end."""
        outcome = await self.stage.run(node, text)
        assert outcome is not None, f"no answer: {text}"
        return outcome

    async def ok(self, node: str, text: str) -> str:
        """What a command prints that must succeed."""
        outcome = await self.says(node, text)
        assert outcome.exit_status == 0, f"{text}: {outcome}"
        return outcome.out

    async def refused(self, node: str, text: str) -> str:
        """What a command complains that must fail."""
        outcome = await self.says(node, text)
        assert outcome.exit_status != 0, f"{text}: {outcome}"
        return outcome.err

    async def hangs(self, node: str, text: str, seconds: float) -> bool:
        """Whether a command gives no answer for so long (world seconds)."""
        return await self.stage.run(node, text, limit=seconds) is None

    async def status(self, node: str = "a") -> str:
        """What `gmirror status` prints."""
        return await self.ok(node, "gmirror status")

    async def counters(self, node: str, provider: str) -> tuple[int, int]:
        """Genid and syncid in the metadata of a provider."""
        said = await self.ok(node, f"gmirror dump {provider}")
        found = re.search(r"genid: (\d+)\s+syncid: (\d+)", said)
        assert found, said
        return int(found[1]), int(found[2])

    async def copied(self, component: str) -> None:
        """Rebuild a component on the master and wait until it is done."""
        await self.ok("a", f"gmirror rebuild remotemirror {component}")
        await self.wait(65)
        assert "COMPLETE" in await self.status()

    async def happen(self, event: str, node: str = "") -> None:
        """Let an event of the recordings happen: `power cut`, `replication link pulled` …"""
        await self.stage.happen(event, node)

    async def power_on(self, node: str) -> None:
        """Give a node its power back and wait until it has booted."""
        await self.happen("power on", node)
        await self.wait(60)

    async def wait(self, seconds: float) -> None:
        """Let world time pass."""
        await self.stage.clock.advance(seconds)

    async def let_go(self) -> None:
        """The master gives up its mirror, its half and its gate."""
        await self.ok(
            "a", f"umount {SITES} && gmirror stop remotemirror && mdconfig -d -u 0 && ggatec destroy -u 0"
        )
        await self.wait(6)

    async def promote(self) -> None:
        """The slave runs the mirror on its own half."""
        await self.ok("b", f"kldload geom_mirror; pkill ggated; sleep 1; {ATTACH['b']}; {UNTIL_DEVICE}")
        await self.ok("b", f"mount /dev/mirror/remotemirror {SITES}")


def recorded(scenario: str, command: str, nth: int = 0) -> Outcome:
    """What the real pair said the nth time it ran a command that starts so.

    Raises:
        LookupError: no such command in the recording.
    """
    for line in next(CAPTURES.glob(f"{scenario}-*.jsonl")).read_text().splitlines():
        record = json.loads(line)
        if not str(record.get("run", "")).startswith(command) or "exit" not in record:
            continue
        if nth == 0:
            return Outcome(record["exit"], record["out"], record["err"])
        nth -= 1
    raise LookupError(f"{command} in {scenario}")


def without_ids(text: str) -> str:
    """A text in which the id of a file system no longer tells one pair from another."""
    return re.sub(r"\b[0-9a-f]{16}\b", "UFSID", text)
