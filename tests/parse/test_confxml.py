import time

import pytest

from console.model.facts import Component, Gate, Geom, MemoryDisk
from console.model.words import ComponentState, MirrorState
from console.parse.confxml import read_kern_geom_confxml
from console.parse.geom_list import read_gmirror_list
from console.parse.geom_tree import read_geom
from console.parse.reading import Reading
from tests.parse.captured import answers

MESH = [a for a in answers() if a.run == "sysctl -n kern.geom.confxml" and a.exit == 0]


def _geom(text: str) -> Geom:
    reading = read_geom(text)
    assert isinstance(reading, Reading)
    assert reading.unread == ()
    return reading.facts


def _one(*words: str) -> Geom:
    return next(_geom(a.out) for a in MESH if all(word in a.out for word in words))


def test_a_complete_mirror_has_both_halves_with_their_devices() -> None:
    geom = _one("<State>COMPLETE</State>", "<Components>2</Components>")
    mirror = geom.mirror("remotemirror")
    assert mirror is not None
    assert (mirror.state, mirror.expected, mirror.balance) == (MirrorState.COMPLETE, 2, "prefer")
    assert mirror.flags == ("NOAUTOSYNC",)
    assert mirror.mediasize == 50331136
    assert {(c.name, c.device, c.device_class, c.state) for c in mirror.components} == {
        ("md0", "md0", "MD", ComponentState.ACTIVE),
        ("ggate0", "ggate0", "GATE", ComponentState.ACTIVE),
    }


def test_a_half_that_came_back_under_its_ufsid_is_still_known_as_md0() -> None:
    geom = _one("<State>STARTING</State>", "ufsid/")
    mirror = geom.mirror("remotemirror")
    assert mirror is not None
    assert (mirror.state, mirror.mediasize, mirror.open_counts) == (MirrorState.STARTING, None, None)
    (half,) = mirror.components
    assert half.name.startswith("ufsid/")
    assert (half.device, half.device_class, half.state) == ("md0", "MD", ComponentState.NEW)
    assert half.flags == ()


def test_the_geom_that_copies_is_no_mirror() -> None:
    assert {mirror.name for a in MESH for mirror in _geom(a.out).mirrors} == {"remotemirror"}


def test_gates_and_memory_disks_carry_their_settings() -> None:
    geom = _one("<info>", "<file>/root/images/sitesprimary.img")
    assert geom.gates[0] == Gate(
        name="ggate0",
        unit=0,
        host="192.168.1.101",
        port=3080,
        path="/root/images/sitesbackup.img",
        access="read-write",
        timeout=10,
        queue_count=geom.gates[0].queue_count,
        queue_size=1024,
        mediasize=50331648,
    )
    assert geom.mds == (MemoryDisk("md0", 0, "vnode", "/root/images/sitesprimary.img", 50331648),)


def test_without_the_modules_nothing_is_there_and_that_is_known() -> None:
    geom = _geom(MESH[0].out)
    assert (geom.mirror_loaded, geom.gate_loaded, geom.mirrors) == (False, False, ())


def test_the_tree_says_what_gmirror_list_says() -> None:
    lists = {}
    for a in answers():
        if a.run == "gmirror list" and a.exit == 0 and "SYNCHRONIZING" not in a.out:
            lists[(a.scenario, a.node)] = read_gmirror_list(a.out).facts.mirrors
        if a.run == "sysctl -n kern.geom.confxml" and (a.scenario, a.node) in lists:
            listed = lists.pop((a.scenario, a.node))
            for mirror, same in zip(_geom(a.out).mirrors, listed, strict=False):
                assert (mirror.name, mirror.id, mirror.expected) == (same.name, same.id, same.expected)
                assert {c.name for c in same.components} >= {c.name for c in mirror.components if c.id}


def test_the_name_in_front_is_no_part_of_the_tree() -> None:
    text = "kern.geom.confxml: " + MESH[-1].out
    assert _geom(text) == _geom(MESH[-1].out)


def test_lines_around_the_tree_are_unread() -> None:
    reading = read_geom("sysctl: oddity\n" + MESH[-1].out + "\nbye\n")
    assert isinstance(reading, Reading)
    assert reading.unread == ("sysctl: oddity", "bye")


def test_a_gate_that_is_going_away_is_gone() -> None:
    text = next(a.out for a in MESH if "<info>" in a.out)
    withering = text.replace(
        "<name>ggate0</name>\n      <rank>", "<name>ggate0</name><wither/>\n      <rank>"
    )
    assert withering.count("<wither/>") > 0
    assert _geom(withering).gates == ()
    assert len(_geom(text).gates) == 1


def _mesh(config: str, mirror: str = "") -> str:
    return (
        '<mesh><class id="1"><name>MIRROR</name><geom id="2"><class ref="1"/><name>gm0</name><config>'
        f"<State>{mirror or 'COMPLETE'}</State></config>"
        '<consumer id="3"><geom ref="2"/><provider ref="9"/>'
        f"<config>{config}</config></consumer></geom></class>"
        '<class id="5"><name>PART</name><geom id="6"><name>ada0</name><provider id="9"><geom ref="6"/>'
        "<name>ada0p2</name></provider></geom></class></mesh>"
    )


def _component(config: str) -> Component:
    return _geom(_mesh(config)).mirrors[0].components[0]


