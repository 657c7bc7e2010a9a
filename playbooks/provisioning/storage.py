"""Images, kernel modules, export, gate, mirror and file system of a new pair, step by step."""

from collections.abc import Callable

from console.model.plan import Risk, Step
from console.model.snapshot import NodeView
from console.model.words import Home
from playbooks.node import LIBEXEC
from playbooks.parts.attaching import _gate_lines as gate_lines
from playbooks.parts.building import command_step, no_undo, q, shown, take_back, wait_step
from playbooks.parts.services import HOOKS
from playbooks.parts.site import Site
from playbooks.provisioning import texts
from playbooks.provisioning.answers import ProvisionAnswers
from playbooks.provisioning.node_files import EXPORTS, master_address

LOADER, RC, FSTAB = "/boot/loader.conf", "/etc/rc.conf", "/etc/fstab"
_AT_BOOT = 'mirrorgate_enable="YES"'
_VRRP_AT_BOOT = 'freevrrpd_enable="YES"'
_SLOW = 5_000_000
"""Bytes a second: the slowest disk on which a preallocated image is waited for."""


def images(site: Site, answers: ProvisionAnswers, leaves: str) -> tuple[Step, ...]:
    """Both image files, the slave's first."""
    return tuple(_image(site, home, answers, leaves) for home in (Home.SLAVE, Home.MASTER))


def _image(site: Site, home: Home, answers: ProvisionAnswers, leaves: str) -> Step:
    node, size = site.node(home), answers.bytes
    kind = "preallocated" if answers.preallocate else "sparse"
    return command_step(
        f"image-{home.value}",
        f"Make {shown(node.image)} on {node.name} ({answers.size}, {kind})",
        "Both halves have exactly the same size; the last sector of each is gmirror's.",
        node.name,
        texts.make_image(node.image, size, answers.preallocate),
        guards=(f"{home.value}-answers",),
        expects=(f"{home.value}-image-exists",),
        undo=take_back(
            texts.remove_blank_image(node.image, size), expects=(f"not {home.value}-image-exists",)
        ),
        timeout=max(60.0, size / _SLOW) if answers.preallocate else 60.0,
        phase="images",
        leaves=leaves,
    )


def to_be_mounted(site: Site, leaves: str) -> tuple[Step, ...]:
    """Both images, before the first mount: provisioning does not write over them any more."""
    return _marked(
        site,
        "to-be-mounted",
        "Note that {} is going to be mounted",
        "From here on it may hold data: an undo keeps it.",
        texts.to_be_mounted,
        guards=("master-mirror-complete", "master-gate-alive", "slave-image-served"),
        leaves=leaves,
    )


def in_use(site: Site, leaves: str) -> tuple[Step, ...]:
    """Both images, once their lineage is written."""
    return _marked(
        site,
        "in-use",
        "Note that {} is in use",
        "From here on its lineage tells what it holds.",
        texts.in_use,
        guards=(),
        leaves=leaves,
    )


def _marked(
    site: Site,
    id: str,
    title: str,
    why: str,
    text: Callable[[str], str],
    *,
    guards: tuple[str, ...],
    leaves: str,
) -> tuple[Step, ...]:
    return tuple(
        command_step(
            f"{id}-{home.value}",
            f"{title.format(shown(site.node(home).image))} on {site.node(home).name}",
            why,
            site.node(home).name,
            text(site.node(home).image),
            guards=guards,
            undo=no_undo("it is only a mark beside the image"),
            phase="images",
            leaves=leaves,
        )
        for home in (Home.MASTER, Home.SLAVE)
    )


def lines_for(site: Site, home: Home, answers: ProvisionAnswers) -> dict[str, tuple[str, ...]]:
    """Lines that files of the system need, by path; what else they hold is not touched."""
    lines: dict[str, tuple[str, ...]] = {
        LOADER: ('geom_mirror_load="YES"', 'geom_gate_load="YES"'),
        RC: (_AT_BOOT,),
    }
    if answers.fstab and not any(c.isspace() for c in site.mirror_device + site.mount):
        lines[FSTAB] = (f"{site.mirror_device}\t{site.mount}\tufs\trw,noauto\t0\t0",)
    return lines


def system_settings(site: Site, answers: ProvisionAnswers, leaves: str) -> tuple[Step, ...]:
    """Modules now and at boot, VRRP at boot, the line that dump needs."""
    return tuple(
        step for home in (Home.SLAVE, Home.MASTER) for step in _settings_of(site, home, answers, leaves)
    )


