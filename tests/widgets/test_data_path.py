from dataclasses import replace

import pytest
from textual.content import Content

from console.model.facts import Fact, Socket
from console.model.snapshot import Link, LinkState, PairState
from console.model.words import Answer
from tests.screens import sample
from widgets.data_path import blocked, sync_line, verdict
from widgets.path_facts import Wire, read_path
from widgets.path_picture import ROWS, brief, picture

STATES = (
    sample.healthy,
    sample.syncing,
    sample.degraded,
    sample.split_brain,
    sample.gone,
    sample.blocked,
    sample.promoted,
    sample.connecting,
    sample.refused,
)


def drawn(state: PairState, width: int = 116) -> str:
    content = picture(read_path(state), state.sync, width)
    assert content is not None
    return content.plain


@pytest.mark.parametrize("make", STATES)
@pytest.mark.parametrize("width", [110, 116, 156, 200])
def test_every_row_of_the_picture_is_as_wide_as_its_room(make: object, width: int) -> None:
    state = make()  # type: ignore[operator]  # a table of functions
    content = picture(read_path(state), state.sync, width)
    if content is not None:
        rows = content.split("\n")
        assert [row.cell_length for row in rows] == [width] * ROWS


@pytest.mark.parametrize("make", STATES)
@pytest.mark.parametrize("width", [10, 40, 58, 78, 100])
def test_the_short_form_never_exceeds_its_room(make: object, width: int) -> None:
    state = make()  # type: ignore[operator]  # a table of functions
    assert brief(read_path(state), width).cell_length <= width
    if state.sync is not None and width >= 58:
        assert sync_line(state.sync, width).cell_length <= width


def test_a_healthy_path_is_whole_from_image_to_image() -> None:
    line = drawn(sample.healthy()).splitlines()[1]
    assert "✖" not in line
    assert "◌" not in line
    for station in ("sitesprimary.img", "md0", "mirror/remotemirror", "ggate0", "ggated", "sitesbackup.img"):
        assert station in line


def test_a_rebuild_points_at_what_is_overwritten() -> None:
    line = drawn(sample.syncing()).splitlines()[1]
    assert "◀" in line.split("mirror/")[0]
    text = sync_line(sample.syncing().sync, 116).plain  # type: ignore[arg-type]  # syncing() has one
    assert "web-b ─▶ web-a" in text
    assert "41 %" in text
    assert "38 MB/s" in text
    assert "3 min 12 s left" in text


def test_a_node_that_is_gone_breaks_the_line_to_it() -> None:
    path = read_path(sample.gone())
    assert path.right.network is Wire.BROKEN
    assert path.right.serving is Answer.UNKNOWN
    line = drawn(sample.gone()).splitlines()[1]
    assert "══ ✖ ══" in line
    assert "ggated ?" in line


def test_a_silent_node_whose_gate_still_works_is_unknown_not_broken() -> None:
    state = sample.healthy()
    slave = replace(state.snapshot.slave, link=Link(LinkState.SILENT, "", sample.NOW - 4))
    state = replace(state, snapshot=replace(state.snapshot, slave=slave))
    assert read_path(state).right.network is Wire.UNKNOWN


def test_a_gate_without_a_connection_is_broken() -> None:
    state = sample.healthy()
    quiet: Fact[tuple[Socket, ...]] = Fact(last=(), unknown=None, taken=sample.NOW)
    nodes = [replace(v, facts=replace(v.facts, sockets=quiet)) for v in state.snapshot.nodes]
    state = replace(state, snapshot=replace(state.snapshot, master=nodes[0], slave=nodes[1]))
    assert read_path(state).right.network is Wire.BROKEN
    assert "no peer" in verdict(read_path(state)).plain


def test_two_mounts_are_two_mirrors_with_a_break_between() -> None:
    text = drawn(sample.split_brain())
    assert text.count("/home/sites rw") == 2
    assert "raw md0" in text
    assert "mounted on both nodes" in verdict(read_path(sample.split_brain())).plain


def test_a_mirror_that_cannot_be_read_is_unknown_and_never_called_missing() -> None:
    text = drawn(sample.blocked())
    assert "state ?" in text
    assert "no mirror" not in text
    assert "●" not in text.split("ggated")[0]
    assert verdict(read_path(sample.blocked())).plain == "◌ unknown"


def test_a_promoted_slave_keeps_its_side() -> None:
    first, line, *_ = drawn(sample.promoted()).splitlines()
    assert first.index("web-a") < first.index("on web-b") < first.rindex("web-b")
    assert line.index("sitesprimary.img") < line.index("mirror/remotemirror") < line.index("sitesbackup.img")


def test_geom_counts_as_blocked_only_while_the_node_itself_answers() -> None:
    assert blocked(sample.blocked(21).snapshot.master, sample.NOW) == pytest.approx(21)
    assert blocked(sample.gone(21).snapshot.slave, sample.NOW) is None
    assert blocked(sample.healthy().snapshot.master, sample.NOW) is None


def test_nothing_read_yet_is_drawn_without_a_single_good_sign() -> None:
    state = sample.connecting()
    assert "●" not in drawn(state)
    assert "●" not in brief(read_path(state), 100).plain


def test_a_component_is_found_by_its_device_not_by_its_name() -> None:
    path = read_path(sample.promoted())
    assert path.right.component is not None
    assert path.right.component.name.startswith("ufsid/")
    assert isinstance(picture(path, None, 116), Content)
