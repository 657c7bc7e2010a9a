"""`mirrorgate init HOST HOST`: discover a pair, show what was found, ask the rest, write the file."""

import asyncio
import itertools
import sys
from pathlib import Path

from pydantic import ValidationError

from console.commands.sampling import opener, settled_state
from console.commands.terminal_asker import TerminalAsker
from console.config_file import as_toml, write
from console.model.config import Config, NodeConfig, PairConfig, QmailConfig
from console.model.snapshot import LinkState
from console.model.words import Home
from console.watch.discovery import Discovery, Found, discover

_PLACEHOLDER = "/not/known/yet"


def _provisional(hosts: tuple[str, str], names: tuple[str, str], become: str) -> PairConfig:
    nodes = [
        {"name": name, "home": home, "host": host, "image": _PLACEHOLDER, "become": become}
        for name, host, home in zip(names, hosts, (Home.MASTER, Home.SLAVE), strict=True)
    ]
    return PairConfig.model_validate({"name": "discovery", "floating": "0.0.0.0", "nodes": nodes})  # noqa: S104 - no address


async def run(
    path: Path,
    hosts: tuple[str, str],
    *,
    name: str | None,
    ssh_config: str | None,
    become: str,
    overwrite: bool,
) -> int:
    """Exit status 0 when the file was written, 1 when something stands in the way (said in one line)."""
    names = (_short(hosts[0]), _short(hosts[1]))
    if names[0] == names[1]:
        return _refuse("the two hosts have the same name: a pair needs two servers")
    try:
        provisional = _provisional(hosts, names, become)
    except ValidationError as odd:
        return _refuse(f"{hosts[0]} {hosts[1]}: {odd.errors()[0]['msg']}")
    probe = Config(ssh_config=ssh_config, pairs=(provisional,))
    print(f"looking at {hosts[0]} and {hosts[1]} ...")
    state = await settled_state(provisional, opener(probe, TerminalAsker()), limit=60.0)
    for node in state.snapshot.nodes:
        if node.link.state is not LinkState.LIVE:
            return _refuse(node.link.why or f"{node.name}: no answer")
    found = discover(state.snapshot.nodes)
    _show(found)
    for node_name, key in found.missing():
        answer = await _ask(f"{key} of {node_name}" if node_name else key)
        if answer is None:
            return _refuse(
                f"{key} of {node_name or 'the pair'} is not known and there is no terminal to ask on"
            )
        (found.nodes[node_name] if node_name else found.pair)[key] = Found(answer, "you said so")
    try:
        config = _build(
            found, dict(zip(names, hosts, strict=True)), name or _pair_name(names), ssh_config, become
        )
    except ValidationError as odd:
        first = odd.errors()[0]
        return _refuse(f"{'.'.join(map(str, first['loc']))}: {first['msg'].removeprefix('Value error, ')}")
    print(f"\n{as_toml(config)}")
    if await asyncio.to_thread(path.is_dir):
        path /= f"{config.pairs[0].name.replace('/', '-').lstrip('.')}.toml"
    if not overwrite and await asyncio.to_thread(path.exists):
        if await _ask(f"{path} exists; type `overwrite` to replace it") != "overwrite":
            return _refuse(f"{path} was left as it is")
        overwrite = True
    write(config, path, overwrite=overwrite)
    print(f"written: {path} (readable by you only)")
    return 0


def _short(host: str) -> str:
    plain = host.rsplit("@", 1)[-1]
    return plain if plain.replace(".", "").isdigit() else plain.split(".")[0]


def _pair_name(names: tuple[str, str]) -> str:
    """What the two names begin with (`web` of web-a and web-b), or both when that is nothing."""
    same = itertools.takewhile(lambda both: both[0] == both[1], zip(*names, strict=False))
    common = "".join(letter for letter, _ in same).rstrip("-_.0123456789")
    return common or "-".join(names)


def _show(found: Discovery) -> None:
    for title, values in (("pair", found.pair), *found.nodes.items()):
        print(f"\n{title}")
        for key, value in values.items():
            mark = "guessed" if value.guessed else "found"
            print(f"  {key:<12} {value.value!s:<36} {mark}: {value.source}")


async def _ask(what: str) -> str | None:
    if not sys.stdin.isatty():
        return None
    return (await asyncio.to_thread(input, f"{what}: ")).strip() or None


def _build(found: Discovery, hosts: dict[str, str], name: str, ssh_config: str | None, become: str) -> Config:
    pair: dict[str, object] = {key: value.value for key, value in found.pair.items() if key != "qmail"}
    nodes = [
        NodeConfig.model_validate(
            {"name": node, "host": hosts[node], "become": become} | {k: v.value for k, v in values.items()}
        )
        for node, values in found.nodes.items()
    ]
    qmail = QmailConfig(enabled=bool(found.pair["qmail"].value))
    whole = PairConfig.model_validate({"name": name, "qmail": qmail, "nodes": nodes, **pair})
    return Config(ssh_config=ssh_config, pairs=(whole,))


def _refuse(line: str) -> int:
    print(f"mirrorgate init: {line}", file=sys.stderr)
    return 1
