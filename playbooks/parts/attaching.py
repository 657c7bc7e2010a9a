"""Bringing the halves to the home master: the gate to the slave's image, and its own md."""

from console.model.plan import Risk, Step
from playbooks.parts import md
from playbooks.parts.building import command_step, no_undo, q, take_back, until_there
from playbooks.parts.site import Site

PORT = 3080


def _probe_line(site: Site) -> str:
    host = site.slave_address
    return (
        f"{q('nc', '-z', '-w', '2', host, str(PORT))} ||"
        f" {{ echo {q(f'{host} does not answer on port {PORT}')} >&2; exit 1; }}"
    )


def _gate_lines(site: Site) -> tuple[str, ...]:
    gate = site.gate
    create = q(
        "ggatec", "create", "-t", str(site.gate_timeout), "-u", str(site.gate_unit),
        site.slave_address, site.slave.image,
    )  # fmt: skip
    return (
        # An unreachable peer costs ggatec create 75 s and more: ask the port first.
        _probe_line(site),
        "kldload -n geom_gate || exit 1",
        f"[ -e {q(f'/dev/{gate}')} ] || {create} || exit 1",
        until_there(f"/dev/{gate}"),
    )


def attach_both_lines(site: Site) -> tuple[str, ...]:
    """Shell text: gate, then md at once, so that the mirror starts with both and neither is called stale."""
    return (
        *_gate_lines(site),
        "kldload -n geom_mirror || exit 1",
        md.attach(site.master.image, site.master_md),
        until_there(site.mirror_device, 30),
    )


def attach_both(site: Site, *, leaves: str) -> Step:
    """Start the mirror on the master with both halves."""
    return command_step(
        "attach-both-halves",
        f"Start the mirror on {site.master.name} with both halves: {site.gate} and md{site.master_md}",
        "Attached within the 4 s that gmirror waits, both halves are in from the start and none turns stale.",
        site.master.name,
        *attach_both_lines(site),
        guards=("nothing-mounted", "slave-image-served", "not slave-image-attached", "no-split-brain"),
        expects=("master-mirror-running", "master-gate-present", "master-image-attached"),
        undo=take_back(
            f"{q('gmirror', 'stop', site.mirror)} && {md.detach(site.master.image, site.master_md)}"
            f" && {q('ggatec', 'destroy', '-u', str(site.gate_unit))}",
            expects=("master-has-let-go",),
        ),
        timeout=90.0,
        phase="mirror",
        leaves=leaves,
    )


def compare_halves(site: Site, *, leaves: str) -> Step:
    """Fails where two halves that gmirror calls equal are not: one was written without the mirror (R2)."""
    slave, unit = site.slave.name, site.master_md
    return command_step(
        "compare-halves",
        f"Compare the beginning of md{unit} and {site.gate} on {site.master.name}",
        "gmirror goes by its counters, which do not move when a half is mounted without the mirror; the "
        "superblock does.",
        site.master.name,
        "start() { dd if=/dev/$1 bs=1048576 count=1 2>/dev/null | sha256; }",
        f"own=$(start md{unit}) other=$(start {q(site.gate)})",
        '[ -n "$own" ] && [ -n "$other" ] || { echo "the halves cannot be read" >&2; exit 1; }',
        f'[ "$own" = "$other" ] || {{ echo {q(f"the halves differ: {slave} was written without the mirror")};'
        f" echo {q('decide with the job keep whose data stays')}; exit 1; }} >&2",
        guards=("nothing-mounted", "master-mirror-complete"),
        risk=Risk.READ,
        always=True,
        undo=no_undo("it only reads"),
        phase="mirror",
        leaves=leaves,
    )


def attach_gate(site: Site, *, leaves: str) -> Step:
    """The slave's image first: the mirror then starts on the newer half, whatever the other one says."""
    return command_step(
        "attach-gate",
        f"Attach {site.slave.name}'s image on {site.master.name} as {site.gate}",
        "Attached first and alone, the newer half starts the mirror; the older one can then only join it.",
        site.master.name,
        *_gate_lines(site),
        "kldload -n geom_mirror || exit 1",
        until_there(site.mirror_device, 30),
        guards=(
            "nothing-mounted",
            "slave-image-served",
            "not slave-image-attached",
            "not master-image-attached",
            "slave-lineage-newest",
        ),
        expects=("master-gate-present", "master-mirror-running"),
        undo=take_back(
            f"{q('gmirror', 'stop', site.mirror)} && "
            f"{q('ggatec', 'destroy', '-f', '-u', str(site.gate_unit))}",
            expects=("master-has-let-go",),
        ),
        timeout=90.0,
        phase="copy",
        leaves=leaves,
    )


def attach_older_md(site: Site, *, leaves: str) -> Step:
    """The master's older half, after the mirror runs on the newer one."""
    unit = site.master_md
    return command_step(
        "attach-md-master",
        f"Attach {site.master.name}'s image as md{unit}",
        "The mirror that runs already recognises it as the older half; it is not used until it is copied.",
        site.master.name,
        md.attach(site.master.image, site.master_md),
        # The mirror tastes it in the background; a broken half never joins, so this does not wait for it.
        "sleep 2",
        q("gmirror", "status", "-s", site.mirror),
        guards=("nothing-mounted", "master-mirror-running", "slave-half-active"),
        expects=("master-image-attached", "master-mirror-running"),
        undo=take_back(
            md.nothing_mounted(site.mirror_device, unit),
            md.detach(site.master.image, unit, force=True),
            expects=("not master-image-attached",),
        ),
        timeout=60.0,
        phase="copy",
        leaves=leaves,
    )


def attach_master_alone(site: Site, *, leaves: str) -> Step:
    """Start the mirror on the master with its own half only."""
    unit = site.master_md
    return command_step(
        "attach-md-master",
        f"Start the mirror on {site.master.name} with its own half, md{unit}",
        "The other half is out of reach; gmirror starts a lone half about 4 s after it is attached.",
        site.master.name,
        "kldload -n geom_mirror || exit 1",
        md.attach(site.master.image, site.master_md),
        until_there(site.mirror_device, 30),
        guards=("not master-mounted", "not master-gate-present"),
        expects=("master-image-attached", "master-mirror-running"),
        undo=take_back(
            f"{q('gmirror', 'stop', site.mirror)} && {md.detach(site.master.image, unit)}",
            expects=("master-has-let-go",),
        ),
        timeout=90.0,
        phase="mirror",
        leaves=leaves,
    )
