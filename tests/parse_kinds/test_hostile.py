"""No text makes a parser raise, stall or print control characters."""

import json
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.parse.kinds import KINDS, explain
from tests.parse_kinds.captures import FREEBSD, QMAIL, captured

EVERY_KIND = pytest.mark.parametrize("kind", sorted(KINDS))
SAMPLES = {
    kind: [captured(path) for path in sorted((FREEBSD / kind).glob("*"))] if (FREEBSD / kind).is_dir() else []
    for kind in KINDS
}
SAMPLES["qmail-qread"] = [captured(QMAIL / "queue/05-mixed-deferred/qmail-qread.txt")]
SAMPLES["qmail-queue-listing"] = [captured(QMAIL / "queue/05-mixed-deferred/listing.tsv")]
SAMPLES["qmail-showctl"] = [captured(QMAIL / "control/qmail-showctl.txt")]
WORDS = sorted({word for texts in SAMPLES.values() for text in texts for word in text.split()})
HOSTILE = [
    "",
    "\n\n\n",
    "\x00",
    "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b2J",
    "\u202eesrever \u2066x\u2069",
    "[bold]x[/bold] [/x]",
    "\\xff\\xfe",
    "\ud800",
    "²³٣٤",
    "9" * 5000,
    "a: " + "9" * 5000 + " 1 4.2BSD",
    "<!DOCTYPE html><html><body>502 Bad Gateway</body></html>",
    "Class MIRROR not found.\n",
    "sh: gmirror: not found\n",
    "\r\n\r\n",
]
MEGABYTE = 1 << 20
LONG = [
    "x" * MEGABYTE,
    " " * MEGABYTE + "x",
    "a " * (MEGABYTE // 2),
    "(" * MEGABYTE,
    "<" + ">" * MEGABYTE,
    ": " * (MEGABYTE // 2),
    "[ " * (MEGABYTE // 2),
    "delivery 1: failure: " + "_" * MEGABYTE,
]
CLASHES = "(){}[]<>:;,.#*=+-/\\|\"' \t@%?0a"


def told(kind: str, text: str) -> dict[str, object]:
    explained = explain(kind, text)
    assert set(explained) == {"facts", "unread"}
    shown = json.dumps(explained, ensure_ascii=True, allow_nan=False)
    assert shown.isascii()
    assert not any(ord(character) < 32 for character in shown)
    return explained


@EVERY_KIND
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_only_text(kind: str, text: str) -> None:
    told(kind, text)


@EVERY_KIND
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=st.text())
def test_any_text_is_read(kind: str, text: str) -> None:
    told(kind, text)


@EVERY_KIND
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_words_of_real_output_in_any_order_are_read(kind: str, data: st.DataObject) -> None:
    word = st.sampled_from(WORDS) | st.text(CLASHES, max_size=4) | st.integers().map(str)
    line = st.lists(word, max_size=9).map(" ".join) | st.lists(word, max_size=9).map("\t".join)
    told(kind, "\n".join(data.draw(st.lists(line, max_size=8))))


@EVERY_KIND
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_capture_cut_or_spliced_anywhere_is_read(kind: str, data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(SAMPLES[kind] or ["a: 1\n"]))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    told(kind, text[start:end])
    told(kind, text[:start] + data.draw(st.text(max_size=20)) + text[end:])


@EVERY_KIND
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(garbage=st.text("qxz~^", min_size=3, max_size=12).map(lambda word: f"{word} {word}"))
def test_a_line_of_garbage_is_kept_as_unread_or_as_a_fact(kind: str, garbage: str) -> None:
    explained = told(kind, garbage)
    assert garbage in json.dumps(explained)


@EVERY_KIND
def test_a_line_of_a_megabyte_stalls_nothing(kind: str) -> None:
    begun = time.process_time()
    for text in LONG:
        told(kind, text)
    assert time.process_time() - begun < 10


@EVERY_KIND
def test_a_long_text_is_read_in_time(kind: str) -> None:
    samples = SAMPLES[kind] or ["Name: x 1 (2) [3]\n"]
    size = MEGABYTE // 4
    many = [(sample * (size // max(len(sample), 1) + 1))[:size] for sample in samples[:2]]
    line = CLASHES * 400
    many.append("\n".join(line[at:] for at in range(0, 80)))
    begun = time.process_time()
    for text in many:
        told(kind, text)
    assert time.process_time() - begun < 30


@EVERY_KIND
def test_the_same_text_gives_the_same_answer(kind: str) -> None:
    for text in SAMPLES[kind]:
        assert json.dumps(explain(kind, text)) == json.dumps(explain(kind, text))


@EVERY_KIND
def test_carriage_returns_of_a_terminal_do_not_matter(kind: str) -> None:
    for text in SAMPLES[kind]:
        assert explain(kind, text.replace("\n", "\r\n"))["facts"] == explain(kind, text)["facts"]
