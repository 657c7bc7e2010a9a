"""`make screenshots`: the pictures of the README, drawn by the console from the lab."""

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from textual.pilot import Pilot

from console import config_file
from console.app import MirrorgateApp
from console.commands.console import Watching, mails
from console.commands.console import jobs as jobs_of
from console.engine.journal import Journal
from console.lab.pair import LabPair, serve
from console.lab.qmail import mail_of
from console.model.form import Value, answered
from console.model.run import Choice, Question, RunRecord, StepState
from console.model.snapshot import LinkState, PairState
from console.model.words import Answer, Home, MirrorState
from console.screens.job_form import AnswersScreen
from console.screens.job_plan import PlanScreen
from console.screens.job_run import RunScreen
from console.screens.mail_control import ControlScreen
from console.screens.mail_log import LogScreen
from console.screens.mail_message import MessageScreen
from console.screens.mail_queue import QueueScreen
from console.screens.mail_trace import TraceScreen
from tests.browser.picture import browser_picture
from tests.replay.night import DIED
from tests.replay.replaying_app import recorded, replay_console
from tests.screens import fleet
from tests.screens.feeding import Feed, console
from widgets.plan_steps import PlanSteps

Shown = Callable[[PairState], bool]
"""Whether the state is the one to take a picture of."""


def _settled(state: PairState) -> bool:
    return all(node.facts.df.taken and node.facts.mail.taken for node in state.snapshot.nodes)


def _healthy(state: PairState) -> bool:
    return _settled(state) and any(t.mirror and t.mirror.state is MirrorState.COMPLETE for t in state.truths)


def _syncing(state: PairState) -> bool:
    return state.sync is not None and state.sync.percent > 20 and state.sync.eta is not None


def _degraded(state: PairState) -> bool:
    return state.sync is None and any(
        t.mirror and t.mirror.state is MirrorState.DEGRADED for t in state.truths
    )


def _split(state: PairState) -> bool:
    return all(t.mounted is Answer.YES for t in state.truths)


def _gone(state: PairState) -> bool:
    lost = any(node.link.state is LinkState.LOST for node in state.snapshot.nodes)
    noticed = any(f.id == "P12a" for f in state.findings)
    return lost and (noticed or _degraded(state))


@dataclass(frozen=True)
class Picture:
    """One picture: what to break first, and when, where and how large to look."""

    name: str
    shown: Shown
    fault: str | None = None
    screen: str = "overview"
    size: tuple[int, int] = (160, 48)
    theme: str = "textual-dark"


PICTURES = (
    Picture("overview", _healthy),
    Picture("overview-light", _healthy, theme="textual-light"),
    Picture("overview-80x24", _healthy, size=(80, 24)),
    Picture("node", _healthy, screen="node"),
    Picture("overview-syncing", _syncing, "syncing"),
    Picture("overview-degraded", _degraded, "degraded"),
    Picture("findings", _degraded, screen="findings"),
    Picture("overview-node-gone", _gone, "node-gone"),
    Picture("overview-split-brain", _split, "split-brain"),
    Picture("events", _split, screen="events"),
)


async def _take(app: MirrorgateApp, pilot: Pilot[None], picture: Picture, directory: Path) -> None:
    app.theme = picture.theme
    app.action_go(picture.screen)
    await pilot.resize_terminal(*picture.size)
    deadline = time.monotonic() + 120
    while not ((state := app.states.get(app.pair)) and picture.shown(state)):
        if time.monotonic() > deadline:
            raise SystemExit(f"{picture.name}: the state to show did not come within 120 s")
        await pilot.pause(0.1)
    await pilot.pause(1.5)
    app.save_screenshot(f"{picture.name}.svg", path=str(directory))
    print(f"{directory / picture.name}.svg", flush=True)


