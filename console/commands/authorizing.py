"""`mirrorgate authorize --read-only`: what to install so that a key can watch and nothing else."""

import argparse
import os
import re
from collections.abc import Iterator
from pathlib import Path

from console.commands.complaining import complain
from console.commands.mail_nodes import nodes_of
from console.model.config import Config, NodeConfig, PairConfig
from playbooks.authorize import home_of
from playbooks.monitor_key import (
    CONF,
    GATE,
    GROUPS,
    ROOT_READS,
    SAMPLER,
    USER_PATTERN,
    files_of,
    key_line,
    public_key,
    rules,
    rules_path,
)

_NO_KEY = "ssh-ed25519 " + "A" * 40
_KEYS = ("id_ed25519.pub", "id_ecdsa.pub", "id_rsa.pub")
_MOST = 1 << 16


def main(arguments: argparse.Namespace, config: Config, path: Path) -> int:
    """Print what to install, or plan and carry it out; exit status 2 for an odd question."""
    if not arguments.watches:
        complain("authorize: say --read-only: there is no other kind of key that it makes")
        return 2
    if re.fullmatch(USER_PATTERN, arguments.user) is None or arguments.user == "root":
        complain(f"authorize: --user {arguments.user!r}: expected an account such as mgwatch, never root")
        return 2
    try:
        key = _key(arguments.key)
    except (OSError, ValueError) as odd:
        complain(f"authorize: --key {arguments.key or ''}: {odd}")
        return 2
    nodes = nodes_of(config, path, arguments.pair, arguments.node)
    if arguments.install:
        return _install(arguments, config, path, nodes, key)
    for pair, node in nodes:
        become = arguments.become or node.become
        for line in told(pair, node, arguments.user, become, key):
            print(line)
    return 0


def _install(
    arguments: argparse.Namespace,
    config: Config,
    path: Path,
    nodes: list[tuple[PairConfig, NodeConfig]],
    key: str | None,
) -> int:
    """The same as an ordinary job: previewed, asked about, journaled, and taken back by `undo`."""
    if key is None:
        complain("authorize: --install needs --key FILE.pub")
        return 2
    pairs = {pair.name for pair, _ in nodes}
    if len(pairs) > 1:
        complain(f"authorize: say which with --pair: {', '.join(sorted(pairs))}")
        return 2
    # What changes a node is loaded by nobody who only reads.
    import asyncio

    from console.commands import acting

    homes = [node.home.value for _, node in nodes]
    settings = [f"key={key}", f"user={arguments.user}", f"nodes={homes[0] if len(homes) == 1 else 'both'}"]
    if arguments.become:
        settings.append(f"become={arguments.become}")
    asked = argparse.Namespace(
        command="run",
        job="authorize",
        pair=nodes[0][0].name,
        settings=settings,
        dry_run=arguments.dry_run,
        yes=arguments.yes,
        take_over=arguments.take_over,
    )
    return asyncio.run(acting.main(asked, config, path))


def _key(named: Path | None) -> str | None:
    """The public key that is meant: the file, else the first usual one of this user, else none.

    Raises:
        OSError: the file cannot be read.
        ValueError: it holds no public key.
    """
    usual = [Path.home() / ".ssh" / name for name in _KEYS]
    path = named or next((one for one in usual if one.is_file()), None)
    if path is None:
        return None
    with path.open("rb") as opened:
        lines = opened.read(_MOST).decode("utf-8", "replace").splitlines()
    rows = [line for line in lines if line.strip() and not line.startswith("#")]
    if len(rows) != 1:
        raise ValueError("expected a file with one public key (FILE.pub)")
    return public_key(rows[0])


def told(pair: PairConfig, node: NodeConfig, user: str, become: str, key: str | None) -> Iterator[str]:
    """What to do on one node, as text that may be pasted: comments and commands for root's shell."""
    home = home_of(user)
    yield f"# ==== {node.name} (pair {pair.name}): as root ===="
    yield "#"
    yield "# 1. An account without a password, whose home and keys are root's:"
    groups = ",".join(GROUPS)
    yield f"pw useradd {user} -d {home} -s /bin/sh -w no -G {groups} -c 'mirrorgate, watches only'"
    for group, why in GROUPS.items():
        yield f"#    group {group}: {why}; leave out what this node does not have"
    yield f"install -d -o root -g wheel -m 755 {home} {home}/.ssh {os.path.dirname(SAMPLER)}"
    yield "#"
    yield "# 2. The two programs, their settings and the gate, written by root and read by everybody:"
    for file in files_of(pair, node, user, become):
        if file.path == rules_path(user, become):
            continue
        yield f"#    {file.path} ({file.mode}): {file.why}"
        yield from _here(file.path, file.content, file.mode)
    yield "#"
    if text := rules(user, become):
        yield f"# 3. What is read as root, by {become}; each line is one exact command of root's own program:"
        if become == "sudo":
            yield from _here(rules_path(user, become), text, "0440")
            yield f"visudo -cf {rules_path(user, become)}"
        else:
            yield from _here(rules_path(user, become), text, "0600", append=True)
    else:
        yield "# 3. Nothing is read as root (--become sudo|doas allows it). Unknown will be, unless readable:"
        for section, why in ROOT_READS.items():
            yield f"#    {section}: {why}"
    yield "#"
    yield f"# 4. Last the key, as one line of {home}/.ssh/authorized_keys:"
    if key is None:
        yield "#    (name yours with --key FILE.pub; it stands for the AAAA…)"
    line = key_line(key or _NO_KEY, None)
    older = key_line(key or _NO_KEY, "10.2-RELEASE")
    oldest = key_line(key or _NO_KEY, "7.4-RELEASE")
    yield from _here(f"{home}/.ssh/authorized_keys", f"{line}\n", "0644", append=True)
    yield "#    FreeBSD before 11 (OpenSSH before 7.2) does not know `restrict`; there it is instead:"
    yield f"#    {older}"
    yield "#    and before 8 (OpenSSH before 4.9):"
    yield f"#    {oldest}"
    yield "#"
    yield f'# Then set user = "{user}" for this node and prove it: mirrorgate --read-only doctor {pair.name}'
    yield f"# (gate {GATE}, settings {CONF})"
    yield ""


def _here(path: str, content: str, mode: str, *, append: bool = False) -> Iterator[str]:
    """A file as a here-document that no shell reads anything into."""
    yield f"cat {'>>' if append else '>'}{path} <<'MIRRORGATE_END'"
    yield content.removesuffix("\n")
    yield "MIRRORGATE_END"
    yield f"chmod {mode} {path}"
