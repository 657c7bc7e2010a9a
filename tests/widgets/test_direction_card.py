"""Which half is which must never be shown wrongly."""

from console.model.direction import facts_of
from console.model.plan import Direction, Probe, Side
from widgets.direction_card import direction_lines

SOURCE = Side(
    node="web-b",
    component="ggate0",
    image="/i/b.img",
    size=524288000,
    facts=(("lineage", "7f3a"),),
    probes=(
        Probe(label="ggate0 syncid", node="web-a", text="x"),
        Probe(label="newest", node="web-b", text="x"),
    ),
)
TARGET = Side(
    node="web-a",
    component="md0",
    image="/i/a.img",
    facts=(("lineage", "21c9"),),
    probes=(Probe(label="md0 syncid", node="web-a", text="x"),),
)
NOW = (("web-a", "ggate0 syncid", "3"), ("web-a", "md0 syncid", "2"), ("web-a", "lineage", "21c9 21d0"))


def test_a_half_that_is_read_on_the_other_node_stays_on_its_side() -> None:
    assert dict(facts_of(SOURCE, TARGET, NOW)) == {
        "image": "/i/b.img",
        "lineage": "7f3a",
        "ggate0 syncid": "3",
        "newest": "read before it is asked",
    }
    assert dict(facts_of(TARGET, SOURCE, NOW)) == {
        "image": "/i/a.img",
        "lineage": "21c9 21d0",
        "md0 syncid": "2",
    }


def test_what_is_lost_stands_first_and_nothing_is_wider_than_the_card() -> None:
    direction = Direction(source=SOURCE, target=TARGET, overwritten="web-a:/i/a.img will be OVERWRITTEN")
    for width in (30, 56, 64, 100, 140):
        lines = direction_lines(direction, NOW, width)
        assert "OVERWRITTEN" in "".join(line.plain for line in lines[:2])
        assert max(line.cell_length for line in lines) <= width
        text = "\n".join(line.plain for line in lines)
        assert text.index("web-b:ggate0") < text.index("web-a:md0")
        assert "size unknown" in text
