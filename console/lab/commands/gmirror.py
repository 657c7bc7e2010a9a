"""gmirror(8): what changes mirrors."""

import getopt
from collections.abc import Awaitable, Callable

from console.lab import modules
from console.lab.arguments import Options, read_size
from console.lab.call import Call, Command
from console.lab.commands.gmirror_metadata import activate, clear, dump, label
from console.lab.commands.gmirror_show import show_list, show_status
from console.lab.geom import metadata as meta
from console.lab.geom import verbs
from console.lab.geom.mirror import Mirrors
from console.lab.geom.softc import Mirror

USAGE = """usage: gmirror activate [-v] name prov ...
       gmirror clear [-v] prov ...
       gmirror configure [-adfFhnv] [-b balance] [-s slice] name
       gmirror configure [-v] -p priority name prov
       gmirror create [-Fnv] [-b balance] [-s slice] name prov ...
       gmirror deactivate [-v] name prov ...
       gmirror destroy [-fv] name ...
       gmirror dump prov ...
       gmirror forget name ...
       gmirror label [-Fhnv] [-b balance] [-s slice] name prov ...
       gmirror insert [-hiv] [-p priority] name prov ...
       gmirror rebuild [-v] name prov ...
       gmirror remove [-v] name prov ...
       gmirror resize [-s size] [-v] name
       gmirror stop [-fv] name ...
       gmirror help
       gmirror list [-a] [name ...]
       gmirror status [-ags] [name ...]
       gmirror load [-v]
       gmirror unload [-v]"""

_LETTERS = {
    "activate": "v",
    "clear": "v",
    "configure": "adfFhnvb:s:p:",
    "create": "Fnvb:s:",
    "deactivate": "v",
    "destroy": "fv",
    "dump": "",
    "forget": "v",
    "label": "Fhnvb:s:",
    "insert": "hivp:",
    "rebuild": "v",
    "remove": "v",
    "resize": "s:v",
    "stop": "fv",
    "help": "",
    "list": "a",
    "status": "ags",
    "load": "v",
    "unload": "v",
}
_USERLAND: dict[str, Callable[[Call, Options, list[str]], Awaitable[int]]] = {
    "activate": activate,
    "clear": clear,
    "dump": dump,
    "label": label,
    "create": label,
}
_SHOWING = {"list": show_list, "status": show_status}


async def gmirror(call: Call) -> int:
    """Run one verb."""
    words = call.arguments
    if not words or words[0] == "help":
        call.complain(USAGE)
        return 1
    verb = words[0]
    if verb not in _LETTERS:
        call.complain(f"gmirror: Unknown command: {verb}.\n{USAGE}")
        return 1
    try:
        pairs, rest = getopt.getopt(words[1:], _LETTERS[verb])
    except getopt.GetoptError as error:
        wrong = "option requires an argument" if "requires" in error.msg else "illegal option"
        call.complain(f"gmirror: {wrong} -- {error.opt}\n{USAGE}")
        return 1
    options = {name[1:]: value for name, value in pairs}
    loaded = modules.is_loaded(call.node, "geom_mirror")
    if verb == "load" and not loaded:
        return _load(call)
    if (verb in ("list", "status", "unload") and not loaded) or verb == "load":
        call.complain(f"gmirror: Command '{verb}' not available; try 'load' first.")
        return 1
    if verb == "unload":
        return _unload(call)
    if verb in _SHOWING:
        await call.node.geom.idle()
        return _SHOWING[verb](call, options, rest)
    if verb in ("label", "create") and not loaded and call.uid == 0:
        _load(call)
    if verb in _USERLAND:
        return await _USERLAND[verb](call, options, rest)
    if call.uid != 0:
        call.complain("gmirror: Permission denied")
        return 1
    await call.node.geom.idle()
    mirrors = call.node.geom.mirror_class
    if mirrors is None:
        call.complain('gmirror: Class not found: "MIRROR"')
        return 1
    status = await _Request(call, mirrors, options, rest).run(verb)
    await call.node.geom.idle()
    if status == 0 and "v" in options:
        call.say("Done.")
    return status


