import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from widgets.plain import RAW_LINES, beginning, many_lines, one_line, padded
from widgets.plain_terminal import ascii_only

HOSTILE = "[/x]\x1b]0;p\x07[@click=app.quit]\u202eevil\u2066\x9b31m\x85\ttab\r\nnext"


def acts(text: str) -> list[str]:
    """The characters of `text` that a terminal would act on."""
    return [
        c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") and c not in "\n\xad"
    ]


def test_control_and_direction_codes_become_symbols() -> None:
    assert acts(one_line(HOSTILE)) == []
    assert "[/x]" in one_line(HOSTILE)


@given(st.text(st.characters(), max_size=400), st.integers(1, 120))
def test_one_line_never_exceeds_its_limit_and_never_breaks(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert cell_len(line) <= limit
    assert "\n" not in line
    assert "\x1b" not in line


@given(st.text(st.characters(), max_size=60), st.integers(1, 40))
def test_padded_text_is_exactly_as_wide_as_asked(text: str, width: int) -> None:
    assert cell_len(padded(text, width)) == width
    assert cell_len(beginning(text, width)) <= width


def test_a_line_of_a_megabyte_is_cut_with_a_sign() -> None:
    assert one_line("x" * 1_000_000, 80) == "x" * 79 + "…"
    assert len(many_lines("x" * 1_000_000)) <= 1001


def test_the_raw_view_says_what_it_left_out() -> None:
    shown = many_lines("line\n" * (RAW_LINES + 5))
    assert shown.splitlines()[-1].startswith("… ")
    assert acts(many_lines(HOSTILE)) == []


def test_ascii_keeps_the_width_of_every_sign_and_line() -> None:
    drawn = "● ▲ ✖ ◌ ⟳ ○ ╭─╮ │ ├══▶ █░ … – é 日本"
    assert ascii_only(drawn).isascii()
    assert len(ascii_only(drawn)) == cell_len(drawn)
    assert ascii_only("● ▲ ✖ ◌ ⟳") == "* ! X ? ~"
