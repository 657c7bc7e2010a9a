"""Who may ask: the names this server is asked for by, and the pages that may open a console. Pure."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_PUBLIC = re.compile(r"https://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~/-]*)?", re.IGNORECASE)
"""It is written into the page and into what the page may do."""
_EVERY = frozenset({"0.0.0.0", "::"})  # noqa: S104  # told apart, not listened at


def public_url(word: str) -> str:
    """The address that a proxy serves the console at, without a final slash.

    Raises:
        ValueError: it is not https, or has more than a host and a path.
    """
    parts = urlsplit(word)
    if parts.scheme != "https" or not parts.hostname or not _PUBLIC.fullmatch(word):
        raise ValueError("expected the https:// address of the proxy, such as https://jump.example/pairs")
    _ = parts.port  # raises ValueError for one that is no number
    return f"https://{parts.netloc.lower()}{parts.path.rstrip('/')}"


@dataclass(frozen=True)
class Doors:
    """The names and origins of one server.

    A page of somebody else cannot be kept from *sending* a request here, and a name of somebody else may
    be made to lead here (DNS rebinding); but a browser says in Host and Origin which name and page it was.
    """

    hosts: frozenset[str]
    """What Host may say, in lower case."""
    origins: frozenset[str]
    """What Origin may say where a console is opened."""
    public: str | None = None
    """The address at the proxy."""

    def misdirected(self, host: str | None) -> bool:
        """Whether a request is meant for another server."""
        return (host or "").lower() not in self.hosts

    def foreign(self, origin: str | None) -> bool:
        """Whether a console is opened by somebody else's page, or by no page at all."""
        return origin is None or origin.lower() not in self.origins

    def base(self, host: str) -> str:
        """Where the page finds everything, as the browser must ask for it; `host` is what Host said."""
        return self.public or f"http://{host.lower()}"


def doors(host: str, port: int, public: str | None) -> Doors:
    """The doors of a server that listens at an address; `public` as `public_url` gives it."""
    own = sorted(LOOPBACK) if host in LOOPBACK else [] if host in _EVERY else [host]
    names = {f"[{name}]:{port}" if ":" in name else f"{name.lower()}:{port}" for name in own}
    if port == 80:
        names |= {name.removesuffix(":80") for name in names}
    if public is None:
        return Doors(frozenset(names), frozenset(f"http://{name}" for name in names))
    netloc = urlsplit(public).netloc.removesuffix(":443")
    seen = {netloc} if urlsplit(public).port else {netloc, f"{netloc}:443"}
    return Doors(frozenset(names | seen), frozenset({f"https://{netloc}"}), public)
