"""A plan: the concrete steps of one job on one pair, with exact commands, guards and undo.

Outside data enters here (saved and hand-written plan files), so everything is pydantic, frozen and strict.
A *condition* is a name of `console.health.conditions.CONDITIONS`, or `not NAME`; unknown never passes.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from console.model.config import AbsolutePath, Word
from console.model.disk_map import DiskMap


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _slug(value: str) -> str:
    if not value or not all(c.isascii() and (c.islower() or c.isdigit() or c == "-") for c in value):
        raise ValueError("expected lower-case letters, digits and '-'")
    return value


def _line(value: str) -> str:
    if not value.strip() or any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in value):
        raise ValueError("expected one line of text without control characters")
    return value


def _script(value: str) -> str:
    if not value.strip() or any(ord(c) < 0x20 and c not in "\t\n" for c in value) or "\x7f" in value:
        raise ValueError("expected shell text without control characters")
    return value


Slug = Annotated[str, AfterValidator(_slug), Field(max_length=60)]
Line = Annotated[str, AfterValidator(_line), Field(max_length=400)]
Script = Annotated[str, AfterValidator(_script), Field(max_length=65536)]
ConditionName = Annotated[str, Field(pattern=r"^(not )?[a-z0-9-]+$", max_length=80)]


class Risk(StrEnum):
    """What a step can do to the pair."""

    READ = "read"
    CHANGES = "changes"
    DESTROYS = "destroys"


class Command(_Strict):
    """Shell text (POSIX sh) run once, as a job on the step's node."""

    kind: Literal["command"] = "command"
    text: Script
    """Exactly what /bin/sh reads; every value in it went through the quoting function."""
    total: int | None = None
    """Bytes expected of a command that moves some, for the progress; None = not known."""


class WriteFile(_Strict):
    """A file written on the step's node, atomically (new file beside it, then renamed); shown as a diff."""

    kind: Literal["write"] = "write"
    path: AbsolutePath
    content: str
    """`@SECRET:name@` stands for a secret that is asked, found or generated when the step runs."""
    mode: Annotated[str, Field(pattern=r"^0[0-7]{3}$")] = "0644"


class Wait(_Strict):
    """Nothing is run: the engine watches until every condition of `until` holds."""

    kind: Literal["wait"] = "wait"
    until: Annotated[tuple[ConditionName, ...], Field(min_length=1)]
    failed_when: tuple[ConditionName, ...] = ()
    """Any of these holding ends the wait as failed, before the limit."""


class Manual(_Strict):
    """Something only a person can do or say; nothing is run."""

    kind: Literal["manual"] = "manual"
    ask: Line
    """The instruction or statement, one sentence."""
    typed: Line | None = None
    """What has to be typed to agree; None = a plain yes is enough (still not answered by --yes)."""


class Transfer(_Strict):
    """A file copied from the step's node to another host, through the console; resumable, sha256 checked."""

    kind: Literal["transfer"] = "transfer"
    source: AbsolutePath
    host: Word
    """`[user@]host` or ssh_config alias of the target."""
    target: AbsolutePath


class Stream(_Strict):
    """What a command on the step's node writes, into a command on another host, through the console.

    Neither is a job: with the console, or a connection, both end and the step has failed. So `into` has to
    begin its work anew each time it runs. Both exits count.
    """

    kind: Literal["stream"] = "stream"
    text: Script
    """On the step's node; its standard output is the stream, its standard error is shown."""
    to: Word
    """Name of the node or host that takes it."""
    into: Script
    """There; the stream is its standard input, its output is shown."""
    total: int | None = None
    """Bytes expected, for the progress; None = not known."""


Action = Annotated[Command | WriteFile | Wait | Manual | Transfer | Stream, Field(discriminator="kind")]


class Undo(_Strict):
    """How a step is taken back: a command on its node, or why none is needed."""

    none_needed: Line | None = None
    text: Script | None = None
    expects: tuple[ConditionName, ...] = ()
    however_far: bool = False
    """`text` is right however far the step got: it may also be run after the step has failed, where no
    condition tells whether that had an effect."""

    @model_validator(mode="after")
    def _one(self) -> "Undo":
        if (self.none_needed is None) == (self.text is None):
            raise ValueError("an undo has either `text` or `none_needed`")
        return self


class Change(_Strict):
    """A text that a step replaces as a whole: shown as a difference, never read by what runs."""

    what: Line
    """What is replaced: `/etc/fstab of the copy`, `label of ada1s1`."""
    before: str = Field(max_length=65536)
    """Empty where there was none."""
    after: str = Field(max_length=65536)


class Step(_Strict):
    """One step. Guards are read again immediately before it, `expects` after it."""

    id: Slug
    title: Line
    why: Line
    node: Word | None = None
    """Node name; None only for waits and manual steps that concern the pair."""
    action: Action
    change: Change | None = None
    guards: tuple[ConditionName, ...] = ()
    expects: tuple[ConditionName, ...] = ()
    """Hold after it. Where all hold before it, a changing step is skipped as already so."""
    always: bool = False
    """Run it even if `expects` already hold."""
    undo: Undo | None = None
    risk: Risk = Risk.CHANGES
    confirm: Line | None = None
    """For a destroying step: what must be typed, the target's name such as `web-a:md0`."""
    shows_direction: bool = False
    """The plan's direction card is shown with the confirmation."""
    timeout: Annotated[float, Field(gt=0, le=7 * 86400)] = 60.0
    """Seconds; then the outcome is unknown, never failed."""
    phase: Line | None = None
    """The phase of the outage it belongs to in reports: `release`, `address`, `check`, `mount`, `copy` …"""
    leaves: Line
    """The safe state the pair is in after it, in words: `web-a serves alone, nothing is copied`."""

    @model_validator(mode="after")
    def _sound(self) -> "Step":
        if self.node is None and self.action.kind not in ("wait", "manual"):
            raise ValueError(f"step {self.id}: a {self.action.kind} step names its node")
        if self.risk is Risk.DESTROYS and self.confirm is None:
            raise ValueError(f"step {self.id}: a step that destroys names what must be typed (`confirm`)")
        if self.change is not None and self.change.after.strip("\n") not in _written(self.action):
            raise ValueError(f"step {self.id}: `change` shows a text that the step does not write")
        return self


