"""One pair in one line: nothing better in it than in the state it is made from."""

from dataclasses import replace

import pytest

from console.health.pair_line import line_of, looked_at
from console.model.pair_line import PairLine
from console.model.snapshot import Link, LinkState, NodeView, PairSnapshot, PairState
from console.model.words import Answer, ComponentState, MirrorState, Role, Severity
from tests.screens import sample

ACTIVE, SYNCHRONIZING = ComponentState.ACTIVE, ComponentState.SYNCHRONIZING


def test_a_healthy_pair() -> None:
    line = line_of(sample.healthy(), settled=True)
    assert line.roles == (Role.MASTER, Role.BACKUP)
    assert (line.address, line.mounted) == ((Answer.YES, Answer.NO), (Answer.YES, Answer.NO))
    assert (line.mirror, line.components) == (MirrorState.COMPLETE, (ACTIVE, ACTIVE))
    assert (line.worst, line.findings, line.sync_percent) == (None, 0, None)
    assert line.last_seen == tuple(n.link.last_seen for n in sample.healthy().snapshot.nodes)


def test_a_rebuild_and_the_worst_finding() -> None:
    line = line_of(sample.syncing(), settled=True)
    assert SYNCHRONIZING in line.components
    assert line.sync_percent is not None
    assert line.worst is min((f.severity for f in sample.syncing().findings), key=lambda s: s.rank)
    assert line.findings == len(sample.syncing().findings)


def test_two_mirrors_are_as_sound_as_the_worse_of_them() -> None:
    line = line_of(sample.split_brain(), settled=True)
    assert line.mounted == (Answer.YES, Answer.YES)
    assert line.mirror is MirrorState.DEGRADED
    assert line.serving is None or line.ready is not Answer.YES


def test_of_a_pair_that_was_not_read_nothing_is_known() -> None:
    config = sample.pair_config()
    state = PairState(PairSnapshot(config, NodeView(config.master), NodeView(config.slave)))
    expected = PairLine(config.name, (config.master.name, config.slave.name))
    assert line_of(state, settled=False) == expected
    assert not looked_at(state)


def test_that_no_mirror_is_there_is_known_only_when_both_nodes_say_so() -> None:
    state = sample.healthy()
    first, second = (replace(truth, mirror=None) for truth in state.truths)
    both = replace(state, truths=(first, second))
    one = replace(state, truths=(first, replace(second, mirror_known=False)))
    assert (line_of(both, settled=True).mirror, line_of(both, settled=True).mirror_known) == (None, True)
    assert (line_of(one, settled=True).mirror, line_of(one, settled=True).mirror_known) == (None, False)


@pytest.mark.parametrize(("link", "known"), [(LinkState.CONNECTING, False), (LinkState.REFUSED, True)])
def test_a_node_that_cannot_be_reached_was_looked_at_and_one_that_is_being_connected_was_not(
    link: LinkState, known: bool
) -> None:
    state = sample.healthy()
    unread = NodeView(state.snapshot.slave.config, Link(link))
    assert looked_at(replace(state, snapshot=replace(state.snapshot, slave=unread))) is known


def test_a_queue_that_is_not_known_now_is_not_told_as_it_was() -> None:
    state = sample.healthy()
    assert line_of(state, settled=True).queue is not None
    facts = state.snapshot.master.facts
    silent = replace(facts, mail=replace(facts.mail, unknown="did not answer"))
    master = replace(state.snapshot.master, facts=silent)
    line = line_of(replace(state, snapshot=replace(state.snapshot, master=master)), settled=True)
    assert line.queue is None


def test_the_line_says_how_many_findings_of_which_severity_is_the_worst() -> None:
    line = line_of(sample.state(findings=(sample.P31, sample.P23)), settled=True)
    assert (line.worst, line.worst_id, line.findings) == (Severity.CRITICAL, "P23", 2)
