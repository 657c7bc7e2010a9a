"""A node made of stubs: each command writes down how it was called and keeps a little state in files."""

import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "playbooks" / "node"

_LOOKS = ("pgrep", "netstat", "ping", "kldstat", "dumpfs", "ifconfig", "logger", "sleep", "hostname", "lockf")
"""Commands that change nothing: left out of `FakeNode.changes`."""

_STUB = """#!/bin/sh
here={stage}
name=${{0##*/}}
echo "$name $*" >>"$here/calls"
if [ -e "$here/fails/$name" ]; then
	read -r pattern <"$here/fails/$name"
	case "$*" in *$pattern*) echo "$name: broken" >&2; exit 1 ;; esac
fi
"""

_ACTS = {
    "lockf": 'while [ "$1" != "$here/turn" ]; do shift; done; shift; exec "$@"',
    "logger": 'shift 4; echo "$*" >>"$here/log"',
    "sleep": ":",
    "hostname": "echo node",
    "fsync": ":",
    "ping": '[ -e "$here/peer-answers" ]',
    "kldstat": '[ -e "$here/geom_mirror" ]',
    "kldload": 'touch "$here/geom_mirror"',
    "dumpfs": 'echo "cgrotor 0 fmod 0 ronly 0 clean $(cat "$here/clean")"',
    "ifconfig": '[ ! -e "$here/master" ] || echo "	inet 192.168.1.102 netmask 0xffffffff"',
    "fstat": 'echo "root vim 77 /sites"',
    "fsck": 'case "$*" in *-p*) [ ! -e "$here/preen-fails" ] ;; esac',
    "pgrep": '[ -e "$here/runs/$2" ]',
    "pkill": """
case $1 in
-KILL) rm -f "$here/runs/$3" ;;
*) [ -e "$here/stubborn" ] || rm -f "$here/runs/$2" ;;
esac
[ ! -e "$here/hangs-up" ] || true >"$here/connections" """,
    "ggated": 'touch "$here/runs/ggated"',
    "netstat": 'cat "$here/connections"; [ ! -e "$here/runs/ggated" ] || echo "tcp4 0 0 *.3080 *.* LISTEN"',
    "mdconfig": """
case $1 in
-lv) cat "$here/units" ;;
-a) echo "md$7	vnode	  500M	$5	" >>"$here/units"
	[ -e "$here/no-mirror" ] || touch "$here/dev/mirror/remotemirror" ;;
-d) : >"$here/units"; rm -f "$here/dev/mirror/remotemirror" ;;
esac""",
    "gmirror": """
case $1 in
dump) cat "$here/dump" ;;
list) cat "$here/mirror-list" ;;
status) cat "$here/mirror-status" ;;
stop) rm -f "$here/dev/mirror/remotemirror" ;;
esac""",
    "ggatec": """
case $1 in
list) cat "$here/gates" ;;
destroy) : >"$here/gates" ;;
esac""",
    "mount": """
[ "$1" != -p ] || { cat "$here/mounts"; exit 0; }
for point; do device=$last; last=$point; done
echo "$device $point ufs rw 2 2" >>"$here/mounts"
cp -R "$here/files/." "$point/"
""",
    "umount": """
grep -q " $1 " "$here/mounts" || exit 1
rm -rf "$here/files"; mkdir "$here/files"; cp -R "$1/." "$here/files/"
find "$1" -mindepth 1 -delete
grep -v " $1 " "$here/mounts" >"$here/mounts.new"; mv "$here/mounts.new" "$here/mounts"
""",
    "daemon": 'shift; "$@" >/dev/null 2>&1 &',
}

COMPLETE = """Geom name: remotemirror
State: COMPLETE
Components: 2
Consumers:
1. Name: ggate0
   State: ACTIVE
2. Name: md0
   State: ACTIVE
"""
GATE = "       NAME: ggate0\n       info: 192.168.1.101:3080 /images/peer.img\n"


@dataclass(frozen=True)
class Ran:
    status: int
    out: str
    err: str
    seconds: float