@pytest.mark.parametrize("flags", ["", "NONE", "(null)"])
def test_no_flags_are_no_flags_however_they_are_printed(flags: str) -> None:
    assert _component(f"<Flags>{flags}</Flags>").flags == ()


def test_a_word_that_nobody_knows_is_unknown_and_kept() -> None:
    half = _component("<State>FROBNICATED</State><Flags>DIRTY, FORCE_SYNC</Flags>")
    assert (half.state, half.state_raw) == (ComponentState.UNKNOWN, "FROBNICATED")
    assert half.flags == ("DIRTY", "FORCE_SYNC")
    assert _geom(_mesh("", "QUEER")).mirrors[0].state is MirrorState.UNKNOWN


def test_zero_percent_is_a_percentage() -> None:
    assert _component("<Synchronized>0%</Synchronized>").percent == 0
    assert _component("<Synchronized>x%</Synchronized>").percent is None
    assert _component("").percent is None


def test_a_partition_is_the_device_and_its_class_is_named() -> None:
    half = _component("<State>ACTIVE</State>")
    assert (half.name, half.device, half.device_class) == ("ada0p2", "ada0p2", "PART")


def test_a_component_whose_provider_is_not_in_the_tree_has_no_device() -> None:
    reading = read_geom(_mesh("<State>ACTIVE</State>").replace('provider ref="9"', 'provider ref="77"'))
    assert isinstance(reading, Reading)
    assert reading.facts.mirrors[0].components[0].device is None


def test_labels_that_name_one_another_end() -> None:
    ring = (
        '<mesh><class id="1"><name>MIRROR</name><geom id="2"><name>gm0</name>'
        "<config><State>COMPLETE</State></config>"
        '<consumer id="3"><provider ref="a"/></consumer></geom></class><class id="4"><name>LABEL</name>'
        '<geom id="5"><name>x</name><consumer id="6"><provider ref="b"/></consumer>'
        '<provider id="a"><name>l/a</name></provider></geom>'
        '<geom id="7"><name>y</name><consumer id="8"><provider ref="a"/></consumer>'
        '<provider id="b"><name>l/b</name></provider></geom></class></mesh>'
    )
    assert _geom(ring).mirrors[0].components[0].name == "l/a"


@pytest.mark.parametrize(
    ("odd", "seen"),
    [("&#x1b;[31m", "\ufffd[31m"), ("&#x9b;", "\\x9b"), ("&#xC3;&#xA9;", "é"), ("&#xC2;&#x9B;x", "\ufffdx")],
)
def test_bytes_that_the_kernel_escaped_do_not_come_back_to_life(odd: str, seen: str) -> None:
    text = _mesh("").replace("<name>ada0p2</name>", f"<name>d{odd}</name>")
    assert _geom(text).mirrors[0].components[0].name == "d" + seen


BOMB = """<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>
<mesh><class id="1"><name>&c;</name></class></mesh>"""


@pytest.mark.parametrize(
    "text",
    [
        BOMB,
        BOMB[BOMB.index("<mesh>") :],
        "<mesh><!DOCTYPE x [<!ENTITY a 'b'>]></mesh>",
        "<mesh>" + "<a>" * 50_000 + "</mesh>",
        "<mesh><class></mesh>",
        "<mesh>\ud800&#xd800;</mesh><",
        "<html><body>502 Bad Gateway</body></html>",
        "sysctl: unknown oid 'kern.geom.confxml'",
        MESH[-1].out[: len(MESH[-1].out) // 2],
        "",
    ],
)
def test_what_is_no_tree_is_one_sentence_and_quickly(text: str) -> None:
    began = time.process_time()
    why = read_geom(text)
    pasted = read_kern_geom_confxml(text)
    assert time.process_time() - began < 0.5
    if isinstance(why, Reading):
        assert why.facts.mirrors == ()
    else:
        assert why.startswith("kern.geom.confxml: ")
        assert pasted.facts.classes == ()
        assert pasted.unread == tuple(line for line in text.split("\n") if line.strip())


def test_a_very_large_tree_is_read_in_less_than_half_a_second() -> None:
    geoms = "".join(
        f'<geom id="g{n}">\n<class ref="d"/>\n<name>da{n}</name>\n<rank>1</rank>\n<provider id="p{n}">\n'
        f'<geom ref="g{n}"/>\n<mode>r0w0e0</mode>\n<name>da{n}</name>\n<mediasize>512</mediasize>\n'
        "</provider>\n</geom>\n"
        for n in range(1500)
    )
    text = f'<mesh>\n<class id="d">\n<name>DISK</name>\n{geoms}</class>\n</mesh>\n'
    assert text.count("\n") > 15_000
    began = time.process_time()
    assert _geom(text).mirror_loaded is False
    assert len(read_kern_geom_confxml(text).facts.disks) == 1500
    assert time.process_time() - began < 1.0


def test_disks_and_labels_come_in_the_order_of_their_names() -> None:
    facts = read_kern_geom_confxml(MESH[-1].out).facts
    assert [disk.name for disk in facts.disks] == ["ada0", "vtbd0", "vtbd1", "vtbd2"]
    assert [label.label for label in facts.labels if label.label.startswith("gpt/")] == [
        "gpt/boot",
        "gpt/rootfs",
        "gpt/swap",
    ]
