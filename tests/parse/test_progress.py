"""Lines of progress among whatever else a command says."""

import pytest

from console.parse.progress import Progress, read_progress


def test_the_lines_are_found_among_others() -> None:
    text = (
        "DUMP: x\nprogress var 35.1 8388608 23899136\nno\nprogress usr-home 100.0 5 5\nprogress root - - -\n"
    )
    assert read_progress(text) == (
        Progress("var", 35.1, 8388608, 23899136),
        Progress("usr-home", 100.0, 5, 5),
        Progress("root"),
    )


@pytest.mark.parametrize(
    "line",
    [
        "progress",
        "progress var",
        "progress var 101 1 2",
        "progress var 35,1 1 2",
        "progress Var 35 1 2",
        "progress var 35 -1 2",
        "progress var 3 1 2 4",
        " progress var 3 1 2",
        "progress var ² 1 2",
        f"progress var 3 {'9' * 5000} 1",
    ],
)
def test_a_line_that_is_not_exactly_so_is_none(line: str) -> None:
    assert read_progress(line) == ()
