"""The sampler without a shell: the answers of `playbooks/node/sampler.sh`, by the same commands of the lab.

Most of what a run asks of a pair are readings, and a shell is most of what one costs here.
`test_quick_sampler.py` holds it to the script.
"""

import re
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable

from console.lab.call import Call
from console.lab.catalogue import commands
from console.lab.files import entry
from console.lab.world import Node

_LOG = "/var/log/messages"
_VRRP = "/usr/local/etc/freevrrpd.conf"
_EXPORTS = "/etc/gg.exports"
_STATE = "/var/db/mirrorgate"
_SECRET = re.compile(r"passw|preshared|password", re.I)
_SHOWN_SECRET = re.compile(r"(passw[A-Za-z_]*[ \t]*=).*", re.I)
_SCRIPT = re.compile(r"^[ \t]*[a-z]*script[ \t]*=[ \t]*(/\S*)", re.M)
_TOLD = re.compile(r"GEOM_|ggate[cd]|freevrrpd|arp:|kernel:.*(mirror|dismounted|full)")
_STATES = re.compile(r"freevrrpd.*server state")


class QuickSampler:
    """One sampler on one node."""

    def __init__(self, node: Node, say: Callable[[str], None]) -> None:
        self._node = node
        self._say = say
        self._settings = {"qmail": "/var/qmail", "qmaillog": "/var/log/qmail/current", "image": ""}
        self._boundary = self._salt = self._identity = ""
        self._text: list[str] = []

    async def serve(self, lines: AsyncIterator[str]) -> None:
        """Answer each line of the input until it ends."""
        await self._ran("id", "-u")
        await self._ran("id", "-Gn")
        self._identity = self._taken()
        self._say("mirrorgate-sampler 1\n")
        async for line in lines:
            word, *words = line.split()
            match word:
                case "hello":
                    self._boundary, self._salt = words
                case "set":
                    self._settings[words[0]] = words[1]
                case "tick":
                    await self._tick(*words)
                case _:
                    return

    async def _tick(self, number: str, *sections: str) -> None:
        for section in sections:
            look: Callable[[], Awaitable[int]] = getattr(self, f"_{section}")
            status = await look()
            self._say(
                f"@{self._boundary} begin {number} {section}\n{self._taken()}"
                f"\n@{self._boundary} end {number} {section} {status}\n"
            )
        self._say(f"@{self._boundary} done {number}\n")

    def _taken(self) -> str:
        text, self._text = "".join(self._text), []
        return text

    async def _print(self, text: str) -> None:
        self._text.append(text)

    async def _ran(self, *words: str) -> int:
        """Run a command of the lab; what it says is part of the answer."""
        call = Call(
            self._node,
            list(words),
            {"PATH": "/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin", "LC_ALL": "C"},
            write_out=self._print,
            write_err=self._print,
        )
        status = await commands()[call.name](call)
        await call.flush()
        return status

    async def _asked(self, *words: str) -> tuple[int, str]:
        """Run a command for what it says."""
        before = self._taken()
        status = await self._ran(*words)
        said = self._taken()
        self._text = [before]
        return status, said

    def _is_file(self, path: str) -> bool:
        known = entry(self._node, path, follow=True)
        return known is not None and known.kind == "file"

    def _read(self, path: str) -> str:
        return self._node.fs.read_file(path).decode("utf-8", "surrogateescape")

    async def _host(self) -> int:
        await self._ran("date", "+%s")
        self._text.append(self._identity)
        return await self._ran("sysctl", "kern.hostname", "kern.osrelease", "kern.boottime", "vm.loadavg")

    async def _mounts(self) -> int:
        return await self._ran("mount", "-p")

    async def _ifconfig(self) -> int:
        return await self._ran("ifconfig", "-a")

    async def _ps(self) -> int:
        return await self._ran("ps", "-axww", "-o", "pid,ppid,stat,command")

    async def _modules(self) -> int:
        return await self._ran("kldstat")

    async def _exports(self) -> int:
        return await self._ran("cat", "--", _EXPORTS)

    async def _df(self) -> int:
        return await self._ran("df", "-k", "-n")

    async def _lineage(self) -> int:
        return await self._ran("cat", "--", f"{_STATE}/lineage")

    async def _lock(self) -> int:
        found = await self._ran("cat", "--", f"{_STATE}/lock/owner", f"{_STATE}/lock/beat")
        if found and entry(self._node, f"{_STATE}/lock") is not None:
            self._text.append("## taken\n")
        return found

    async def _vrrplog(self) -> int:
        if not self._is_file(_LOG):
            return await self._ran("cat", "--", _LOG)
        told = [line for line in self._read(_LOG).splitlines()[-400:] if "freevrrpd[" in line]
        self._text += [f"{line}\n" for line in told[-40:]]
        return 0

    async def _messages(self) -> int:
        if not self._is_file(_LOG):
            return await self._ran("cat", "--", _LOG)
        lines = self._read(_LOG).splitlines()
        told = [line for line in lines[-400:] if _TOLD.search(line)][-120:]
        states = [line for line in lines if _STATES.search(line)][-20:]
        self._text += [f"{line}\n" for line in (*told, "## states", *states)]
        return 0

    async def _sockets(self) -> int:
        status, said = await self._asked("sockstat", "-4")
        lines = said.splitlines(keepends=True)
        if status == 0:
            lines = [line for n, line in enumerate(lines) if n == 0 or "ggate" in line or ":3080" in line]
        self._text += lines
        return status

    async def _vrrpconf(self) -> int:
        if not self._is_file(_VRRP):
            return await self._ran("cat", "--", _VRRP)
        for line in self._read(_VRRP).splitlines():
            about = line if line.startswith("#") else line.partition("=")[0]
            self._text.append(f"{self._masked(line) if _SECRET.search(about) else line}\n")
        return 0

    def _masked(self, line: str) -> str:
        key, given, value = line.partition("=")
        if not given:
            return f"{key.split()[0]} ********"
        value = value.strip()
        check = zlib.crc32(f"{self._salt}{value[:8]}".encode())
        return f"{key.rstrip()} = ******** (length {len(value)}, check {check})"

    async def _files(self) -> int:
        scripts = set(_SCRIPT.findall(self._read(_VRRP))) if self._is_file(_VRRP) else set()
        for path in ("/etc/rc.conf", "/boot/loader.conf", "/etc/fstab", *sorted(scripts)):
            if not self._is_file(path):
                self._text.append(f"## {path} missing\n")
                continue
            self._text.append(f"## {path}\n")
            shown = _SHOWN_SECRET.sub(r"\1 ********", self._read(path)[:65536])
            self._text += [f" {line}\n" for line in shown.splitlines()]
        return 0

    async def _images(self) -> int:
        lines = self._read(_EXPORTS).splitlines() if self._is_file(_EXPORTS) else []
        named = [line.split() for line in lines if not line.lstrip().startswith("#")]
        paths = {words[2] for words in named if len(words) >= 3} | {self._settings["image"]}
        status = 0
        for path in sorted(paths - {""}):
            self._text.append(f"## {path}\n")
            status = await self._ran("ls", "-ls", "--", path)
        return status

    async def _geom(self) -> int:
        return await self._ran("sysctl", "-n", "kern.geom.confxml")

    async def _metadata(self) -> int:
        status, said = await self._asked("gmirror", "status", "-s")
        if status:
            self._text.append(said)
            return 1
        for component in (line.split()[2] for line in said.splitlines()):
            self._text.append(f"## {component}\n")
            status = await self._ran("gmirror", "dump", component) or status
        return status

    async def _mail(self) -> int:
        self._text.append("## qstat\n")
        counted = await self._ran(f"{self._settings['qmail']}/bin/qmail-qstat")
        # The lab's queue is where its name says.
        self._text.append(f"## place\n{self._settings['qmail']}/queue\n## log\n")
        await self._ran("tail", "-n", "200", self._settings["qmaillog"])
        return counted