async def _until(pilot: Pilot[None], holds: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 120
    while not holds():
        if time.monotonic() > deadline:
            raise SystemExit(f"{what} did not come within 120 s")
        await pilot.pause(0.1)


async def _job(app: MirrorgateApp, pilot: Pilot[None], directory: Path) -> None:
    """A drill: the list of jobs, its plan, the direction card of its copy, the run, history and report."""

    async def picture(name: str) -> None:
        await pilot.pause(1.5)
        app.save_screenshot(f"{name}.svg", path=str(directory))
        print(f"{directory / name}.svg", flush=True)

    await pilot.resize_terminal(160, 48)
    await _until(pilot, lambda: (s := app.states.get(app.pair)) and _healthy(s), "a healthy pair")
    await pilot.press("j")
    await picture("jobs")
    jobs, running = app.jobs, app.running
    if jobs is None or running is None:
        raise SystemExit("the console has no jobs")
    plan = jobs.plan(app.pair, "failover-drill", {})
    screen = PlanScreen(plan)
    await app.push_screen(screen)
    number = [step.id for step in plan.steps].index("mount-slave")
    for _ in range(number + 1):
        await pilot.press("down")
    await picture("plan")
    running.start(plan)
    await app.push_screen(RunScreen())
    copying = False
    while running.busy:
        asked, run = app.question, app.job_run
        if run is not None and any(
            20 < (s.percent or 0) < 80 and s.state is StepState.RUNNING for s in run.steps
        ):
            if not copying:
                await picture("run")
            copying = True
        if isinstance(asked, Question) and asked.shows_direction:
            await picture("direction")
        if isinstance(asked, Question):
            running.answer(asked, Choice.GO)
        elif asked is not None:
            running.answer(asked, None)
        await pilot.pause(0.1)
    app.action_go("history")
    await picture("history")
    await pilot.press("enter")
    await picture("report")


async def _migration(app: MirrorgateApp, pilot: Pilot[None], directory: Path) -> None:
    """A system moves to another disk: questions, plan, the disk that is lost, run, checklist."""

    async def picture(name: str) -> None:
        await pilot.pause(1.5)
        app.save_screenshot(f"{name}.svg", path=str(directory))
        print(f"{directory / name}.svg", flush=True)

    jobs, running = app.jobs, app.running
    if jobs is None or running is None:
        raise SystemExit("the console has no jobs")
    await _until(pilot, lambda: (s := app.states.get(app.pair)) and _settled(s), "both nodes")
    said: dict[str, Value] = {"source": "web-a", "target": "same"}
    await jobs.survey(app.pair, jobs.surveys(app.pair, "migrate-disk", said))
    form = answered(jobs.form(app.pair, "migrate-disk", said), said)
    screen = AnswersScreen(app.pair, form, read=["web-a"])
    await app.push_screen(screen)
    for _ in range(4):
        await pilot.press("enter")
    await picture("migrate-form")
    for size, theme in (((80, 24), "textual-dark"), ((160, 48), "textual-light")):
        app.theme = theme
        await pilot.resize_terminal(*size)
        await picture(f"migrate-form-{'80x24' if size[0] == 80 else 'light'}")
    app.theme = "textual-dark"
    plan = jobs.plan(app.pair, "migrate-disk", {**said, "target_disk": "ada1"})
    plan_screen = PlanScreen(plan)
    await app.push_screen(plan_screen)
    await pilot.pause()
    plan_screen.query_one(PlanSteps).highlighted = [step.id for step in plan.steps].index("divide") + 1
    await picture("migrate-plan")
    running.start(plan)
    run_screen = RunScreen()
    await app.push_screen(run_screen)
    taken = False
    while running.busy:
        asked, run = app.question, app.job_run
        if not taken and run is not None and _copying(run):
            taken = True
            await picture("migrate-run")
        if isinstance(asked, Question):
            if asked.destroys:
                await picture("migrate-confirm")
            running.answer(asked, Choice.GO)
        await pilot.pause(0.1)
    run_screen.query_one(PlanSteps).highlighted = [step.id for step in plan.steps].index("ready-to-boot")
    await picture("migrate-ready")


def _copying(run: RunRecord) -> bool:
    """The third file system is on its way."""
    moves = [one for one in run.steps if one.id.startswith("move-")]
    if len(moves) < 3 or moves[2].state is not StepState.RUNNING:
        return False
    return 20 < (moves[2].percent or 0) < 90 and moves[2].eta is not None


async def _mail(lab: LabPair, app: MirrorgateApp, pilot: Pilot[None], directory: Path) -> None:
    """Mail: what it is doing, a queue, a message, a trace of each kind, the log, the settings."""

    async def picture(name: str, seconds: float = 3.0) -> None:
        await pilot.pause(seconds)
        app.save_screenshot(f"{name}.svg", path=str(directory))
        print(f"{directory / name}.svg", flush=True)

    async def back() -> None:
        app.pop_screen()
        await pilot.pause(0.5)

    await _until(pilot, lambda: (s := app.states.get(app.pair)) and _healthy(s), "a healthy pair")
    app.action_go("mail")
    await picture("mail", 6.0)
    await pilot.resize_terminal(80, 24)
    await picture("mail-80x24")
    await pilot.resize_terminal(160, 48)
    await app.push_screen(QueueScreen(Home.MASTER))
    await picture("mail-queue", 5.0)
    await back()
    mail = mail_of(lab.world.nodes["a"])
    if mail is None:
        raise SystemExit("the lab has no mail")
    waiting = next(m for m in mail.queue.values() if m.recipients[0].address == "dirk@mute.example")
    await app.push_screen(MessageScreen(Home.MASTER, waiting.number, 23))
    await picture("mail-message", 5.0)
    await back()
    traced = {"orders@slow.example": "mail-trace", "ghost@nowhere.example": "mail-trace-bounce"}
    for words, name in traced.items():
        await app.push_screen(TraceScreen(words))
        await picture(name, 5.0)
        await back()
    await app.push_screen(LogScreen())
    await picture("mail-log", 6.0)
    await back()
    await app.push_screen(ControlScreen())
    await picture("mail-control", 4.0)
    await back()
    await lab.fault("mail-remote-full")
    await lab.fault("big-queue", "20000")
    await pilot.press("u")
    await picture("mail-backlog", 25.0)
    await app.push_screen(QueueScreen(Home.MASTER))
    await picture("mail-queue-large", 15.0)
    await lab.fault("mail-mended")


async def _replay(directory: Path) -> None:
    """A night that the lab's nodes lived through, as a recording: a failover, both logs, the trends."""
    await asyncio.to_thread(directory.mkdir, exist_ok=True)
    app = replay_console(recorded(), start=True, at=DIED + 5)

    def picture(name: str) -> None:
        app.save_screenshot(f"{name}.svg", path=str(directory))
        print(f"{directory / name}.svg", flush=True)

    async with app.run_test(size=(160, 48)) as pilot:
        await _until(pilot, lambda: app.states, "the recording")
        for mode, name in (("trends", "trends"), ("logs", "replay-logs"), ("overview", "replay")):
            app.action_go(mode)
            await pilot.pause(3.0)
            picture(name)
        await pilot.resize_terminal(80, 24)
        await pilot.pause(2.0)
        picture("replay-80x24")


async def _mails(directory: Path) -> None:
    """The pictures of mail, on a lab of their own."""
    await asyncio.to_thread(directory.mkdir, exist_ok=True)
    lab = await serve()
    try:
        config = await asyncio.to_thread(config_file.load, lab.config_file)
        watching = Watching(config, config.pairs)
        reader = mails(config, watching)
        app = MirrorgateApp(config.pairs, watching, mails=reader, faults=lab)
        app.animation_level = "none"
        try:
            async with app.run_test(size=(160, 48)) as pilot:
                await _mail(lab, app, pilot, directory)
        finally:
            await reader.close()
    finally:
        await lab.close()


async def _fleet(directory: Path) -> None:
    """Two hundred made-up pairs: the lab has one."""
    await asyncio.to_thread(directory.mkdir, exist_ok=True)
    pairs, lines = fleet.fleet()
    app = console(feed=Feed(*lines.values()), pairs=pairs, read_only=True)
    async with app.run_test(size=(160, 48)) as pilot:
        await _until(pilot, lambda: len(app.lines) == len(pairs), "every pair")
        for size in ((160, 48), (80, 24)):
            await pilot.resize_terminal(*size)
            await pilot.pause(1.0)
            name = "fleet" if size[0] == 160 else "fleet-80x24"
            app.save_screenshot(f"{name}.svg", path=str(directory))
            print(f"{directory / name}.svg", flush=True)


def _fill(lab: LabPair) -> None:
    """Some more on web-a's file systems, and a slower disk, so that there is something to see."""
    dice = random.Random(4)
    node = lab.world.nodes["a"]
    for place, count in (("/home/www/data", 4), ("/usr/share/doc", 5), ("/var/db/records", 2)):
        for number in range(count):
            node.fs.write_file(f"{place}/large{number}", dice.randbytes(1 << 20))
    lab.world.dump_rate = 600_000


async def _all(directory: Path) -> None:
    await asyncio.to_thread(directory.mkdir, exist_ok=True)
    lab = await serve()
    try:
        config = await asyncio.to_thread(config_file.load, lab.config_file)
        app = MirrorgateApp(config.pairs, Watching(config, config.pairs), faults=lab)
        app.animation_level = "none"
        async with app.run_test(size=(160, 48)) as pilot:
            for picture in PICTURES:
                if picture.fault:
                    await lab.fault(picture.fault)
                await _take(app, pilot, picture, directory)
    finally:
        await lab.close()


Scene = Callable[[MirrorgateApp, Pilot[None], Path], Awaitable[None]]


async def _jobs(directory: Path, scenario: str, scene: Scene) -> None:
    """The pictures of a job, on a lab of its own."""
    lab = await serve(scenario=scenario)
    if scenario == "disks":
        _fill(lab)
    with tempfile.TemporaryDirectory() as kept:
        journal = Journal(Path(kept) / "journal.db")
        try:
            config = await asyncio.to_thread(config_file.load, lab.config_file)
            watching = Watching(config, config.pairs)
            offered = jobs_of(config, watching, journal)
            app = MirrorgateApp(config.pairs, watching, jobs=offered, journal=journal.runs, faults=lab)
            app.animation_level = "none"
            async with app.run_test(size=(160, 48)) as pilot:
                await scene(app, pilot, directory)
        finally:
            await journal.close()
            await lab.close()


def main() -> None:
    """Draw every picture."""
    arguments = argparse.ArgumentParser(description="Draw the README's pictures from the lab.")
    arguments.add_argument("directory", type=Path)
    arguments.add_argument(
        "--only", choices=("pairs", "drill", "migration", "mail", "replay", "browser", "fleet")
    )
    said = arguments.parse_args()
    if said.only in (None, "pairs"):
        asyncio.run(_all(said.directory))
    if said.only in (None, "fleet"):
        asyncio.run(_fleet(said.directory))
    if said.only in (None, "drill"):
        asyncio.run(_jobs(said.directory, "healthy", _job))
    if said.only in (None, "migration"):
        asyncio.run(_jobs(said.directory, "disks", _migration))
    if said.only in (None, "replay"):
        asyncio.run(_replay(said.directory))
    if said.only in (None, "mail"):
        asyncio.run(_mails(said.directory))
    if said.only in (None, "browser"):
        asyncio.run(browser_picture(said.directory))


if __name__ == "__main__":
    main()
