"""freevrrpd's own reading of its configuration file (FreeVRRPd 1.x)."""

from dataclasses import dataclass, field

KNOWN = frozenset(
    {
        "serverid", "interface", "addr", "priority", "password", "masterscript", "backupscript", "vridsdep",
        "monitoredcircuits", "mcclearerrorscount", "carriertimeout", "spanningtreelatency", "ahencryption",
        "useike", "presharedkey",
    }
)  # fmt: skip

NO_SECTION = "configuration file error ! cannot see [VRID] section"


@dataclass(frozen=True, slots=True)
class Section:
    """One [VRID] section."""

    serverid: int
    interface: str
    addresses: tuple[tuple[str, int], ...]
    """Floating addresses with their prefix lengths."""
    priority: int = 100
    password: str = ""
    """Only the first 8 characters count."""
    masterscript: str = ""
    backupscript: str = ""
    monitored: bool = True


@dataclass(slots=True)
class Configuration:
    """What the file says, and what the daemon complains of; `fatal` ends it."""

    sections: list[Section] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    fatal: str = ""


def read_configuration(text: str) -> Configuration:
    """Read freevrrpd.conf as the daemon does."""
    configuration = Configuration()
    current: dict[str, str] | None = None
    found: list[dict[str, str]] = []
    for line in text.splitlines():
        line = line.split("#", 1)[0].strip()
        if not line:
            continue
        if line.upper() == "[VRID]":
            current = {}
            found.append(current)
            continue
        key, _, value = (part.strip() for part in line.partition("="))
        if key.lower() not in KNOWN:
            configuration.complaints.append(f"option '{key}' unknown on configuration file, ignoring it")
        elif current is None:
            configuration.fatal = NO_SECTION
            return configuration
        else:
            current[key.lower()] = value
    if not found:
        configuration.fatal = NO_SECTION
    for keys in found:
        section = _section(keys)
        if section is None:
            configuration.fatal = "configuration file error ! serverid, interface and addr are needed"
            return configuration
        configuration.sections.append(section)
    return configuration


def _section(keys: dict[str, str]) -> Section | None:
    serverid, interface, addr = keys.get("serverid", ""), keys.get("interface", ""), keys.get("addr", "")
    if not serverid.isdigit() or not 1 <= int(serverid) <= 255 or not interface or not addr:
        return None
    addresses = []
    for item in addr.split(","):
        plain, _, bits = item.strip().rpartition(":")[2].partition("/")
        addresses.append((plain, int(bits) if bits.isdigit() else 32))
    priority = keys.get("priority", "100")
    return Section(
        int(serverid),
        interface,
        tuple(addresses),
        priority=max(1, min(255, int(priority))) if priority.isdigit() else 100,
        password=keys.get("password", "")[:8],
        masterscript=keys.get("masterscript", ""),
        backupscript=keys.get("backupscript", ""),
        monitored=keys.get("monitoredcircuits", "yes").lower() != "no",
    )
