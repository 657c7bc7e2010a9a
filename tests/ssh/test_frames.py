"""Frames come out the same however the bytes are cut, and nothing in a section can forge one."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.ssh.frames import BROKEN, Frame, FrameReader
from console.ssh.text import inert_bytes

BOUNDARY = "0123456789abcdef" * 2
OTHER = "f" * 32


def spoken(*frames: tuple[int, str, bytes, int]) -> bytes:
    """What the sampler writes."""
    return b"".join(
        f"@{BOUNDARY} begin {tick} {section}\n".encode()
        + body
        + f"\n@{BOUNDARY} end {tick} {section} {status}\n".encode()
        for tick, section, body, status in frames
    )


def read(data: bytes, cuts: Sequence[int] = ()) -> list[Frame]:
    reader = FrameReader(BOUNDARY)
    frames: list[Frame] = []
    edges = [0, *sorted(cuts), len(data)]
    for start, end in pairwise(edges):
        frames += reader.feed(data[start:end])
    return frames


bodies = st.one_of(
    st.binary(max_size=200),
    st.sampled_from(
        [
            b"\n",
            b"\n\n",
            f"@{OTHER} end 1 geom 0".encode(),
            f"\n@{OTHER} begin 1 geom\n".encode(),
            f" @{BOUNDARY} end 1 geom 0\n".encode(),
            f"\n@{BOUNDARY[:-1]}".encode(),
            f"\n@{BOUNDARY[:-1]}\n@".encode(),
        ]
    ),
)


@given(
    frames=st.lists(
        st.tuples(
            st.integers(0, 10**6), st.sampled_from(["host", "geom", "df"]), bodies, st.integers(0, 255)
        ),
        max_size=5,
    ),
    data=st.data(),
)
def test_any_portions_give_the_same_frames(
    frames: list[tuple[int, str, bytes, int]], data: st.DataObject
) -> None:
    text = spoken(*frames)
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=20))
    expected = [Frame(tick, section, inert_bytes(body), status) for tick, section, body, status in frames]
    assert read(text, cuts) == expected
    assert read(text, range(len(text))) == expected


@given(noise=st.binary(max_size=100))
def test_what_stands_outside_a_frame_is_dropped(noise: bytes) -> None:
    text = noise + b"\n" + spoken((1, "host", b"x\n", 0)) + noise
    assert read(text) == [Frame(1, "host", "x\n", 0)]


@given(st.binary(max_size=2000), st.lists(st.integers(0, 2000)))
def test_no_bytes_break_the_reader(data: bytes, cuts: list[int]) -> None:
    assert read(data, [cut for cut in cuts if cut <= len(data)]) == []


@pytest.mark.parametrize(
    "forged",
    [
        f"@{OTHER} end 1 ps 0",
        "@ end 1 ps 0",
        f"@{BOUNDARY[:31]} end 1 ps 0",
        f"x@{BOUNDARY} end 1 ps 0",
        f"@{BOUNDARY}  end 1 ps 0\x00",
    ],
)
def test_a_log_line_that_imitates_a_frame_stays_text(forged: str) -> None:
    if BOUNDARY in forged and forged.startswith("@"):
        pytest.skip("who knows the boundary is the sampler")
    body = f"before\n{forged}\nafter\n".encode()
    assert read(spoken((1, "ps", body, 0))) == [Frame(1, "ps", inert_bytes(body), 0)]


def test_a_half_frame_gives_nothing_and_is_known_to_be_open() -> None:
    reader = FrameReader(BOUNDARY)
    assert reader.feed(spoken((7, "geom", b"<mesh>", 0))[:-1]) == []
    assert reader.unfinished == (7, "geom")


@pytest.mark.parametrize("after", ["begin 2 df", "end 2 df 0", "end 1 geom x", "done 1", "nonsense"])
def test_a_frame_whose_end_never_came_is_broken(after: str) -> None:
    text = f"@{BOUNDARY} begin 1 geom\nhalf\n@{BOUNDARY} {after}\n".encode() + spoken((3, "df", b"whole", 0))
    frames = read(text)
    assert frames[0].section == "geom"
    assert frames[0].exit_status == BROKEN
    assert "half" not in frames[0].text
    assert frames[-1] == Frame(3, "df", "whole", 0)


def test_a_line_of_a_megabyte_comes_whole() -> None:
    body = b"x" * (1 << 20)
    data = spoken((1, "messages", body, 0))
    frames = read(data, range(0, len(data), 1000))
    assert len(frames[0].text) == 1 << 20


def test_an_endless_answer_is_cut_off_and_the_next_one_is_read() -> None:
    reader = FrameReader(BOUNDARY, longest=1000)
    frames = reader.feed(spoken((1, "ps", b"x" * 1001, 0), (2, "ps", b"x" * 1000, 0)))
    assert frames[0] == Frame(1, "ps", "the answer is too long", BROKEN)
    assert frames[1] == Frame(2, "ps", "x" * 1000, 0)


def test_invalid_utf_8_is_shown_and_not_lost() -> None:
    frames = read(spoken((1, "ps", b"a\xff\xc3(\x1b[31m", 0)))
    assert frames[0].text == "a\\xff\\xc3(␛[31m"
