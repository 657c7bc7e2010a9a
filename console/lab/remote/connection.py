"""One ssh connection from a lab machine to another: who is reached, who is trusted, and what then runs."""

import asyncio
from collections.abc import Awaitable, Callable

import asyncssh

from console.lab.call import Call, Command
from console.lab.lineinput import LineInput
from console.lab.network import resolve as address_of
from console.lab.remote.keys import Admission, Public, admitted, host_keys, known_for, public_in, text_of
from console.lab.remote.settings import Settings
from console.lab.shell import ROOT, Runner, Shell
from console.lab.users import user_named
from console.lab.world import Node

FAILED = 255
_CONNECT_SECONDS = 75.0
_PATIENCE = 600.0
"""World seconds after which a connection whose link is cut is given up, when nothing asks for less."""
_LOOK = 0.5
_PIECE = 1 << 16

Bytes = Callable[[bytes], Awaitable[None]]


class Refused(Exception):
    """There is no connection; the arguments are ssh's lines."""


def machine_at(node: Node, address: str) -> Node | None:
    """The machine that has an address, with or without power."""
    if address in ("127.0.0.1", "localhost"):
        return node
    world = node.world
    return next((other for other in (*world.nodes.values(), world.spare) if other.answers_at(address)), None)


def cut_off(node: Node, other: Node) -> bool:
    """Whether the cable between two machines is out; the spare has one of its own."""
    pair = set(node.world.nodes.values())
    return node is not other and {node, other} <= pair and not node.world.link.up


