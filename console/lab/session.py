"""What one SSH channel does on a simulated node: a command, a fed shell, or a person at a terminal."""

import asyncio
import re
import shlex
from collections.abc import Mapping
from contextlib import suppress

import asyncssh

from console.lab.call import Command
from console.lab.lineinput import LineInput
from console.lab.shell import ROOT, Runner, Shell
from console.lab.users import user_named
from console.lab.world import Node

Process = asyncssh.SSHServerProcess[str]

_BECOME = re.compile(r"^(?:exec\s+)?(?P<tool>sudo|doas)\s+-n\s+(?P<rest>.*)$", re.S)
_LAST_SHELL = re.compile(
    r"\n(?P<call>'?/bin/sh'? '?-c'? '.*')(?P<redirect> </dev/null)?\nexit \$\?\n\}\n?$", re.S
)
_PLAIN_SHELL = re.compile(r"^(?:exec\s+)?(?:/bin/)?sh(?:\s+-s?)?\s*$")


def runner(node: Node, name: str) -> Runner:
    """The account of that name on the node, as a shell needs it."""
    user = user_named(node, name)
    if user is None or name == "root":
        return ROOT
    return Runner(user.name, user.uid, tuple(group.name for group in user.groups), user.home)


class Session:
    """One channel: its input as it arrives, its two outputs, its shell."""

    def __init__(self, process: Process, node: Node, commands: Mapping[str, Command], user: Runner) -> None:
        self._process = process
        self._node = node
        self._commands = commands
        self._user = user
        self._live = LineInput()
        self._running = False
        self._shell: Shell | None = None
        self._abandoned = False
        self._interrupted = asyncio.Event()

    async def serve(self) -> None:
        """Do what the client asked for, and end the channel with its exit status."""
        pump = asyncio.get_running_loop().create_task(self._pump())
        tty = "pts/0" if self._process.term_type else "-"
        title = f"sshd: {self._user.name}@{tty if self._process.term_type else 'notty'} (sshd)"
        process = self._node.processes.spawn(title, stat="Ss", tty=tty)
        status = 255
        try:
            status = await self._act(self._process.command)
        except (asyncssh.ConnectionLost, BrokenPipeError, ConnectionResetError):
            status = 255
        finally:
            pump.cancel()
            self._node.processes.exit(process)
            if not (self._abandoned or self._process.is_closing()):
                with suppress(OSError):
                    self._process.exit(status & 0xFF)

    def abandon(self) -> None:
        """The client has gone: the shell runs nothing more, not even the rest of its line."""
        self._abandoned = True
        if self._shell is not None:
            self._shell.cancel()

    async def _act(self, command: str | None) -> int:
        if command is None:
            return await (self._interactive() if self._process.term_type else self._fed())
        if found := _BECOME.match(command.strip()):
            refusal = _refused(found["tool"], self._user)
            if refusal:
                await self._err(refusal.encode())
                return 1
            self._user = ROOT
            command = found["rest"]
        if _PLAIN_SHELL.match(command.strip()):
            return await self._fed()
        return await self._new_shell().run(_unwrapped(command))

    def _new_shell(self) -> Shell:
        environment = {"TERM": self._process.term_type or ""}
        self._shell = Shell(
            self._node, self._commands, self._live, self._out, self._err, self._user, environment
        )
        return self._shell

    async def _fed(self) -> int:
        """A shell that reads its commands from the input, a complete one at a time."""
        shell = self._new_shell()
        text = ""
        while not shell.exited:
            line = await self._live.line()
            if not line:
                break
            if not text and line.startswith(b"#"):
                continue
            text += line.decode("utf-8", "surrogateescape")
            if (text.startswith("{") or "#!/bin/sh" in text[:12]) and _inside_braces(text, line):
                continue
            if text.strip() and shell.missing(text):
                continue
            if text.strip():
                await shell.run(_without_last_shell(text))
            text = ""
        if text.strip():
            await shell.run(text)
        return shell.status

    async def _interactive(self) -> int:
        """A login shell at a terminal."""
        shell = self._new_shell()
        await shell.run(":")
        text = ""
        while not shell.exited:
            sign = "#" if self._user.uid == 0 else "$"
            where = shell.directory
            if where == self._user.home or where.startswith(self._user.home + "/"):
                where = "~" + where.removeprefix(self._user.home)
            prompt = f"{self._user.name}@{self._node.hostname}:{where} {sign} " if not text else "> "
            await self._out(prompt.encode())
            self._interrupted.clear()
            line = await self._next_line()
            if line is None:
                text = ""
                continue
            if not line:
                await self._out(b"\n" if text else b"logout\n")
                break
            text += line.decode("utf-8", "surrogateescape")
            if text.strip() and shell.missing(text):
                continue
            if text.strip():
                await self._run_at_terminal(shell, text)
            text = ""
        return shell.status

    async def _next_line(self) -> bytes | None:
        """A line, b"" at the end, None after an interrupt."""
        loop = asyncio.get_running_loop()
        line = loop.create_task(self._live.line())
        interrupt = loop.create_task(self._interrupted.wait())
        await asyncio.wait({line, interrupt}, return_when=asyncio.FIRST_COMPLETED)
        interrupt.cancel()
        if line.done():
            return line.result() or b""
        line.cancel()
        self._live.take_all()
        return None

    async def _run_at_terminal(self, shell: Shell, text: str) -> None:
        """Run one command; an interrupt ends it and not the shell."""
        loop = asyncio.get_running_loop()
        self._interrupted.clear()
        work = loop.create_task(shell.run(text))
        interrupt = loop.create_task(self._interrupted.wait())
        await asyncio.wait({work, interrupt}, return_when=asyncio.FIRST_COMPLETED)
        interrupt.cancel()
        if not work.done():
            shell.cancel()
            work.cancel()
            with suppress(asyncio.CancelledError):
                await work
            shell.clear_cancel()
            shell.exited = False
            shell.status = 130
        elif (error := work.exception()) is not None:
            raise error

    async def _pump(self) -> None:
        """Bring the client's input to whoever reads it."""
        while True:
            try:
                data = await self._process.stdin.read(65536)
            except asyncssh.BreakReceived:
                if not self._process.term_type:
                    continue
                await self._out(b"^C\n")
                self._interrupted.set()
                continue
            except asyncssh.TerminalSizeChanged:
                continue
            except asyncssh.SignalReceived:
                data = ""
            if not data:
                self._live.end()
                return
            self._live.feed(data.encode("utf-8", "surrogateescape"))
            if not self._process.term_type:
                await self._live.room()

    async def _out(self, data: bytes) -> None:
        self._process.stdout.write(data.decode("utf-8", "surrogateescape"))
        await self._process.stdout.drain()

    async def _err(self, data: bytes) -> None:
        self._process.stderr.write(data.decode("utf-8", "surrogateescape"))
        await self._process.stderr.drain()


