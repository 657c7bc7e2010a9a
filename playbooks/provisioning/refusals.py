"""When a pair must not be provisioned: it holds data, or something else stands where its parts would go."""

import re
from posixpath import dirname

from console.health import stack
from console.health.conditions.halves import device_of
from console.model.facts import Mirror
from console.model.snapshot import NodeView, PairSnapshot
from console.model.words import ComponentState, Home
from playbooks.job import CannotPlan
from playbooks.parts.refusing import refuse_lock, require, require_answer
from playbooks.provisioning import leftovers
from playbooks.provisioning.answers import ProvisionAnswers, interface_of

_PORT = "3080"
_PLAIN = re.compile(r"[A-Za-z0-9._/@:+-]+")


def refuse(snapshot: PairSnapshot, answers: ProvisionAnswers) -> None:
    """Raise CannotPlan unless building (the rest of) the pair can harm nothing that is seen."""
    for node in snapshot.nodes:
        require_answer(node)
        refuse_lock(snapshot, node)
    _names(snapshot)
    require(snapshot, "geom-answers", "without it nobody sees whether there is a mirror already")
    for node in snapshot.nodes:
        if node.facts.mounts.value is None:
            raise CannotPlan(
                f"the mounts of {node.name} are not known ({node.facts.mounts.unknown}): look again"
            )
        if node.facts.lineage.value is None:
            raise CannotPlan(
                f"the lineage of {node.name} is not known ({node.facts.lineage.unknown}): look again as root"
            )
        _interface(node, answers)
        _vrrp(snapshot, node)
    _exports(snapshot)
    _slave_holds_nothing(snapshot)
    _master_mount(snapshot)
    mirror = stack.mirror_on(snapshot.master, snapshot.config)
    if mirror is None:
        _never_promoted(snapshot)
        _gate_unit(snapshot)
    else:
        _ours(snapshot, mirror)

    for node in snapshot.nodes:
        _image(node, answers)


def _names(snapshot: PairSnapshot) -> None:
    """What the node scripts read is refused there when it is odd, after everything was built: better here."""
    pair = snapshot.config
    for value in (pair.mirror, pair.mount, pair.master.image, pair.slave.image):
        if not _PLAIN.fullmatch(value):
            raise CannotPlan(
                f"{value!r} has characters that the scripts on the nodes refuse: "
                "letters, digits and . _ / @ : + - are possible, change the configuration"
            )


def _image(node: NodeView, answers: ProvisionAnswers) -> None:
    path, size = node.config.image, stack.image_size(node)
    if size is not None and size != answers.bytes:
        raise CannotPlan(
            f"{path} on {node.name} has {size} bytes, {answers.bytes} are wanted: "
            "answer its size, or move the file away"
        )
    if size is not None or not answers.preallocate:
        return
    free = free_bytes(node, path)
    if free is not None and free < answers.bytes:
        raise CannotPlan(
            f"{dirname(path)} on {node.name} has {free >> 20} MiB free, {answers.bytes >> 20} are needed: "
            "make room, or answer a smaller size"
        )


def free_bytes(node: NodeView, path: str) -> int | None:
    """Free bytes of the file system that holds `path`, by df; None when unknown."""
    rows = [
        row
        for row in node.facts.df.value or ()
        if path == row.on or path.startswith(row.on.rstrip("/") + "/")
    ]
    return max(rows, key=lambda row: len(row.on)).avail * 1024 if rows else None


def _interface(node: NodeView, answers: ProvisionAnswers) -> None:
    faces = node.facts.interfaces.value
    if faces is None:
        return
    wanted = answers.interface_master if node.config.home is Home.MASTER else answers.interface_slave
    if all(face.name != wanted for face in faces):
        raise CannotPlan(f"{node.name} has no interface {wanted}: answer one of its interfaces")
    if node.config.replication and interface_of(node) is None:
        raise CannotPlan(
            f"no interface of {node.name} has {node.config.replication}: configure the replication link first"
        )


def _vrrp(snapshot: PairSnapshot, node: NodeView) -> None:
    conf = node.facts.vrrpconf.value
    for section in conf.sections if conf else ():
        ours = any(a.partition("/")[0] == snapshot.config.floating for a in section.addr)
        if section.serverid != snapshot.config.vrid and not ours:
            raise CannotPlan(
                f"freevrrpd.conf of {node.name} has another group (serverid {section.serverid}): "
                "add the pair's group to it by hand (`provision --files-only` writes it)"
            )


