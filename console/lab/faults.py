"""Everything that can be broken and mended in the lab: one table of names, arguments and what each does."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.lab import mailfaults, scenarios
from console.lab.control import Refused
from console.lab.images import Image
from console.lab.provision import IMAGES, MOUNT
from console.lab.qmail import mail_of
from console.lab.reboot import REMOVED, boot_from
from console.lab.running import run_text
from console.lab.skew import SkewedClock
from console.lab.usage import usage_of
from console.lab.world import Node

if TYPE_CHECKING:
    from console.lab.pair import LabPair

Act = Callable[["LabPair", list[str]], Awaitable[str | None]]
"""Does it; what came of it, where that cannot be known beforehand."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to do to the pair."""

    name: str
    says: str
    """One sentence: what happens."""
    act: Act
    arguments: tuple[str, ...] = ()
    """Kinds: NODE, COUNT, SECONDS, DOMAIN, DISK."""
    choices: tuple[str, ...] = ()
    """A last word that may follow: one of these."""


def node_named(lab: "LabPair", word: str) -> Node:
    """The node somebody means: `a`, its name in the configuration, or its host name."""
    for name, node in lab.world.nodes.items():
        if word in (name, lab.names[name], node.hostname):
            return node
    raise Refused(f"no node {word}: say {' or '.join(lab.names.values())}")


def machine_named(lab: "LabPair", word: str) -> Node:
    """The same with the spare: `c`, or its host name."""
    spare = lab.world.spare
    return spare if word in (spare.name, spare.hostname) else node_named(lab, word)


def serving_node(lab: "LabPair") -> Node | None:
    """The node that has the file system mounted; the home master when both have."""
    for node in lab.world.nodes.values():
        if scenarios.is_mounted(node):
            return node
    return None


def _number(word: str, what: str) -> float:
    try:
        return float(word)
    except ValueError as odd:
        raise Refused(f"{what} is a number, not {word}") from odd


async def _power_off(lab: "LabPair", words: list[str]) -> None:
    node_named(lab, words[0]).cut_power()


async def _power_on(lab: "LabPair", words: list[str]) -> None:
    node = node_named(lab, words[0])
    node.world.nodes[node.name].start(node.boot())


async def _pull_link(lab: "LabPair", words: list[str]) -> None:
    lab.world.pull_link()


async def _plug_link(lab: "LabPair", words: list[str]) -> None:
    lab.world.plug_link()


async def _pull_management(lab: "LabPair", words: list[str]) -> None:
    lab.server(node_named(lab, words[0])).plug(False)


async def _plug_management(lab: "LabPair", words: list[str]) -> None:
    lab.server(node_named(lab, words[0])).plug(True)


async def _kill_ggated(lab: "LabPair", words: list[str]) -> None:
    for node in lab.world.nodes.values():
        if node.ready:
            await run_text(node, "pkill -KILL ggated")


async def _kill_ggatec(lab: "LabPair", words: list[str]) -> None:
    for node in lab.world.nodes.values():
        if node.ready:
            await run_text(node, "pkill -KILL ggatec")


def _set_image(lab: "LabPair", word: str, *, frozen: bool | None = None, failing: bool | None = None) -> None:
    node = node_named(lab, word)
    image = node.images.at(IMAGES[node.name])
    if image is None:
        raise Refused(f"{word} has no image {IMAGES[node.name]}")
    if frozen is not None:
        image.frozen = frozen
    if failing is not None:
        image.failing = failing


async def _freeze(lab: "LabPair", words: list[str]) -> None:
    _set_image(lab, words[0], frozen=True)


async def _thaw(lab: "LabPair", words: list[str]) -> None:
    _set_image(lab, words[0], frozen=False)


async def _fail_disk(lab: "LabPair", words: list[str]) -> None:
    _set_image(lab, words[0], failing=True)


async def _mend_disk(lab: "LabPair", words: list[str]) -> None:
    _set_image(lab, words[0], failing=False)


async def _stop_vrrp(lab: "LabPair", words: list[str]) -> None:
    await run_text(node_named(lab, words[0]), "pkill -TERM freevrrpd")


