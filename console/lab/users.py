"""The accounts of a simulated node, kept where a FreeBSD system keeps them: /etc/passwd and /etc/group."""

from dataclasses import dataclass

from console.lab.world import Node

ACCOUNTS = "/etc/passwd"
GROUP = "/etc/group"

FRESH_ACCOUNTS = """root:*:0:0:Charlie &:/root:/bin/sh
toor:*:0:0:Bourne-again Superuser:/root:
daemon:*:1:1:Owner of many system processes:/root:/usr/sbin/nologin
operator:*:2:5:System &:/:/usr/sbin/nologin
sshd:*:22:22:Secure Shell Daemon:/var/empty:/usr/sbin/nologin
nobody:*:65534:65534:Unprivileged user:/nonexistent:/usr/sbin/nologin
"""

FRESH_GROUP = """wheel:*:0:root
daemon:*:1:
kmem:*:2:
sys:*:3:
tty:*:4:
operator:*:5:root
mail:*:6:
sshd:*:22:
nogroup:*:65533:
nobody:*:65534:
"""


@dataclass(frozen=True, slots=True)
class Group:
    """A line of /etc/group."""

    name: str
    gid: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class User:
    """A line of /etc/passwd with the groups the user is in, the own one first."""

    name: str
    uid: int
    gid: int
    full_name: str
    home: str
    shell: str
    groups: tuple[Group, ...]

    def is_in(self, group: str) -> bool:
        """True when the user belongs to that group."""
        return any(known.name == group for known in self.groups)


def _text(node: Node, path: str, otherwise: str) -> str:
    return node.fs.read_file(path).decode() if node.fs.exists(path) else otherwise


def groups_of(node: Node) -> tuple[Group, ...]:
    """Every group of the node."""
    lines = [line.split(":") for line in _text(node, GROUP, FRESH_GROUP).splitlines() if line.count(":") >= 3]
    return tuple(
        Group(name, int(gid), tuple(filter(None, members.split(",")))) for name, _, gid, members, *_ in lines
    )


def users_of(node: Node) -> tuple[User, ...]:
    """Every user of the node."""
    groups = groups_of(node)
    found = []
    for line in _text(node, ACCOUNTS, FRESH_ACCOUNTS).splitlines():
        if line.count(":") < 6:
            continue
        name, _, uid, gid, full, home, shell = line.split(":")[:7]
        own = [group for group in groups if group.gid == int(gid)]
        others = [group for group in groups if name in group.members and group.gid != int(gid)]
        found.append(User(name, int(uid), int(gid), full, home, shell, tuple(own + others)))
    return tuple(found)


def user_named(node: Node, name: str) -> User | None:
    """The user of that name, or None."""
    return next((user for user in users_of(node) if user.name == name), None)


def add_user(node: Node, name: str, shell: str, extra_groups: tuple[str, ...]) -> User | None:
    """Add a user with a group of its own, as pw(8) does; None when the name is taken."""
    if user_named(node, name) is not None:
        return None
    number = max([1000, *(user.uid for user in users_of(node) if user.uid < 32000)]) + 1
    passwd = (
        _text(node, ACCOUNTS, FRESH_ACCOUNTS) + f"{name}:*:{number}:{number}:User &:/home/{name}:{shell}\n"
    )
    lines = []
    for line in _text(node, GROUP, FRESH_GROUP).splitlines():
        if line.split(":", 1)[0] in extra_groups:
            line += name if line.endswith(":") else f",{name}"
        lines.append(line)
    lines.append(f"{name}:*:{number}:")
    node.fs.write_file(ACCOUNTS, passwd.encode())
    node.fs.write_file(GROUP, ("\n".join(lines) + "\n").encode())
    return user_named(node, name)
