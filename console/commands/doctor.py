"""`mirrorgate doctor`: what is wrong with the set-up of a pair, and how to mend it."""

import asyncio
import json
import textwrap
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import asyncssh

from console.commands.sampling import settled_states
from console.health.doctor import examine
from console.health.findings import in_order
from console.health.lint.key import check_key
from console.model.asking import Asker
from console.model.config import Config, NodeConfig, PairConfig
from console.model.jsonable import jsonable
from console.model.snapshot import Finding
from console.model.words import Severity
from console.ssh.key_check import excess
from console.ssh.text import one_line
from console.ssh.trouble import Trouble
from console.watch.node_watch import Opener

Keys = Callable[[NodeConfig], Awaitable[tuple[Finding, ...]]]
"""What is wrong with the key that is used for a node."""


def keys(config: Config, asker: Asker | None) -> Keys:
    """The check that a monitor's key can do nothing but watch; it changes nothing on the node."""
    ssh_config = Path(config.ssh_config) if config.ssh_config else None

    async def checked(node: NodeConfig) -> tuple[Finding, ...]:
        try:
            return check_key(node, await excess(node, ssh_config, asker))
        except Trouble as odd:
            return check_key(node, None, odd.line)
        except (TimeoutError, OSError, asyncssh.Error) as odd:
            return check_key(node, None, one_line(str(odd)) or type(odd).__name__)

    return checked


async def run(
    pairs: Sequence[PairConfig],
    open_session: Opener,
    limit: float,
    *,
    as_json: bool,
    keys: Keys | None = None,
) -> int:
    """Print the findings of each pair; exit status 0 none, 1 some, 3 only what could not be checked.

    `keys` is given by who watches only: their keys are checked as well.
    """
    states = await settled_states(pairs, open_session, limit)
    found = {s.snapshot.config.name: examine(s.snapshot, s.findings) for s in states}
    if keys is not None:
        for pair in pairs:
            more = await asyncio.gather(*map(keys, pair.nodes))
            found[pair.name] = in_order((*found[pair.name], *(f for each in more for f in each)))
    if as_json:
        print(json.dumps({name: jsonable(each) for name, each in found.items()}, indent=2))
    else:
        for name, each in found.items():
            print(f"{name}: {len(each)} finding{'s' * (len(each) != 1)}")
            for finding in each:
                print(f"\n{finding.severity.upper()} {finding.id}  {finding.what}")
                for label, text in (("why", finding.why), ("do", finding.todo), ("seen", finding.raw)):
                    for number, line in enumerate(
                        text.splitlines() or [] if label == "seen" else textwrap.wrap(text, 90)
                    ):
                        print(f"  {label if not number else '':<5}{line}")
    severities = {f.severity for each in found.values() for f in each}
    if severities & {Severity.CRITICAL, Severity.WARNING, Severity.NOTICE}:
        return 1
    return 3 if severities else 0
