"""Keys of lab machines in their files: host keys, known_hosts, identities, authorized_keys."""

import fnmatch
import re
from dataclasses import dataclass

import asyncssh

from console.lab.files import set_owner
from console.lab.users import user_named
from console.lab.world import Node

HOST_KEY = "/etc/ssh/ssh_host_ed25519_key"
_NAMES = {"ssh-ed25519": "ED25519", "ssh-rsa": "RSA", "ecdsa-sha2-nistp256": "ECDSA"}
_KEY = re.compile(r"(?:^|\s)(?P<kind>ssh-ed25519|ssh-rsa|ecdsa-sha2-\S+)\s+(?P<data>[A-Za-z0-9+/=]+)")
_OPTION = re.compile(r'([A-Za-z-]+)(?:="((?:[^"\\]|\\.)*)")?,?')


def text_of(node: Node, path: str) -> str | None:
    """A file as text; None when there is none."""
    if not node.fs.exists(path) or node.fs.stat(path)["file_type"] == "directory":
        return None
    return node.fs.read_file(path).decode("utf-8", "surrogateescape")


def host_key_of(node: Node) -> asyncssh.SSHKey:
    """The key sshd of a machine shows: the one in its file, made at the first call."""
    text = text_of(node, HOST_KEY)
    if text is not None:
        return asyncssh.import_private_key(text)
    key = asyncssh.generate_private_key("ssh-ed25519", comment=f"root@{node.hostname}")
    write_pair(node, HOST_KEY, key)
    return key


def write_pair(node: Node, path: str, key: asyncssh.SSHKey, user: str = "root") -> None:
    """Write both halves of a key as ssh-keygen(1) does."""
    node.fs.mkdir(path.rpartition("/")[0] or "/", recursive=True)
    for name, data, mode in (
        (path, key.export_private_key("openssh"), 0o600),
        (f"{path}.pub", key.export_public_key("openssh"), 0o644),
    ):
        node.fs.write_file(name, data)
        node.fs.chmod(name, mode)
        set_owner(node, name, user, "wheel" if user == "root" else user)


@dataclass(frozen=True, slots=True)
class Public:
    """A public key: its kind and the text that stands for it in files."""

    kind: str
    data: str

    @property
    def title(self) -> str:
        """As OpenSSH calls the kind: ED25519."""
        return _NAMES.get(self.kind, self.kind)


def public_in(line: str) -> Public | None:
    """The key in a line of known_hosts, authorized_keys or a .pub file."""
    found = _KEY.search(line)
    return Public(found["kind"], found["data"]) if found else None


def host_keys(node: Node) -> list[Public]:
    """The public keys of a machine's sshd."""
    host_key_of(node)
    found = []
    for item in node.fs.read_dir("/etc/ssh"):
        if re.fullmatch(r"ssh_host_\w+_key\.pub", item["name"]):
            key = public_in(text_of(node, f"/etc/ssh/{item['name']}") or "")
            found += [key] if key is not None else []
    return found


def known_for(text: str, name: str) -> list[Public]:
    """The keys that a known_hosts file has for a name."""
    found = []
    for line in text.splitlines():
        words = line.split(None, 1)
        if len(words) == 2 and not line.startswith("#"):
            names = words[0].split(",")
            if any(fnmatch.fnmatchcase(name, pattern.replace("[", "[[]")) for pattern in names):
                key = public_in(words[1])
                found += [key] if key is not None else []
    return found


@dataclass(frozen=True, slots=True)
class Admission:
    """A line of authorized_keys that lets somebody in."""

    command: str | None = None
    """Run in place of what was asked for."""


def admitted(node: Node, user: str, key: Public, address: str) -> Admission | None:
    """Whether a key from that address opens an account; None when not."""
    account = user_named(node, user)
    if account is None:
        return None
    path = f"{account.home}/.ssh/authorized_keys"
    if any(_loose(node, place) for place in (path, f"{account.home}/.ssh")):
        return None
    for line in (text_of(node, path) or "").splitlines():
        found = _KEY.search(line)
        if (
            found is None
            or line.lstrip().startswith("#")
            or (found["kind"], found["data"]) != (key.kind, key.data)
        ):
            continue
        options = dict(_OPTION.findall(line[: found.start()]))
        allowed = options.get("from", "")
        if "from" in options and not any(fnmatch.fnmatchcase(address, one) for one in allowed.split(",")):
            continue
        return Admission(_unquoted(options["command"]) if "command" in options else None)
    return None


def _unquoted(text: str) -> str:
    return text.replace('\\"', '"')


def _loose(node: Node, path: str) -> bool:
    """Writable by others: StrictModes of sshd does not trust it."""
    return bool(node.fs.exists(path) and node.fs.stat(path)["mode"] & 0o022)
