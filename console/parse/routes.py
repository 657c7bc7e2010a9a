"""`netstat -rn`: the routing tables."""

from dataclasses import dataclass

from console.parse.lines import filled, whole
from console.parse.reading import Reading


@dataclass(frozen=True, slots=True)
class Route:
    """A route. `netif` is the interface; refs, use and mtu are columns of some releases only."""

    destination: str
    gateway: str
    flags: str
    netif: str | None = None
    expire: str | None = None
    refs: int | None = None
    use: int | None = None
    mtu: int | None = None


@dataclass(frozen=True, slots=True)
class Routes:
    """Both families, and the IPv4 default gateway (the first one, when there are several)."""

    inet: tuple[Route, ...] = ()
    inet6: tuple[Route, ...] = ()
    default: str | None = None


_COUNTS = {"Refs": "refs", "Use": "use", "Mtu": "mtu", "Nhop#": None, "Prio": None}
_TEXTS = {"Netif": "netif", "Interface": "netif"}


def read_netstat_rn(text: str) -> Reading[Routes]:
    """Read netstat(1) -rn, with Refs and Use (up to 9.x), without (10 and later) or with Mtu (-W)."""
    unread: list[str] = []
    tables: dict[str, list[Route]] = {"Internet:": [], "Internet6:": []}
    family = "Internet:"
    columns: list[str] = []
    for line in filled(text, unread):
        words = line.split()
        bare = " ".join(words)
        if bare in tables:
            family, columns = bare, []
        elif words[0] == "Destination" and words[1:3] == ["Gateway", "Flags"]:
            columns = words[3:]
        elif bare.startswith("Routing tables"):
            continue
        elif columns and (route := _route(words, columns)):
            tables[family].append(route)
        else:
            unread.append(line)
    inet = tables["Internet:"]
    default = next((route.gateway for route in inet if route.destination in ("default", "0.0.0.0/0")), None)
    return Reading(Routes(tuple(inet), tuple(tables["Internet6:"]), default), tuple(unread))


def _route(words: list[str], columns: list[str]) -> Route | None:
    """Only Expire, the last column, may be empty."""
    destination, gateway, flags, *rest = words if len(words) >= 3 else [""] * 3
    if not (flags and len(columns) - 1 <= len(rest) <= len(columns)):
        return None
    texts: dict[str, str] = {}
    counts: dict[str, int] = {}
    for column, word in zip(columns, rest, strict=False):
        if column == "Expire":
            texts["expire"] = word
        elif column in _TEXTS:
            texts["netif"] = word
        else:
            number = whole(word)
            name = _COUNTS.get(column)
            if number is None or column not in _COUNTS:
                return None
            if name is not None:
                counts[name] = number
    return Route(
        destination,
        gateway,
        flags,
        netif=texts.get("netif"),
        expire=texts.get("expire"),
        refs=counts.get("refs"),
        use=counts.get("use"),
        mtu=counts.get("mtu"),
    )
