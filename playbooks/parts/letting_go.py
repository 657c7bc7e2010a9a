"""How a node releases the data: services, mount, mirror, md and gate, and a look that they stay away."""

from console.health import stack
from console.health.conditions import check
from console.model.plan import Risk, Step
from console.model.words import Answer, Home
from playbooks.parts import md
from playbooks.parts.attaching import attach_both_lines
from playbooks.parts.building import command_step, no_undo, q, shown, take_back, until_there
from playbooks.parts.site import Site

_SETTLE = 6
"""Seconds: gmirror brings a lone half back 4 s after it tasted it, so an earlier look proves nothing."""


def unmount(site: Site, home: Home, *, leaves: str) -> Step:
    """Unmount the file system; what still holds it is listed when it is busy."""
    node, mount = site.node(home).name, site.mount
    view = site.snapshot.node(home)
    mounted = stack.mounts_of(view, site.pair)
    special = mounted[-1].special if mounted else site.mirror_device
    # A bare half may belong to the mirror by now, and then only that can be mounted.
    again = dict.fromkeys((special, site.mirror_device))
    return command_step(
        f"unmount-{home.value}",
        f"Unmount {shown(mount)} on {node}",
        "Nothing may write to this half any more, and a clean unmount is what makes the copies equal.",
        node,
        f"umount {q(mount)} && exit 0",
        f"echo 'still in use by:' >&2; fstat -f {q(mount)} >&2",
        "exit 1",
        guards=(f"{home.value}-answers",),
        expects=(f"not {home.value}-mounted",),
        undo=take_back(
            " || ".join(q("mount", "-t", "ufs", device, mount) for device in again),
            expects=(f"{home.value}-mounted",),
        ),
        timeout=120.0,
        phase="release",
        leaves=leaves,
    )


def master_lets_go(
    site: Site,
    *,
    leaves: str,
    gate_is_dead: bool = False,
    undo_alone: bool = False,
    guards: tuple[str, ...] = (),
) -> Step:
    """Mirror, md and gate of the home master go in one breath: a mirror stopped alone comes back after 4 s.

    `undo_alone`: what it lets go of was not worth having (an old half that started by itself).
    """
    unit, image = site.master_md, site.master.image
    force = ("-f",) if gate_is_dead else ()
    stop = q("gmirror", "stop", site.mirror)
    # Without a fixed name the half is tasted again within milliseconds, and busy for a plain detach.
    detach = md.detach(image, unit, force=not site.master_hardcoded)
    destroy = q("ggatec", "destroy", *force, "-u", str(site.gate_unit))
    return command_step(
        "let-go-master",
        f"{site.master.name} lets go of mirror, md{unit} and {site.gate}",
        "A mirror that is only stopped comes back after 4 s while one of its halves is attached.",
        site.master.name,
        md.nothing_mounted(site.mirror_device, unit),
        f"gone() {{ [ ! -e {q(site.mirror_device)} ]; }}",
        f"has_md() {{ {md.is_ours(image, unit)}; }}",
        f"has_gate() {{ [ -e {q(f'/dev/{site.gate}')} ]; }}",
        "if ! gone && has_md && has_gate; then",
        f"    {stop} && {detach} && {destroy} || exit 1",
        "else",
        f"    gone || {stop} || exit 1",
        f"    ! has_md || {q('mdconfig', '-d', '-o', 'force', '-u', str(unit))} || exit 1",
        f"    ! has_gate || {q('ggatec', 'destroy', '-f', '-u', str(site.gate_unit))} || exit 1",
        "fi",
        guards=("not master-mounted", "master-geom-answers", *guards),
        expects=("master-has-let-go", "not master-image-attached"),
        undo=no_undo("an old half that runs by itself serves nobody; its data stays in the image")
        if undo_alone
        # Had the other half been written meanwhile, this one comes back stale: not what it was before.
        else take_back(*attach_both_lines(site), expects=("master-mirror-running", "master-half-active")),
        timeout=60.0,
        phase="release",
        leaves=leaves,
    )


def slave_lets_go(site: Site, *, leaves: str) -> tuple[Step, ...]:
    """The slave's half carries no fixed name: only a forced detach under the unmounted mirror lets it go."""
    node, unit, image = site.slave.name, site.slave_md, site.slave.image
    return (
        command_step(
            "let-go-slave",
            f"{node} detaches md{unit} under the unmounted mirror",
            "A mirror stopped here is back within milliseconds under another name of the same half, "
            "and then the half is busy; without its disk the mirror goes for good.",
            node,
            md.nothing_mounted(site.mirror_device, unit),
            md.detach(image, unit, force=True),
            guards=("not slave-mounted", "slave-geom-answers"),
            expects=("slave-has-let-go", "not slave-image-attached"),
            undo=take_back(
                md.attach(image, unit),
                until_there(site.mirror_device, 30),
                expects=("slave-mirror-running",),
            ),
            timeout=60.0,
            phase="release",
            leaves=leaves,
        ),
        stays_gone(site, Home.SLAVE, leaves=leaves),
    )


def stays_gone(site: Site, home: Home, *, leaves: str) -> Step:
    """Look again once gmirror had the time to bring the mirror back."""
    node = site.node(home).name
    return command_step(
        f"stays-gone-{home.value}",
        f"Look again on {node} after {_SETTLE} s: the mirror stays away",
        "gmirror starts a lone half by itself about 4 s after it sees it; before that it only looks gone.",
        node,
        f"sleep {_SETTLE}",
        f"if [ -e {q(site.mirror_device)} ]; then",
        f"    echo {q(f'{site.mirror_device} is back')} >&2; exit 1",
        "fi",
        "mdconfig -lv",
        expects=(f"{home.value}-has-let-go", f"not {home.value}-image-attached"),
        risk=Risk.READ,
        always=True,
        undo=no_undo("it only looks"),
        timeout=60.0,
        phase="release",
        leaves=leaves,
    )


def holds_nothing(site: Site, home: Home) -> bool:
    """Whether the snapshot shows that a node has already let go, its image included."""
    names = (f"{home.value}-has-let-go", f"not {home.value}-image-attached")
    return all(check(name, site.snapshot).answer is Answer.YES for name in names)
