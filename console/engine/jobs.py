"""Jobs on the nodes: launched once, looked at, their output brought into the record."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from console.engine import transitions
from console.engine.desk import Desk
from console.engine.grip import Grip
from console.engine.masking import Output
from console.engine.pace import Pace
from console.engine.readings import Readings
from console.engine.secret_values import Secrets
from console.model.job import HandsRefused, JobLook, JobState, LockLost
from console.parse.progress import read_progress

_WHOLE = 65536
"""Bytes of each stream that one look brings at most: there may be more."""
_MOST_LOOKS = 64
"""Looks in a row while there is more; what a job prints beyond 4 MiB at once is read with the next."""

_LATELY = 4096
"""Characters at the end of the output in which a line of progress is looked for."""


@dataclass(slots=True)
class _Streams:
    out: Output
    err: Output
    pace: Pace = field(default_factory=Pace)
    out_offset: int = 0
    err_offset: int = 0


class Jobs:
    """The jobs of one run."""

    def __init__(self, grips: Mapping[str, Grip], desk: Desk, readings: Readings, secrets: Secrets) -> None:
        self._grips = grips
        self._desk = desk
        self._readings = readings
        self._secrets = secrets
        self._streams: dict[str, _Streams] = {}
        self._states: dict[str, JobState | None] = {}
        self._nodes: dict[str, str] = {}

    def last_state(self, job: str) -> JobState | None:
        """How the job was when it was read last; None = not read."""
        return self._states.get(job)

    def running(self) -> dict[str, str]:
        """Nodes on which a job of this run may still run, and which."""
        alive = (None, JobState.RUNNING, JobState.CLAIMED)
        return {
            node: f"job {job} may still be running"
            for job, node in self._nodes.items()
            if self._states[job] in alive
        }

    async def launch(self, step: str, node: str, job: str, text: str, input: bytes | None = None) -> JobLook:
        """Start it, once; the intent is on disk already.

        Raises:
            HandsLost: it may or may not have been started.
            LockLost: it was not started, the node's lock is not ours.
            HandsRefused: it was not started, the node could not take it.
        """
        self._readings.sent()
        self._states[job], self._nodes[job] = None, node
        run = self._desk.run.id
        try:
            look = await self._grips[node].once(lambda h: h.launch(job, text, run=run, input=input))
        except (LockLost, HandsRefused):
            self._states[job] = JobState.ABSENT
            raise
        more = max(look.out_offset, look.err_offset) >= _WHOLE
        self._take_in(step, job, look, more=more)
        return await self.look(step, node, job) if more else look

    async def look(self, step: str, node: str, job: str) -> JobLook:
        """Read it and what it has printed since. Raises HandsLost."""
        now = self._streams_of(job)
        self._nodes[job] = node
        self._states.setdefault(job, None)
        for _ in range(_MOST_LOOKS):
            before = now.out_offset, now.err_offset
            look = await self._grips[node].once(lambda h: h.look(job, now.out_offset, now.err_offset))
            read = look.out_offset - before[0], look.err_offset - before[1]
            self._take_in(step, job, look, more=max(read) >= _WHOLE)
            if max(read) < _WHOLE:
                break
        return look

    def _streams_of(self, job: str) -> _Streams:
        if job not in self._streams:
            values = self._secrets.values
            self._streams[job] = _Streams(Output(values), Output(values))
        return self._streams[job]

    def _moving(self, job: str, out: str) -> dict[str, object]:
        """What the last line of progress tells, if there is one."""
        told = read_progress(out[-_LATELY:])
        if not told:
            return {}
        last = told[-1]
        pace = self._streams_of(job).pace
        return asdict(pace.at(self._desk.now(), last.done, last.total, last.percent))

    def _take_in(self, step: str, job: str, look: JobLook, *, more: bool = False) -> None:
        self._states[job] = look.state
        streams = self._streams_of(job)
        ended = look.state in (JobState.ENDED, JobState.VANISHED, JobState.INTERRUPTED)
        last = ended and not more
        out, err = streams.out.add(look.out, last=last), streams.err.add(look.err, last=last)
        streams.out_offset = max(streams.out_offset, look.out_offset)
        streams.err_offset = max(streams.err_offset, look.err_offset)
        if ended:
            self._readings.sent()
        if look.state in (JobState.ABSENT, JobState.CLAIMED):
            return
        run = self._desk.run
        if job == transitions.job_of(run, step):
            run = transitions.changed(run, step, out=out, err=err, exit_status=look.exit_status)
            if look.out:
                run = transitions.changed(run, step, **self._moving(job, out))
        if run != self._desk.run:
            self._desk.put(run)
