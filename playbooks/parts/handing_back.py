"""The way back: the slave's newer half is copied over the master's, then the master serves again.

The order that kept the data on a real pair: the slave lets go and serves its image, the master attaches that
one first, only then its own older half, and copies.
"""

from console.model.plan import Risk, Step
from console.model.words import Home
from playbooks.parts.attaching import attach_gate, attach_older_md
from playbooks.parts.building import command_step, no_undo, q, wait_step
from playbooks.parts.direction import note_newest
from playbooks.parts.letting_go import slave_lets_go, unmount
from playbooks.parts.lineage_steps import Descent
from playbooks.parts.promoting import FsckPolicy, serve_from, verify
from playbooks.parts.services import stop_services
from playbooks.parts.serving_image import serve_image
from playbooks.parts.site import Site
from playbooks.parts.vrrp import start_vrrp, wait_address

FIRST, LAST = "stop-services-slave", "address-on-master"
"""The step with which the service stops, and the one after which clients reach it again."""


def target_of(site: Site) -> str:
    """What is typed to agree to the copy: `web-a:md0`."""
    return f"{site.master.name}:md{site.master_md}"


def hand_back(
    site: Site,
    history: Descent,
    id: str,
    *,
    fsck: FsckPolicy,
    mount_during_rebuild: bool,
    before_unmount: tuple[Step, ...] = (),
    once_reached: tuple[Step, ...] = (),
) -> tuple[Step, ...]:
    """Every step from the slave serving to the master serving, the copy included.

    `before_unmount` comes after the services have stopped, `once_reached` once clients reach the master.
    """
    master, slave = site.master.name, site.slave.name
    serves = f"{slave} serves; {master}'s half is out of date and unused"
    stopped = f"nothing serves; {slave} holds the newest data, {master}'s half is out of date and unused"
    being = f"nothing serves; the data of {slave} is being copied over {master}'s half, whole only at its end"
    copied = f"nothing serves; both halves are equal, in the mirror on {master}"
    done = f"{master} serves through a complete mirror"
    part = f"{master} serves, and holds no whole copy of its own before the rebuild is done"
    back = serve_from(
        site,
        Home.MASTER,
        history,
        id,
        fsck,
        leaves=being if mount_during_rebuild else copied,
        serving=part if mount_during_rebuild else done,
        guards=("not slave-mounted", "slave-half-active", "not slave-image-attached", "slave-image-served"),
    )
    address = (
        start_vrrp(
            site,
            Home.MASTER,
            why="With the higher priority it takes the address from its peer at once, now that it may.",
            guards=("master-mounted-through-mirror",),
            leaves=part if mount_during_rebuild else done,
        ),
        wait_address(site, Home.MASTER, leaves=part if mount_during_rebuild else done),
        *once_reached,
    )
    copy = (rebuild(site, leaves=being),)
    wait = (wait_copied(site, leaves=done if mount_during_rebuild else copied),)
    return (
        note_newest(site, Home.SLAVE, leaves=serves),
        stop_services(site, Home.SLAVE, leaves=f"{slave} has the data mounted, its services are stopped"),
        *before_unmount,
        unmount(site, Home.SLAVE, leaves=stopped),
        *slave_lets_go(site, leaves=stopped),
        *serve_image(site, leaves=stopped),
        attach_gate(site, leaves=stopped),
        wait_step(
            "newer-half-runs",
            f"Wait until the mirror on {master} runs on {slave}'s half",
            "Only a mirror that already runs on the newer half makes the older one wait for its copy.",
            ("master-mirror-running", "slave-half-active"),
            failed_when=("not slave-image-served",),
            phase="copy",
            leaves=stopped,
        ),
        attach_older_md(site, leaves=stopped),
        *copy,
        *((*back, *address, *wait) if mount_during_rebuild else (*wait, *back, *address)),
        start_vrrp(
            site,
            Home.SLAVE,
            why="It stands by again, ready to take over.",
            guards=("master-holds-address",),
            leaves=done,
        ),
        verify(site, Home.MASTER, leaves=done),
    )


def rebuild(site: Site, *, leaves: str) -> Step:
    """Copy the slave's half over the master's, in whichever way gmirror still accepts it."""
    mirror, md = q(site.mirror), f"md{site.master_md}"
    status = f"gmirror status -s {mirror}"
    return command_step(
        "rebuild-master-half",
        f"Overwrite {md} on {site.master.name} with the data of {site.slave.name}",
        f"It becomes a copy of the data of {site.slave.name}; what is on {md} now will be gone.",
        site.master.name,
        f"half=$({status} | awk '$3 == \"{md}\" {{ print $3; exit }}')",
        # A half without a fixed name may show under another one of the same device.
        f'[ -n "$half" ] || half=$({status} | awk \'$4 == "(STALE)" {{ print $3; exit }}\')',
        'if [ -z "$half" ]; then',
        f"    [ \"$({status} | awk 'END {{ print NR }}')\" -eq 1 ] ||"
        f" {{ {status} >&2; echo 'the halves cannot be told apart' >&2; exit 1; }}",
        f"    echo {q(f'{md} was not taken back as it is: putting it in as a new half')}",
        f"    {q('gmirror', 'forget', site.mirror)} || exit 1",
        f"    {q('gmirror', 'insert', '-h', '-p', '100', site.mirror, md)} || exit 1",
        f"    half={md}",
        "fi",
        f'copying() {{ {status} | awk -v half="$half" '
        "'$3 == half && ($4 ~ /SYNCHRONIZING/ || $2 == \"COMPLETE\") { found = 1 } END { exit !found }'; }",
        f'{status} | grep -qF -- "$half (SYNCHRONIZING" || gmirror rebuild {mirror} "$half" || exit 1',
        "n=0; until copying; do",
        f"    [ $n -lt 15 ] || {{ {status} >&2; exit 1; }}",
        "    sleep 1; n=$((n + 1))",
        "done",
        status,
        guards=(
            "nothing-mounted",
            "master-mirror-running",
            "master-gate-alive",
            "slave-half-active",
            "slave-image-served",
            "not slave-image-attached",
            "no-split-brain",
            "slave-lineage-newest",
        ),
        expects=("master-half-in-mirror",),
        always=True,
        undo=no_undo("the half is not used before it is ACTIVE, and its source is only read"),
        risk=Risk.DESTROYS,
        confirm=target_of(site),
        shows_direction=True,
        timeout=120.0,
        phase="copy",
        leaves=leaves,
    )


def wait_copied(site: Site, *, leaves: str) -> Step:
    """Wait for the whole copy, with its progress."""
    return wait_step(
        "copied",
        f"Wait until {site.master.name}'s half is copied",
        "Until then the only whole copy is on the other node: no reboot of either node now.",
        ("master-mirror-complete", "no-rebuild-running"),
        failed_when=(
            "not master-mirror-running",
            "not master-gate-alive",
            "not slave-image-served",
            "master-half-stale",
        ),
        timeout=site.copy_limit,
        phase="copy",
        leaves=leaves,
    )
