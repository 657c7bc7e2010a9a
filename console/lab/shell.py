"""A shell on a simulated node: bashkit over the node's files, FreeBSD's commands, sh(1)'s messages."""

import asyncio
import re
import weakref
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from bashkit import Bash, BashError, CommandContext, ExecutionProfile

from console.lab.bytestream import FileSink
from console.lab.call import Call, Command
from console.lab.files import restore_modes
from console.lab.lazytext import with_lazy_words
from console.lab.lineinput import LineInput, assignments
from console.lab.shellinput import LIVE, Given
from console.lab.shellmessages import Messages, Sink, syntax_error
from console.lab.shelloutput import CUT, LULL, NEARLY_CUT, Pipe, Printed, Straight
from console.lab.shelltext import with_live_input
from console.lab.shellwords import open_document
from console.lab.stubs import make_callable
from console.lab.world import Node

PATH = "/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin:/root/bin"
"""What login.conf(5) of 13.2 sets for a session of root."""

_PRELUDE = r"""
__jobs=
__read() {
  while :; do
    __collect
    __line "${IFS-unset}" "$__jobs" "$@" > /dev/null
    case $? in
      0) eval "$(__taken)"; return 0 ;;
      75) ;;
      *) eval "$(__taken)"; return 1 ;;
    esac
  done
}
__collect() {
  __latest=$!
  [ "$__latest" ] || return 0
  while [ "${__known:=1000}" -lt "$__latest" ]; do
    __known=$((__known + 1)); __jobs="$__jobs $__known"
  done
  __running=
  for __job in $__jobs; do
    if builtin kill -0 "$__job" 2> /dev/null; then __running="$__running $__job"; else wait "$__job"; fi
  done
  __jobs=$__running
}
kill() {
  __collect
  for __word in "$@"; do
    case " $__jobs " in *" $__word "*) builtin kill "$@"; return ;; esac
  done
  __kill "$@"
}
sed() {
  if [ "$1" = -i ] && [ -z "$2" ]; then shift 2; command sed -i "$@"; else command sed "$@"; fi
  case $? in 0) return 0 ;; *) return 1 ;; esac
}
__wait_all() { __collect; for __job in $__jobs; do wait "$__job"; done; }
"""
"""`read` that waits for the session's input, and the collecting of what background jobs printed."""

_OWN_NAME = re.compile(r"((?:^|(?<=\s))#[^\n]*|'[^']*')|\$(?:0\b|\{0\})")
"""$0 outside comments and single quotes: bashkit would call itself bash."""


@dataclass(frozen=True)
class Runner:
    """Who runs a shell."""

    name: str = "root"
    uid: int = 0
    groups: tuple[str, ...] = ("wheel", "operator")
    home: str = "/root"


ROOT = Runner()


_GOES_ON = ("unexpected end", "unexpected EOF", "unterminated", "in for loop")
"""Of what bashkit complains when a text is not complete yet."""


