"""`make bench`: every measurement, one after the other, each in a process of its own."""

import subprocess
import sys

BENCHES = (
    "refresh",
    "drawn",
    "idle",
    "fleet",
    "fleet_screen",
    "collector",
    "run_output",
    "jobs",
    "streaming",
    "drill",
    "moving",
    "mail_log",
    "recording_year",
)


def main() -> int:
    """Run them all; a bench that fails does not stop the others. Exit status 1 if one failed."""
    failed = 0
    for name in BENCHES:
        print(f"== {name}", flush=True)
        failed |= subprocess.run([sys.executable, "-m", f"tests.bench.{name}"], check=False).returncode != 0
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
