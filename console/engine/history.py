"""Runs in and out of the history file: only changes are written, and what was written comes back equal."""

import json
import math
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterable

from pydantic import ValidationError

from console.model.plan import Plan
from console.model.run import Checked, RunEvent, RunRecord, RunState, StepRecord, StepState
from console.model.words import Answer

_LONE = re.compile("[\ud800-\udfff]")
_TRIES = 16
"""Places at which an overlap is looked for before the output is simply written anew."""


class UnreadableRun(Exception):
    """A run is in the file but this program cannot read it; `str()` is one line why."""


def write(db: sqlite3.Connection, run: RunRecord, last: tuple[RunRecord, int] | None) -> int:
    """Write, in the caller's transaction, what differs from `last` (record, revision); the new revision.

    Where the file has moved on since `last` (another console resumed the run), it is read first.
    """
    row = db.execute("SELECT revision FROM runs WHERE id = ?", (run.id,)).fetchone()
    if row is None:
        _insert(db, run)
        before, revision = None, 0
    else:
        revision = int(row[0])
        before = last[0] if last and last[1] == revision else read(db, run.id)
        _update(db, run, before)
    _write_steps(db, run, before)
    _write_events(db, run, before)
    _write_measures(db, run, before)
    db.execute("UPDATE runs SET revision = ? WHERE id = ?", (revision + 1, run.id))
    return revision + 1


def _head(run: RunRecord) -> tuple[object, ...]:
    return (
        run.plan.pair,
        run.plan.job,
        _text(run.operator),
        run.state.value,
        run.started,
        run.ended,
        _text(run.safe_state),
        _text(run.why),
        json.dumps(run.locks),
    )


def _insert(db: sqlite3.Connection, run: RunRecord) -> None:
    db.execute("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)", (run.id, *_head(run)))
    _write_plan(db, run)


def _update(db: sqlite3.Connection, run: RunRecord, before: RunRecord | None) -> None:
    if before is None or _head(before) != _head(run):
        db.execute(
            "UPDATE runs SET (pair, job, operator, state, started, ended, safe_state, why, locks)"
            " = (?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE id = ?",
            (*_head(run), run.id),
        )
    if before is None or (before.plan is not run.plan and before.plan != run.plan):
        _write_plan(db, run)


def _write_plan(db: sqlite3.Connection, run: RunRecord) -> None:
    db.execute(
        "INSERT OR REPLACE INTO plans VALUES (?, ?)", (run.id, json.dumps(run.plan.model_dump(mode="json")))
    )


def _write_steps(db: sqlite3.Connection, run: RunRecord, before: RunRecord | None) -> None:
    olds = before.steps if before else ()
    for position, step in enumerate(run.steps):
        old = olds[position] if position < len(olds) and olds[position].id == step.id else None
        if old is step or old == step:
            continue
        db.execute(
            "INSERT OR REPLACE INTO steps VALUES"
            " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                run.id,
                position,
                step.id,
                step.state.value,
                step.started,
                step.ended,
                step.exit_status,
                len(step.out),
                len(step.err),
                _text(step.why),
                _checks_json(step.guards),
                _checks_json(step.expects),
                step.percent,
                step.eta,
                step.attempt,
                step.undoing,
                step.reached,
                step.moved,
                step.total,
                step.rate,
                step.tried,
            ),
        )
        for stream, was, now in (
            ("out", old.out if old else None, step.out),
            ("err", old.err if old else None, step.err),
        ):
            _write_output(db, (run.id, position, stream), was, now)
    if len(olds) > len(run.steps):
        for table in ("steps", "output"):
            db.execute(
                f"DELETE FROM {table} WHERE run = ? AND position >= ?",  # noqa: S608 - our own two names
                (run.id, len(run.steps)),
            )


def _write_output(db: sqlite3.Connection, key: tuple[str, int, str], was: str | None, now: str) -> None:
    """Append what is new at the end, and drop the pieces that have moved out at the front."""
    if was == now:
        return
    known = _overlap(was, now) if was else 0
    if not known:
        db.execute("DELETE FROM output WHERE run = ? AND position = ? AND stream = ?", key)
    end = db.execute(
        "SELECT coalesce(max(at + length), 0) FROM output WHERE run = ? AND position = ? AND stream = ?", key
    ).fetchone()[0]
    added = now[known:]
    if added:
        db.execute("INSERT INTO output VALUES (?, ?, ?, ?, ?, ?)", (*key, end, len(added), _text(added)))
    db.execute(
        "DELETE FROM output WHERE run = ? AND position = ? AND stream = ? AND at + length <= ?",
        (*key, end + len(added) - len(now)),
    )


def _overlap(was: str, now: str) -> int:
    """How many first characters of `now` are the last of `was`; 0 also where it takes too long to say."""
    at = 0
    for _ in range(_TRIES):
        at = was.find(now[:64], at)
        if at < 0:
            return 0
        if now.startswith(was[at:]):
            return len(was) - at
        at += 1
    return 0