def _settings_of(site: Site, home: Home, answers: ProvisionAnswers, leaves: str) -> tuple[Step, ...]:
    node = site.node(home).name
    added = lines_for(site, home, answers)
    return (
        command_step(
            f"modules-{home.value}",
            f"Load geom_mirror and geom_gate on {node}",
            "Without the class there is no mirror, and every command that looks for one fails.",
            node,
            "kldload -n geom_mirror geom_gate",
            guards=(f"{home.value}-answers",),
            expects=(f"{home.value}-mirror-loaded", f"{home.value}-gate-loaded"),
            undo=no_undo("a loaded class without a device changes nothing"),
            phase="settings",
            leaves=leaves,
        ),
        command_step(
            f"boot-{home.value}",
            f"Add the pair's lines to {' '.join(added)} on {node}",
            "After a reboot the modules must be there first.",
            node,
            *(texts.add_lines(path, lines) for path, lines in added.items()),
            guards=(f"{home.value}-answers",),
            undo=no_undo("lines that were missing were appended, nothing else was touched"),
            phase="settings",
            leaves=leaves,
        ),
    )


def vrrp_at_boot(site: Site, leaves: str) -> Step:
    """VRRP at boot, on the slave only, and only once the master serves."""
    return command_step(
        "boot-vrrp-slave",
        f"Start VRRP at boot on {site.slave.name}",
        # The home master takes no address by itself: after a reboot its half may be the older one.
        "Only the slave does, and from now on: booted before, it would have taken over a pair half built.",
        site.slave.name,
        texts.add_lines(RC, (_VRRP_AT_BOOT,)),
        guards=("slave-answers", "master-holds-address"),
        undo=no_undo("a line that was missing was appended; the pair is in service"),
        phase="settings",
        leaves=leaves,
    )


def added_lines(site: Site, node: NodeView, answers: ProvisionAnswers) -> dict[str, str]:
    """For review: the lines that are appended to files of the system, by path."""
    found = {
        path: "".join(f"{line}\n" for line in lines)
        for path, lines in lines_for(site, node.config.home, answers).items()
    }
    if node.config.home is Home.SLAVE:
        found[RC] += f"{_VRRP_AT_BOOT}\n"
        found[EXPORTS] = f"{_export(site)}\n"
    return found


def _export(site: Site) -> str:
    return f"{master_address(site)} RW {site.slave.image}"


def directories(site: Site, home: Home, leaves: str) -> Step:
    """The directories of our files and the mount point."""
    node = site.node(home).name
    return command_step(
        f"directories-{home.value}",
        f"Make the mount point and the directories of the scripts on {node}",
        "What is written and mounted later needs its place.",
        node,
        q("mkdir", "-p", site.mount, LIBEXEC, HOOKS, "/usr/local/bin", "/usr/local/etc/rc.d") + " || exit 1",
        "[ -d /var/db/mirrorgate ] || mkdir -p -m 0755 /var/db/mirrorgate",
        guards=(f"{home.value}-answers",),
        undo=no_undo("empty directories do no harm"),
        phase="files",
        leaves=leaves,
    )


def mirror(site: Site, answers: ProvisionAnswers, bare: str, made: str) -> tuple[Step, ...]:
    """Export, gate, the slave's half as the mirror, the master's half into it, and the first copy."""
    return (
        _serve(site, bare),
        _gate(site, bare),
        _label(site, bare),
        _attach(site, answers.bytes, bare),
        _insert(site, bare),
        _first_copy(site, bare),
        wait_step(
            "first-copy-done",
            "Wait until the mirror is complete",
            "From here on both halves are equal, and gmirror keeps them so.",
            ("master-mirror-complete", "no-rebuild-running"),
            failed_when=("not master-half-in-mirror", "not master-gate-present", "master-half-stale"),
            timeout=max(3_600.0, answers.bytes / 1e6),
            phase="copy",
            leaves=made,
        ),
    )


def _serve(site: Site, leaves: str) -> Step:
    slave = site.slave.name
    return command_step(
        "serve-image",
        f"Export {shown(site.slave.image)} on {slave} to {master_address(site)} and start ggated",
        "ggated reads its table at its start, and again for the next connection after a HUP.",
        slave,
        "umask 077",
        texts.add_lines(EXPORTS, (_export(site),)),
        "if pgrep -x ggated >/dev/null; then",
        "    pkill -HUP -x ggated",
        "else",
        "    service ggated onestart || ggated",
        "fi || exit 1",
        "n=0; until sockstat -4l | grep -q 'ggated.*:3080 '; do",
        "    [ $n -lt 15 ] || { tail -5 /var/log/messages >&2; exit 1; }",
        "    sleep 1; n=$((n + 1))",
        "done",
        guards=("slave-image-exists", "not slave-image-attached", "not slave-mounted"),
        expects=("slave-image-served",),
        undo=take_back(
            "! pgrep -x ggated >/dev/null || pkill -TERM -x ggated", expects=("not slave-ggated-runs",)
        ),
        phase="gate",
        leaves=leaves,
    )


