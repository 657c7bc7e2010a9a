"""The node itself: its clock, who the sampler runs as, and a few variables (date(1), id(1), sysctl(8))."""

import re
from dataclasses import dataclass

from console.model.facts import Host
from console.parse.lines import filled, moment, whole
from console.parse.sysctl import Setting, settings_of

_GROUPS = re.compile(r"[\w.$-]+(?: [\w.$-]+)*")


@dataclass(frozen=True, slots=True)
class HostAnswer:
    """A host and what its clock said."""

    host: Host
    clock: int | None
    """Unix seconds."""


def read_host(text: str) -> HostAnswer | None:
    """`date +%s; id -u; id -Gn; sysctl kern.hostname kern.osrelease kern.boottime vm.loadavg`, or None."""
    said = list(filled(text, []))
    clock = whole(said[0].strip()) if said else None
    rest = said[1:] if clock is not None else said
    uid = whole(rest[0].strip()) if rest else None
    grouped = rest[1].strip() if uid is not None and len(rest) > 1 else ""
    settings, _ = settings_of("\n".join(line for line in said if line.startswith(("kern.", "vm."))))
    named = {setting.name: setting for setting in settings if setting.name}
    if clock is None and not named:
        return None
    boot, load = named.get("kern.boottime"), named.get("vm.loadavg")
    host = Host(
        hostname=_word(named.get("kern.hostname")),
        release=_word(named.get("kern.osrelease")),
        boottime=moment(boot.sec) if boot else None,
        load=load.load if load else None,
        uid=uid,
        groups=tuple(grouped.split()) if _GROUPS.fullmatch(grouped) else (),
    )
    return HostAnswer(host, moment(clock))


def _word(setting: Setting | None) -> str | None:
    return None if setting is None or setting.value in (None, "") else str(setting.value)
