import pytest

from widgets.amounts import age, offset, size, span


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "<2s"),
        (1.9, "<2s"),
        (14, "14s"),
        (99, "99s"),
        (100, "1m"),
        (5999, "99m"),
        (6000, "1h"),
        (41 * 86400, "41d"),
    ],
)
def test_an_age_fits_four_cells(seconds: float, text: str) -> None:
    assert age(seconds) == text
    assert len(age(seconds)) <= 4


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(45, "45 s"), (192, "3 min 12 s"), (7500, "2 h 05 min"), (41 * 86400, "41 d"), (-1, "0 s")],
)
def test_a_span_has_its_two_largest_units(seconds: float, text: str) -> None:
    assert span(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (524288000, "500 MB"), (2 * 2**30, "2.0 GB"), (3 * 2**40, "3.0 TB")]
)
def test_sizes_read_as_the_node_prints_them(count: int, text: str) -> None:
    assert size(count) == text


def test_an_offset_shows_its_sign() -> None:
    assert offset(0.02) == "+0.02 s"
    assert offset(-10800) == "-3 h 00 min"
