"""The master and backup scripts, line by line (G-1x, G-2x, G-3x)."""

import re
from collections.abc import Iterator

from console.health.lint.shell import Command, Loop, Script, read_script
from console.health.lint.table import spot
from console.health.lint.vrrp_conf import configured
from console.model.facts import ConfigFile
from console.model.snapshot import Finding, NodeView, PairSnapshot

CONFIGURATION = ("/etc/rc.conf", "/etc/rc.conf.local", "/boot/loader.conf", "/etc/fstab")
_DEVICE_TEST = re.compile(r"-[ce]\s+\S*/dev/")
_BARE_HALF = re.compile(r"/dev/(md\d+|ggate\d+|ufsid/\S+)$")
_SERVICES = {
    "service",
    "svc",
    "rcctl",
    "apachectl",
    "qmailctl",
    "onestop",
    "onestart",
    "monit",
    "supervisorctl",
}
_FLAGS_WITH_VALUE = {"-o", "-p", "-q", "-R", "-S", "-s", "-t", "-u"}
"""Options of ggatec create that take a value."""


def check_scripts(snapshot: PairSnapshot, node: NodeView) -> Iterator[Finding]:
    """Every check of every script that freevrrpd runs on this node."""
    for file in node.facts.files.value or ():
        if file.path in CONFIGURATION or file.lines is None:
            continue
        script = read_script(file.lines)
        where = f"{file.path} on {node.name}"
        yield from _gates(snapshot, node, where, script)
        yield from _attaching(snapshot, node, where, script)
        yield from _mirror(node, where, script)
        yield from _loops(node, where, script)
        yield from _letting_go(node, where, script)
        yield from _mounting(node, where, script)
        yield from _care(node, where, script)
        yield from _proofs(node, where, script)
        if _runs_as_master(snapshot, node, file):
            yield from _slow(node, where, script)


def _runs_as_master(snapshot: PairSnapshot, node: NodeView, file: ConfigFile) -> bool:
    """Whether the node owes adverts while it runs; a BACKUP sends none."""
    section = configured(node, snapshot.config)
    # Without a readable configuration every script that was sampled counts: freevrrpd.conf named it.
    return section is None or section.masterscript in (None, file.path)


def _peer_of(command: Command) -> tuple[str, str] | None:
    """Host and path of a `ggatec create`."""
    rest: list[str] = []
    args = iter(command.args[1:])
    for arg in args:
        if arg in _FLAGS_WITH_VALUE:
            next(args, None)
        elif not arg.startswith("-"):
            rest.append(arg)
    return (rest[-2], rest[-1]) if len(rest) >= 2 else None


def _gates(snapshot: PairSnapshot, node: NodeView, where: str, script: Script) -> Iterator[Finding]:
    peer = snapshot.peer(node)
    for command in script.calls("ggatec", "create"):
        place = f"{where}, line {command.line}"
        if command.option("d"):
            yield spot("G-20", node, place, command.text)
        if not command.option("t"):
            yield spot("G-21", node, place, command.text)
        target = _peer_of(command)
        if target is None or target[0].startswith("$"):
            continue
        host, path = target
        if host == snapshot.config.floating:
            yield spot("G-12", node, place, command.text)
        elif not re.fullmatch(r"[0-9.]+", host):
            yield spot("G-11", node, place, command.text)
        exported = {e.path for e in peer.facts.exports.value.exports} if peer.facts.exports.value else set()
        if "$" not in path and (path != peer.config.image or (exported and path not in exported)):
            yield spot("G-10", node, f"{place}: {path}", command.text)


def _attaching(snapshot: PairSnapshot, node: NodeView, where: str, script: Script) -> Iterator[Finding]:
    listed = [
        c for c in script.calls("mdconfig") if c.option("l") and not c.option("u") and not c.option("f")
    ]
    names = set(re.findall(r"(\w+)=[`\"$(]+\s*(?:/sbin/)?mdconfig\s+-l", script.text))
    for command in script.commands:
        compared = command.program in ("[", "test") and re.search(r"\bmd\d+\b", command.text)
        uses = "mdconfig" in command.text or any(
            f"${n}" in command.text or f"${{{n}}}" in command.text for n in names
        )
        if (
            compared
            and listed
            and uses
            and ("=" in command.args or "==" in command.args or "!=" in command.args)
        ):
            yield spot("G-23", node, f"{where}, line {command.line}", command.text)
    for command in script.calls("mdconfig"):
        if not command.option("a") and not (command.option("f") and command.option("t")):
            continue
        if not command.option("u"):
            yield spot("G-36", node, f"{where}, line {command.line}", command.text)
        file = next((a for a in command.args if a.startswith("/") and not a.startswith("/dev/")), None)
        if file is not None and "$" not in file and file != node.config.image:
            yield spot("G-10", node, f"{where}, line {command.line}: {file}", command.text)


def _mirror(node: NodeView, where: str, script: Script) -> Iterator[Finding]:
    deactivated = script.calls("gmirror", "deactivate")
    parts = {arg.removeprefix("/dev/") for c in deactivated for arg in c.args[2:]}
    if len(parts) >= 2:
        yield spot(
            "G-24", node, f"{where}, line {deactivated[0].line}", "\n".join(c.text for c in deactivated)
        )
    for command in script.calls("gmirror", "label"):
        yield spot("G-25", node, f"{where}, line {command.line}", command.text)
    for command in script.calls("gmirror", "insert"):
        if not command.option("p"):
            yield spot("G-26", node, f"{where}, line {command.line}", command.text)
    # Reading the metadata is the least that a proof of direction needs.
    proven = script.calls("gmirror", "dump") or "lineage" in script.text
    for command in script.calls("gmirror", "rebuild"):
        if not proven:
            yield spot("G-27", node, f"{where}, line {command.line}", command.text)