def _exports(snapshot: PairSnapshot) -> None:
    slave = snapshot.slave
    table = slave.facts.exports.value
    if table is not None and table.bad:
        number, _, why = table.bad[0]
        raise CannotPlan(
            f"/etc/gg.exports of {slave.name}, line {number}: {why}; correct it, ggated would end"
        )
    for socket in slave.facts.sockets.value or ():
        if socket.listening and socket.local.rpartition(":")[2] == _PORT and socket.command != "ggated":
            raise CannotPlan(f"{socket.command} listens on port {_PORT} of {slave.name}: stop it first")


def _slave_holds_nothing(snapshot: PairSnapshot) -> None:
    slave, pair = snapshot.slave, snapshot.config
    if stack.mounts_of(slave, pair):
        raise CannotPlan(
            f"{pair.mount} is mounted on {slave.name}: this pair has data, see the job fail-back"
        )
    if stack.mirror_on(slave, pair) is not None:
        raise CannotPlan(f"mirror {pair.mirror} runs on {slave.name}: it has data, see the job fail-back")
    attached = stack.md_of(slave.facts.geom.value, slave.config.image)
    if attached:
        raise CannotPlan(
            f"{slave.config.image} on {slave.name} is attached as {attached[0].name}: "
            f"see what it holds, then mdconfig -d -u {attached[0].unit}"
        )


def _master_mount(snapshot: PairSnapshot) -> None:
    master, pair = snapshot.master, snapshot.config
    for mount in stack.mounts_of(master, pair):
        if mount.special != f"/dev/mirror/{pair.mirror}":
            raise CannotPlan(
                f"{mount.special} is mounted at {pair.mount} on {master.name}: "
                "move its files away and unmount it first"
            )


def _never_promoted(snapshot: PairSnapshot) -> None:
    for node in snapshot.nodes:
        lineage = node.facts.lineage.value
        if lineage is not None and (lineage.promotions or lineage.bad):
            raise CannotPlan(
                f"{node.name} has a lineage: this pair was in service and has data; "
                "start-pair, recover-slave or fail-back bring it up"
            )


def _gate_unit(snapshot: PairSnapshot) -> None:
    master, slave = snapshot.master, snapshot.slave
    geom = master.facts.geom.value
    for gate in geom.gates if geom else ():
        if gate.unit == snapshot.config.gate_unit and gate.path != slave.config.image:
            raise CannotPlan(
                f"{gate.name} on {master.name} leads to {gate.path or 'something unknown'}: "
                "set another gate_unit in the configuration"
            )


def _ours(snapshot: PairSnapshot, mirror: Mirror) -> None:
    """A mirror of that name is there: it must be this pair's, on the way to being complete."""
    master, slave = snapshot.master, snapshot.slave
    geom = master.facts.geom.value
    mine = {md.name for md in stack.md_of(geom, master.config.image)}
    theirs = {gate.name for gate in geom.gates if gate.path == slave.config.image} if geom else set()
    for part in mirror.components:
        if device_of(part) not in mine | theirs:
            raise CannotPlan(
                f"mirror {mirror.name} on {master.name} runs on {part.device or part.name}, "
                "which is neither image of this pair: rename one of the two"
            )
    there = {device_of(part): part.state for part in mirror.components}
    if leftovers.are_there(snapshot) and not stack.mounts_of(master, snapshot.config):
        _never_promoted(snapshot)
        return
    if not any(there.get(name) in (ComponentState.ACTIVE, ComponentState.SYNCHRONIZING) for name in theirs):
        raise CannotPlan(
            f"mirror {mirror.name} on {master.name} runs without the half of {slave.name}: "
            "it has data, see the job recover-slave"
        )
    if stack.mounts_of(master, snapshot.config) and len(mirror.components) < 2:
        raise CannotPlan(
            f"mirror {mirror.name} is mounted on {master.name} with the half of {slave.name} alone: "
            "it has data, see the job fail-back"
        )
    stale = [name for name in mine if there.get(name) is ComponentState.STALE]
    lineage = master.facts.lineage.value
    if stale and (lineage is None or lineage.promotions or stack.mounts_of(master, snapshot.config)):
        raise CannotPlan(
            f"{stale[0]} on {master.name} is STALE and the pair was in service: see the job fail-back"
        )