def _load(call: Call) -> int:
    if call.uid != 0:
        call.complain("gmirror: Could not load module: Operation not permitted.")
        return 1
    modules.load_module(call.node, "geom_mirror", attempts=2)
    return 0


def _unload(call: Call) -> int:
    trouble = "Operation not permitted" if call.uid != 0 else modules.unload_module(call.node, "geom_mirror")
    if trouble:
        call.complain(f"gmirror: Could not unload module: {trouble}.")
        return 1
    return 0


class _Request:
    """One request to the kernel class."""

    def __init__(self, call: Call, mirrors: Mirrors, options: Options, words: list[str]) -> None:
        self._call = call
        self._mirrors = mirrors
        self._options = options
        self._words = words
        self._status = 0

    async def run(self, verb: str) -> int:
        """Do it; complaints go to the call."""
        try:
            if verb in ("forget", "stop", "destroy"):
                self._need(1)
                for name in self._words:
                    await self._device(verb, verbs.device(self._mirrors, name))
            elif verb == "resize":
                await self._resize()
            elif verb == "configure":
                await self._configure()
            else:
                self._need(2)
                mirror = verbs.device(self._mirrors, self._words[0])
                for name in self._words[1:]:
                    if not await self._provider(verb, mirror, name):
                        break
        except verbs.Refusal as refusal:
            self._complain(refusal)
        return self._status

    def _complain(self, refusal: verbs.Refusal) -> None:
        self._call.complain(f"gmirror: {refusal}")
        self._status = 1

    def _need(self, count: int) -> None:
        if len(self._words) < count:
            raise verbs.Refusal("Too few arguments.")

    async def _device(self, verb: str, mirror: Mirror) -> None:
        force = "f" in self._options
        if verb == "forget":
            await verbs.forget(mirror)
        elif verb == "stop":
            await verbs.stop(mirror, force=force)
        else:
            await verbs.destroy(mirror, force=force)

    async def _provider(self, verb: str, mirror: Mirror, name: str) -> bool:
        """One provider of several; False when the rest is not tried either."""
        try:
            if verb == "insert":
                await self._insert(mirror, name)
            elif verb == "rebuild":
                await verbs.rebuild(mirror, name)
            elif verb == "remove":
                await verbs.remove(mirror, name)
            else:
                await verbs.deactivate(mirror, name)
        except verbs.Refusal as refusal:
            self._complain(refusal)
            return "last active provider" not in str(refusal)
        return True

    async def _insert(self, mirror: Mirror, name: str) -> None:
        if len(mirror.components) < mirror.all:
            raise verbs.Refusal("Not all disks connected.")
        provider = self._call.node.geom.find(name)
        if provider is None:
            raise verbs.Refusal(f'Provider not found: "{name}"')
        await verbs.insert(
            mirror,
            provider,
            priority=int(self._options.get("p", 0)),
            hardcode="h" in self._options,
            inactive="i" in self._options,
        )

    async def _resize(self) -> None:
        self._need(1)
        mirror = verbs.device(self._mirrors, self._words[0])
        size = read_size(self._options["s"]) if "s" in self._options else None
        await verbs.resize(mirror, size)

    async def _configure(self) -> None:
        self._need(2 if "p" in self._options else 1)
        options = {letter: value for letter, value in self._options.items() if letter != "v"}
        if "b" in options and options["b"] not in meta.BALANCES:
            raise verbs.Refusal("Invalid balance algorithm.")
        for one, other in (("a", "n"), ("f", "F"), ("h", "d")):
            if one in options and other in options:
                raise verbs.Refusal(f"'-{one}' and '-{other}' specified at the same time.")
        mirror = verbs.device(self._mirrors, self._words[0])
        if "p" in options:
            await verbs.set_priority(mirror, self._words[1], int(options["p"]))
        elif not options:
            raise verbs.Refusal("Nothing has changed.")
        else:
            await verbs.configure(mirror, options)


COMMANDS: dict[str, Command] = {"gmirror": gmirror}