def _inside_braces(text: str, line: bytes) -> bool:
    """Whether a text that begins with a brace surely goes on: no line has closed it at the margin yet."""
    return text.lstrip().startswith("{\n") and not line.startswith(b"}")


def _without_last_shell(text: str) -> str:
    """Of a group that ends with `/bin/sh -c TEXT` and its exit: TEXT itself, for it reads the same input.

    bashkit runs such a shell by itself, where the session's input is not seen.
    """
    found = _LAST_SHELL.search(text)
    if found is None:
        return text
    try:
        *words, inner = shlex.split(found["call"])
    except ValueError:
        return text
    if words != ["/bin/sh", "-c"]:
        return text
    return f"{text[: found.start()]}\n{{ {inner}\n}}{found['redirect'] or ''}\nexit $?\n}}\n"


def _refused(tool: str, user: Runner) -> str:
    if user.uid == 0 or "wheel" in user.groups:
        return ""
    return "sudo: a password is required\n" if tool == "sudo" else "doas: Operation not permitted\n"


def _unwrapped(command: str) -> str:
    """The text of `/bin/sh -c 'TEXT'`; any other command as it is."""
    if "-c" not in command:
        return command
    try:
        words = shlex.split(command)
    except ValueError:
        return command
    if words[:1] == ["exec"]:
        words = words[1:]
    if len(words) == 3 and words[0] in ("sh", "/bin/sh") and words[1] == "-c":
        return words[2]
    return command