class FakeNode:
    """Scripts, settings and stubs below one directory."""

    def __init__(self, directory: Path, home: str, shell: str = "dash") -> None:
        self.stage = directory
        self.shell = shell
        for name in ("bin", "dev/mirror", "state", "runs", "fails", "files", "hooks", "sites", "scripts"):
            (directory / name).mkdir(parents=True)
        for name in ("units", "mounts", "connections", "gates", "calls", "log", "dump", "mirror-status"):
            (directory / name).touch()
        self.write("clean", "1\n")
        self.write("mirror-list", COMPLETE)
        self.write("own.img", "")
        self.write("gg.exports", f"192.168.1.100 RW {directory}/own.img\n")
        self.settings = {
            "home": home, "mirror": "remotemirror", "mount": f"{directory}/sites",
            "image": f"{directory}/own.img", "md_unit": "0", "peer": "192.168.1.101",
            "peer_image": "/images/peer.img", "gate_unit": "0",
            "gate_timeout": "10", "floating": "192.168.1.102", "fsck": "preen", "promotion": "auto",
            "hooks": f"{directory}/hooks",
        }  # fmt: skip
        for name, act in _ACTS.items():
            path = directory / "bin" / name
            path.write_text(_STUB.format(stage=directory) + act + "\n")
            path.chmod(0o755)
        self._install()
        self.save_settings()

    def _install(self) -> None:
        """Copies of the scripts whose fixed places lie below this directory."""
        for source in SOURCE.glob("*.sh"):
            text = source.read_text()
            for old, new in (
                (
                    "PATH=/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin",
                    f"PATH={self.stage}/bin:$PATH",
                ),
                ("PATH=/sbin:/bin:/usr/sbin:/usr/bin\n", f"PATH={self.stage}/bin:$PATH\n"),
                ("dev=/dev\n", f"dev={self.stage}/dev\n"),
                ("/etc/gg.exports", f"{self.stage}/gg.exports"),
                ("/usr/local/etc/mirrorgate.conf", f"{self.stage}/mirrorgate.conf"),
                ("state=/var/db/mirrorgate", f"state={self.stage}/state"),
                ("turn=/var/run/mirrorgate.turn", f"turn={self.stage}/turn"),
                ("/usr/local/libexec/mirrorgate", f"{self.stage}/scripts"),
            ):
                text = text.replace(old, new)
            target = self.stage / "scripts" / source.name
            target.write_text(text.replace("#!/bin/sh", f"#!{shutil.which(self.shell)}", 1))
            target.chmod(0o755)

    def write(self, name: str, text: str = "") -> None:
        """A file of the stage: state of the stubs, or of the node."""
        path = self.stage / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def save_settings(self, **changes: str) -> None:
        """Write mirrorgate.conf."""
        self.settings |= changes
        self.write("mirrorgate.conf", "".join(f"{name}={value}\n" for name, value in self.settings.items()))

    def serves(self) -> None:
        """A home slave at rest: ggated runs."""
        self.write("runs/ggated")

    def has_whole_mirror(self) -> None:
        """A home master whose mirror is complete, not mounted, with a living gate."""
        self.write("units", f"md0\tvnode\t  500M\t{self.stage}/own.img\t\n")
        self.write("dev/mirror/remotemirror")
        self.write("gates", GATE)
        self.write("runs/ggatec")
        self.write("connections", "tcp4 0 0 192.168.1.100.20000 192.168.1.101.3080 ESTABLISHED\n")
        self.write("peer-answers")

    def mounted(self) -> None:
        """The file system is mounted through the mirror."""
        self.write("mounts", f"{self.stage}/dev/mirror/remotemirror {self.stage}/sites ufs rw 2 2\n")

    def fails(self, command: str, pattern: str = "") -> None:
        """The command fails when its arguments contain the pattern."""
        self.write(f"fails/{command}", f"{pattern}\n")

    def run(self, script: str, *words: str) -> Ran:
        """Run a script to its end."""
        began = time.monotonic()
        done = subprocess.run(
            [str(self.stage / "scripts" / script), *words],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr, time.monotonic() - began)

    @property
    def changes(self) -> list[str]:
        """What was called that changes something, in order, without this stage's directory."""
        calls = (self.stage / "calls").read_text().replace(f"{self.stage}/", "").splitlines()
        looks = (
            "mdconfig -lv",
            "mount -p",
            "gmirror dump",
            "gmirror list",
            "gmirror status",
            "ggatec list",
            "fsync",
        )
        return [line for line in calls if line.split()[0] not in _LOOKS and not line.startswith(looks)]

    @property
    def log(self) -> str:
        """What logger(1) was told."""
        return (self.stage / "log").read_text()
