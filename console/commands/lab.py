"""`mirrorgate lab`: a simulated pair, the console on it, and faults sent to one that runs."""

import asyncio
import importlib.util
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from console.commands.complaining import no_terminal

if TYPE_CHECKING:
    from console.lab.pair import LabPair

NEEDS_BASHKIT = (
    "mirrorgate: the lab needs bashkit, which is not installed: pip install 'mirrorgate[lab]' "
    "(there is no wheel for FreeBSD; run the lab on Linux or macOS, the console itself needs nothing more)"
)

_RECORDING = 200
"""Megabytes that the recording of a lab's console may take; it goes with the lab."""


def main(
    words: Sequence[str],
    *,
    serve: bool,
    speed: float,
    ascii_only: bool,
    bare: bool = False,
    disks: bool = False,
) -> int:
    """Run what the words say; returns the exit status."""
    if importlib.util.find_spec("bashkit") is None:
        print(NEEDS_BASHKIT, file=sys.stderr)
        return 2
    if words:
        if words[0] != "fault":
            print(f"mirrorgate: lab {words[0]}: expected `lab fault NAME …`", file=sys.stderr)
            return 2
        return fault(words[1:])
    if speed <= 0 or speed > 1000:
        print("mirrorgate: --speed is a number above 0 and not above 1000", file=sys.stderr)
        return 2
    if not serve and no_terminal("lab --serve"):
        return 2
    scenario = "disks" if disks else "bare" if bare else "healthy"
    return asyncio.run(_serve(speed, scenario) if serve else _console(speed, ascii_only, scenario))


def fault(words: Sequence[str]) -> int:
    """Send a fault to the newest running lab; without words, list what there is."""
    from console.lab.control import ask_lab, running_labs
    from console.lab.faults import FAULTS

    if not words:
        for known in FAULTS.values():
            print(f"{' '.join([known.name, *known.arguments]):<28} {known.says}")
        return 0
    for path in running_labs():
        try:
            answer = ask_lab(path, words[0], words[1:])
        except (ConnectionError, FileNotFoundError):
            continue
        except (TimeoutError, ValueError):
            print("mirrorgate: the lab does not answer", file=sys.stderr)
            return 1
        if answer.get("ok"):
            print(answer.get("says", ""))
            return 0
        print(f"mirrorgate: {answer.get('error', 'refused')}", file=sys.stderr)
        return 2
    print("mirrorgate: no lab runs here; start one with: mirrorgate lab --serve", file=sys.stderr)
    return 2


async def _serve(speed: float, scenario: str) -> int:
    from console.lab.pair import serve

    lab = await serve(speed=speed, scenario=scenario)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    try:
        for line in how_to_reach(lab):
            print(line, flush=True)
        await stopped.wait()
    finally:
        await lab.close()
    return 0


def how_to_reach(lab: "LabPair") -> list[str]:
    """One line per node for stock OpenSSH, one for the console, and what mail there is to be traced."""
    from console.lab.mailpast import hints

    lines = [f"ssh -F {lab.ssh_config} {name}" for name in lab.names.values()]
    return [*lines, f"mirrorgate --config {lab.config_file}", *hints()]


async def _console(speed: float, ascii_only: bool, scenario: str) -> int:
    from console import config_file
    from console.app import MirrorgateApp
    from console.commands.console import Watching, jobs, mails
    from console.engine.journal import Journal
    from console.lab.pair import serve
    from console.memory.reader import Reader
    from console.memory.recorder import MEGABYTE, Recorder

    lab = await serve(speed=speed, scenario=scenario)
    journal = Journal()
    recorder = Recorder(lab.config_file.with_name("recording.db"), _RECORDING * MEGABYTE)
    recording = Reader(recorder.path)
    try:
        config = await asyncio.to_thread(config_file.load, lab.config_file)
        await recorder.start()
        watching = Watching(config, config.pairs, keeper=recorder)
        reader = mails(config, watching)
        app = MirrorgateApp(
            config.pairs,
            watching,
            jobs=jobs(config, watching, journal),
            mails=reader,
            journal=journal.runs,
            faults=lab,
            ascii_only=ascii_only,
            reader=recording,
        )
        try:
            await app.run_async()
        finally:
            await reader.close()
        return app.return_code or 0
    finally:
        await recording.close()
        await recorder.close()
        await journal.close()
        await lab.close()
