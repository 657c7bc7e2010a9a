"""What is read on the nodes for a step: a file that is to be written, the probes of the direction card."""

import asyncio
from collections.abc import Mapping, Sequence

from console.engine.grip import Grip
from console.engine.secret_values import Secrets
from console.engine.writing import filled
from console.model.job import HandsLost
from console.model.plan import Probe, Step, WriteFile
from console.ssh.quoting import quote
from console.ssh.text import one_line

READING = 5.0
"""Seconds for which a node that does not answer is asked again."""
PROBING = 10.0
"""Seconds a probe may take."""


async def present(step: Step, grips: Mapping[str, Grip], secrets: Secrets) -> bool:
    """Whether the file the step writes is there with this very content and mode. Raises HandsLost."""
    if not isinstance(step.action, WriteFile) or step.node is None:
        return False
    action, grip = step.action, grips[step.node]
    values = await secrets.found(action)
    if values is None:
        return False
    deadline = asyncio.get_running_loop().time() + READING
    if await grip.until(deadline, lambda h: h.read_file(action.path)) != filled(action.content, values):
        return False
    status, listing = await grip.until(deadline, lambda h: h.read(quote(["ls", "-ld", action.path])))
    return status == 0 and listing[:10] == _as_listed(action.mode)


def _as_listed(mode: str) -> str:
    """`0644` as ls(1) shows it for a file."""
    bits = int(mode, 8)
    return "-" + "".join(
        letter if bits & (0o400 >> place) else "-" for place, letter in enumerate("rwxrwxrwx")
    )


async def probed(probes: Sequence[Probe], grips: Mapping[str, Grip]) -> tuple[tuple[str, str, str], ...]:
    """(node, label, value) of each probe, read at once; what cannot be read says so."""
    return tuple(await asyncio.gather(*(_probe(probe, grips) for probe in probes)))


async def _probe(probe: Probe, grips: Mapping[str, Grip]) -> tuple[str, str, str]:
    try:
        async with asyncio.timeout(PROBING + 1):
            status, text = await grips[probe.node].once(lambda h: h.read(probe.text, PROBING))
    except (HandsLost, TimeoutError) as lost:
        return probe.node, probe.label, f"unknown: {one_line(str(lost)) or 'no answer in time'}"
    if status is None:
        return probe.node, probe.label, f"unknown: no answer within {PROBING:.0f} s"
    if status != 0:
        return probe.node, probe.label, f"unknown: exit {status} {one_line(text)}".rstrip()
    return probe.node, probe.label, one_line(text) or "(nothing)"
