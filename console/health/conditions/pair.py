"""What must be so of the pair as a whole: links, mounts, roles, addresses, clocks."""

from console.health import stack
from console.health.conditions.vocabulary import Verdict, condition, no, unknown, yes
from console.health.truths import truths, vrrp_section
from console.model.snapshot import PairSnapshot
from console.model.words import Answer, Role


@condition("both-nodes-answer", "both nodes answer over SSH")
def _both_answer(s: PairSnapshot) -> Verdict:
    dark = [n for n in s.nodes if not stack.answers(n)]
    if dark:
        return unknown(dark[0].link.why or f"{dark[0].name}: {dark[0].link.state.value}")
    return yes("both answer")


@condition("mounted-on-both-nodes", "both nodes have the pair's mount point mounted")
def _mounted_on_both(s: PairSnapshot) -> Verdict:
    said = [(n, truths(n, s.config, s.peer(n)).mounted) for n in s.nodes]
    for node, mounted in said:
        if mounted is Answer.NO:
            return no(f"not mounted on {node.name}")
    for node, mounted in said:
        if mounted is Answer.UNKNOWN:
            return unknown(f"mounts of {node.name}: {node.facts.mounts.unknown}")
    return yes(f"{s.config.mount} is mounted on {s.master.name} and on {s.slave.name}")


@condition("mounted-on-one-node", "exactly one node has the mount point mounted")
def _mounted_on_one(s: PairSnapshot) -> Verdict:
    said = {n.name: truths(n, s.config, s.peer(n)).mounted for n in s.nodes}
    if all(a is Answer.YES for a in said.values()):
        return no("mounted on both nodes")
    for node in s.nodes:
        if said[node.name] is Answer.UNKNOWN:
            return unknown(f"mounts of {node.name}: {node.facts.mounts.unknown}")
    on = [name for name, a in said.items() if a is Answer.YES]
    return yes(f"mounted on {on[0]} only") if on else no("mounted on neither node")


@condition("mounted-through-mirror", "what is mounted is the mirror device, not a bare half")
def _through_mirror(s: PairSnapshot) -> Verdict:
    node = stack.serving(s)
    if node is None:
        return unknown("which node serves is not certain")
    special = stack.mounts_of(node, s.config)[-1].special
    wanted = f"/dev/mirror/{s.config.mirror}"
    return yes(f"{special} on {node.name}") if special == wanted else no(f"{special} on {node.name}")


@condition("nothing-mounted", "neither node has the pair's mount point mounted")
def _nothing_mounted(s: PairSnapshot) -> Verdict:
    said = [(n, truths(n, s.config, s.peer(n)).mounted) for n in s.nodes]
    for node, mounted in said:
        if mounted is Answer.YES:
            return no(f"{s.config.mount} is mounted on {node.name}")
    for node, mounted in said:
        if mounted is Answer.UNKNOWN:
            return unknown(f"mounts of {node.name}: {node.facts.mounts.unknown}")
    return yes(f"{s.config.mount} is mounted on neither node")


@condition("one-master", "exactly one node is MASTER and the other is BACKUP")
def _one_master(s: PairSnapshot) -> Verdict:
    roles = {n.name: truths(n, s.config, s.peer(n)).role for n in s.nodes}
    if Role.UNKNOWN in roles.values():
        return unknown("; ".join(f"{n}: {r.value}" for n, r in roles.items()))
    said = ", ".join(f"{n} {r.value}" for n, r in roles.items())
    return yes(said) if sorted(roles.values()) == [Role.BACKUP, Role.MASTER] else no(said)


@condition("one-address-holder", "exactly one node holds the floating address")
def _one_holder(s: PairSnapshot) -> Verdict:
    held = {n.name: truths(n, s.config, s.peer(n)).address for n in s.nodes}
    holders = [n for n, a in held.items() if a is Answer.YES]
    if len(holders) == 2:
        return no(f"both nodes hold {s.config.floating}")
    if Answer.UNKNOWN in held.values():
        return unknown(f"addresses of {next(n for n, a in held.items() if a is Answer.UNKNOWN)} are unknown")
    return (
        yes(f"{holders[0]} holds {s.config.floating}") if holders else no(f"nobody holds {s.config.floating}")
    )


@condition("same-vrrp-group", "both nodes are configured for the same VRRP group")
def _same_group(s: PairSnapshot) -> Verdict:
    sections = [vrrp_section(n, s.config) for n in s.nodes]
    for node, section in zip(s.nodes, sections, strict=True):
        if section is None:
            conf = node.facts.vrrpconf
            return unknown(
                f"freevrrpd.conf of {node.name}: {conf.unknown or 'no section for the floating address'}"
            )
    first, second = sections
    if first is None or second is None:
        return unknown("freevrrpd.conf was not read")
    if first.serverid != second.serverid:
        return no(f"serverid {first.serverid} on {s.master.name}, {second.serverid} on {s.slave.name}")
    if (
        None not in (first.password_check, second.password_check)
        and first.password_check != second.password_check
    ):
        return no("the passwords differ")
    return yes(f"serverid {first.serverid} on both")


@condition("clocks-agree", "the nodes' clocks are less than 2 s apart")
def _clocks(s: PairSnapshot) -> Verdict:
    first, second = s.master.facts.clock_offset.value, s.slave.facts.clock_offset.value
    if first is None or second is None:
        return unknown("the clock of a node was not read")
    apart = abs(first - second)
    return yes(f"{apart:.1f} s apart") if apart < 2.0 else no(f"{apart:.1f} s apart")