class Shell:
    """One sh(1) process: variables, directory and input stay between the pieces it runs."""

    executing = 0
    """How many shells execute something now: bashkit does so in threads that the event loop does not show."""
    calling = 0
    """How many of the lab's own commands run now; fewer than shells, and a thread of bashkit is at work."""

    def __init__(
        self,
        node: Node,
        commands: Mapping[str, Command],
        live: LineInput,
        out: Sink,
        err: Sink,
        user: Runner = ROOT,
        environment: Mapping[str, str] | None = None,
        parent: int = 1,
    ) -> None:
        self.node = node
        self.user = user
        self.parent = parent
        """The process that this shell is; what waits inside it is that one's child."""
        self.status = 0
        self.exited = False
        """True once `exit` or `exec` ended the shell."""
        self._commands = commands
        self._live = live
        self._out = out
        self._err = err
        self._ended = asyncio.Event()
        self._printed = Printed(out)
        self._pipes: dict[str, Pipe] = {}
        self._taken = b""
        self._ready = False
        environment = {
            "HOME": user.home, "USER": user.name, "LOGNAME": user.name, "SHELL": "/bin/sh",
            "PATH": PATH, "TERM": "xterm", "BLOCKSIZE": "K", **(environment or {}),
        }  # fmt: skip
        self._environment = {k: v for k, v in environment.items() if v}
        self._bash = Bash(
            username=user.name,
            hostname=node.hostname,
            env=self._environment,
            max_commands=10**9,
            max_loop_iterations=10**9,
            timeout_seconds=10**7,
            profile=ExecutionProfile.Interactive,
        )
        self._bash.mount("/", node.fs)
        own = weakref.ref(self)
        for name, command in commands.items():
            self._bash.add_command(name, partial(_called, own, partial(Shell._run, command=command)))
        for name, callback in (
            ("__line", Shell._line), ("__taken", Shell._give_taken), ("__stdin", Shell._pass_input),
            ("__ended", Shell._mark_end), ("__status", Shell._give_status),
            ("__talk", Shell._print_at_once),
        ):  # fmt: skip
            self._bash.add_command(name, partial(_called, own, callback))

    @property
    def directory(self) -> str:
        """The current directory."""
        return str(self._bash.shell_state().cwd)

    def missing(self, text: str) -> bool:
        """True while `text` is not a complete command yet."""
        if text.endswith("\\\n") or re.search(r"(\|\||&&|\|)\s*$", text):
            return True
        try:
            self._bash.analyze(text)
        except BashError as error:
            return any(sign in str(error) for sign in _GOES_ON)
        return "<<" in text and open_document(text)

    async def run(self, text: str) -> int:
        """Run a complete piece of shell text, background jobs included; returns its exit status."""
        if not self._ready:
            self._ready = True
            make_callable(self.node.fs)
            home = self.user.home if self.node.fs.exists(self.user.home) else "/"
            await self._execute(f"{_PRELUDE}\ncd {home}\n")
        self._ended.clear()
        try:
            self._bash.analyze(text)
        except BashError as error:
            await self._err(syntax_error(str(error)))
            self.status = 2
            return 2
        text = _OWN_NAME.sub(lambda found: found[1] or "/bin/sh", text)
        text = with_live_input(with_lazy_words(text), frozenset(self._commands))
        marker = LIVE.decode()
        script = (
            f"trap __wait_all EXIT\n__status {self.status}\n"
            f"{{ {text}\n__ended $?\n__wait_all\n}} <<'{marker}end'\n{marker}\n{marker}end\n"
        )
        status = await self._execute(script)
        if not self._ended.is_set():
            self.exited = True
            self.status = status
        return self.status

    async def foreground(self, text: str) -> "asyncio.Task[int]":
        """Run `text` and return when its foreground part is over; the task ends with its background jobs."""
        task = asyncio.get_running_loop().create_task(self.run(text))
        over = asyncio.get_running_loop().create_task(self._ended.wait())
        try:
            await asyncio.wait({task, over}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            task.cancel()
            self._bash.cancel()
            raise
        finally:
            over.cancel()
        return task

    def cancel(self) -> None:
        """Stop what runs now, as a signal to the whole process group would."""
        self._bash.cancel()

    def clear_cancel(self) -> None:
        """Make the shell usable again after `cancel`."""
        self._bash.clear_cancel()

    async def _execute(self, script: str) -> int:
        stderr = Messages(self._err)
        stdout = self._printed = Printed(self._out)
        self._pipes = {}
        Shell.executing += 1
        restore_modes(self.node)
        try:
            result = await self._bash.execute(script, stdout=stdout.write, stderr=stderr.write)
        except asyncio.CancelledError:
            # bashkit would go on with the script in its own thread, on a node without power.
            self._bash.cancel()
            raise
        finally:
            Shell.executing -= 1
        if result.stderr and not stderr.written:
            await stderr.write(f"sh: {result.stderr}\n".encode("utf-8", "surrogateescape"))
        await stdout.close()
        if stdout.through >= CUT:
            await stderr.write(b"lab: the shell passes on 10 MiB; what was printed beyond is lost\n")
        await stderr.close()
        return int(result.exit_code)

    async def _run(self, context: CommandContext, command: Command) -> int:
        """One of the lab's commands, with the surroundings it was called in."""
        write_bytes: Sink = context.stdout.write

        async def write_out(text: str) -> None:
            await write_bytes(text.encode("utf-8", "surrogateescape"))

        async def write_err(text: str) -> None:
            await context.stderr.write(text.encode("utf-8", "surrogateescape"))

        environment = dict(context.env)
        append, write = environment.pop("_APPEND", None), environment.pop("_WRITE", None)
        errors = environment.pop("_ERRORS", None)
        if environment.pop("_DIRECT", ""):
            write_bytes = Straight(self._printed, write_bytes).write
        into, given = environment.pop("_INTO", ""), environment.pop("_FROM", "")
        to = self._pipe(into, "w") if into else None
        source = self._pipe(given, "r") if given else None
        if to is not None:
            write_bytes = to.write
        call = Call(
            node=self.node, argv=[environment.pop("_CALLED", context.name), *context.argv],
            env=environment, cwd=context.cwd,
            uid=self.user.uid, user=self.user.name,
            stdin=Given(context.stdin if source is None else source, self._live, self.node.images),
            write_out=write_out, write_err=write_err, write_bytes=write_bytes, groups=self.user.groups,
            parent=self.parent,
        )  # fmt: skip
        sink: FileSink | None = None
        if (name := write if append is None else append) is not None:
            opened = await FileSink.open(call, name, at=0 if append is None else None)
            if isinstance(opened, str):
                await write_err(f"sh: cannot create {name}: {opened}\n")
                return 2
            sink = opened
            write_bytes = call.write_bytes = sink.write
        if errors is not None:
            told = await FileSink.open(call, errors)
            if isinstance(told, str):
                await write_err(f"sh: cannot create {errors}: {told}\n")
                return 2
            call.write_err = _into(told)
        try:
            with self.node.mounts.staying(context.cwd):
                status = await command(call)
            await call.flush()
        except BrokenPipeError:
            return 141
        finally:
            if sink is not None:
                sink.flush()
            if source is not None:
                source.leave()
            if to is not None:
                await to.end()
        return status

    def _pipe(self, number: str, end: str) -> Pipe:
        """The pipe of that number for one of its ends: whoever comes first makes it, the other takes it."""
        other = {"r": "w", "w": "r"}[end] + number
        if other in self._pipes:
            return self._pipes.pop(other)
        return self._pipes.setdefault(end + number, Pipe())

    async def _line(self, context: CommandContext) -> int:
        """One line for `read`: 0 when `__taken` has it, 1 at the end, 75 to look after background jobs.

        A script that lives from its input and has said nearly all that bashkit passes on is told of the end
        when no line comes for a moment: whoever feeds it begins it anew, and nothing it says is lost.
        """
        ifs, jobs, *words = context.argv
        ending = self._printed.through >= NEARLY_CUT
        line = await self._live.line(LULL if ending else 0.05 if jobs.strip() else None)
        if line is None:
            return 1 if ending else 75
        self._taken = assignments(line.rstrip(b"\n").decode("utf-8", "surrogateescape"), ifs, words).encode(
            "utf-8", "surrogateescape"
        )
        return 0 if line.endswith(b"\n") else 1

    async def _give_taken(self, context: CommandContext) -> int:
        await context.stdout.write(self._taken)
        return 0

    async def _pass_input(self, context: CommandContext) -> int:
        while data := await self._live.read(65536):
            try:
                await context.stdout.write(data)
            except BrokenPipeError:
                return 141
        return 0

    async def _print_at_once(self, context: CommandContext) -> int:
        """Print what a background job says, as it says it."""
        while (data := await context.stdin.read_chunk()) is not None:
            await self._printed.take(data)
        return 0

    async def _give_status(self, context: CommandContext) -> int:
        return int(context.argv[0])

    async def _mark_end(self, context: CommandContext) -> int:
        self.status = int(context.argv[0])
        self._ended.set()
        return self.status


def _into(sink: FileSink) -> Callable[[str], Awaitable[None]]:
    async def write(text: str) -> None:
        await sink.write(text.encode("utf-8", "surrogateescape"))
        sink.flush()

    return write


async def _called(
    shell: "weakref.ref[Shell]",
    work: Callable[[Shell, CommandContext], Awaitable[int]],
    context: CommandContext,
) -> int:
    """A command as bashkit knows it: without the shell, as no garbage collector sees what bashkit holds."""
    Shell.calling += 1
    try:
        caller = shell()
        return 255 if caller is None else await work(caller, context)
    finally:
        Shell.calling -= 1
