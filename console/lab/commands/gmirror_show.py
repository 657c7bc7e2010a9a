"""gmirror(8): status and list, laid out as by sbin/geom/core/geom.c."""

from console.lab.arguments import Options
from console.lab.call import Call
from console.lab.geom.base import Config, Consumer, Provider
from console.lab.geom.component import Component
from console.lab.geom.softc import Mirror
from console.lab.sizes import rounded


def show_status(call: Call, options: Options, names: list[str]) -> int:
    """One row per component; -s without padding, -g geom names, -a also mirrors without device."""
    mirrors = call.node.geom.mirrors
    chosen = []
    for name in names:
        if name.removeprefix("/dev/") not in mirrors:
            call.complain(f"gmirror: No such geom: {name}.")
            return 1
        chosen.append(mirrors[name])
    rows: list[tuple[str, str, str]] = []
    for mirror in chosen or mirrors.values():
        if mirror.provider is None and not {"a", "g"} & set(options):
            continue
        bare = "g" in options or mirror.provider is None
        name = mirror.name if bare else f"mirror/{mirror.name}"
        components = [_component(mirror, component) for component in mirror.components] or ["N/A"]
        rows += [(name, mirror.state, component) for component in components]
    if "s" in options:
        for row in rows:
            call.say("  ".join(row))
    elif rows:
        _table(call, rows)
    return 0


def _component(mirror: Mirror, component: Component) -> str:
    if component.state == "SYNCHRONIZING":
        percent = component.offset * 100 // mirror.mediasize
        return f"{component.name} ({component.state}, {percent}%)"
    return f"{component.name} ({component.state})"


def _table(call: Call, rows: list[tuple[str, str, str]]) -> None:
    name_width = max(len("Name"), *(len(row[0]) for row in rows))
    status_width = max(len("Status"), *(len(row[1]) for row in rows))
    call.say(f"{'Name':>{name_width}}  {'Status':>{status_width}}  Components")
    before = ""
    for name, status, component in rows:
        if name == before:
            call.say(f"{'':{name_width}}  {'':{status_width}}  {component}")
        else:
            call.say(f"{name:>{name_width}}  {status:>{status_width}}  {component}")
        before = name


def show_list(call: Call, options: Options, names: list[str]) -> int:
    """Everything kern.geom.confxml tells about mirrors."""
    mirrors = call.node.geom.mirrors
    for name in names:
        if name.removeprefix("/dev/") not in mirrors:
            call.complain(f"gmirror: Class 'MIRROR' does not have an instance named '{name}'.")
            return 1
    for mirror in [mirrors[name] for name in names] or mirrors.values():
        if mirror.provider is not None or "a" in options:
            _geom(call, mirror)
    return 0


def _geom(call: Call, mirror: Mirror) -> None:
    call.say(f"Geom name: {mirror.name}")
    _keys(call, "", mirror.geom.config() if mirror.geom.config is not None else ())
    if mirror.provider is not None:
        call.say("Providers:")
        _provider(call, 1, mirror.provider, mirror.provider.mode)
    if mirror.components:
        call.say("Consumers:")
    for number, component in enumerate(mirror.components, start=1):
        consumer: Consumer = component.consumer
        if consumer.provider is None:
            continue
        _provider(call, number, consumer.provider, consumer.mode)
        _keys(call, "   ", consumer.config() if consumer.config is not None else ())
    call.say("")


def _provider(call: Call, number: int, provider: Provider, mode: str) -> None:
    call.say(f"{number}. Name: {provider.name}")
    call.say(f"   Mediasize: {provider.mediasize} ({rounded(provider.mediasize)})")
    call.say(f"   Sectorsize: {provider.sectorsize}")
    if provider.stripeoffset:
        call.say(f"   Stripesize: 0\n   Stripeoffset: {provider.stripeoffset}")
    call.say(f"   Mode: {mode}")


def _keys(call: Call, indent: str, config: Config) -> None:
    for key, value in reversed(config):
        call.say(f"{indent}{key}: {value or '(null)'}")