def _gate(site: Site, leaves: str) -> Step:
    return command_step(
        "make-gate",
        f"Attach the image of {site.slave.name} on {site.master.name} as {site.gate}, "
        f"timeout {site.gate_timeout} s",
        "Without a timeout a slave that vanishes would stop every writer for good (P01).",
        site.master.name,
        *gate_lines(site),
        guards=("slave-image-served", "not slave-image-attached"),
        expects=("master-gate-alive",),
        undo=take_back(
            f"[ ! -e {q(f'/dev/{site.gate}')} ] || {q('ggatec', 'destroy', '-u', str(site.gate_unit))}",
            expects=("not master-gate-present",),
        ),
        timeout=120.0,
        phase="gate",
        leaves=leaves,
    )


def _label(site: Site, leaves: str) -> Step:
    return command_step(
        "label",
        f"Make the mirror {shown(site.mirror)} of the slave's blank half",
        "The slave's half stays free of a fixed name, so that a promoted slave can run the mirror (R10).",
        site.master.name,
        texts.label(site.mirror, site.gate, f"{site.slave.name}:{site.slave.image}"),
        guards=("master-gate-alive", "not slave-image-attached"),
        expects=("master-mirror-running",),
        undo=take_back(texts.unlabel(site), expects=("not master-mirror-running",)),
        phase="mirror",
        leaves=leaves,
    )


def _attach(site: Site, size: int, leaves: str) -> Step:
    md, master = site.master_md, site.master
    return command_step(
        "attach-md-master",
        f"Attach {shown(master.image)} on {master.name} as md{md}",
        "Only a blank image is attached: a half of some mirror would start it by itself.",
        master.name,
        texts.attach_blank(master.image, size, md, f"{master.name}:{master.image}"),
        guards=("master-mirror-running", "master-image-exists"),
        expects=("master-image-attached",),
        undo=take_back(
            f"[ ! -e {q(f'/dev/md{md}')} ] || {q('mdconfig', '-d', '-u', str(md))}",
            expects=("not master-image-attached",),
        ),
        phase="mirror",
        leaves=leaves,
    )


def _insert(site: Site, leaves: str) -> Step:
    md = f"md{site.master_md}"
    return command_step(
        "insert",
        f"Insert {md}, hard-coded and with priority 100",
        "Reads prefer it, and no alias of it can be taken for it after a reboot (R4, R10).",
        site.master.name,
        texts.insert_half(site.mirror, md, f"{site.master.name}:{site.master.image}", site.master.image),
        guards=("master-mirror-running", "master-image-attached"),
        expects=("master-half-in-mirror",),
        undo=take_back(texts.take_out(site), expects=("not master-half-in-mirror",)),
        phase="mirror",
        leaves=leaves,
    )


def _first_copy(site: Site, leaves: str) -> Step:
    md = f"md{site.master_md}"
    return command_step(
        "first-copy",
        f"Copy the slave's blank half over {md}",
        "A mirror made of two files is complete only when gmirror has copied one over the other.",
        site.master.name,
        texts.first_copy(site.mirror, md),
        guards=("master-half-in-mirror", "slave-half-active", "master-gate-alive"),
        expects=("master-half-in-mirror", "not master-half-stale"),
        undo=no_undo("both halves are blank"),
        risk=Risk.DESTROYS,
        confirm=f"{site.master.name}:{md}",
        shows_direction=True,
        phase="copy",
        leaves=leaves,
    )


def file_system(site: Site, leaves: str) -> Step:
    """newfs, unless the mirror holds a UFS already."""
    return command_step(
        "newfs",
        f"Make a new file system (UFS, soft updates) on {shown(site.mirror_device)}",
        "Whatever the mirror held would be gone; one that holds a UFS is kept as it is.",
        site.master.name,
        texts.make_file_system(site.mirror),
        guards=("master-mirror-complete", "not master-mounted", "not slave-mounted"),
        undo=no_undo("the mirror was blank before"),
        risk=Risk.DESTROYS,
        confirm=f"{site.master.name}:mirror/{site.mirror}",
        timeout=600.0,
        phase="file system",
        leaves=leaves,
    )
