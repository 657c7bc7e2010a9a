"""Hooks beside the watch: what is told, what is not told twice, and what happens when nobody listens."""

import ast
import asyncio
import inspect
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any, get_args

import pytest

from console import config_file
from console.config_file import BadConfig
from console.health import events as health_events
from console.health.metrics import Sample
from console.machines.delivery import Outcome
from console.machines.hooks import Hooks, News
from console.model.config import EventKind, HookConfig
from console.model.snapshot import Event, PairState
from console.model.words import Severity
from tests.health.building import healthy
from tests.machines.states import event, state_of, with_events
from tests.waiting import eventually

BASE = state_of(healthy())
AGAIN = Outcome("it is down", again=True)


def hook(**changed: Any) -> HookConfig:
    return HookConfig(**({"name": "page", "command": ("/bin/true",)} | changed))


class Watch:
    """States put in by a test, hooks beside them, and what was told."""

    def __init__(self, *hooks: HookConfig, where: Any = "export") -> None:
        self.told: list[News] = []
        self.outcomes: list[Outcome] = []
        self.pauses: list[float] = []
        self.said: list[str] = []
        self.go = asyncio.Event()
        self.go.set()
        self._states: asyncio.Queue[PairState] = asyncio.Queue()
        self.hooks = Hooks(hooks, where, attempt=self._attempt, say=self.said.append).pausing(self._pause)
        self.passed = self.hooks.beside(self._source())

    async def _source(self) -> AsyncGenerator[PairState, None]:
        while True:
            yield await self._states.get()

    async def _attempt(self, config: HookConfig, news: News) -> Outcome:
        await self.go.wait()
        self.told.append(news)
        return self.outcomes.pop(0) if self.outcomes else Outcome()

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def see(self, *events: Event) -> PairState:
        """A state with these events, newest first; returns it as it was passed on."""
        self._states.put_nowait(with_events(BASE, *events))
        return await anext(self.passed)

    def texts(self) -> list[str]:
        return [news.event.text for news in self.told]

    def counted(self, outcome: str) -> float:
        found: list[Sample] = [s for s in self.hooks.samples() if ("outcome", outcome) in s.labels]
        return sum(float(s.value) for s in found)

    async def until(self, outcome: str, number: int) -> None:
        await eventually(lambda: self.counted(outcome) == number, what=f"{number} {outcome}")


@pytest.fixture
async def watches() -> AsyncIterator[list[Watch]]:
    made: list[Watch] = []
    yield made
    for watch in made:
        await watch.passed.aclose()


def watching(watches: list[Watch], *hooks: HookConfig, where: Any = "export") -> Watch:
    watches.append(Watch(*hooks, where=where))
    return watches[-1]


async def test_each_event_is_told_once_and_oldest_first(watches: list[Watch]) -> None:
    watch = watching(watches, hook())
    one, two, three = (event(text, at=at) for at, text in enumerate(("one", "two", "three")))
    await watch.see(two, one)
    await watch.see(two, one)
    await watch.see(three, two, one)
    await watch.until("delivered", 3)
    assert watch.texts() == ["one", "two", "three"]


async def test_a_hook_is_told_of_its_kinds_pairs_and_severity_only(watches: list[Watch]) -> None:
    watch = watching(
        watches,
        hook(kinds=("mount", "role"), severity="warning", pairs=("borkcorp-www",)),
        hook(name="other", pairs=("elsewhere",)),
    )
    calm = Event(3, "web-a", "role", "calm", Severity.NOTICE)
    await watch.see(calm, event("link", "link", 2), event("mount", "mount", 1), event("role", "role", 0))
    await watch.until("delivered", 2)
    assert watch.texts() == ["role", "mount"]


@pytest.mark.parametrize("where", ["console", "monitor", "export"])
async def test_a_hook_runs_only_where_it_should(watches: list[Watch], where: str) -> None:
    watch = watching(watches, hook(where=("export",)), where=where)
    await watch.see(event("x"))
    assert bool(list(watch.hooks.samples())) is (where == "export")


async def test_the_same_news_twice_running_is_told_once_but_a_change_back_and_forth_is_told_whole(
    watches: list[Watch],
) -> None:
    watch = watching(watches, hook(quiet=300))
    texts = ((0, "lost"), (10, "lost"), (20, "answers"), (30, "lost"), (400, "lost"))
    events = [event(text, "link", at) for at, text in texts]
    await watch.see(*reversed(events))
    await watch.until("delivered", 4)
    assert watch.texts() == ["lost", "answers", "lost", "lost"]
    assert watch.counted("repeated") == 1


async def test_the_same_news_of_another_node_is_other_news(watches: list[Watch]) -> None:
    watch = watching(watches, hook())
    await watch.see(event("lost", node="web-b"), event("lost", node="web-a"))
    await watch.until("delivered", 2)


async def test_an_attempt_that_failed_is_made_again_and_later_each_time(watches: list[Watch]) -> None:
    watch = watching(watches, hook(retries=3))
    watch.outcomes = [AGAIN, AGAIN, Outcome()]
    await watch.see(event("one"))
    await watch.until("delivered", 1)
    assert watch.texts() == ["one"] * 3
    assert len(watch.pauses) == 2
    assert watch.said == []


