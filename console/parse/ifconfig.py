"""ifconfig: interfaces, addresses, carp states (ifconfig(8)), releases 4.x to 14.

An interface's name stands before `: flags=`; the rest is indented, unless a paste lost the indentation.
"""

import re
from dataclasses import dataclass, field, replace

from console.model.facts import Carp, Inet, Interface
from console.parse.lines import filled, whole
from console.parse.reading import Reading

_HEAD = re.compile(r"([\w.:-]{1,64}): flags=([0-9a-f]{1,16})(?:<[^<>]*>)?(?: metric \d+)?(?: mtu (\d+))?.*")
_CARP = re.compile(r"(?:carp|vrrp): ([A-Z]+) vhid (\d{1,9})(?: advbase (\d{1,9}))?(?: advskew (\d{1,9}))?.*")
_UP = 0x1
_DETAIL = re.compile(
    r"""(?x)
    (?: options | nd6[ ]options | media: | supported[ ]media: | status: | groups?: | hwaddr | lladdr
      | description: | capabilities | vlan: | vlanproto: | parent[ ]interface: | plugged: | vendor:
      | module[ ]temperature: | [RT]X[ ]?: | [RT]X[ ]power: | lane[ ]\d | SFF8472 | class: | compliance
      | Opened[ ]by[ ]PID | tunnel[ ]inet | member: | id[ ][0-9a-f]{2}: | maxage | root[ ]id | ifmaxaddr
      | laggproto | laggport: | lagg[ ]options: | flags= | active[ ]ports: | lag[ ]id: | peer[ ] | pfsync:
      | syncpeer: | maxupd: | defer: | syncok: | ssid | regdomain | country | authmode | privacy | wme
      | channel | bssid | -?(?:ht|burst|dtim|mcastrate|bmiss|bgscan|ampdu|stbc|pure|dfs|apbridge)
      | scanvalid | protmode | roam: | txpower | deftxkey | AES | fib: | tunnelfib: | vxlan | carpdev
      | bandwidth: | drivername: | nic[ ]type | media[ ]type | route | key | prefixlen | scopeid
      | netmask | broadcast | vhid )
    .*"""
)
"""Lines of ifconfig(8) about which no fact is kept."""


@dataclass(frozen=True, slots=True)
class Interfaces:
    """Every interface, and their names in order."""

    names: tuple[str, ...] = ()
    interfaces: tuple[Interface, ...] = ()


@dataclass(frozen=True, slots=True)
class CarpState:
    """The carp lines of an ifconfig and the IPv4 addresses around them, over all interfaces."""

    interfaces: tuple[str, ...] = ()
    carp: tuple[Carp, ...] = ()
    inet: tuple[Inet, ...] = ()
    count: int = 0
    """carp lines."""
    master: tuple[int, ...] = ()
    """vhids in state MASTER."""
    backup: tuple[int, ...] = ()
    init: tuple[int, ...] = ()
    advskew: int | None = None
    """When it is the same for all of them."""
    inet_count: int = 0


@dataclass(slots=True)
class _Draft:
    """An interface while its lines are read; the name is empty for lines before any interface."""

    name: str
    flags: str | None = None
    mtu: int | None = None
    ether: str | None = None
    status: str | None = None
    inet: list[Inet] = field(default_factory=list)
    inet6: list[str] = field(default_factory=list)
    carp: list[Carp] = field(default_factory=list)

    def done(self) -> Interface:
        return Interface(
            name=self.name,
            up=None if self.flags is None else bool(int(self.flags, 16) & _UP),
            mtu=self.mtu,
            flags_hex=self.flags,
            ether=self.ether,
            inet=tuple(self.inet),
            inet6=tuple(self.inet6),
            status=self.status,
            carp=tuple(self.carp),
        )


def read_ifconfig(text: str) -> Reading[Interfaces]:
    """`ifconfig`, `ifconfig -a`, `-v` or of one interface (ifconfig(8))."""
    drafts, unread = _drafts(text, headless=False)
    found = tuple(draft.done() for draft in drafts if draft.name)
    return Reading(Interfaces(tuple(interface.name for interface in found), found), unread)


def read_ifconfig_carp(text: str) -> Reading[CarpState]:
    """`ifconfig` with carp, also `ifconfig | grep carp` (carp(4))."""
    drafts, unread = _drafts(text, headless=True)
    carp = tuple(line for draft in drafts for line in draft.carp)
    inet = tuple(address for draft in drafts for address in draft.inet)
    skews = {line.advskew for line in carp}
    return Reading(
        CarpState(
            interfaces=tuple(draft.name for draft in drafts if draft.name),
            carp=carp,
            inet=inet,
            count=len(carp),
            master=tuple(line.vhid for line in carp if line.state == "MASTER"),
            backup=tuple(line.vhid for line in carp if line.state == "BACKUP"),
            init=tuple(line.vhid for line in carp if line.state == "INIT"),
            advskew=skews.pop() if len(skews) == 1 else None,
            inet_count=len(inet),
        ),
        unread,
    )


def _drafts(text: str, headless: bool) -> tuple[list[_Draft], tuple[str, ...]]:
    """The interfaces and the lines of no known shape; `headless` takes lines before any interface, too.

    The first draft is nameless and holds those lines.
    """
    unread: list[str] = []
    drafts = [_Draft("")]
    for line in filled(text, unread):
        said = line.strip()
        if head := _HEAD.fullmatch(said):
            drafts.append(_Draft(head[1], head[2], whole(head[3] or "")))
        elif not ((drafts[-1].name or headless) and _detail(said, drafts[-1])):
            unread.append(line)
    return drafts, tuple(unread)


def _detail(said: str, draft: _Draft) -> bool:
    word, _, rest = said.partition(" ")
    if word == "inet" and (address := _inet(rest.split())):
        draft.inet.append(address)
    elif word == "inet6" and rest:
        draft.inet6.append(rest.split()[0].split("/")[0])
    elif word in ("ether", "lladdr") and rest:
        draft.ether = rest.split()[0]
    elif word == "status:" and rest:
        draft.status = rest.strip()
    elif found := _CARP.fullmatch(said):
        draft.carp.append(Carp(found[1], int(found[2]), whole(found[3] or ""), whole(found[4] or "")))
    elif word in ("netmask", "broadcast", "vhid") and draft.inet:
        # The rest of an inet line that was wrapped.
        draft.inet[-1] = _completed(draft.inet[-1], said.split())
    else:
        return _DETAIL.fullmatch(said) is not None
    return True


def _inet(words: list[str]) -> Inet | None:
    if not words:
        return None
    address, slash, bits = words[0].partition("/")
    return _completed(Inet(addr=address, mask=slash + bits if slash else None), words[1:])


def _completed(inet: Inet, words: list[str]) -> Inet:
    for key, value in zip(words[::2], words[1::2], strict=False):
        if key == "netmask":
            inet = replace(inet, mask=value)
        elif key == "broadcast":
            inet = replace(inet, broadcast=value)
        elif key == "-->":
            inet = replace(inet, peer=value.split("/")[0])
        elif key == "vhid":
            inet = replace(inet, vhid=whole(value))
    return inet
