"""The console with the recording of a night, and a source for the present."""

from collections.abc import Callable, Sequence

from console.app import MirrorgateApp
from console.memory.reader import Reader
from console.model.config import PairConfig
from console.model.snapshot import PairState
from console.screens.replaying import Start
from tests.replay.fake_recording import FakeRecording, events_of, figures, outage
from tests.replay.night import BEGIN, END, night, night_pair
from tests.screens import sample
from tests.screens.feeding import Clock, Feed

PAIR = "borkcorp-www"


def recorded() -> FakeRecording:
    """The recording of the night."""
    lived = night()
    return FakeRecording(
        {PAIR: lived.tape},
        {PAIR: events_of(lived.pair, lived.tape)},
        points=figures(BEGIN, END),
        services=outage(BEGIN, END),
    )


def replay_console(
    recording: FakeRecording,
    *,
    at: float | None = None,
    start: bool = False,
    feed: Feed | None = None,
    pairs: Sequence[PairConfig] = (),
    state: Callable[[], PairState] = sample.healthy,
    theme: str = "textual-dark",
    ascii_only: bool = False,
) -> MirrorgateApp:
    """A console whose present is a sample; with `start` it has only the recording."""
    app = MirrorgateApp(
        [night_pair(), *pairs],
        feed or Feed(*([] if start else [state()])),
        read_only=start,
        reader=Reader(recording.path, lambda path: recording),
        start=Start(at) if start else None,
        ascii_only=ascii_only,
        clock=Clock(),
    )
    app.animation_level = "none"
    app.theme = theme
    return app
