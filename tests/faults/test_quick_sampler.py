"""What reads for the matrix says what the real sampler says."""

import re

import pytest

from console.lab.pair import BARE, HEALTHY
from console.parse.sections import SECTION_FIELDS
from console.ssh.frames import Frame
from console.ssh.sampler import SCRIPT, Lane
from tests.faults.site import Site, site
from tests.faults.virtual_time import run

_SETTINGS = {"qmail": "/var/qmail", "qmaillog": "/var/log/qmail/current", "image": "/root/images/none.img"}
_CALM = 60.0
"""Seconds after which nothing changes any more."""
_SECTIONS = tuple(SECTION_FIELDS)


def _alike(text: str) -> str:
    """Without what differs between two samplers: processes, the time, checksums, and who still reads a disk.

    What reads metadata does so while geom is asked, and hangs with its disk open on a gate that is cut off.
    """
    text = re.sub(r"check \d+|<queue_count>\d+|<first_seq>\d+|<next_seq>\d+", "N", text)
    text = re.sub(r"^\d{10}$|\{ [0-9. ]+ \}", "T", text, flags=re.M)
    text = re.sub(r"<mode>r\d+", "<mode>r", text)
    lines = [line for line in text.splitlines() if not re.search(r" sshd: | ps -axww| sh$|/bin/sh$", line)]
    return "\n".join(re.sub(r"^ *\d+ +\d+ ", "", line) for line in lines)


async def _answers(here: Site, name: str, script: str) -> dict[str, Frame]:
    node = next(node for node in here.pair.nodes if node.name == name)
    lane = await Lane.open(await here.connect(node), name, settings=_SETTINGS, script=script)
    await lane.tick(_SECTIONS)
    frames = lane.frames()
    answers = [await anext(frames) for _ in _SECTIONS]
    await lane.close()
    return {frame.section: frame for frame in answers}


@pytest.mark.parametrize(
    ("scenario", "faults"),
    [(HEALTHY, ()), (HEALTHY, ("pull-link",)), (HEALTHY, ("split-brain",)), (BARE, ())],
)
def test_it_answers_like_the_script(scenario: str, faults: tuple[str, ...]) -> None:
    async def compare() -> None:
        async with site(scenario) as here:
            for fault in faults:
                await here.lab.fault(fault)
            await here.lab.world.clock.sleep(_CALM)
            for name in here.lab.names.values():
                quick = await _answers(here, name, SCRIPT)
                real = await _answers(here, name, f"{SCRIPT}\n")
                for section in _SECTIONS:
                    assert quick[section].exit_status == real[section].exit_status, section
                    assert _alike(quick[section].text) == _alike(real[section].text), section

    run(compare())