async def test_attempts_are_bounded_and_what_was_missed_is_counted_in_the_next_news(
    watches: list[Watch],
) -> None:
    watch = watching(watches, hook(retries=2))
    watch.outcomes = [AGAIN] * 3
    await watch.see(event("one", at=1))
    await watch.until("failed", 1)
    await watch.see(event("two", at=2), event("one", at=1))
    await eventually(lambda: len(watch.told) == 4)
    assert watch.texts() == ["one"] * 3 + ["two"]
    assert watch.told[-1].missed == 1
    assert sum(watch.pauses) <= 3


async def test_what_cannot_succeed_is_not_tried_again(watches: list[Watch]) -> None:
    watch = watching(watches, hook())
    watch.outcomes = [Outcome("HTTP status 403")]
    await watch.see(event("one"))
    await watch.until("failed", 1)
    assert watch.texts() == ["one"]


async def test_a_hook_that_fails_is_told_once_in_the_timeline_until_it_works_again(
    watches: list[Watch],
) -> None:
    watch = watching(watches, hook(retries=0))
    watch.outcomes = [AGAIN, AGAIN, Outcome()]
    three, two, one = (event(text, at=at) for at, text in ((3, "three"), (2, "two"), (1, "one")))
    assert (await watch.see(one)).events == (one,)
    await watch.until("failed", 1)
    await watch.see(two, one)
    await watch.until("failed", 2)
    state = await watch.see(two, one)
    assert [e.text for e in state.events] == ["hook page fails: it is down", "two", "one"]
    assert state.events[0].kind == "hook"
    await watch.see(three, two, one)
    await watch.until("delivered", 1)
    state = await watch.see(three, two, one)
    assert [e.text for e in state.events if e.kind == "hook"] == [
        "hook page works again",
        "hook page fails: it is down",
    ]
    assert watch.said == ["hook page fails: it is down", "hook page works again"]
    assert watch.texts() == ["one", "two", "three"]


async def test_a_hook_that_hangs_never_holds_up_the_watch_and_what_waits_is_bounded(
    watches: list[Watch],
) -> None:
    watch = watching(watches, hook())
    watch.go.clear()
    seen: tuple[Event, ...] = ()
    for at in range(250):
        seen = (event(str(at), at=at), *seen)
        await watch.see(*seen)
    assert watch.counted("dropped") >= 149
    watch.go.set()
    await eventually(lambda: watch.counted("dropped") + watch.counted("delivered") == 250)
    assert watch.texts()[-1] == "249"
    assert sum(news.missed for news in watch.told) == watch.counted("dropped")


async def test_the_end_of_the_watch_ends_a_hook_that_hangs() -> None:
    watch = Watch(hook())
    watch.go.clear()
    await watch.see(event("one"))
    await asyncio.wait_for(watch.passed.aclose(), 30)
    assert watch.told == []


def test_every_kind_of_event_can_be_asked_for() -> None:
    """The first words of what is yielded in console.health.events are its kinds."""
    tree = ast.parse(inspect.getsource(health_events))
    made = {
        node.elts[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Tuple) and len(node.elts) == 3 and isinstance(node.elts[0], ast.Constant)
    }
    assert made
    assert made | {"finding"} == set(get_args(EventKind))


def _config(hook: str) -> str:
    nodes = "".join(
        f'[[pairs.nodes]]\nname = "{n}"\nhome = "{home}"\nhost = "192.0.2.{i}"\nimage = "/i"\n'
        for i, (n, home) in enumerate((("a", "master"), ("b", "slave")), start=1)
    )
    return f'[[on_event]]\nname = "page"\n{hook}\n[[pairs]]\nname = "www"\n{nodes}'


@pytest.mark.parametrize(
    ("hook", "says"),
    [
        ("", "either `command` or `webhook`"),
        ('command = ["/bin/true"]\nwebhook = "https://x/S3CRET"', "either `command` or `webhook`"),
        ('command = ["true"]', "full path"),
        ('command = ["/bin/true", "a\\nb"]', "control characters"),
        ('webhook = "http://x/S3CRET"', "https address"),
        ('webhook = "https://me:S3CRET@x/"', "https address"),
        ('webhook = "https://x/S3CRET y"', "https address"),
        ('webhook = "https://x/S3CRET\\r\\nX: y"', "https address"),
        ('webhook = "https://[x/S3CRET"', "https address"),
        ('webhook = "https://x:99999/S3CRET"', "https address"),
        ('command = ["/bin/true"]\npairs = ["nosuch"]', "'nosuch'"),
        ('command = ["/bin/true"]\nkinds = ["weather"]', "kinds"),
        ('command = ["/bin/true"]\ndeadline = 0', "deadline"),
        ('command = ["/bin/true"]\nretries = 1000', "retries"),
        ('command = ["/bin/true"]\n[[on_event]]\nname = "page"\ncommand = ["/bin/true"]', "same name"),
    ],
)
def test_a_hook_that_cannot_be_is_refused_without_quoting_a_secret(hook: str, says: str) -> None:
    with pytest.raises(BadConfig) as refused:
        config_file.parse(_config(hook), Path("c.toml"))
    assert says in str(refused.value)
    assert "S3CRET" not in str(refused.value)


def test_a_hook_is_read_and_its_address_does_not_show() -> None:
    config = config_file.parse(_config('webhook = "https://x/S3CRET"'), Path("c.toml"))
    assert config.on_event[0].webhook == "https://x/S3CRET"
    assert "S3CRET" not in repr(config)
