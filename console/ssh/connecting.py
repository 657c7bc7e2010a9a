"""Opening an SSH connection: ssh_config, jump hosts, agent, passphrases, and host keys without exception."""

import asyncio
import os
from pathlib import Path

import asyncssh

from console.model.asking import Asker
from console.model.config import NodeConfig
from console.ssh.destination import Destination, Target, resolve, settings
from console.ssh.keys import Identities, Keyring
from console.ssh.known_hosts import KnownHosts, host_name, read_known_hosts, remember
from console.ssh.refusals import explain, not_ssh
from console.ssh.text import one_line
from console.ssh.trouble import Trouble

CONNECT_LIMIT = 10.0
"""Seconds for TCP, handshake and login of one hop."""
_KEEPALIVE = 5
_KEEPALIVES_MISSED = 3
_MOST_HOPS = 8


class _Witness(asyncssh.SSHClient):
    """Remembers the host key nobody vouched for; accepts none."""

    def __init__(self) -> None:
        self.presented: asyncssh.SSHKey | None = None
        self.address = ""
        self.connection: asyncssh.SSHClientConnection | None = None

    def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
        self.connection = conn

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        self.presented, self.address = key, addr
        return False

    @property
    def greeted(self) -> bool:
        """Whether the other end said that it speaks SSH."""
        return self.connection is not None and bool(self.connection.get_extra_info("server_version"))


async def connect(
    node: NodeConfig,
    *,
    ssh_config: Path | None = None,
    asker: Asker | None = None,
    keyring: Keyring | None = None,
    limit: float = CONNECT_LIMIT,
) -> asyncssh.SSHClientConnection:
    """Connect to a node, through its jump hosts; raises Trouble. Closing the result closes the hops as well.

    `ssh_config` replaces ~/.ssh/config. Without an `asker` an unknown host key or a locked key is a refusal.
    """
    return await connect_to(node.name, Target.of(node), ssh_config, asker, keyring, limit)


async def connect_to(
    name: str,
    target: Target,
    ssh_config: Path | None = None,
    asker: Asker | None = None,
    keyring: Keyring | None = None,
    limit: float = CONNECT_LIMIT,
) -> asyncssh.SSHClientConnection:
    """Connect to a host that is no node of a pair, called `name` in what is said of it; raises Trouble."""
    return await _Hops(name, ssh_config, asker, keyring or Keyring(), limit).reach(target, None, 0)


_CIPHERS = "^aes128-gcm@openssh.com"
"""Asked for first where ssh_config names none: a copy costs half of what asyncssh's own first makes of it."""


