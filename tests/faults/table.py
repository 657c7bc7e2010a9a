"""The table of the matrix: a row per job, a column per fault, passed of struck."""

from collections.abc import Iterable, Sequence

from tests.faults.cells import Fault, parse
from tests.faults.play import Outcome
from tests.faults.site import STARTS


def rows(outcomes: Iterable[Outcome]) -> list[list[str]]:
    """Heading, jobs, sum; what was never struck does not count."""
    counted: dict[tuple[str, str], list[int]] = {}
    for outcome in outcomes:
        cell = parse(outcome.cell)
        if not outcome.struck and outcome.passed:
            continue
        for key in ((cell.job, cell.fault.value), (cell.job, ""), ("", cell.fault.value), ("", "")):
            count = counted.setdefault(key, [0, 0])
            count[0] += outcome.passed
            count[1] += 1

    def told(job: str, fault: str) -> str:
        count = counted.get((job, fault))
        return f"{count[0]}/{count[1]}" if count else "–"

    columns = [*(fault.value for fault in Fault), ""]
    heading = ["job", *(column.replace("-", " ") or "all" for column in columns)]
    body = [[job, *(told(job, column) for column in columns)] for job in STARTS if (job, "") in counted]
    return [heading, *body, ["all", *(told("", column) for column in columns)]]


def plain(table: Sequence[Sequence[str]]) -> str:
    """Columns under one another."""
    widths = [max(len(row[n]) for row in table) for n in range(len(table[0]))]
    return "\n".join(
        "  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    )


def markdown(table: Sequence[Sequence[str]]) -> str:
    """For the README."""
    lines = ["| " + " | ".join(row) + " |" for row in table]
    return "\n".join([lines[0], "|" + " --- |" * len(table[0]), *lines[1:]])
