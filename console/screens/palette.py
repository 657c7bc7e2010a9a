"""Palette entries that carry names from the configuration or of jobs: drawn as text, never as markup."""

from collections.abc import Callable, Iterator
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from console.model.form import JobInfo
from console.model.words import Home
from console.screens.showing import ConsoleApp
from widgets.plain import one_line


class NamedCommands(Provider):
    """Go to a node of the pair that is shown, to another pair, or to a job."""

    def _commands(self) -> Iterator[tuple[str, str, Callable[[], None]]]:
        console = self.app
        if not isinstance(console, ConsoleApp):
            return
        for pair in console.pairs:
            if pair.name == console.pair:
                for node in pair.nodes:
                    show: Callable[[], None] = partial(self._show_node, console, node.home)
                    yield f"Node {one_line(node.name, 40)}", f"Home {node.home}", show
            else:
                yield (
                    f"Pair {one_line(pair.name, 40)}",
                    "Show this pair",
                    partial(self._show_pair, console, pair.name),
                )

        for job in console.jobs.offered() if console.jobs is not None else ():
            # Textual parses the second line of an entry as markup: a job's own words may not stand there.
            about = "Its questions, then its whole plan"
            yield f"Job {one_line(job.title, 60)}", about, partial(self._open_job, console, job)

    @staticmethod
    def _open_job(console: ConsoleApp, job: JobInfo) -> None:
        console.switch_mode("jobs")
        console.call_later(console.open_job, job)

    @staticmethod
    def _show_node(console: ConsoleApp, home: Home) -> None:
        console.home = home
        console.switch_mode("node")

    @staticmethod
    def _show_pair(console: ConsoleApp, name: str) -> None:
        console.pair = name
        console.switch_mode("overview")

    async def discover(self) -> Hits:
        """All of them, before anything is typed."""
        for name, about, show in self._commands():
            yield DiscoveryHit(Content(name), show, text=name, help=about)

    async def search(self, query: str) -> Hits:
        """Those whose name is like what was typed."""
        matcher = self.matcher(query)
        for name, about, show in self._commands():
            score = matcher.match(name)
            if score > 0:
                yield Hit(score, Content(name), show, text=name, help=about)
