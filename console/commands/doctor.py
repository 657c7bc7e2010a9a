"""`mirrorgate doctor`: what is wrong with the set-up of a pair, and how to mend it."""

import json
import textwrap
from collections.abc import Sequence

from console.commands.sampling import settled_states
from console.health.doctor import examine
from console.model.config import PairConfig
from console.model.jsonable import jsonable
from console.model.words import Severity
from console.watch.node_watch import Opener


async def run(pairs: Sequence[PairConfig], open_session: Opener, limit: float, *, as_json: bool) -> int:
    """Print the findings of each pair; exit status 0 none, 1 some, 3 only what could not be checked."""
    states = await settled_states(pairs, open_session, limit)
    found = {s.snapshot.config.name: examine(s.snapshot, s.findings) for s in states}
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