def _waits_for_status(loop: Loop) -> bool:
    return "gmirror status" in loop.condition and bool(re.search(r"COMPLETE|DEGRADED|SYNC", loop.condition))


def _loops(node: NodeView, where: str, script: Script) -> Iterator[Finding]:
    for loop in script.loops:
        place = f"{where}, line {loop.first}"
        if _DEVICE_TEST.search(loop.condition) and not loop.bounded:
            yield spot("G-22", node, place, loop.body)
        unquoted = re.search(r"\[\s+(?:`|\$\()", loop.condition)
        if _waits_for_status(loop) and unquoted:
            yield spot("G-28", node, place, loop.body)


def _slow(node: NodeView, where: str, script: Script) -> Iterator[Finding]:
    reasons: list[str] = []
    for loop in script.loops:
        if _waits_for_status(loop) or _DEVICE_TEST.search(loop.condition):
            reasons.append(f"{loop.first}: {loop.body.splitlines()[0].strip()}")
    naps = 0.0
    for command in script.commands:
        if command.background:
            continue
        if command.program in ("fsck", "fsck_ufs", "fsck_ffs", "dump", "restore", "rsync", "scp"):
            reasons.append(f"{command.line}: {command.text}")
        elif command.program == "sleep" and command.args and re.fullmatch(r"[0-9.]+", command.args[0]):
            naps += float(command.args[0])
    if naps >= 2:
        reasons.append(f"sleeps {naps:g} s in all")
    if reasons:
        yield spot("G-29", node, where, "\n".join(reasons))


def _letting_go(node: NodeView, where: str, script: Script) -> Iterator[Finding]:
    kills = [
        c
        for c in script.commands
        if c.program in ("pkill", "killall", "kill") and any("ggated" in a for a in c.args)
    ]
    waits = any("ggated" in loop.condition or "3080" in loop.condition for loop in script.loops)
    waits = waits or bool(script.calls("pwait"))
    for command in kills:
        if not waits:
            yield spot("G-30", node, f"{where}, line {command.line}", command.text)
    for command in script.calls("umount"):
        if not command.checked:
            yield spot("G-34", node, f"{where}, line {command.line}", command.text)
    starts = script.calls("ggated") or [
        c for c in script.calls("service") if c.has("ggated") and c.has("start", "onestart")
    ]
    detached = any(c.option("d") for c in script.calls("mdconfig"))
    if starts and not detached:
        yield spot("G-35", node, f"{where}, line {starts[0].line}", starts[0].text)


def _mounting(node: NodeView, where: str, script: Script) -> Iterator[Finding]:
    for command in script.calls("mount"):
        if any(_BARE_HALF.search(a) for a in command.args):
            yield spot("G-31", node, f"{where}, line {command.line}", command.text)
    for command in script.commands:
        if (
            command.program.startswith("fsck")
            and any(_BARE_HALF.search(a) for a in command.args)
            and command.option("y")
        ):
            yield spot("G-33", node, f"{where}, line {command.line}", command.text)
    devices = [
        c
        for c in script.commands
        if c.program in ("mdconfig", "ggatec") and (c.option("a") or c.has("create"))
    ]
    waits = any(_DEVICE_TEST.search(loop.condition) or "/dev/mirror" in loop.body for loop in script.loops)
    attaches = [c for c in devices if c.program == "mdconfig"]
    mounts_mirror = any("/dev/mirror/" in a for c in script.calls("mount") for a in c.args)
    if attaches and mounts_mirror and script.calls("sleep") and not waits:
        nap = script.calls("sleep")[-1]
        yield spot("G-32", node, f"{where}, line {nap.line}", nap.text)


def _care(node: NodeView, where: str, script: Script) -> Iterator[Finding]:
    changing = [
        c
        for c in script.commands
        if c.program in ("gmirror", "mdconfig", "ggatec", "mount", "umount", "pkill")
    ]
    if not changing:
        return
    missing = []
    if not script.stops_on_error and not any(c.checked for c in changing):
        missing.append("no error is checked")
    if not script.calls("logger"):
        missing.append("nothing is logged")
    if not any(c.program in ("lockf", "flock", "mkdir", "shlock") for c in script.commands):
        missing.append("no lock")
    if missing:
        yield spot("G-37", node, f"{where} ({', '.join(missing)})")
    moves = [c for c in (*script.calls("mount"), *script.calls("umount")) if c.args]
    served = any(c.program in _SERVICES or "rc.d/" in c.text for c in script.commands)
    if moves and not served:
        yield spot("G-38", node, where, moves[0].text)


def _proofs(node: NodeView, where: str, script: Script) -> Iterator[Finding]:
    for command in script.commands:
        by_grep = command.program == "grep" and re.search(r"\bps\s+-?\w+\s*\|\s*grep", command.text)
        plain_df = command.program == "df" and not command.option("n")
        if by_grep or plain_df:
            yield spot("G-39", node, f"{where}, line {command.line}", command.text)