async def _start_vrrp(lab: "LabPair", words: list[str]) -> None:
    node = node_named(lab, words[0])
    if not node.ready:
        raise Refused(f"{words[0]} is not up")
    if not any(process.name == "freevrrpd" for process in node.processes):
        await run_text(node, "/usr/local/sbin/freevrrpd -f /usr/local/etc/freevrrpd.conf")


async def _fill_disk(lab: "LabPair", words: list[str]) -> None:
    node = node_named(lab, words[0])
    root = node.mounts.at("/")
    if root is None:
        raise Refused(f"{words[0]} is not up")
    node.disk_filler += max(0, usage_of(node, root).available) * 1024


async def _empty_disk(lab: "LabPair", words: list[str]) -> None:
    node_named(lab, words[0]).disk_filler = 0


async def _fill_mount(lab: "LabPair", words: list[str]) -> None:
    node = serving_node(lab)
    if node is None:
        raise Refused(f"{MOUNT} is mounted nowhere")
    free = usage_of(node, node.mounts.containing(MOUNT)).available * 1024
    if free > 0:
        node.images.put(f"{MOUNT}/lab-fill", Image(free))


async def _boot_from_disk(lab: "LabPair", words: list[str]) -> str:
    return await boot_from(machine_named(lab, words[0]), words[1], remove=words[2:] == ["remove"])


async def _empty_mount(lab: "LabPair", words: list[str]) -> None:
    for node in lab.world.nodes.values():
        if scenarios.is_mounted(node):
            await run_text(node, f"rm -f {MOUNT}/lab-fill")


async def _flood(lab: "LabPair", words: list[str]) -> None:
    node = serving_node(lab) or lab.world.nodes["a"]
    mail = mail_of(node)
    count = int(_number(words[0], "COUNT"))
    if mail is None or not 0 < count <= 200_000:
        raise Refused("COUNT is a number of messages from 1 to 200000")
    mail.flood(count)


async def _defer(lab: "LabPair", words: list[str]) -> None:
    for node in lab.world.nodes.values():
        mail = mail_of(node)
        if mail is not None:
            mail.deferred_domains.add(words[0])


async def _accept(lab: "LabPair", words: list[str]) -> None:
    for node in lab.world.nodes.values():
        mail = mail_of(node)
        if mail is not None:
            mail.deferred_domains.discard(words[0])
            mail.retry_now()


async def _skew(lab: "LabPair", words: list[str]) -> None:
    node = node_named(lab, words[0])
    node.own_clock = SkewedClock(lab.world.clock, _number(words[1], "SECONDS"))


_NODE = ("NODE",)