class Connection:
    """Opens, checks both sides' keys, and runs commands there."""

    def __init__(self, call: Call, settings: Settings) -> None:
        self._call = call
        self._settings = settings
        self._there: Node | None = None
        self._admission = Admission()

    @property
    def there(self) -> Node:
        """The machine at the other end, once `open` has returned."""
        if self._there is None:
            raise Refused("not connected")
        return self._there

    async def open(self) -> None:
        """Connect and log in; raises Refused."""
        settings, node = self._settings, self._call.node
        address = address_of(node, settings.host)
        if address is None and machine_at(node, settings.host) is not None:
            address = settings.host
        if address is None:
            raise Refused(f"ssh: Could not resolve hostname {settings.host}: Name does not resolve")
        there = machine_at(node, address)
        where = f"ssh: connect to host {settings.host} port {settings.port}"
        if there is None or not there.power or cut_off(node, there):
            await node.clock.sleep(settings.seconds("connecttimeout", _CONNECT_SECONDS))
            raise Refused(f"{where}: Operation timed out")
        listening = any(process.name == "sshd" for process in there.processes)
        if not there.ready or not listening or settings.port != 22:
            raise Refused(f"{where}: Connection refused")
        self._there = there
        self._trust(there)
        self._admission = self._log_in(there)

    def _trust(self, there: Node) -> None:
        """Compare the host key with known_hosts."""
        settings, call = self._settings, self._call
        shown = host_keys(there)
        mine = _expanded(call, settings.options.get("userknownhostsfile", "~/.ssh/known_hosts").split()[0])
        known: list[Public] = []
        for path in (mine, "/etc/ssh/ssh_known_hosts"):
            known += known_for(text_of(call.node, path) or "", settings.known_as)
        if any(key in known for key in shown):
            return
        key = shown[0]
        strict = settings.options.get("stricthostkeychecking", "ask").lower()
        if any(other.kind in {one.kind for one in shown} for other in known):
            call.complain(_CHANGED.format(kind=key.title, host=settings.known_as, file=mine), end="")
            if strict not in ("no", "off"):
                raise Refused("Host key verification failed.")
            return
        if strict in ("no", "off", "accept-new"):
            self._remember(mine, key)
            call.complain(
                f"Warning: Permanently added '{settings.known_as}' ({key.title}) to the list of known hosts."
            )
            return
        if strict in ("yes", "true"):
            what = f"No {key.title} host key is known for {settings.known_as}"
            call.complain(f"{what} and you have requested strict checking.")
        raise Refused("Host key verification failed.")

    def _remember(self, path: str, key: Public) -> None:
        fs = self._call.node.fs
        line = f"{self._settings.known_as} {key.kind} {key.data}\n".encode()
        if path == "/dev/null":
            return
        if not fs.exists(path):
            fs.mkdir(path.rpartition("/")[0] or "/", recursive=True)
            fs.write_file(path, b"")
            fs.chmod(path, 0o600)
        fs.append_file(path, line)

    def _log_in(self, there: Node) -> Admission:
        call, settings = self._call, self._settings
        names = settings.identities or [f"~/.ssh/{name}" for name in ("id_rsa", "id_ecdsa", "id_ed25519")]
        for name in names:
            key = self._identity(_expanded(call, name), name, told=bool(settings.identities))
            if key is None:
                continue
            address = "127.0.0.1" if there is call.node else call.node.address
            admission = admitted(there, settings.user, key, address)
            if admission is not None:
                return admission
        raise Refused(f"{settings.user}@{settings.host}: Permission denied (publickey,keyboard-interactive).")

    def _identity(self, path: str, name: str, *, told: bool) -> Public | None:
        call = self._call
        text = text_of(call.node, path)
        if text is None:
            if told:
                call.complain(f"Warning: Identity file {name} not accessible: No such file or directory.")
            return None
        if call.node.fs.stat(path)["mode"] & 0o077:
            mode = call.node.fs.stat(path)["mode"] & 0o777
            call.complain(_UNPROTECTED.format(mode=f"{mode:04o}", file=path), end="")
            return None
        try:
            key = asyncssh.import_private_key(text)
        except asyncssh.KeyImportError:
            call.complain(f'Load key "{path}": invalid format')
            return None
        return public_in(key.export_public_key("openssh").decode())

    async def run(self, words: list[str], commands: dict[str, Command], out: Bytes, err: Bytes) -> int:
        """Run a command over there with the caller's input; 255 when the connection breaks."""
        call, there = self._call, self.there
        asked = " ".join(words)
        environment = {"SSH_CONNECTION": f"{call.node.address} 50022 {there.address} 22"}
        text = asked
        if self._admission.command is not None:
            text = self._admission.command
            if asked:
                environment["SSH_ORIGINAL_COMMAND"] = asked
        live = LineInput()
        feeding = asyncio.ensure_future(self._feed(live))
        title = f"sshd: {self._settings.user}@notty (sshd)"
        process = there.processes.spawn(title, stat="Is")
        runner = _runner(there, self._settings.user)
        shell = Shell(there, commands, live, self._slowed(out), self._slowed(err), runner, environment)
        work = asyncio.ensure_future(self._work(shell, text, live))
        broken = asyncio.ensure_future(self._broken())
        try:
            await asyncio.wait({work, broken}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return work.result()
            shell.cancel()
            call.complain(broken.result())
            return FAILED
        finally:
            for task in (work, broken, feeding):
                if not task.done():
                    task.cancel()
            if not work.done():
                shell.cancel()
            there.processes.exit(process)

    async def _work(self, shell: Shell, text: str, live: LineInput) -> int:
        if not text.strip() or text.split() in (["sh"], ["/bin/sh"], ["sh", "-s"], ["/bin/sh", "-s"]):
            return await shell.run((await live.read()).decode("utf-8", "surrogateescape") or ":")
        return await shell.run(text)

    async def _feed(self, live: LineInput) -> None:
        if "n" in self._settings.flags:
            live.end()
            return
        while data := await self._call.stdin.read(_PIECE):
            await self._link()
            live.feed(data)
            await live.room()
        live.end()

    def _slowed(self, write: Bytes) -> Bytes:
        async def through(data: bytes) -> None:
            await self._link()
            await write(data)

        return through

    async def _link(self) -> None:
        """Wait while the cable is out: nothing gets through, nothing is lost."""
        while cut_off(self._call.node, self.there):
            await self._call.node.clock.sleep(_LOOK)

    async def _broken(self) -> str:
        """Wait until the connection is lost; returns what ssh says of it."""
        settings, clock = self._settings, self._call.node.clock
        interval = settings.seconds("serveraliveinterval", 0.0)
        patience = interval * settings.seconds("serveralivecountmax", 3.0) or _PATIENCE
        silent = 0.0
        while True:
            if not self._call.node.power:
                return "Killed"
            if not self.there.power or not self.there.ready:
                return f"Connection to {settings.host} closed by remote host."
            silent = silent + _LOOK if cut_off(self._call.node, self.there) else 0.0
            if silent >= patience:
                return f"Timeout, server {settings.host} not responding."
            await clock.sleep(_LOOK)


def _runner(node: Node, name: str) -> Runner:
    user = user_named(node, name)
    if user is None or name == "root":
        return ROOT
    return Runner(user.name, user.uid, tuple(group.name for group in user.groups), user.home)


def _expanded(call: Call, path: str) -> str:
    if path.startswith("~/"):
        return call.env.get("HOME", "/root") + path[1:]
    return path if path.startswith("/") else f"{call.cwd.rstrip('/')}/{path}"


_CHANGED = """\
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!
Someone could be eavesdropping on you right now (man-in-the-middle attack)!
It is also possible that a host key has just been changed.
Offending {kind} key in {file}
Host key for {host} has changed and you have requested strict checking.
"""

_UNPROTECTED = """\
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@         WARNING: UNPROTECTED PRIVATE KEY FILE!          @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
Permissions {mode} for '{file}' are too open.
It is required that your private key files are NOT accessible by others.
This private key will be ignored.
"""