class _Hops:
    """The way to one node, hop by hop."""

    def __init__(
        self, node: str, ssh_config: Path | None, asker: Asker | None, keyring: Keyring, limit: float
    ) -> None:
        self._node = node
        self._ssh_config = ssh_config
        self._asker = asker
        self._keyring = keyring
        self._limit = limit

    async def reach(
        self, target: Target, through: asyncssh.SSHClientConnection | None, depth: int
    ) -> asyncssh.SSHClientConnection:
        """Connect to `target`, through `through` or else by the jump hosts that its own settings name."""
        try:
            if depth > _MOST_HOPS:
                raise ValueError(f"ProxyJump of {target.host} leads in a circle")
            destination = await asyncio.to_thread(resolve, target, self._ssh_config)
            jumps = [Target.parse(jump) for jump in destination.jumps] if through is None else []
        except (OSError, ValueError) as odd:
            raise Trouble(
                self._node,
                f"the SSH settings cannot be used ({one_line(str(odd))})",
                "correct ssh_config or this node's settings",
                retry=False,
            ) from odd
        try:
            for jump in jumps:
                through = await self.reach(jump, through, depth + 1)
            return await self._log_in(destination, through)
        except BaseException:
            if through is not None:
                through.abort()
            raise

    async def _log_in(
        self, destination: Destination, through: asyncssh.SSHClientConnection | None
    ) -> asyncssh.SSHClientConnection:
        """Try until logged in: again after a host key was trusted, again after a key was unlocked."""
        trusted = False
        unlocked = False
        while True:
            known = await asyncio.to_thread(
                read_known_hosts, destination.user_files, destination.global_files
            )
            identities = await asyncio.to_thread(self._keyring.sort, destination.identities)
            self._check_identity(destination, identities)
            if identities.locked and not identities.ready and not unlocked and not _has_agent(destination):
                unlocked = True
                await self._unlock(destination, identities)
                continue
            witness = _Witness()
            try:
                return await self._attempt(destination, through, known, identities, witness)
            except asyncssh.HostKeyNotVerifiable as odd:
                if trusted:
                    raise explain(self._node, destination.where, self._limit, odd) from odd
                await self._trust(destination, known, witness, odd)
                trusted = True
            except asyncssh.PermissionDenied as odd:
                if unlocked or not identities.locked:
                    raise self._denied(destination, identities, odd) from odd
                unlocked = True
                await self._unlock(destination, identities)
            except (OSError, ValueError, asyncssh.Error) as odd:
                lost = isinstance(odd, (asyncssh.DisconnectError, TimeoutError)) and not witness.greeted
                if lost and witness.connection is not None and through is None and not destination.proxied:
                    other = await not_ssh(self._node, destination.host, destination.port)
                    if other is not None:
                        raise other from odd
                raise explain(self._node, destination.where, self._limit, odd) from odd

    async def _attempt(
        self,
        destination: Destination,
        through: asyncssh.SSHClientConnection | None,
        known: KnownHosts,
        identities: Identities,
        witness: _Witness,
    ) -> asyncssh.SSHClientConnection:
        said = settings(destination.target, self._ssh_config)
        if not destination.ciphers:
            said["encryption_algs"] = _CIPHERS
        if destination.identities_only:
            said["agent_identities"] = [
                public
                for path in destination.identities
                if (public := path.with_name(path.name + ".pub")).is_file()
            ]
        return await asyncssh.connect(
            tunnel=through,
            client_factory=lambda: witness,
            known_hosts=known.trusted,
            client_keys=list(identities.ready),
            preferred_auth="publickey",
            connect_timeout=self._limit,
            login_timeout=self._limit,
            keepalive_interval=_KEEPALIVE,
            keepalive_count_max=_KEEPALIVES_MISSED,
            agent_forwarding=False,
            x11_forwarding=False,
            env=None,
            send_env=None,
            **said,
        )

    async def _trust(
        self,
        destination: Destination,
        known: KnownHosts,
        witness: _Witness,
        odd: asyncssh.HostKeyNotVerifiable,
    ) -> None:
        """Have a person vouch for an unknown host key and remember it; raises Trouble for a changed one."""
        name = destination.alias or host_name(destination.host, destination.port)
        # A known host that offers no key of the known type shows none that could be trusted either.
        contrary = known.about(name)
        if contrary or witness.presented is None:
            at = f", but {contrary[0].path} line {contrary[0].number} knows another" if contrary else ""
            shown = _fingerprint(witness.presented) if witness.presented else one_line(str(odd))
            raise Trouble(
                self._node,
                f"the host key of {name} is not the known one: it shows {shown}{at}",
                "this is another machine or a reinstalled one: find out which, then remove that line",
                retry=False,
            ) from odd
        shown = _fingerprint(witness.presented)
        if self._asker is None:
            raise Trouble(
                self._node,
                f"the host key of {name} is unknown: {shown}",
                "compare it on the node (ssh-keygen -lf), then connect once from the console or with ssh",
                retry=False,
            ) from odd
        key_type = witness.presented.get_algorithm()
        if not await self._asker.trust(name, witness.presented.get_fingerprint(), key_type):
            raise Trouble(
                self._node,
                f"the host key of {name} was not trusted: {shown}",
                "compare it on the node (ssh-keygen -lf) and connect again",
                retry=False,
            ) from odd
        if known.user_file is None:
            raise Trouble(
                self._node,
                f"the host key of {name} cannot be remembered: ssh_config says UserKnownHostsFile none",
                "name a file there",
                retry=False,
            ) from odd
        try:
            await asyncio.to_thread(remember, known.user_file, name, witness.presented)
        except OSError as full:
            raise Trouble(
                self._node,
                f"the host key of {name} cannot be added to {known.user_file} ({full.strerror})",
                "make that file writable",
                retry=False,
            ) from full

    async def _unlock(self, destination: Destination, identities: Identities) -> None:
        if self._asker is not None and await self._keyring.unlock(identities.locked, self._asker):
            return
        raise Trouble(
            self._node,
            f"the key {identities.locked[0]} needs its passphrase to log in at {destination.where}",
            "give it in the console, or add the key to the agent (ssh-add)",
            retry=False,
        )

    def _check_identity(self, destination: Destination, identities: Identities) -> None:
        # ssh passes over a missing IdentityFile of ssh_config, but one named for this very node is meant.
        if destination.target.identity is not None and identities.problems:
            raise Trouble(self._node, identities.problems[0], "correct `identity` of this node", retry=False)

    def _denied(
        self, destination: Destination, identities: Identities, odd: asyncssh.PermissionDenied
    ) -> Trouble:
        if identities.problems and not identities.ready:
            return Trouble(
                self._node,
                f"{destination.where} refused the login; {identities.problems[0]}",
                "correct IdentityFile in ssh_config",
                retry=False,
            )
        return explain(self._node, destination.where, self._limit, odd)


def _has_agent(destination: Destination) -> bool:
    return bool(os.environ.get("SSH_AUTH_SOCK")) if destination.agent is None else destination.agent


def _fingerprint(key: asyncssh.SSHKey) -> str:
    return f"{key.get_algorithm()} {key.get_fingerprint()}"
