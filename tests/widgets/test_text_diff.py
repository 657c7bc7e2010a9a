"""A label and an fstab as a difference: everything that changes is seen, in its colour, and nothing acts."""

from widgets.text_diff import diff_lines, difference

OLD = "/dev/ada0s1a / ufs rw 1 1\n/dev/ada0s1b none swap sw 0 0\nproc /proc procfs rw 0 0\n"
NEW = "/dev/ada1s1a / ufs rw 1 1\n/dev/ada0s1b none swap sw 0 0\nproc /proc procfs rw 0 0\n"


def test_lines_that_go_come_and_stay() -> None:
    assert list(difference(OLD, NEW)) == [
        ("-", "/dev/ada0s1a / ufs rw 1 1"),
        ("+", "/dev/ada1s1a / ufs rw 1 1"),
        (" ", "/dev/ada0s1b none swap sw 0 0"),
        (" ", "proc /proc procfs rw 0 0"),
    ]


def test_a_text_that_was_not_there_comes_whole() -> None:
    assert [sign for sign, _ in difference("", NEW)] == ["+", "+", "+"]


def test_the_same_text_shows_itself_and_two_empty_ones_say_so() -> None:
    assert {sign for sign, _ in difference(OLD, OLD)} == {" "}
    assert "nothing is different" in diff_lines("", "", 40)[0].plain


def test_of_a_long_text_what_stays_is_left_out_and_counted() -> None:
    lines = [f"line {n}" for n in range(100)]
    changed = [*lines[:50], "other", *lines[51:]]
    found = list(difference("\n".join(lines), "\n".join(changed)))
    assert ("…", "47 lines are the same") in found
    assert ("-", "line 50") in found
    assert ("+", "other") in found
    shown = sum(1 for sign, _ in found if sign == " ")
    left_out = sum(int(text.split()[0]) for sign, text in found if sign == "…")
    assert shown + left_out == 99


def test_long_lines_are_folded_control_codes_are_symbols() -> None:
    lines = diff_lines("", "a" * 50 + "\x1b[31m\n", 30)
    assert max(line.cell_length for line in lines) <= 30
    text = "".join(line.plain[2:] for line in lines)
    assert text.startswith("a" * 50 + "␛")
