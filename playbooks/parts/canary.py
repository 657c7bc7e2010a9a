"""A drill's canary: numbered, fsynced writes through the mount, and what was read back of them."""

from dataclasses import dataclass

from console.model.lineage import LINEAGE_FILE
from console.model.plan import Risk, Step, WriteFile
from console.model.words import Home
from playbooks.node import LIBEXEC, text
from playbooks.parts.building import command_step, no_undo, q, take_back
from playbooks.parts.site import Site

STATE = LINEAGE_FILE.rpartition("/")[0]
WRITER, READER = f"{STATE}/canary.sh", f"{STATE}/canary_read.sh"
INTERVAL = "0.1"
"""Seconds between two writes: 10 Hz, as far as the disk keeps up."""
FILES = {Home.MASTER: "file_from_master", Home.SLAVE: "file_from_slave"}

_WRITER_TEXT = text(f"{LIBEXEC}/canary.sh")
_READER_TEXT = text(f"{LIBEXEC}/canary_read.sh")


@dataclass(frozen=True, slots=True)
class Canary:
    """Where the canaries of one drill write."""

    site: Site
    mark: str
    """The plan's id: no two drills share a directory."""

    @property
    def directory(self) -> str:
        """In the replicated file system."""
        return f"{self.site.mount.rstrip('/')}/.mirrorgate/drill-{self.mark}"

    def acknowledged(self, number: int) -> str:
        """The log of acknowledged writes, outside of the mount."""
        return f"{STATE}/canary-{self.mark}-{number}.log"

    def pidfile(self, number: int) -> str:
        """Names the writer's process."""
        return f"{STATE}/canary-{self.mark}-{number}.pid"

    def install(self, *, leaves: str) -> tuple[Step, ...]:
        """Both scripts on both nodes."""
        return tuple(
            Step(
                id=f"write-{name}-{home.value}",
                title=f"Write {path} on {self.site.node(home).name}",
                why="It measures how long no write got through, and which acknowledged ones are lost.",
                node=self.site.node(home).name,
                action=WriteFile(path=path, content=content, mode="0755"),
                guards=(f"{home.value}-answers",),
                undo=take_back(f"rm -f {q(path)}", expects=(f"{home.value}-answers",)),
                phase="canary",
                leaves=leaves,
            )
            for home in Home
            for name, path, content in (
                ("canary", WRITER, _WRITER_TEXT),
                ("reader", READER, _READER_TEXT),
            )
        )

    def start(self, number: int, home: Home, *, leaves: str) -> Step:
        """Begin writing on the node that serves."""
        directory = f"{self.directory}/canary-{number}"
        log, pid = self.acknowledged(number), self.pidfile(number)
        return command_step(
            f"canary-start-{number}",
            f"Start the canary on {self.site.node(home).name}",
            "Numbered writes, each acknowledged only once it is on the disks, show what a hand-over costs.",
            self.site.node(home).name,
            f"umask 077; mkdir -p {q(directory)} || exit 1",
            f"daemon -f -p {q(pid)} /bin/sh {WRITER} {q(directory, log, INTERVAL, pid)} || exit 1",
            f"n=0; until [ -s {q(log)} ]; do",
            "    [ $n -lt 15 ] || { echo 'the canary does not write' >&2; exit 1; }",
            "    sleep 1; n=$((n + 1))",
            "done",
            guards=(f"{home.value}-mounted-through-mirror",),
            undo=take_back(*self._stop_lines(number), expects=(f"{home.value}-answers",)),
            phase="canary",
            leaves=leaves,
        )

    def leave_file(self, home: Home, *, leaves: str) -> Step:
        """Leave a file on the node that serves, to be found on the other one later."""
        file = q(f"{self.directory}/{FILES[home]}")
        return command_step(
            f"file-from-{home.value}",
            f"Write a file on {self.site.node(home).name}",
            "Found after the hand-over, it proves that the data came along.",
            self.site.node(home).name,
            f"umask 077; mkdir -p {q(self.directory)} || exit 1",
            # sync is not enough: only what was fsynced may be missed later.
            f"printf '%s\\n' {q(self.mark)} > {file} && fsync {file}",
            guards=(f"{home.value}-mounted-through-mirror",),
            undo=take_back(f"rm -f {file}", expects=(f"{home.value}-mounted-through-mirror",)),
            phase="canary",
            leaves=leaves,
        )

    def write_for(self, number: int, home: Home, seconds: int, *, leaves: str) -> Step:
        """Let it write for a while."""
        log = self.acknowledged(number)
        return command_step(
            f"canary-writes-{number}",
            f"Let the canary write for {seconds} s on {self.site.node(home).name}",
            "A figure needs writes to count.",
            self.site.node(home).name,
            f"sleep {seconds}",
            f"tail -n 1 {q(log)}",
            risk=Risk.READ,
            always=True,
            undo=no_undo("it only waits"),
            timeout=seconds + 60.0,
            phase="canary",
            leaves=leaves,
        )

    def stop(self, number: int, home: Home, *, leaves: str) -> Step:
        """End the canary: it must not hold up the unmount."""
        return command_step(
            f"canary-stop-{number}",
            f"Stop the canary on {self.site.node(home).name}",
            "It ends like any service: before the file system is unmounted.",
            self.site.node(home).name,
            *self._stop_lines(number),
            undo=no_undo("what it measured stays in its log"),
            phase="release",
            leaves=leaves,
        )

    def _stop_lines(self, number: int) -> tuple[str, ...]:
        pid = q(self.pidfile(number))
        return (
            f"if [ -e {pid} ]; then",
            f"    process=$(cat {pid}); rm -f {pid}",
            '    case $process in "" | *[!0-9]*) exit 0 ;; esac',
            '    n=0; while kill -0 "$process" 2>/dev/null; do',
            "        [ $n -lt 15 ] || { echo 'the canary does not end' >&2; exit 1; }",
            "        sleep 1; n=$((n + 1))",
            "    done",
            "fi",
        )

    def read(self, what: str, number: int, home: Home, *, leaves: str) -> Step:
        """Print `acked`, `found` or `first` of a canary, for the report."""
        subject = f"{self.directory}/canary-{number}" if what == "found" else self.acknowledged(number)
        title = {
            "acked": "The last acknowledged write before the hand-over",
            "found": "What of it can be read after the hand-over",
            "first": "The first acknowledged write after the hand-over",
        }[what]
        return command_step(
            f"canary-read-{what}-{number}",
            f"{title} ({self.site.node(home).name})",
            "The report counts from it what was lost, and for how long nothing could be written.",
            self.site.node(home).name,
            f"/bin/sh {READER} {what} {q(subject)}",
            risk=Risk.READ,
            always=True,
            undo=no_undo("it only reads"),
            timeout=120.0,
            leaves=leaves,
        )

    def files_are_there(self, home: Home, *, leaves: str) -> Step:
        """Prove that what each node wrote is in the file system that is served now."""
        return command_step(
            f"files-on-{home.value}",
            f"Verify on {self.site.node(home).name} the files written on both nodes",
            "A mirror that looks whole may still serve old data; only the files themselves prove it.",
            self.site.node(home).name,
            *(
                f"grep -qxF {q(self.mark)} {q(f'{self.directory}/{name}')} ||"
                f" {{ echo {q(f'{name} is not there')} >&2; exit 1; }}"
                for name in FILES.values()
            ),
            f"ls -l {q(self.directory)}",
            guards=(f"{home.value}-mounted-through-mirror",),
            risk=Risk.READ,
            always=True,
            undo=no_undo("it only reads"),
            phase="verify",
            leaves=leaves,
        )

    def clean(self, serving: Home, *, leaves: str) -> tuple[Step, ...]:
        """Remove what the drill wrote."""
        own = (WRITER, READER, *(f(n) for n in (1, 2, 3) for f in (self.acknowledged, self.pidfile)))
        return tuple(
            command_step(
                f"clean-{home.value}",
                f"Remove the canary from {self.site.node(home).name}",
                "Nothing of the drill stays behind but its report.",
                self.site.node(home).name,
                *((f"rm -rf {q(self.directory)} || exit 1",) if home is serving else ()),
                f"rm -f {q(*own)}",
                guards=(f"{home.value}-answers",),
                undo=no_undo("only the drill's own files are removed"),
                phase="canary",
                leaves=leaves,
            )
            for home in Home
        )
