"""Taking the data into use on a node: attach, check, record, mount, start the services."""

from typing import Literal

from console.model.plan import Step
from console.model.words import Home
from playbooks.parts import md
from playbooks.parts.building import command_step, no_undo, q, shown, take_back, wait_step
from playbooks.parts.lineage_steps import PROMOTED, Descent, into_the_mount, record
from playbooks.parts.services import start_services
from playbooks.parts.serving_image import end_serving
from playbooks.parts.site import Site

FsckPolicy = Literal["preen", "yes", "refuse"]
_CLEAN = (
    '\'{ for (i = 1; i < NF; i++) if ($i == "clean" && !found) { found = 1; is = $(i + 1) } } '
    "END { exit is != 1 }'"
)
FSCK_LIMIT = 6 * 3_600.0
"""Seconds: it is usually the largest part of an outage, and must not be cut short."""


def attach_on_slave(
    site: Site, *, leaves: str, guards: tuple[str, ...], master_answers: bool = True
) -> tuple[Step, ...]:
    """End ggated, attach the image, and wait until the mirror runs on it.

    Which mirror counts, and so what state a half is in, cannot be told while the master says nothing.
    """
    node, unit, image = site.slave.name, site.slave_md, site.slave.image
    return (
        end_serving(site, leaves=leaves, guards=guards),
        command_step(
            "attach-md-slave",
            f"Attach {shown(image)} on {node} as md{unit}",
            "The mirror starts on it about 4 s later; mounted through the mirror, its counters move.",
            node,
            "kldload -n geom_mirror || exit 1",
            md.attach(image, unit),
            guards=(*guards, "not slave-ggated-runs", "slave-image-exists"),
            expects=("slave-image-attached",),
            undo=take_back(
                md.nothing_mounted(site.mirror_device, unit),
                md.detach(image, unit, force=True),
                expects=("not slave-image-attached",),
            ),
            phase="takeover",
            leaves=leaves,
        ),
        wait_step(
            "mirror-on-slave",
            f"Wait until the mirror runs on {node}",
            "Mounting earlier would bypass the mirror, and then nothing records that this half is newer.",
            ("slave-mirror-running", *(("slave-half-active",) if master_answers else ())),
            failed_when=("not slave-image-attached", "master-mounted"),
            timeout=60.0,
            phase="takeover",
            leaves=leaves,
        ),
    )


def check_file_system(site: Site, home: Home, policy: FsckPolicy, *, leaves: str) -> Step:
    """Check, and by policy repair, the file system before it is mounted; its time is shown."""
    device = q(site.mirror_device)
    run = {
        "preen": f"fsck -t ufs -p {device}",
        "yes": f"fsck -t ufs -p {device} || fsck -t ufs -y {device}",
        "refuse": f"dumpfs {device} | awk {_CLEAN}",
    }[policy]
    said = {
        "preen": "it needs decisions; copy the image aside, then plan again with fsck=yes",
        "yes": "it could not be repaired; keep the image and look at the other half",
        "refuse": "it is not clean, and nothing was repaired, as asked; copy the image aside first",
    }[policy]
    return command_step(
        f"fsck-{home.value}",
        f"Check the file system on {site.node(home).name} ({policy})",
        "A file system that was not unmounted cleanly must be checked first; it may take long.",
        site.node(home).name,
        "began=$(date +%s)",
        f"{run}",
        "status=$?",
        'echo "fsck took $(($(date +%s) - began)) s"',
        f"[ $status -eq 0 ] || {{ echo {q(said)} >&2; exit $status; }}",
        guards=(f"not {home.value}-mounted", f"{home.value}-mirror-running"),
        undo=no_undo("a repaired file system stays repaired"),
        timeout=FSCK_LIMIT,
        phase="check",
        leaves=leaves,
    )


