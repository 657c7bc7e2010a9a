"""A night of a pair, eight hours: all is well until web-a goes away at 03:11:30 and web-b takes over.

What the nodes say is what the lab's nodes said, once, their times moved into that night.
"""

import asyncio
import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from console import config_file
from console.commands.sampling import opener
from console.lab.pair import serve
from console.model.config import PairConfig
from console.model.snapshot import Link, LinkState
from console.model.tape import LinkChanged, NodeNews, SectionLost, SectionRead, Taped
from console.model.words import Answer, Home
from console.watch.node_watch import lane_plans, sections_of
from console.watch.pair_watch import PairWatch
from console.watch.taped import TapedPair
from tests.screens.sample import pair_config
from tests.waiting import eventually

BEGIN = datetime(2026, 11, 22, 20, 0, tzinfo=UTC).timestamp()
DIED = datetime(2026, 11, 23, 3, 11, 30, tzinfo=UTC).timestamp()
END = datetime(2026, 11, 23, 4, 0, tzinfo=UTC).timestamp()
_STAMP = re.compile(r"\b[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d\b")
_BOOTED = re.compile(r"(sec = )(\d+)")


_HEARD = Path(__file__).with_name("night.jsonl")
"""What the lab said, a piece a line: `python -m tests.replay.night` lets it say it again."""


@dataclass(frozen=True)
class Night:
    """A pair and what was learnt of it, oldest first."""

    pair: PairConfig
    tape: tuple[Taped, ...]


def night_pair() -> PairConfig:
    """The pair, with the images that the lab's nodes have."""
    pair = pair_config()
    images = {Home.MASTER: "/root/images/sitesprimary.img", Home.SLAVE: "/root/images/sitesbackup.img"}
    nodes = tuple(node.model_copy(update={"image": images[node.home]}) for node in pair.nodes)
    return pair.model_copy(update={"nodes": nodes})


def night() -> Night:
    """The night; the same every time."""
    well: list[Taped] = []
    broken: list[Taped] = []
    for line in _HEARD.read_text().splitlines():
        said = json.loads(line)
        news: NodeNews
        match said["kind"]:
            case "read":
                news = SectionRead(said["section"], said["text"], said["status"], said["at"])
            case "lost":
                news = SectionLost(said["section"], said["why"])
            case _:
                news = LinkChanged(Link(LinkState(said["state"]), said["why"]))
        piece = Taped("borkcorp-www", Home(said["home"]), said["at"], news)
        (broken if said["broken"] else well).append(piece)
    return Night(night_pair(), _stretched(well, broken))


async def _listen() -> None:
    """Let the lab live through a failover and keep what is new in what its nodes say."""
    lab = await serve()
    heard: list[Taped] = []
    config = config_file.load(lab.config_file)
    pair = config.pairs[0]
    watch = PairWatch(pair, opener(config, None), heard.append)
    running = asyncio.create_task(watch.run())
    copy = TapedPair(pair, sections_of(lane_plans(pair)))
    read = 0

    def taken_over() -> bool:
        nonlocal read
        for piece in heard[read:]:
            copy.apply(piece)
        read = len(heard)
        truths = copy.state().truths[1]
        return truths.mounted is Answer.YES and truths.address is Answer.YES

    try:
        await eventually(lambda: watch.master.settled and watch.slave.settled)
        before = len(heard)
        await lab.fault("power-off", "a")
        await eventually(taken_over)
        after = len(heard)
        # Two rounds of the slow lane: the logs, and what else has changed.
        await eventually(
            lambda: (
                sum(isinstance(p.news, SectionRead) and p.news.section == "files" for p in heard[after:]) > 1
            )
        )
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await lab.close()
    died = next(n for n, p in enumerate(heard) if isinstance(p.news, SectionLost) and n >= before)
    lines: list[str] = []
    seen: dict[tuple[Home, str], str] = {}
    for number, piece in enumerate(heard):
        told: dict[str, object] = {
            "home": piece.home.value,
            "at": round(piece.at, 3),
            "broken": number >= died,
        }
        match piece.news:
            case SectionRead(section, text, status, _):
                if seen.get((piece.home, section)) == text and number >= before:
                    continue
                seen[piece.home, section] = text
                told |= {"kind": "read", "section": section, "text": text, "status": status}
            case SectionLost(section, why):
                told |= {"kind": "lost", "section": section, "why": why}
            case LinkChanged(link):
                told |= {"kind": "link", "state": link.state.value, "why": link.why}
        lines.append(json.dumps(told, ensure_ascii=False))
    _HEARD.write_text("\n".join(lines) + "\n")


def _stretched(well: list[Taped], broken: list[Taped]) -> tuple[Taped, ...]:
    """What was said while all was well every two minutes, then what was said after the failover."""
    times = _Times(well[0].at, broken[0].at)
    tape = [times.moved(piece, BEGIN + piece.at - well[0].at) for piece in well]
    last: dict[tuple[Home, str], Taped] = {}

    def say_again(first: float, end: float) -> None:
        at = first
        while at < end:
            tape.extend(times.moved(piece, at) for piece in last.values())
            at += 120

    for piece in well:
        if isinstance(piece.news, SectionRead):
            last[piece.home, piece.news.section] = piece
    say_again(BEGIN + 120, DIED)
    tape += [times.moved(piece, DIED + piece.at - broken[0].at) for piece in broken]
    for piece in broken:
        if isinstance(piece.news, SectionRead):
            last[piece.home, piece.news.section] = piece
    last = {key: piece for key, piece in last.items() if key[0] is Home.SLAVE}
    say_again(DIED + 120, END)
    say_again(END, END + 1)
    return tuple(tape)


@dataclass(frozen=True)
class _Times:
    """Moves times of the lab into the night: the evening's lines stay the evening's."""

    began: float
    died: float

    def _night(self, at: float) -> float:
        return at - self.died + DIED if at >= self.died - 1 else at - self.began + BEGIN

    def moved(self, piece: Taped, at: float) -> Taped:
        """The same piece said at `at`: its clock, the log's stamps and the time of the boot go along."""
        at = round(at, 3)
        news = piece.news
        if isinstance(news, SectionRead):
            text = _STAMP.sub(lambda found: self._later(found[0]), news.text)
            if news.section == "host":
                clock, _, rest = text.partition("\n")
                text = f"{int(clock) + round(at - piece.at)}\n{rest}"
                text = _BOOTED.sub(lambda found: f"{found[1]}{round(self._night(float(found[2])))}", text)
            news = replace(news, text=text, taken=at)
        return Taped(piece.pair, piece.home, at, news)

    def _later(self, stamp: str) -> str:
        year = datetime.fromtimestamp(self.began, UTC).year
        said = datetime.strptime(f"{year} {stamp}", "%Y %b %d %H:%M:%S").replace(tzinfo=UTC)
        moved = datetime.fromtimestamp(self._night(said.timestamp()), UTC)
        return f"{moved:%b} {moved.day:2d} {moved:%H:%M:%S}"


if __name__ == "__main__":
    asyncio.run(_listen())
