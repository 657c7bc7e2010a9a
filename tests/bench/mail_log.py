"""`log --summary` and `trace` on 1,000,000 lines made from the captures, beside gawk, mawk and grep.

Whole processes, one after the other and again, so that a busy machine is busy for each of them. Output goes
to a file: grep ends at its first line when it goes to /dev/null.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.parse.qmail_logs import LOGS, sources

LINES = 1_000_000
ROUNDS = 5
ADDRESSES = ('"quoted"@sender.example', "user155@busy.example")
"""One of a single message number, and one of eleven (each of them used again and again)."""
GIGABYTE = 12
"""So many times the log is a gigabyte."""
TRACE, SUMMARY, MEMORY = 1.5, 1.0, 150
"""What is wanted: at most so many times the two greps, and gawk; and megabytes of each process."""
DAY = 86400 << 32
MIRRORGATE = [str(Path(sys.executable).with_name("mirrorgate"))]
JOIN = """
$2=="new"{n++;next}
$2=="starting"{sub(/:$/,"",$4);of[$4]=$6;next}
$2=="delivery"{sub(/:$/,"",$3);result[$4]++;per[of[$3]]++;delete of[$3];next}
$2=="end"{delete per[$4]}
END{print n;for(r in result)print r,result[r]}
"""
"""The join of messages and deliveries alone: no reasons, times, senders or unread lines."""


def write(log: Path) -> None:
    """The captures again and again, each time a day later."""
    names = sorted(path.name for path in LOGS.iterdir() if path.is_dir())
    text = b"".join(s.read() for name in names if name not in ("smtpd", "splogger") for s in sources(name))
    lines = [line for line in text.split(b"\n") if line.startswith(b"@")]
    with log.open("wb") as out:
        for n in range(LINES):
            again, which = divmod(n, len(lines))
            line = lines[which]
            out.write(b"@%024x%s\n" % (int(line[1:25], 16) + again * DAY, line[25:]))


@dataclass(frozen=True, slots=True)
class Cost:
    """Of a process, or of several: seconds of the clock and of the processor, megabytes at most."""

    wall: float
    cpu: float
    memory: float

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.wall + other.wall, self.cpu + other.cpu, max(self.memory, other.memory))


def cost(words: Sequence[str], out: Path) -> Cost:
    """Run a program with its output in a file."""
    begun = time.perf_counter()
    with out.open("wb") as file, subprocess.Popen(words, stdout=file) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{words[0]} ended with {process.returncode}")
    return Cost(time.perf_counter() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def _typical(costs: Sequence[Cost]) -> Cost:
    return Cost(
        statistics.median(one.wall for one in costs),
        statistics.median(one.cpu for one in costs),
        max(one.memory for one in costs),
    )


def in_turn(programs: Mapping[str, Sequence[str]], out: Path) -> dict[str, Cost]:
    """The median cost of each, every program once in each round."""
    costs: dict[str, list[Cost]] = {name: [] for name in programs}
    for _ in range(ROUNDS):
        for name, words in programs.items():
            costs[name].append(cost(words, out))
    return {name: _typical(some) for name, some in costs.items()}


def _beside(
    what: str, own: Cost, peer: str, other: Cost, wanted: float | None = None, *, by_clock: bool = False
) -> bool:
    """Print both and their ratio; whether it is what is wanted.

    By the processor's time, which a busy machine changes less; what two processors do at once by the clock.
    """
    goal = f" (wanted {wanted}{' by the clock' * by_clock})" if wanted is not None else ""
    print(
        f"{what}: {own.wall:.3f} s, CPU {own.cpu:.3f}; {peer}: {other.wall:.3f} s, CPU {other.cpu:.3f};"
        f" {own.wall / other.wall:.2f} times, CPU {own.cpu / other.cpu:.2f}{goal}; {own.memory:.0f} MB"
    )
    if wanted is None:
        return True
    return own.wall <= wanted * other.wall if by_clock else own.cpu <= wanted * other.cpu


def _traced(address: str, log: Path, directory: Path) -> bool:
    out, ids = directory / "out", directory / "ids"
    first = ["grep", "-F", address, str(log)]
    hits = subprocess.run(first, stdout=subprocess.PIPE, check=True).stdout.splitlines()
    numbers = {b"msg " + line.split(b" msg ")[1].split(b":")[0].split(b" ")[0] for line in hits}
    ids.write_bytes(b"\n".join(sorted(numbers)) + b"\n")
    told = in_turn(
        {
            "trace": [*MIRRORGATE, "trace", address, "--json", "--log", str(log)],
            "first": first,
            "second": ["grep", "-F", "-f", str(ids), str(log)],
        },
        out,
    )
    words = f"trace {address} ({len(numbers)} numbers)"
    return _beside(words, told["trace"], "grep twice", told["first"] + told["second"], TRACE)


def main() -> int:
    """Print the table. Exit status 1 when something costs more than is wanted."""
    os.environ["LC_ALL"] = "C"
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        log, out, nothing = directory / "current", directory / "out", directory / "nothing"
        write(log)
        nothing.touch()
        print(f"{LINES} lines, {log.stat().st_size / 1e6:.0f} MB; medians of {ROUNDS}")
        start = in_turn(
            {
                "log": [*MIRRORGATE, "log", "--summary", str(nothing)],
                "python": [sys.executable, "-c", "pass"],
            },
            out,
        )
        good = _beside("log --summary of an empty file", start["log"], "python -c pass", start["python"])
        for address in ADDRESSES:
            good &= _traced(address, log, directory)
        awks = [awk for awk in ("gawk", "mawk") if shutil.which(awk)]
        summary = [*MIRRORGATE, "log", "--summary", "--json"]
        told = in_turn(
            {"log": [*summary, str(log)]} | {awk: [awk, JOIN, str(log)] for awk in awks},
            out,
        )
        for awk in awks:
            goal = SUMMARY if awk == "gawk" else None
            two = (os.cpu_count() or 1) > 1
            good &= _beside(
                "log --summary", told["log"], f"{awk}, the join alone", told[awk], goal, by_clock=two
            )
        for words in (summary, [*MIRRORGATE, "trace", ADDRESSES[0], "--json", "--log"]):
            big = cost([*words, *[str(log)] * GIGABYTE], out)
            print(f"{words[1]} of a gigabyte: {big.wall:.1f} s, {big.memory:.0f} MB (wanted {MEMORY})")
            good &= big.memory <= MEMORY
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
