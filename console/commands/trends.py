"""`mirrorgate trends`: what a recording and the journal say over time."""

import argparse
import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from console.commands.complaining import complain
from console.commands.sampling import chosen
from console.engine.journal import Journal, JournalTrouble
from console.memory.reading import NoRecording, Recording
from console.memory.recorder import recording_of
from console.memory.trending import drills, trends
from console.model.config import Config, PairConfig
from console.model.jsonable import jsonable
from console.model.trends import Curve, Trends
from console.model.words import Answer
from console.parse.spoken_time import spoken_time

_RUNS = 1000
_SHADES = "▁▂▃▄▅▆▇█"
_WIDE = 40


def main(arguments: argparse.Namespace, config: Config, path: Path) -> int:
    """Run the command; returns its exit status. Raises BadConfig."""
    pairs = chosen(config, path, arguments.pair)
    now = time.time()
    try:
        until = now if arguments.until is None else spoken_time(arguments.until, now)
        since = spoken_time(arguments.since, until)
    except ValueError as why:
        complain(f"--since, --until: {why}")
        return 2
    if since >= until:
        complain("--since is not before --until")
        return 2
    try:
        recording = Recording(recording_of(config, arguments.file))
    except NoRecording as why:
        complain(why)
        return 2
    try:
        found = [trends(recording, pair.name, since, until) for pair in pairs]
    except NoRecording as why:
        complain(why)
        return 2
    finally:
        recording.close()
    found = asyncio.run(_with_drills(found, pairs))
    if arguments.json:
        print(json.dumps([jsonable(one) for one in found], indent=2))
    else:
        print("\n".join(as_text(one) for one in found))
    return 0


async def _with_drills(found: Sequence[Trends], pairs: Sequence[PairConfig]) -> list[Trends]:
    """With what the journal says of drills; without a journal there are none."""
    journal = Journal()
    try:
        return [
            replace(one, drills=drills(await journal.runs(pair.name, _RUNS), one.first, one.last))
            for one, pair in zip(found, pairs, strict=True)
        ]
    except JournalTrouble as why:
        complain(f"without drills: {why}")
        return list(found)
    finally:
        await journal.close()


def as_text(one: Trends) -> str:
    """A pair's trends as they are read in a terminal or a mail."""
    lines = [f"{one.pair}: {_local(one.first)} to {_local(one.last)}"]
    lines += [f"  {_curve_words(curve, one)}" for curve in one.curves]
    away = [a for a in one.away if a.served is Answer.NO]
    unseen = sum(a.last - a.first for a in one.away if a.served is Answer.UNKNOWN and a.recorded)
    gaps = sum(a.last - a.first for a in one.away if not a.recorded)
    total = sum(a.last - a.first for a in away)
    lines.append(
        f"  outages       {len(away)}, {total:.0f} s in all"
        + (f"; {unseen:.0f} s not known" if unseen else "")
        + (f"; {gaps:.0f} s not recorded" if gaps else "")
    )
    lines += [f"    {_local(a.first)}  {a.last - a.first:.0f} s" for a in away]
    lines.append(f"  drills        {len(one.drills)}")
    for drill in one.drills:
        rto = "not measured" if drill.rto is None else f"{drill.rto:.1f} s away"
        lines.append(f"    {_local(drill.at)}  {rto}, {drill.state} ({drill.run})")
    return "\n".join(lines)


def _curve_words(curve: Curve, one: Trends) -> str:
    if not curve.figures:
        return f"{curve.title:13} nothing recorded"
    highest = max(f.high for f in curve.figures)
    seconds = sum(f.seconds for f in curve.figures)
    mean = sum(f.mean * f.seconds for f in curve.figures) / seconds
    scale, unit = (1e6, " MB/s") if curve.unit == "B/s" else (1.0, f" {curve.unit}" if curve.unit else "")
    words = f"mean {mean / scale:.1f}{unit}, highest {highest / scale:.1f}{unit}"
    return f"{curve.title:13} {_shades(curve, one)} {words}"


def _shades(curve: Curve, one: Trends) -> str:
    """The highest of each part of the time; a blank where nothing is known."""
    parts: list[float | None] = [None] * _WIDE
    for figure in curve.figures:
        place = int((figure.at - one.first) / (one.last - one.first) * _WIDE)
        place = min(_WIDE - 1, max(0, place))
        held = parts[place]
        parts[place] = figure.high if held is None else max(held, figure.high)
    top = max((p for p in parts if p is not None), default=0.0) or 1.0
    return "".join(" " if p is None else _SHADES[min(7, max(0, int(p / top * 7.99)))] for p in parts)


def _local(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