def mount(
    site: Site, home: Home, *, leaves: str, guards: tuple[str, ...], promotion: str | None = None
) -> Step:
    """Mount the mirror, never a bare half; `promotion`: the lineage id under which the node begins to write.

    That id is noted first, where the scripts on the node note their own: from then on the record cannot be
    taken back, and a reboot does not serve this newer half to the other node.
    """
    node = site.node(home).name
    noted = (
        (
            f"printf '%s\\n' {q(promotion)} > {PROMOTED}.new && mv {PROMOTED}.new {PROMOTED} &&"
            f" fsync {PROMOTED} || exit 1",
        )
        if promotion
        else ()
    )
    mounted = q("mount", "-t", "ufs", site.mirror_device, site.mount)
    return command_step(
        f"mount-{home.value}",
        f"Mount {shown(site.mount)} on {node} through {shown(site.mirror_device)}",
        "Only writes through the mirror move its counters, so that the halves can be told apart later.",
        node,
        f"mkdir -p {q(site.mount)} || exit 1",
        *noted,
        f"{mounted} || {{ rm -f {PROMOTED}; exit 1; }}" if promotion else mounted,
        guards=(f"{home.value}-mirror-running", *guards),
        expects=(f"{home.value}-mounted-through-mirror",),
        undo=take_back(q("umount", site.mount), expects=(f"not {home.value}-mounted",)),
        timeout=120.0,
        phase="mount",
        leaves=leaves,
    )


def still_away(site: Site, home: Home, *, leaves: str) -> Step:
    """Between the operator's word that a node is off and the mount: fails where it is seen to serve."""
    here = "slave" if home is Home.MASTER else "master"
    name = site.node(home).name
    return wait_step(
        f"{home.value}-still-away",
        f"Look whether {name} stayed away",
        "The check may have taken hours: a node that came back and serves must not get a rival.",
        (f"{here}-geom-answers",),
        failed_when=(f"{home.value}-mounted", f"{home.value}-mirror-running"),
        phase="mount",
        leaves=leaves,
    )


def before_the_record(steps: tuple[Step, ...], look: Step) -> tuple[Step, ...]:
    """Steps of `serve_from` with a last look before anything says that the node serves."""
    at = next(n for n, step in enumerate(steps) if step.id.startswith("lineage-"))
    return (*steps[:at], look, *steps[at:])


def serve_from(
    site: Site,
    home: Home,
    history: Descent,
    id: str,
    policy: FsckPolicy,
    *,
    leaves: str,
    serving: str,
    guards: tuple[str, ...],
    recorded_on: tuple[Home, ...] | None = None,
) -> tuple[Step, ...]:
    """Check, record, mount and start the services on a node whose mirror runs.

    `leaves` names the state before the mount, `serving` the one after it. The record comes last before the
    mount: a promotion that never happened must not make this half look newer. The node that serves comes
    last, and so first when it is taken back: it knows whether it was mounted.
    """
    other = Home.SLAVE if home is Home.MASTER else Home.MASTER
    return (
        check_file_system(site, home, policy, leaves=leaves),
        *record(site, history, id, home, leaves=leaves, nodes=recorded_on or (other, home)),
        mount(site, home, leaves=serving, guards=guards, promotion=id),
        into_the_mount(site, home, leaves=serving),
        start_services(site, home, leaves=serving, begins=True),
    )


def verify(site: Site, home: Home, *, leaves: str, peer_answers: bool = True) -> Step:
    """The four truths on both nodes, read together."""
    other = Home.SLAVE if home is Home.MASTER else Home.MASTER
    peer = ("vrrp-master", "holds-address", "mirror-running", "mounted")
    both = (*(f"not {other.value}-{name}" for name in peer), "one-address-holder", "mounted-on-one-node")
    return wait_step(
        f"verify-{home.value}-serves",
        f"Verify role, address, mirror and mount: {site.node(home).name} serves",
        "A script that ran proves nothing; only what both nodes show now does.",
        (
            f"{home.value}-vrrp-master",
            f"{home.value}-holds-address",
            f"{home.value}-mirror-running",
            f"{home.value}-mounted-through-mirror",
            *(both if peer_answers else ()),
        ),
        failed_when=("mounted-on-both-nodes",),
        timeout=60.0,
        phase="verify",
        leaves=leaves,
    )
