"""What was written comes back: at a time, after a time, and over all of a recording."""

import os
from pathlib import Path

import pytest

from console.memory.reader import Reader
from console.memory.reading import NoRecording, Recording
from console.memory.writing import NewStretch
from console.model.snapshot import LinkState
from console.model.tape import LinkChanged, SectionRead
from console.model.words import Home
from tests.memory.taping import T0, batch, event, link, lost, read, said, written


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "recording.db"


def test_a_moment_is_what_was_said_last_before_it(file: Path) -> None:
    written(file, [read(T0, "one"), read(T0 + 5, "two"), read(T0 + 6, "log", "messages")]).close()
    recording = Recording(file)
    assert said(recording.pieces("lab", T0)) == {"ps": "one"}
    assert said(recording.pieces("lab", T0 + 4.9)) == {"ps": "one"}
    assert said(recording.pieces("lab", T0 + 5.5)) == {"ps": "two"}
    assert said(recording.pieces("lab", T0 + 6)) == {"ps": "two", "messages": "log"}


def test_each_node_has_its_own(file: Path) -> None:
    written(file, [read(T0, "mine"), read(T0, "yours", home=Home.SLAVE), read(T0 + 1, "mine")]).close()
    pieces = Recording(file).pieces("lab", T0 + 1)
    assert said(pieces) == {"ps": "mine"}
    assert said(pieces, Home.SLAVE) == {"ps": "yours"}


def test_an_answer_that_stays_the_same_is_as_old_as_it_was(file: Path) -> None:
    written(file, [read(T0 + n, "same") for n in range(101)]).close()
    recording = Recording(file)
    for at in (0.0, 0.5, 41.0, 41.9, 99.99):
        piece = recording.pieces("lab", T0 + at)[0].news
        assert isinstance(piece, SectionRead)
        assert piece.taken == pytest.approx(T0 + int(at + 0.2), abs=0.21)
        assert piece.taken <= T0 + at


def test_what_was_lost_is_lost_until_it_is_read_again(file: Path) -> None:
    tape = [read(T0, "a"), read(T0, "b", "messages"), lost(T0 + 1, "ps", "no answer for 3 s")]
    tape += [lost(T0 + 2), link(T0 + 2, LinkState.LOST, "gone"), read(T0 + 3, "a"), link(T0 + 3)]
    written(file, tape).close()
    recording = Recording(file)
    assert said(recording.pieces("lab", T0 + 1.5)) == {"ps": "(no answer for 3 s)", "messages": "b"}
    assert said(recording.pieces("lab", T0 + 2.5)) == {
        "ps": "(not connected)",
        "messages": "(not connected)",
        "link": "lost",
    }
    assert said(recording.pieces("lab", T0 + 3)) == {"ps": "a", "messages": "(not connected)", "link": "live"}


def test_text_comes_back_to_the_last_character(file: Path) -> None:
    texts = [
        "",
        "ü→\n\ttab",
        "\ud800 half a pair",
        "x" * 70_000,
        "\x00 nothing",
        "z" * 300 + "1",
        "z" * 300 + "2",
    ]
    written(file, [read(T0 + n, text) for n, text in enumerate(texts)]).close()
    recording = Recording(file)
    assert [said(recording.pieces("lab", T0 + n))["ps"] for n in range(len(texts))] == texts


def test_status_and_reason_come_back(file: Path) -> None:
    written(file, [read(T0, "no such file", status=1), link(T0, LinkState.REFUSED, "host key ü")]).close()
    news = [piece.news for piece in Recording(file).pieces("lab", T0 + 1)]
    assert isinstance(news[0], SectionRead)
    assert news[0].exit_status == 1
    assert isinstance(news[1], LinkChanged)
    assert (news[1].link.state, news[1].link.why) == (LinkState.REFUSED, "host key ü")


def test_after_brings_about_what_a_look_at_the_end_does(file: Path) -> None:
    tape = [read(T0 + n, f"{n // 7}") for n in range(300)] + [read(T0 + 300, "log", "messages")]
    written(file, tape).close()
    recording = Recording(file)
    for begin, end in ((0, 300), (3, 8), (100, 299), (50.5, 151.2)):
        told = [*recording.pieces("lab", T0 + begin), *recording.after("lab", T0 + begin, T0 + end)]
        assert said(told) == said(recording.pieces("lab", T0 + end))
        assert [piece.at for piece in told] == sorted(piece.at for piece in told)
    assert all(T0 + 3 < piece.at <= T0 + 8 for piece in recording.after("lab", T0 + 3, T0 + 8))


def test_after_tells_each_change_once_and_repeats_only_at_the_pulse(file: Path) -> None:
    written(file, [read(T0 + n, "same") for n in range(601)]).close()
    recording = Recording(file)
    assert len(list(recording.after("lab", T0, T0 + 600))) == 600
    assert len(list(recording.after("lab", T0, T0 + 600, pulse=60))) == 10


def test_after_ends_with_the_newest_of_what_stayed_the_same(file: Path) -> None:
    written(file, [read(T0 + n, "same") for n in range(101)]).close()
    told = list(Recording(file).after("lab", T0, T0 + 59, pulse=12))
    assert [round(piece.at - T0) for piece in told] == [12, 24, 36, 48, 59]


