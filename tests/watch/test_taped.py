"""A pair told piece by piece is the pair that was watched."""

import asyncio
from dataclasses import replace

from console import config_file
from console.commands.sampling import opener
from console.lab.pair import serve
from console.model.snapshot import Link, LinkState
from console.model.tape import LinkChanged, SectionLost, SectionRead, Taped
from console.model.words import Home
from console.watch.node_watch import lane_plans, sections_of
from console.watch.pair_watch import PairWatch
from console.watch.taped import TapedNode, TapedPair
from tests.waiting import eventually
from tests.watch.fake_session import MOUNTS
from tests.watch.test_node_watch import PAIR


async def test_what_was_told_of_a_pair_brings_it_about_again_also_when_a_node_dies() -> None:
    lab = await serve()
    tape: list[Taped] = []
    pair = config_file.load(lab.config_file).pairs[0]
    watch = PairWatch(pair, opener(config_file.load(lab.config_file), None), tape.append)
    running = asyncio.create_task(watch.run())
    try:
        await eventually(lambda: watch.master.settled and watch.slave.settled)
        live = watch.snapshot()
        copy = TapedPair(pair, sections_of(lane_plans(pair)))
        for piece in tape:
            copy.apply(piece)
        assert copy.settled
        assert copy.state(live.now).snapshot == live
        heard = len(tape)
        await lab.fault("power-off", "b")
        await eventually(lambda: watch.slave.view.link.state is LinkState.LOST)
        for piece in tape[heard:]:
            copy.apply(piece)
        gone = copy.state()
        assert gone.snapshot == watch.snapshot()
        assert gone.snapshot.slave.link.last_seen is not None
        assert gone.snapshot.slave.facts.host.value is None
        assert "link" in {event.kind for event in gone.events}
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await lab.close()


def test_pieces_of_another_pair_are_left() -> None:
    copy = TapedPair(PAIR, ("mounts",))
    before = copy.state(0.0)
    copy.apply(Taped("mail", Home.MASTER, 1.0, SectionRead("mounts", MOUNTS, 0, 1.0)))
    assert copy.state(0.0) == before


def test_a_node_is_settled_by_its_last_section_or_by_being_out_of_reach() -> None:
    node = TapedNode(PAIR.master, ("mounts", "geom"))
    node.apply(SectionRead("mounts", MOUNTS, 0, 1.0))
    assert not node.settled
    node.apply(SectionLost("geom", "no answer for 3 s"))
    assert node.settled
    away = TapedNode(PAIR.master, ("mounts",))
    away.apply(LinkChanged(Link(LinkState.SILENT)))
    assert not away.settled
    away.apply(LinkChanged(Link(LinkState.REFUSED, "the host key is another one")))
    assert away.settled


def test_the_same_text_again_is_only_newer() -> None:
    node = TapedNode(PAIR.master, ("mounts",))
    node.apply(SectionRead("mounts", MOUNTS, 0, 1.0))
    first = node.view.facts.mounts
    node.apply(SectionRead("mounts", MOUNTS, 0, 9.0))
    second = node.view.facts.mounts
    assert second == first
    assert second.taken == 9.0
    assert node.view.link.last_seen == 9.0
    assert second.value is first.value


def test_a_section_of_an_unknown_name_only_shows_that_the_node_answers() -> None:
    node = TapedNode(PAIR.master, ("mounts",))
    before = node.view
    node.apply(SectionRead("later", "x", 0, 5.0))
    assert node.view.facts == before.facts
    assert node.view.link == replace(before.link, last_seen=5.0)
