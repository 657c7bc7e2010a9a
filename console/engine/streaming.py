"""A stream step, carried to its end: progress and what both ends say go into the record."""

import asyncio
from dataclasses import asdict

from console.engine import transitions
from console.engine.carrying import Parties
from console.engine.desk import Desk
from console.engine.masking import Output
from console.engine.pace import Pace
from console.model.job import HandsLost, Streamed
from console.model.plan import Step, Stream
from console.ssh.text import one_line

SHOWN_EVERY = 0.2
"""Seconds between two readings that are brought into the record: blocks come a thousand times a second."""


async def carried(parties: Parties, step: Step, limit: float) -> str:
    """Why it failed, one line; empty when both ends exited 0. Both have ended when this returns.

    Args:
        parties: whom the run works with.
        step: the step, whose action is a stream.
        limit: when its time is over (loop time).
    """
    action = step.action
    if not isinstance(action, Stream) or step.node is None:
        raise TypeError(f"step {step.id} is no stream")
    streamer = parties.streamer
    if streamer is None:
        return "this console has nothing to carry a stream with"
    source, target = parties.grips[step.node].node, parties.grips[action.to].node
    record = _Recorder(parties.desk, step, action, parties.secrets.values)

    async def carry() -> Streamed:
        async with asyncio.timeout_at(limit):
            return await streamer.stream(source, action.text, target, action.into, record.moved, record.said)

    parties.readings.sent()
    try:
        ended = await parties.desk.until_insisted(carry())
    except HandsLost as lost:
        return one_line(str(lost), 300)
    except TimeoutError:
        return f"not within {step.timeout:.0f} s; both ends were ended"
    finally:
        parties.readings.sent()
        record.close()
    if ended is None:
        signals = parties.desk.signals
        return f"{signals.abort or signals.lock or signals.stop}; both ends were ended"
    return record.ended(ended)


class _Recorder:
    """Brings what is seen of a stream into the step's record."""

    def __init__(self, desk: Desk, step: Step, action: Stream, secrets: tuple[str, ...]) -> None:
        self._desk = desk
        self._step = step
        self._action = action
        self._pace = Pace()
        self._out, self._err = Output(secrets), Output(secrets)
        self._open: dict[str, str] = {}
        self._last: dict[str, str] = {}
        self._drawn = 0.0
        self._bytes = 0
        self._loop = asyncio.get_running_loop()

    def moved(self, done: int) -> None:
        """So many bytes have been handed on."""
        self._bytes = done
        now = self._loop.time()
        if now - self._drawn < SHOWN_EVERY:
            return
        self._drawn = now
        moving = self._pace.at(now, done, self._action.total)
        self._desk.put(transitions.changed(self._desk.run, self._step.id, **asdict(moving)))

    def said(self, name: str, text: str, is_error: bool) -> None:
        """One end said something; of errors each line is led by who said it."""
        if not is_error:
            self._put(out=self._out.add(text))
            return
        *whole, rest = (self._open.get(name, "") + text).split("\n")
        # A line that never ends is cut, so that nothing grows.
        self._open[name] = rest[-4096:]
        for line in whole:
            self._last[name] = line if line.strip() else self._last.get(name, "")
        if whole:
            self._put(err=self._err.add("".join(f"{name}: {line}\n" for line in whole)))

    def close(self) -> None:
        """Nothing more is said."""
        for name, rest in list(self._open.items()):
            if rest:
                self.said(name, "\n", True)
        self._put(out=self._out.add("", last=True), err=self._err.add("", last=True), moved=self._bytes)

    def ended(self, ended: Streamed) -> str:
        """Why it failed, by how the two ended."""
        status = ended.source_exit or ended.target_exit
        self._put(exit_status=status)
        ends = [(self._step.node or "", ended.source_exit), (self._action.to, ended.target_exit)]
        # The one who sends ends by a broken pipe when the one who takes has gone: that one knows why.
        if ended.source_exit > 128:
            ends.reverse()
        return "; ".join(self._why(name, code) for name, code in ends if code)

    def _why(self, name: str, code: int) -> str:
        last = one_line(self._last.get(name, ""))
        return f"{name}: exit {code}" + (f": {last}" if last else "")

    def _put(self, **values: object) -> None:
        self._desk.put(transitions.changed(self._desk.run, self._step.id, **values))