def _write_events(db: sqlite3.Connection, run: RunRecord, before: RunRecord | None) -> None:
    olds = before.events if before else ()
    same = 0
    for old, new in zip(olds, run.events, strict=False):
        if old is not new and old != new:
            break
        same += 1
    if same < len(olds):
        db.execute("DELETE FROM events WHERE run = ? AND position >= ?", (run.id, same))
    db.executemany(
        "INSERT INTO events VALUES (?, ?, ?, ?, ?)",
        [
            (run.id, position, event.at, _text(event.kind), _text(event.text))
            for position, event in enumerate(run.events[same:], start=same)
        ],
    )


def _write_measures(db: sqlite3.Connection, run: RunRecord, before: RunRecord | None) -> None:
    # A measure that is not a number is no measure.
    values = {name: value for name, value in run.measures.items() if not math.isnan(value)}
    olds = before.measures if before else {}
    for name in olds.keys() - values.keys():
        db.execute("DELETE FROM measures WHERE run = ? AND name = ?", (run.id, name))
    for name, value in values.items():
        if olds.get(name) != value:
            db.execute("INSERT OR REPLACE INTO measures VALUES (?, ?, ?)", (run.id, name, value))


def read(db: sqlite3.Connection, id: str) -> RunRecord | None:
    """A run as it was last written, None when it is not there.

    Raises:
        UnreadableRun: it was written by another version in words this one does not know.
    """
    head = db.execute(
        "SELECT r.operator, r.state, r.started, r.ended, r.safe_state, r.why, r.locks, p.json"
        " FROM runs r LEFT JOIN plans p ON p.run = r.id WHERE r.id = ?",
        (id,),
    ).fetchone()
    if head is None:
        return None
    operator, state, started, ended, safe_state, why, locks, plan = head
    try:
        return RunRecord(
            id=id,
            plan=Plan.model_validate(json.loads(plan)),
            operator=operator,
            state=RunState(state),
            started=started,
            ended=ended,
            steps=_read_steps(db, id),
            events=tuple(
                RunEvent(*row)
                for row in db.execute(
                    "SELECT at, kind, text FROM events WHERE run = ? ORDER BY position", (id,)
                )
            ),
            safe_state=safe_state,
            why=why,
            locks=tuple(json.loads(locks)),
            measures=dict(db.execute("SELECT name, value FROM measures WHERE run = ? ORDER BY name", (id,))),
        )
    except ValidationError as odd:
        error = odd.errors(include_url=False)[0]
        where = ".".join(map(str, error["loc"]))
        raise UnreadableRun(f"run {id}: its plan: {where}: {error['msg']}") from odd
    except (ValueError, TypeError) as odd:
        raise UnreadableRun(f"run {id}: {odd}") from odd


def _read_steps(db: sqlite3.Connection, id: str) -> tuple[StepRecord, ...]:
    pieces: dict[tuple[int, str], list[str]] = defaultdict(list)
    for position, stream, text in db.execute(
        "SELECT position, stream, text FROM output WHERE run = ? ORDER BY position, stream, at", (id,)
    ):
        pieces[position, stream].append(text)
    steps: list[StepRecord] = []
    for row in db.execute(
        "SELECT position, id, state, started, ended, exit_status, out_length, err_length, why, guards,"
        " expects, percent, eta, attempt, undoing, reached, moved, total, rate, tried FROM steps"
        " WHERE run = ? ORDER BY position",
        (id,),
    ):
        position, name, state, started, ended, status, out, err, why, guards, expects, *rest = row
        percent, eta, attempt, undoing, reached, moved, total, rate, tried = rest
        steps.append(
            StepRecord(
                id=name,
                state=StepState(state),
                started=started,
                ended=ended,
                exit_status=status,
                out=_last(pieces[position, "out"], out),
                err=_last(pieces[position, "err"], err),
                why=why,
                guards=_checks(guards),
                expects=_checks(expects),
                percent=percent,
                eta=eta,
                attempt=attempt,
                undoing=undoing,
                reached=bool(reached),
                moved=moved,
                total=total,
                rate=rate,
                tried=bool(tried),
            )
        )
    return tuple(steps)


def _last(pieces: Iterable[str], length: int) -> str:
    return "".join(pieces)[-length:] if length else ""


def _checks_json(checks: tuple[Checked, ...]) -> str:
    return json.dumps([(check.name, check.answer.value, check.why) for check in checks])


def _checks(text: str) -> tuple[Checked, ...]:
    return tuple(Checked(name, Answer(answer), why) for name, answer, why in json.loads(text))


def _text(text: str) -> str:
    """Text as UTF-8 can hold it."""
    return text if text.isascii() else _LONE.sub("\ufffd", text)
