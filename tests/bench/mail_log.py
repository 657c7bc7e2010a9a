"""`log --summary` and `trace` on 1,000,000 lines made from the captures, beside gawk, mawk and grep."""

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.parse.qmail_logs import LOGS, sources

LINES = 1_000_000
ROUNDS = 3
ADDRESS = '"quoted"@sender.example'
DAY = 86400 << 32
MIRRORGATE = [sys.executable, "-m", "console.cli"]
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


def cpu_seconds(run: Callable[[], object]) -> float:
    """What the processes that `run` starts and waits for use, user and system; the median of some rounds."""

    def once() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return statistics.median(once() for _ in range(ROUNDS))


def _quiet(*words: str) -> Callable[[], object]:
    return lambda: subprocess.run(words, stdout=subprocess.DEVNULL, check=False)


def _greps(log: Path, ids: Path) -> None:
    hits = subprocess.run(["grep", "-F", ADDRESS, str(log)], stdout=subprocess.PIPE, check=True).stdout
    numbers = {b"msg " + line.split(b" msg ")[1].split(b":")[0].split(b" ")[0] for line in hits.splitlines()}
    ids.write_bytes(b"\n".join(sorted(numbers)) + b"\n")
    _quiet("grep", "-F", "-f", str(ids), str(log))()


def main() -> int:
    """Print the table. Exit status 1 when a share is above what is wanted."""
    os.environ["LC_ALL"] = "C"
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory) / "current"
        write(log)
        empty = cpu_seconds(_quiet(*MIRRORGATE, "--version"))
        summary = cpu_seconds(_quiet(*MIRRORGATE, "log", "--summary", "--json", str(log)))
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        trace = cpu_seconds(_quiet(*MIRRORGATE, "trace", ADDRESS, "--json", "--log", str(log)))
        grep = cpu_seconds(lambda: _greps(log, Path(directory) / "ids"))
        print(f"{LINES} lines, {log.stat().st_size / 1e6:.0f} MB; CPU seconds, median of {ROUNDS}")
        print(f"mirrorgate --version {empty:.2f}")
        print(f"trace {trace:.2f}, grep twice {grep:.2f}: {trace / grep:.1f} times (wanted 1.5)")
        print(f"log --summary {summary:.2f}, at most {peak:.0f} MB")
        slow = trace > 1.5 * grep
        for awk in filter(shutil.which, ("gawk", "mawk")):
            took = cpu_seconds(_quiet(awk, JOIN, str(log)))
            wanted = " (wanted 1)" if awk == "gawk" else ""
            print(f"  {awk}, the join alone {took:.2f}: {summary / took:.1f} times{wanted}")
            slow = slow or (awk == "gawk" and summary > took)
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