FAULTS: dict[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault("power-off", "the node's power goes; nothing is written back", _power_off, _NODE),
        Fault("power-on", "the node gets power and boots", _power_on, _NODE),
        Fault("pull-link", "the cable between the nodes comes out: replication and VRRP", _pull_link),
        Fault("plug-link", "the cable between the nodes goes back in", _plug_link),
        Fault(
            "pull-management",
            "SSH to the node stops answering; the node itself goes on",
            _pull_management,
            _NODE,
        ),
        Fault("plug-management", "SSH to the node answers again", _plug_management, _NODE),
        Fault("kill-ggated", "the export daemon is killed; the gate loses its server", _kill_ggated),
        Fault("kill-ggatec", "the gate's client is killed; its device stays and waits", _kill_ggatec),
        Fault("freeze-io", "the disk under the node's image stops answering", _freeze, _NODE),
        Fault("thaw-io", "the disk under the node's image answers again", _thaw, _NODE),
        Fault("fail-disk", "every request to the node's image ends in an error", _fail_disk, _NODE),
        Fault("mend-disk", "requests to the node's image work again", _mend_disk, _NODE),
        Fault("stop-freevrrpd", "VRRP stops on the node: address gone, no script runs", _stop_vrrp, _NODE),
        Fault("start-freevrrpd", "VRRP starts on the node", _start_vrrp, _NODE),
        Fault(
            "fill-disk",
            "the node's own disk, which holds its image and its logs, runs full",
            _fill_disk,
            _NODE,
        ),
        Fault("empty-disk", "the node's own disk has room again", _empty_disk, _NODE),
        Fault("fill-mount", f"a large file fills {MOUNT}", _fill_mount),
        Fault("empty-mount", "that file is removed again", _empty_mount),
        Fault("flood-queue", "so many messages for a domain that defers arrive at once", _flood, ("COUNT",)),
        Fault(
            "mail-stuck", "qmail-send does nothing any more: new mail is not preprocessed", mailfaults.stuck
        ),
        Fault(
            "mail-local-full", "a program hangs in local deliveries: all slots taken", mailfaults.local_full
        ),
        Fault("mail-remote-full", "one slow domain takes all remote slots", mailfaults.remote_full),
        Fault("mail-exitasap", "qmail-send is to end and waits for slow deliveries", mailfaults.exitasap),
        Fault("mail-broken", "the queue cannot be read: alert, sleeping, again and again", mailfaults.broken),
        Fault(
            "mail-help", "a bounce cannot be written: HELP! sleeping, again and again", mailfaults.helpless
        ),
        Fault("mail-mended", "mail moves again; a large queue and a running log are gone", mailfaults.mended),
        Fault(
            "big-queue",
            "so many messages of the last days wait for their next try",
            mailfaults.large,
            ("COUNT",),
        ),
        Fault(
            "log-rate",
            "qmail's log gets so many lines a second more; 0: no more",
            mailfaults.log_rate,
            ("COUNT",),
        ),
        Fault("defer-domain", "mail to the domain is deferred from now on", _defer, ("DOMAIN",)),
        Fault("accept-domain", "mail to the domain is accepted again", _accept, ("DOMAIN",)),
        Fault(
            "clock-skew",
            "the node's clock is so many seconds ahead (negative: behind)",
            _skew,
            ("NODE", "SECONDS"),
        ),
        Fault(
            "boot-from-disk",
            "the node is shut down and boots from that disk; remove: the old first disk is taken out, "
            f"{REMOVED}: in place of a disk's name, it comes back",
            _boot_from_disk,
            ("NODE", "DISK"),
            ("keep", "remove"),
        ),
        Fault("rebuild-start", "the slave's half is copied again from the master's", scenarios.rebuild),
        Fault(
            "healthy", "scenario: everything mended, the mirror built anew, mail moving", scenarios.healthy
        ),
        Fault("syncing", "scenario: the slave's half is being copied", scenarios.syncing),
        Fault("degraded", "scenario: the slave's half is lost, nobody copies", scenarios.degraded),
        Fault(
            "split-brain",
            "scenario: link out, slave promoted by hand, both nodes written",
            scenarios.split_brain,
        ),
        Fault("node-gone", "scenario: the home slave has lost its power", scenarios.node_gone),
    )
}


def offered(lab: "LabPair") -> list[tuple[str, str]]:
    """Each fault as typed, with this lab's node names, and what it does."""
    rows: list[tuple[str, str]] = []
    examples = {"COUNT": "2000", "SECONDS": "3600", "DOMAIN": "shop.example", "DISK": "ada1"}
    for fault in FAULTS.values():
        nodes = list(lab.names.values()) if "NODE" in fault.arguments else [""]
        for name in nodes:
            words = [name if kind == "NODE" else examples[kind] for kind in fault.arguments]
            for choice in fault.choices or ("",):
                rows.append((" ".join([fault.name, *words, choice]).strip(), fault.says))
    return rows


async def bring_about(lab: "LabPair", name: str, words: Sequence[str]) -> str:
    """Do what a fault says; returns its sentence, raises Refused when it cannot be."""
    arguments = list(words)
    if name not in FAULTS and arguments and f"{name}-{arguments[0]}" in FAULTS:
        name = f"{name}-{arguments.pop(0)}"
    if name == "freeze-io" and not arguments:
        arguments = [lab.names["b"]]
    fault = FAULTS.get(name)
    if fault is None:
        raise Refused(f"no fault {name}; known: {', '.join(FAULTS)}")
    given = (
        arguments[:-1] if fault.choices and arguments[-1:] and arguments[-1] in fault.choices else arguments
    )
    if len(given) != len(fault.arguments):
        more = [f"[{'|'.join(fault.choices)}]"] if fault.choices else []
        raise Refused(f"usage: {' '.join([fault.name, *fault.arguments, *more])}")
    return f"{fault.name}: {await fault.act(lab, arguments) or fault.says}"