def _written(action: Action) -> str:
    """Where the text of a change has to stand."""
    if isinstance(action, WriteFile):
        return action.content
    return action.text if isinstance(action, Command) else ""


class Probe(_Strict):
    """A read-only command run when the direction card is shown, to date a half."""

    label: Line
    node: Word
    text: Script


class Side(_Strict):
    """One end of a copy."""

    node: Word
    component: Word
    """`md0`, `ggate0`."""
    image: AbsolutePath
    size: int | None = None
    """Bytes."""
    facts: tuple[tuple[Line, Line], ...] = ()
    """(label, value): genid, syncid, lineage, last promotion …; an unknown one says `unknown: why`."""
    probes: tuple[Probe, ...] = ()


class Direction(_Strict):
    """From where to where data is copied, and what is lost by it."""

    source: Side
    target: Side
    overwritten: Line
    """`web-a:/root/images/sitesprimary.img (500 MB) will be OVERWRITTEN`."""


class PlanNode(_Strict):
    """A node as it was when the plan was made: renamed or re-addressed, the plan is refused."""

    name: Word
    home: Literal["master", "slave"]
    host: Word
    image: AbsolutePath


class PlanHost(_Strict):
    """A machine outside the pair on which steps run: the source or target of a migration."""

    name: Word
    """What steps and screens call it."""
    host: Word
    """`[user@]host[:port]` or an ssh_config alias."""
    become: Literal["none", "sudo", "doas"] = "none"


class Plan(_Strict):
    """The whole job, before anything is done."""

    format: Literal[1] = 1
    id: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    """The mark of the answers it was made from; also the lineage id a promotion writes."""
    job: Slug
    title: Line
    pair: Word
    made: Line
    """Local time, ISO 8601 with offset."""
    nodes: Annotated[tuple[PlanNode, ...], Field(min_length=2, max_length=2)]
    hosts: Annotated[tuple[PlanHost, ...], Field(max_length=2)] = ()
    """Machines outside the pair on which steps run; each is locked like a node."""
    answers: dict[str, str | int | float | bool | list[str]] = {}
    facts: dict[str, str] = {}
    """What it was made from (`console.health.binding.bound_facts`); the engine refuses where they changed."""
    unchecked: tuple[Line, ...] = ()
    """What could not be checked when it was made."""
    aborts: tuple[ConditionName, ...] = ()
    """Watched the whole run: one that certainly holds stops it."""
    outages: tuple[tuple[Slug, Slug], ...] = ()
    """Each time the service is away: ids of the step with which it stops and of the one after which it is
    back; in the order of the steps, none inside another."""
    direction: Direction | None = None
    disks: DiskMap | None = None
    """Of a migration: source and target, before and after."""
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=200)]
    ends: Line
    """The state at the verified end."""
    expects: tuple[ConditionName, ...] = ()
    """Hold at the verified end."""

    @model_validator(mode="after")
    def _sound(self) -> "Plan":
        ids = [s.id for s in self.steps]
        if len(set(ids)) != len(ids):
            twice = next(id for id in ids if ids.count(id) > 1)
            raise ValueError(f"two steps have the same id: {twice}")
        machines = [*(node.name for node in self.nodes), *(host.name for host in self.hosts)]
        if len(set(machines)) != len(machines):
            raise ValueError("two machines have the same name")
        for step in self.steps:
            if step.node is not None and step.node not in machines:
                raise ValueError(f"step {step.id}: no node {step.node} in this plan")
            if isinstance(step.action, Stream) and step.action.to not in machines:
                raise ValueError(f"step {step.id}: no node {step.action.to} in this plan")
            if step.shows_direction and self.direction is None:
                raise ValueError(f"step {step.id}: shows_direction without a [direction]")
        self._outages_sound(ids)
        return self

    def _outages_sound(self, ids: list[str]) -> None:
        back = -1
        for number, outage in enumerate(self.outages, start=1):
            if missing := next((id for id in outage if id not in ids), None):
                raise ValueError(f"outage {number} names the step {missing}, which is not in the plan")
            first, last = map(ids.index, outage)
            if last < first:
                raise ValueError(f"outage {number} ends with {outage[1]}, before it begins")
            if first <= back:
                raise ValueError(
                    f"outage {number} begins with {outage[0]}, before the one before it has ended"
                )
            back = last

    def outage_steps(self) -> tuple[tuple[Step, ...], ...]:
        """The steps of each outage, the first and the last one included."""
        ids = [step.id for step in self.steps]
        return tuple(self.steps[ids.index(first) : ids.index(last) + 1] for first, last in self.outages)

    def step(self, id: str) -> Step:
        """The step called `id`."""
        return next(s for s in self.steps if s.id == id)
