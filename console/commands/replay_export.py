"""`mirrorgate replay --json`: a span of a recording as JSON lines, one snapshot a line."""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from console.commands.complaining import complain
from console.commands.sampling import chosen
from console.commands.status import as_json
from console.memory.reading import NoRecording, Recording
from console.memory.recorder import recording_of
from console.model.config import Config, PairConfig
from console.model.jsonable import jsonable
from console.model.snapshot import Event, PairState
from console.parse.spoken_time import spoken_time
from console.watch.node_watch import lane_plans, sections_of
from console.watch.taped import TapedPair

_BEFORE = 120.0
"""Seconds that are played before the first line: what lasts and what a rebuild's rate is need some past."""


def main(arguments: argparse.Namespace, config: Config, path: Path) -> int:
    """Run the command; returns its exit status. Raises BadConfig."""
    pairs = chosen(config, path, arguments.pair)
    try:
        recording = Recording(recording_of(config, arguments.file))
    except NoRecording as why:
        complain(why)
        return 2
    try:
        return _export(arguments, recording, pairs)
    except NoRecording as why:
        complain(why)
        return 2
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    finally:
        recording.close()


def _export(arguments: argparse.Namespace, recording: Recording, pairs: Sequence[PairConfig]) -> int:
    found = 0
    for pair in pairs:
        span = recording.span(pair.name)
        if span is None:
            complain(f"{recording.path}: pair {pair.name} is not in it")
            continue
        times: list[float] = []
        for word, name, without in (
            (arguments.at, "--at", span.first),
            (arguments.until, "--until", span.last),
        ):
            try:
                times.append(without if word is None else spoken_time(word, span.last))
            except ValueError as why:
                complain(f"{name} {word}: {why}")
                return 2
        if times[1] < times[0]:
            complain(f"--until is before --at ({_local(times[1])}, {_local(times[0])})")
            return 2
        if times[0] > span.last or times[1] < span.first:
            complain(f"{pair.name}: recorded from {_local(span.first)} to {_local(span.last)}, not then")
            continue
        found += 1
        first, last = max(times[0], span.first), min(times[1], span.last)
        for line in lines(recording, pair, first, last, arguments.every):
            print(json.dumps(line), flush=True)
    return 0 if found else 1


def lines(
    recording: Recording, pair: PairConfig, first: float, last: float, every: float
) -> Iterator[dict[str, object]]:
    """A pair every `every` seconds between two times, and when something happened.

    Each line is what `status --json` says, and `events`: what happened since the line before.

    Raises:
        NoRecording: it cannot be read.
    """
    events = [e for e in recording.events(pair.name, first, last) if e.at > first]
    played = TapedPair(pair, sections_of(lane_plans(pair)))
    at = max(first - _BEFORE, _begin(recording, pair.name, first))
    for taped in recording.pieces(pair.name, at):
        played.apply(taped)
    if at < first:
        played.state(at)
        played_to = at
        for taped in recording.after(pair.name, at, first, pulse=every):
            # Derived at times on the way too: the rate of a rebuild is the difference between two readings.
            if taped.at > played_to + 10:
                played.state(taped.at)
                played_to = taped.at
            played.apply(taped)
    yield _line(played.state(first), ())
    moments = iter(_moments(first, last, every, events))
    due = next(moments, None)
    said = 0
    for taped in recording.after(pair.name, first, last, pulse=min(every, 60.0)):
        while due is not None and taped.at > due:
            yield _line(played.state(due), fresh := _until(events[said:], due))
            said += len(fresh)
            due = next(moments, None)
        played.apply(taped)
    while due is not None:
        yield _line(played.state(due), fresh := _until(events[said:], due))
        said += len(fresh)
        due = next(moments, None)


def _begin(recording: Recording, pair: str, at: float) -> float:
    """Where the stretch begins that a time lies in; the time itself where nothing was recorded."""
    return next((span.first for span in recording.stretches(pair) if span.first <= at <= span.last), at)


def _moments(first: float, last: float, every: float, events: Sequence[Event]) -> list[float]:
    """When a line is due."""
    steady = (first + number * every for number in range(1, int((last - first) / every) + 1))
    return sorted({*steady, *(event.at for event in events)})


def _until(events: Sequence[Event], at: float) -> tuple[Event, ...]:
    return tuple(event for event in events if event.at <= at)


def _line(state: PairState, events: Sequence[Event]) -> dict[str, object]:
    return {**as_json(state), "events": jsonable(tuple(events))}


def _local(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
