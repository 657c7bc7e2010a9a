"""Output that grows, is cut at its front, or belongs to another step."""

from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult

from tests.widgets.test_plain import HOSTILE, acts
from widgets.run_output import MAX_LINES, MAX_WIDTH, RunOutput, added


class Shown(App[None]):
    def compose(self) -> ComposeResult:
        yield RunOutput()


async def test_only_what_is_new_is_worked_on_and_errors_are_marked() -> None:
    async with (app := Shown()).run_test(size=(60, 12)) as pilot:
        out = app.query_one(RunOutput)
        out.show("a", "one\ntwo\nthr", "", "output")
        assert out.lines == ["one", "two", "thr"]
        out.show("a", "one\ntwo\nthree\n", "oops\n", "output")
        assert out.lines == ["one", "two", "three", "! oops"]
        assert out.written == 4
        out.show("b", "other\n", "", "output")
        assert out.lines == ["other"]
        await pilot.pause()


async def test_the_end_stays_in_sight_unless_somebody_scrolled_up() -> None:
    async with (app := Shown()).run_test(size=(60, 12)) as pilot:
        out = app.query_one(RunOutput)
        text = "".join(f"line {n}\n" for n in range(100))
        out.show("a", text, "", "output")
        await pilot.pause()
        assert out.scroll_offset.y == out.max_scroll_y > 0
        out.scroll_to(y=10, animate=False, immediate=True)
        await pilot.pause()
        out.show("a", text + "more\n", "", "output")
        await pilot.pause()
        assert out.scroll_offset.y == 10


async def test_it_is_bounded_and_inert() -> None:
    async with (app := Shown()).run_test(size=(60, 12)) as pilot:
        out = app.query_one(RunOutput)
        out.show("a", "x\n" * (MAX_LINES * 2) + "y" * 1_000_000 + "\n" + HOSTILE, HOSTILE, "output")
        await pilot.pause()
        assert len(out.lines) <= MAX_LINES + 2
        assert max(map(len, out.lines)) <= MAX_WIDTH + 2
        assert acts("".join(out.lines)) == []


async def test_a_text_that_is_another_one_replaces_the_old() -> None:
    async with (app := Shown()).run_test(size=(60, 12)):
        out = app.query_one(RunOutput)
        out.show("a", "one\ntwo\n", "", "output")
        out.show("a", "", "", "output")
        assert out.lines == []


@given(st.text("ab\n", max_size=400), st.text("ab\n", max_size=400))
def test_what_was_appended_is_found(before: str, more: str) -> None:
    assert added(before, before + more) == more


def test_what_was_appended_is_found_when_the_front_was_cut() -> None:
    before = "".join(f"line {n}\n" for n in range(9000))
    assert added(before, (before + "new\n")[-65536:]) == "new\n"
    assert added(before, "something else") is None


async def test_lines_of_progress_stand_as_a_bar_elsewhere() -> None:
    async with (app := Shown()).run_test(size=(60, 12)):
        out = app.query_one(RunOutput)
        out.show("a", "begun\nprogress var 3", "", "output")
        assert out.lines == ["begun", "progress var 3"]
        out.show("a", "begun\nprogress var 35.1 838 2389\nprogress usr-home - - -\nprogress of it\n", "", "o")
        assert out.lines == ["begun", "progress of it"]
        out.show("a", "", "progress var 1.0 1 2\n", "output")
        assert out.lines == ["! progress var 1.0 1 2"]


async def test_a_checklist_has_signs_and_colours() -> None:
    async with (app := Shown()).run_test(size=(60, 12)) as pilot:
        out = app.query_one(RunOutput)
        out.show("a", "pass kernel: there\nwarn swap: none in fstab\nfail root: none\npassing by\n", "", "o")
        await pilot.pause()
        strips = [out.render_line(y) for y in range(4)]
        assert [strip.text.rstrip() for strip in strips] == [
            "● pass kernel: there",
            "▲ warn swap: none in fstab",
            "✖ fail root: none",
            "passing by",
        ]
        colours = [next(iter(strip)).style.color for strip in strips]  # type: ignore[union-attr]
        assert len(set(colours)) == 4
        assert out.lines[0] == "pass kernel: there"
