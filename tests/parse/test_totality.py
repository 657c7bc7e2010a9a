import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from console.model.facts import Fact, NodeFacts
from console.parse.reading import Reading
from console.parse.sections import SECTION_FIELDS, read_section
from tests.parse.captured import answers, as_json, samples
from tests.parse.sampled import READERS

SAMPLES = [(sample.kind, sample.text) for sample in samples(frozenset(READERS))]
RECORDED = sorted({answer.out + answer.err for answer in answers() if len(answer.out) < 20_000})
# Between the tags of confxml and in the build text of a wrapped uname any words may stand.
FREE_TEXT = ("kern-geom-confxml", "uname")
HOSTILE = "[/x]\x1b]0;p\x07[@click=app.quit]\x9b31m\u202eabc\x00\u2066\u2028z"
GARBAGE = st.sampled_from(
    [
        HOSTILE,
        "<html>",
        "%s%n",
        "((((",
        "))",
        "{{",
        "1 2 3 4 5 6 7",
        "::",
        "=" * 50,
        "- " * 20,
        "٣٤",
        "mirror/",
        "²³",
    ]
)


def _every(text: str) -> None:
    for kind, reader in READERS.items():
        reading = reader(text)
        assert isinstance(reading, Reading), kind
        assert all(line.strip() for line in reading.unread)
        as_json(reading.facts)
    facts = NodeFacts()
    for section, fields in SECTION_FIELDS.items():
        for exit_status in (0, 1):
            facts = read_section(facts, section, text, exit_status, 1.0)
            for name in fields:
                fact: Fact[object] = getattr(facts, name)
                assert fact.unknown is None or fact.unknown.strip()


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=400))
@example(HOSTILE)
@example("9" * 5000)
@example("Name Status Components " * 3)
@example("\ud800")
@example("<mesh><class id='1'><name>MIRROR</name><geom/></class></mesh>")
def test_no_reader_and_no_section_raises_on_any_text(text: str) -> None:
    _every(text)


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(RECORDED + [text for _, text in SAMPLES]), st.data())
def test_none_raises_on_a_capture_cut_short_or_with_lines_of_another_kind_in_it(
    text: str, data: st.DataObject
) -> None:
    cut = text[: data.draw(st.integers(0, len(text)))]
    lines = cut.split("\n")
    for _ in range(data.draw(st.integers(0, 3))):
        lines.insert(data.draw(st.integers(0, len(lines))), data.draw(GARBAGE))
    _every("\n".join(lines))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([given for given in SAMPLES if given[0] not in FREE_TEXT]), st.data())
def test_a_spliced_line_is_unread_or_part_of_the_facts_but_never_lost(
    sample: tuple[str, str], data: st.DataObject
) -> None:
    kind, text = sample
    lines = text.rstrip("\n").split("\n")
    lines.insert(data.draw(st.integers(0, len(lines))), HOSTILE)
    reading = READERS[kind]("\n".join(lines))
    assert "app.quit" in repr(reading.facts) + repr(reading.unread)


LONG: dict[str, Callable[[], str]] = {
    "one word": lambda: "a" * 1_000_000,
    "blanks": lambda: "x" + " " * 1_000_000 + "y",
    "words": lambda: "a " * 500_000,
    "digits": lambda: "1" * 1_000_000,
    "numbers": lambda: "1 " * 500_000,
    "brackets": lambda: "(" * 500_000 + ")" * 500_000,
    "colons": lambda: "a: " * 333_000,
    "many short lines": lambda: "md0\n" * 100_000,
    "many components": lambda: "mirror/gm0  DEGRADED  a1 (ACTIVE)\n" + "a1 (STALE)\n" * 40_000,
    "long lines": lambda: ("1 " * 8000 + "\n") * 60,
    "long blanks": lambda: ("carp:" + " " * 16000 + "x\n") * 60,
    "log with a long line": lambda: "Nov 23 01:50:04 nodea freevrrpd[1]: " + "x" * 1_000_000,
    "passwords": lambda: "password" * 125_000,
    "processes": lambda: "1 1 Ss " + "x " * 500_000,
}


@pytest.mark.parametrize("shape", sorted(LONG))
def test_a_megabyte_of_anything_stays_fast(shape: str) -> None:
    text = LONG[shape]()
    slow: dict[str, float] = {}
    for kind, reader in READERS.items():
        began = time.process_time()
        reader(text)
        slow[kind] = time.process_time() - began
    facts = NodeFacts()
    for section in SECTION_FIELDS:
        began = time.process_time()
        facts = read_section(facts, section, text, 0, 1.0)
        slow[f"section {section}"] = time.process_time() - began
    assert {name: round(spent, 2) for name, spent in slow.items() if spent > 2.0} == {}


def _reach(value: Any, text: str) -> bool:
    return text in repr(value)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("mount", f"/dev/md0 on /mnt/{HOSTILE} (ufs, local)"),
        ("df", f"Filesystem 1K-blocks Used Avail Capacity  Mounted on\n/dev/md0 1 1 0 100% /mnt/{HOSTILE}"),
        ("ps", f"  PID PPID STAT COMMAND\n  1    0 Ss   sh -c {HOSTILE}"),
        ("mdconfig", f"md0\tvnode\t   48M\t/root/{HOSTILE}\t"),
        ("syslog-freevrrpd", f"Nov 23 01:50:04 nodea freevrrpd[1]: {HOSTILE}"),
        ("geom-list-other", f"Geom name: x\nState: {HOSTILE}"),
        ("ggate", f"       NAME: ggate0\n       info: 192.0.2.1:3080 /x/{HOSTILE}"),
        ("freevrrpd-conf", f"[VRID]\nmasterscript = /x/{HOSTILE}"),
    ],
    ids=lambda given: given if " " not in given else "",
)
def test_hostile_text_is_kept_as_data(kind: str, text: str) -> None:
    reading = READERS[kind](text)
    assert reading.unread == ()
    assert _reach(reading.facts, repr(HOSTILE)[1:-1])
