"""Snapshots made from the transcripts of the real 13.2 pair, through the product's own parsers.

The storage side comes from the scenario itself; no scenario has both a mirror and VRRP, so the roles come
from scenario 11 of the same two machines: web-a MASTER and web-b BACKUP, or the other way round.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from console.model.config import QmailConfig
from console.model.facts import NodeFacts
from console.model.snapshot import PairSnapshot
from console.model.words import Home
from console.parse.sections import read_section
from tests.health.building import NOW, healthy, known

TRANSCRIPTS = Path(__file__).parent.parent / "captures" / "freebsd-13.2-pair"
_SECTIONS = {
    "sysctl -n kern.geom.confxml": "geom",
    "mount -p": "mounts",
    "kldstat": "modules",
    "df -n": "df",
    "cat /etc/gg.exports": "exports",
    "sockstat -4l": "sockets",
}
_LSTART = re.compile(r"^(\s*\d+\s+\d+\s+\S+)\s+\w{3} \w{3} [ \d]\d [\d:]{8} \d{4} ", re.MULTILINE)


def records(scenario: str) -> list[dict[str, Any]]:
    """The records of a scenario, by the number its file begins with."""
    (path,) = TRANSCRIPTS.glob(f"{scenario}-*.jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()]


def observed(scenario: str, note: str, *, serving: Home = Home.MASTER) -> PairSnapshot:
    """The pair as a transcript shows it after a note; what is not asked there is as in the healthy pair."""
    pair = healthy()
    shown, facts = (
        False,
        {n: replace(v.facts, metadata=known(())) for n, v in zip("ab", pair.nodes, strict=True)},
    )
    for record in records(scenario):
        if "note" in record and "run" not in record:
            if shown:
                break
            shown = note in record["note"]
        elif "out" in record:
            facts[record["node"]] = _read(facts[record["node"]], record, shown)
    assert shown, f"no note {note!r} in {scenario}"
    roles = vrrp_facts(serving)
    pair = replace(
        pair,
        master=replace(pair.master, facts=_with(facts["a"], roles["a"])),
        slave=replace(pair.slave, facts=_with(facts["b"], roles["b"])),
    )
    # The recorded machines run no qmail.
    return replace(pair, config=pair.config.model_copy(update={"qmail": QmailConfig(enabled=False)}))


def _with(facts: NodeFacts, role: NodeFacts) -> NodeFacts:
    table = [p for p in facts.processes.value or () if p.program != "freevrrpd"]
    table += [p for p in role.processes.value or () if p.program == "freevrrpd"]
    return replace(
        facts,
        interfaces=role.interfaces,
        vrrplog=role.vrrplog,
        processes=replace(facts.processes, last=tuple(table)),
    )


def _read(facts: NodeFacts, record: dict[str, Any], shown: bool) -> NodeFacts:
    run, out, status = record["run"], record["out"], record["exit"]
    if run.startswith("gmirror dump "):
        named = "".join(f"## {p}\n{t}" for p, t in _dumps(out))
        return read_section(facts, "metadata", named, 0, NOW)
    if run.startswith("dmesg | grep GEOM") or (run.startswith(("grep", "tail")) and "messages" in run):
        return read_section(facts, "messages", out, 0, NOW)
    if not shown:
        return facts
    if run.startswith("ps -axww -o pid,ppid,stat,lstart,command"):
        return read_section(facts, "ps", "  PID PPID STAT COMMAND\n" + _LSTART.sub(r"\1 ", out), 0, NOW)
    section = _SECTIONS.get(run)
    return read_section(facts, section, out, status, NOW) if section else facts


def _dumps(out: str) -> Iterator[tuple[str, str]]:
    for block in re.split(r"(?m)^(?=Metadata on )", out):
        if block.startswith("Metadata on "):
            yield block.split()[2].rstrip(":"), block


def vrrp_facts(serving: Home) -> dict[str, NodeFacts]:
    """Addresses, freevrrpd's log and process of both nodes while one of them is master (scenario 11)."""
    found: dict[str, NodeFacts] = {}
    master_at_a = serving is Home.MASTER
    for record in records("11"):
        text = record.get("out", "")
        if ("ngeth0" not in text and "freevrrpd[" not in text) or not record["run"].startswith("ifconfig;"):
            continue
        node = record["node"]
        if (master_at_a and record["at"] > 20) or (not master_at_a and not 29 < record["at"] < 30):
            continue
        faces, _, rest = text.partition("\nNov ")
        log = "\n".join(ln for ln in ("Nov " + rest).splitlines() if "freevrrpd[" in ln)
        last = text.rstrip().splitlines()[-1].split()
        ps = (
            f"  PID PPID STAT COMMAND\n{last[0]} 1 {' '.join(last[1:])}\n"
            if last[0].isdigit()
            else "  PID PPID STAT COMMAND\n1 0 Is init\n"
        )
        facts = read_section(NodeFacts(), "ifconfig", faces + "\n", 0, NOW)
        facts = read_section(facts, "vrrplog", log, 0, NOW)
        found[node] = read_section(facts, "ps", ps, 0, NOW)
    return found
