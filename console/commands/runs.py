"""`mirrorgate runs` and `mirrorgate report`: what was run, by whom, how it ended, how long it took."""

import csv
import io
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from console.engine.journal import Journal, JournalTrouble
from console.engine.measures import with_measures
from console.engine.report import as_json, as_markdown
from console.engine.run_summary import outcome
from console.model.jsonable import jsonable
from console.model.lasting import lasting
from console.model.moment import local_iso
from console.model.run import RunRecord
from console.ssh.text import inert, one_line

_COMPARED = 200
"""Runs that a report looks through for earlier ones of its job."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would compute."""


async def list_runs(
    pair: str | None, *, as_json_text: bool, limit: int = 100, journal: Journal | None = None
) -> int:
    """Print the runs, newest first. Exit status 0, 1 when one of them cannot be read, 2 without a journal."""
    journal = journal or Journal()
    try:
        kept = await journal.history(pair, limit)
    except JournalTrouble as trouble:
        return _refuse(str(trouble))
    finally:
        await journal.close()
    found = tuple(map(with_measures, kept.runs))
    if as_json_text:
        print(json.dumps([_brief(run) for run in found], indent=2))
    else:
        print("\n".join(_rows(found)) if found else "no runs yet")
    for line in kept.unreadable:
        print(f"mirrorgate: not shown: {inert(line)}", file=sys.stderr)
    return 1 if kept.unreadable else 0


async def report(name: str, *, as_json_text: bool, journal: Journal | None = None) -> int:
    """Print the report of a run: its id, the beginning of it, or `last`. Exit status 0, 2 without one."""
    journal = journal or Journal()
    try:
        found = await journal.ids(beginning="" if name == "last" else name)
        found = found[:1] if name == "last" or name in found else found
        found = (name,) if name in found else found
        if len(found) != 1:
            return _refuse(_unclear(name, found))
        run = await journal.load(found[0])
        others = await journal.runs(run.plan.pair if run else None, _COMPARED)
    except JournalTrouble as trouble:
        return _refuse(str(trouble))
    finally:
        await journal.close()
    if run is None:
        return _refuse(_unclear(name, ()))
    print(json.dumps(as_json(run, others), indent=2) if as_json_text else as_markdown(run, others), end="")
    print(end="\n" if as_json_text else "")
    return 0


async def export(file: Path, pair: str | None, *, journal: Journal | None = None) -> int:
    """Write the history to a new file (0600): `.csv` a row per figure; else every run whole, as JSON lines.

    `-` is standard output. Exit status 0, 1 when a run cannot be read, 2 when nothing could be written.
    """
    journal = journal or Journal()
    unreadable = 0
    try:
        if file.suffix == ".csv":
            text = await _figures(journal, pair)
        else:
            lines: list[str] = []
            for id in reversed(await journal.ids(pair)):
                try:
                    run = await journal.load(id)
                except JournalTrouble as trouble:
                    unreadable += 1
                    print(f"mirrorgate: not exported: {inert(str(trouble))}", file=sys.stderr)
                    continue
                if run is not None:
                    lines.append(json.dumps(jsonable(run)) + "\n")
            text = "".join(lines)
    except JournalTrouble as trouble:
        return _refuse(str(trouble))
    finally:
        await journal.close()
    if str(file) == "-":
        sys.stdout.write(text)
        return 1 if unreadable else 0
    try:
        with os.fdopen(
            os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
        ) as new:
            new.write(text)
    except FileExistsError:
        return _refuse(f"{file}: exists already: name another file, or remove it")
    except OSError as odd:
        return _refuse(f"{file}: {odd.strerror}")
    return 1 if unreadable else 0


async def _figures(journal: Journal, pair: str | None) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("run", "began", "pair", "job", "operator", "state", "measure", "value"))
    for one in await journal.measured(pair):
        began = local_iso(one.started)
        cells = (one.run, began, one.pair, one.job, one.operator, one.state, one.name)
        writer.writerow((*map(_harmless, cells), f"{one.value:.6g}"))
    return text.getvalue()


def _harmless(text: str) -> str:
    line = inert(text).replace("\n", "␊")
    return f"'{line}" if line.startswith(_FORMULA) else line


def _rows(runs: Sequence[RunRecord]) -> Iterator[str]:
    """A table whose columns are as wide as what stands in them."""
    head = ("RUN", "BEGAN", "WHO", "OUTCOME", "TOOK", "RTO")
    rows = [head, *map(_row, runs)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(head))]
    for row in rows:
        yield "  ".join(one.ljust(width) for one, width in zip(row, widths, strict=True)).rstrip()


def _row(run: RunRecord) -> tuple[str, ...]:
    took = lasting(run.ended - run.started) if run.ended is not None else "-"
    rto = run.measures.get("rto")
    return (
        one_line(run.id, 60),
        local_iso(run.started)[:16].replace("T", " "),
        one_line(run.operator, 24),
        run.state.value,
        took,
        lasting(rto) if rto is not None else "-",
    )


def _brief(run: RunRecord) -> dict[str, object]:
    return {
        "run": run.id,
        "pair": run.plan.pair,
        "job": run.plan.job,
        "operator": run.operator,
        "state": run.state.value,
        "outcome": outcome(run),
        "safe_state": run.safe_state,
        "began": local_iso(run.started),
        "ended": local_iso(run.ended) if run.ended is not None else None,
        "measures": dict(run.measures),
    }


def _unclear(name: str, found: Sequence[str]) -> str:
    asked = one_line(name, 60)
    if not found and name == "last":
        return "no runs yet"
    if not found:
        return f"no run {asked}: `mirrorgate runs` lists them"
    return f"{len(found)} runs begin with {asked}: {', '.join(found[:5])}{' …' * (len(found) > 5)}"


def _refuse(why: str) -> int:
    print(f"mirrorgate: {one_line(why, 500)}", file=sys.stderr)
    return 2
