"""`gmirror dump PROVIDER …`: the metadata in a provider's last sector (gmirror(8), g_mirror.h)."""

from dataclasses import dataclass

from console.model.facts import Metadata
from console.parse.geom_fields import flags_of
from console.parse.lines import filled, whole
from console.parse.reading import Reading

_KEYS = (
    "magic version name mid did all genid syncid priority slice balance mediasize sectorsize syncoffset "
    "mflags dflags hcprovider provsize"
)
_KNOWN = frozenset((*_KEYS.split(), "MD5 hash"))


@dataclass(frozen=True, slots=True)
class Dumps:
    """The metadata of each provider that was asked for and has some."""

    metadata: tuple[Metadata, ...] = ()


def read_gmirror_dump(text: str) -> Reading[Dumps]:
    """`gmirror dump` of one or several providers (gmirror(8))."""
    unread: list[str] = []
    found: list[tuple[str, dict[str, str]]] = []
    for line in filled(text, unread):
        said = line.strip()
        key, colon, value = said.partition(":")
        if said.startswith("Metadata on ") and said.endswith(":"):
            found.append((said.removeprefix("Metadata on ")[:-1], {}))
        elif found and colon and key in _KNOWN:
            found[-1][1][key] = value.strip()
        else:
            unread.append(line)
    return Reading(Dumps(tuple(_metadata(provider, keys) for provider, keys in found)), tuple(unread))


def _metadata(provider: str, keys: dict[str, str]) -> Metadata:
    return Metadata(
        provider=provider.removeprefix("/dev/"),
        name=keys.get("name"),
        mid=whole(keys.get("mid", "")),
        did=whole(keys.get("did", "")),
        all=whole(keys.get("all", "")),
        genid=whole(keys.get("genid", "")),
        syncid=whole(keys.get("syncid", "")),
        priority=whole(keys.get("priority", "")),
        mflags=flags_of(keys.get("mflags")),
        dflags=flags_of(keys.get("dflags")),
        hcprovider=keys.get("hcprovider") or None,
        provsize=whole(keys.get("provsize", "")),
    )