async def test_a_recording_that_is_replaced_is_opened_anew(file: Path) -> None:
    reader = Reader(file)
    try:
        written(file, [read(T0, "one")]).close()
        assert said(await reader.ask(lambda recording: recording.pieces("lab", T0))) == {"ps": "one"}
        os.unlink(file)
        with pytest.raises(NoRecording, match="there is no recording"):
            await reader.ask(lambda recording: recording.pairs())
        written(file, [read(T0, "two")]).close()
        assert said(await reader.ask(lambda recording: recording.pieces("lab", T0))) == {"ps": "two"}
        other = file.with_name("other.db")
        written(other, [read(T0, "three")]).close()
        other.replace(file)
        assert said(await reader.ask(lambda recording: recording.pieces("lab", T0))) == {"ps": "three"}
    finally:
        await reader.close()


def test_a_directory_in_place_of_the_file_is_told_as_one(tmp_path: Path) -> None:
    with pytest.raises(NoRecording, match="it is a directory: name the file"):
        Recording(tmp_path)


def test_where_nothing_was_recorded_nothing_is_known(file: Path) -> None:
    writing = written(file, [read(T0, "old"), link(T0), read(T0 + 60, "old")])
    writing.write(batch(T0 + 4000, NewStretch(T0 + 3600), read(T0 + 3601, "new"), read(T0 + 4000, "new")))
    writing.close()
    recording = Recording(file)
    assert [(s.first - T0, s.last - T0) for s in recording.stretches("lab")] == [(0, 60), (3600, 4000)]
    between = said(recording.pieces("lab", T0 + 1000))
    assert between == {"link": "lost"}
    played = said([*recording.pieces("lab", T0 + 30), *recording.after("lab", T0 + 30, T0 + 1000)])
    assert played == {"ps": "(not recorded then)", "link": "lost"}
    assert said(recording.after("lab", T0 + 30, T0 + 3700))["ps"] == "new"


def test_what_was_so_before_a_pause_is_not_so_after_it(file: Path) -> None:
    writing = written(file, [read(T0, "old", "messages"), read(T0 + 9, "old")])
    writing.write(batch(T0 + 101, NewStretch(T0 + 100), read(T0 + 101, "new")))
    writing.close()
    assert said(Recording(file).pieces("lab", T0 + 101)) == {"ps": "new"}


def test_a_recording_is_read_while_it_is_written(file: Path) -> None:
    writing = written(file, [read(T0, "one")])
    recording = Recording(file)
    assert said(recording.pieces("lab", T0)) == {"ps": "one"}
    writing.write(batch(T0 + 1, read(T0 + 1, "two")))
    assert said(recording.pieces("lab", T0 + 1)) == {"ps": "two"}
    span = recording.span("lab")
    assert span is not None
    assert span.last == T0 + 1
    writing.close()


def test_events_come_back_in_their_order(file: Path) -> None:
    happened = [event(T0 + 1), event(T0 + 2, "mount", "ü"), event(T0 + 9)]
    written(file, [read(T0, ""), read(T0 + 10, "")], happened).close()
    recording = Recording(file)
    assert list(recording.events("lab", T0, T0 + 10)) == happened
    assert list(recording.events("lab", T0 + 2, T0 + 2)) == [happened[1]]
    assert recording.events("other", T0, T0 + 10) == ()


def test_a_pair_that_is_not_in_it_has_no_span(file: Path) -> None:
    written(file, [read(T0, "")]).close()
    recording = Recording(file)
    assert recording.pairs() == ("lab",)
    assert recording.span("other") is None
    assert recording.stretches("other") == ()
    assert list(recording.after("other", 0, T0 + 1)) == []


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "there is no recording"),
        (b"", "nothing is recorded"),
        (b"hello " * 1000, "no recording, or is damaged"),
    ],
)
def test_a_file_that_is_no_recording_is_told_in_one_line(
    file: Path, content: bytes | None, says: str
) -> None:
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(NoRecording, match=says) as told:
        Recording(file)
    assert "\n" not in str(told.value)
    assert str(file) in str(told.value)


def test_the_journal_is_no_recording(file: Path) -> None:
    import sqlite3

    other = sqlite3.connect(file)
    other.execute("CREATE TABLE runs (id)")
    other.commit()
    other.close()
    with pytest.raises(NoRecording, match="no recording of mirrorgate"):
        Recording(file)


def test_one_that_nobody_writes_is_read_where_nothing_can_be_written(file: Path) -> None:
    written(file, [read(T0, "one")]).close()
    os.chmod(file, 0o440)
    os.chmod(file.parent, 0o550)
    try:
        assert said(Recording(file).pieces("lab", T0)) == {"ps": "one"}
    finally:
        os.chmod(file.parent, 0o750)


def test_a_file_of_a_newer_version_is_left_alone(file: Path) -> None:
    import sqlite3

    written(file, [read(T0, "one")]).close()
    db = sqlite3.connect(file)
    db.execute("PRAGMA user_version = 99")
    db.commit()
    db.close()
    with pytest.raises(NoRecording, match="newer mirrorgate"):
        Recording(file)
