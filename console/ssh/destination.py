"""Where a connection goes: what the configuration and ssh_config together say."""

from dataclasses import dataclass
from pathlib import Path

import asyncssh

from console.model.config import NodeConfig

_GLOBAL_KNOWN_HOSTS = (Path("/etc/ssh/ssh_known_hosts"),)


@dataclass(frozen=True, slots=True)
class Target:
    """A node or jump host as it was named, before ssh_config is asked."""

    host: str
    user: str | None = None
    port: int | None = None
    jump: str | None = None
    identity: Path | None = None

    @classmethod
    def of(cls, node: NodeConfig) -> "Target":
        """The node itself."""
        identity = Path(node.identity).expanduser() if node.identity else None
        return cls(node.host, node.user, node.port, node.jump, identity)

    @classmethod
    def parse(cls, jump: str) -> "Target":
        """A jump host: `[user@]host[:port]`; an IPv6 address with a port stands in brackets."""
        user, _, place = jump.strip().rpartition("@")
        host, port = place, ""
        if place.startswith("["):
            host, _, port = place[1:].partition("]")
            port = port.removeprefix(":")
        elif place.count(":") == 1:
            host, _, port = place.partition(":")
        if not host or (port and not port.isdecimal()):
            raise ValueError(f"expected a jump host such as admin@gate:22, not {jump!r}")
        return cls(host, user or None, int(port) if port else None)


@dataclass(frozen=True, slots=True)
class Destination:
    """A target with everything ssh_config adds to it."""

    target: Target
    host: str
    port: int
    alias: str | None
    """HostKeyAlias."""
    jumps: tuple[str, ...]
    proxied: bool
    """Reached through ProxyCommand: there is no port to look at."""
    identities: tuple[Path, ...]
    identities_only: bool
    agent: bool | None
    """False when IdentityAgent is `none`, None when ssh_config does not say."""
    user_files: tuple[Path, ...]
    global_files: tuple[Path, ...]
    ciphers: bool = False
    """Whether ssh_config says which ciphers are used."""

    @property
    def where(self) -> str:
        """Host and port in words."""
        return f"{self.host} port {self.port}"


def settings(target: Target, ssh_config: Path | None) -> dict[str, object]:
    """What asyncssh is told: ours first, then `ssh_config` or, without one, ~/.ssh/config."""
    said: dict[str, object] = {"host": target.host}
    if target.user is not None:
        said["username"] = target.user
    if target.port is not None:
        said["port"] = target.port
    if ssh_config is not None:
        said["config"] = [str(ssh_config)]
    else:
        said["config"] = ()
    return said


def resolve(target: Target, ssh_config: Path | None) -> Destination:
    """Ask ssh_config about a target. Reads files; raises OSError or ValueError (file and line named)."""
    # Neither keys nor hosts are read here: a missing key file must not hide where the connection goes.
    options = asyncssh.SSHClientConnectionOptions(
        client_keys=None, known_hosts=b"", **settings(target, ssh_config)
    )
    config = options.config
    jump = target.jump if target.jump is not None else options.tunnel
    named = config.get("UserKnownHostsFile", None)
    user_files = _paths(named) if named is not None else (Path.home() / ".ssh" / "known_hosts",)
    global_named = config.get("GlobalKnownHostsFile", None)
    agent = config.get("IdentityAgent", None)
    identities = (target.identity,) if target.identity else _paths(config.get("IdentityFile", ()))
    return Destination(
        target=target,
        host=options.host,
        port=options.port,
        alias=options.host_key_alias,
        jumps=tuple(str(jump).split(",")) if jump and jump != "none" else (),
        proxied=bool(options.proxy_command),
        identities=identities,
        identities_only=bool(config.get("IdentitiesOnly", False)),
        agent=None if agent is None else bool(agent),
        user_files=user_files,
        global_files=_paths(global_named) if global_named is not None else _GLOBAL_KNOWN_HOSTS,
        ciphers=config.get("Ciphers", None) is not None,
    )


def _paths(named: object) -> tuple[Path, ...]:
    if not isinstance(named, (list, tuple)):
        return ()
    return tuple(Path(str(name)).expanduser() for name in named)
