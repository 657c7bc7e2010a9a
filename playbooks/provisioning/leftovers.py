"""What an unfinished provisioning left behind; it may go only while it never held anybody's data."""

from console.health import stack
from console.model.lineage import LINEAGE_FILE
from console.model.plan import Risk, Step
from console.model.snapshot import PairSnapshot
from playbooks.parts.attaching import PORT
from playbooks.parts.building import command_step, no_undo, q, shown, text
from playbooks.parts.site import Site


def nobodys(path: str) -> str:
    """Shell text that defines the test `nobodys`: provisioning made the image, and it was never mounted.

    `make_image` and `to_be_mounted` leave the marks. At each mount the kernel writes the mount point into the
    superblock (`fsmnt`), and dumpfs(8) reads it from a file as from a disk.
    """
    return text(
        f"image={q(path)}",
        "nobodys() {",
        '	case $(dumpfs "$image" 2>/dev/null | awk \'$1 == "fsmnt" { print NF; exit }\') in',
        '	1) [ -e "$image".unused ] || [ -e "$image".new ] ;;',
        '	"") [ -e "$image".unused ] ;;',
        "	*) return 1 ;;",
        "	esac",
        "}",
    )


def tear_down(site: Site) -> str:
    """Shell text that defines `tear_down`: no mirror runs any more, whether the slave answers or not."""
    unit = site.gate_unit
    return text(
        f"mirror={q(site.mirror)}",
        "give_up() {",
        f"	[ ! -e {q(f'/dev/{site.gate}')} ] || {q('ggatec', 'destroy', '-f', '-u', str(unit))}",
        "}",
        "tear_down() {",
        "	# Whatever touches the half of a slave that does not answer waits for it.",
        f"	{q('nc', '-z', '-w', '2', site.slave_address, str(PORT))} >/dev/null 2>&1 || give_up || return 1",
        "	n=0",
        '	while gmirror status "$mirror" >/dev/null 2>&1; do',
        '		[ "$n" -lt 5 ] || return 1',
        '		gmirror destroy "$mirror" || give_up',
        "		n=$((n + 1))",
        "		sleep 1",
        "	done",
        "}",
    )


def forget_lineage(path: str) -> str:
    """The undo of the first lineage on a node; with what was mounted it stays, and other jobs lead on."""
    kept = "was mounted and may hold data: its lineage stays; start-pair or recover-slave bring the pair up"
    return text(
        nobodys(path).rstrip(),
        f'nobodys || {{ echo "$image" {q(kept)} >&2; exit 1; }}',
        q("rm", "-f", LINEAGE_FILE),
    ).rstrip()


def are_there(snapshot: PairSnapshot) -> bool:
    """Whether images are there that are not two halves of one mirror: then building begins anew.

    Whether they may be wiped is seen on the nodes only.
    """
    mirror = stack.mirror_on(snapshot.master, snapshot.config)
    if mirror is not None and any(stack.is_remote(part) for part in mirror.components):
        return False
    return mirror is not None or any(stack.image_size(node) is not None for node in snapshot.nodes)


def start_over(site: Site, size: int, leaves: str) -> tuple[Step, ...]:
    """No mirror on the master, no gate, a blank image on the slave: as far as nobody's data is in them."""
    master, slave = site.master, site.slave
    steps = (
        command_step(
            "start-over-master",
            f"Remove what an unfinished provisioning left of {shown(site.mirror)} on {master.name}",
            "Its halves are not together any more, and nothing was ever mounted of them.",
            master.name,
            _on_master(site),
            guards=("master-answers", "not master-mounted", "not slave-mounted"),
            expects=("not master-mirror-running", "not master-gate-present"),
            undo=no_undo("nobody's data was in it"),
            risk=Risk.DESTROYS,
            confirm=f"{master.name}:{shown(master.image)}",
            timeout=120.0,
            phase="images",
            leaves=leaves,
        ),
        command_step(
            "start-over-slave",
            f"Blank {shown(slave.image)} on {slave.name}, if only an unfinished provisioning wrote to it",
            "What is left of the first attempt would stop the second one; an image of anybody else is kept.",
            slave.name,
            _on_slave(slave.image, size),
            guards=(
                "slave-image-exists",
                "not slave-image-attached",
                "not slave-mounted",
                "not master-gate-present",
            ),
            undo=no_undo("nobody's data was in it"),
            risk=Risk.DESTROYS,
            confirm=f"{slave.name}:{shown(slave.image)}",
            phase="images",
            leaves=leaves,
        ),
    )
    there = stack.image_size(site.snapshot.slave) is not None
    return steps if there else steps[:1]


def _on_master(site: Site) -> str:
    data = (
        f"mirror {site.mirror} on {site.master.name} runs without the half of {site.slave.name} and may hold "
        "data: start-pair mounts it, recover-slave brings the half back"
    )
    unit = str(site.gate_unit)
    return text(
        nobodys(site.master.image) + tear_down(site).rstrip(),
        "if nobodys; then",
        "	tear_down && give_up",
        'elif gmirror status "$mirror" >/dev/null 2>&1; then',
        f"	echo {q(data)} >&2",
        "	exit 1",
        "else",
        f"	[ ! -e {q(f'/dev/{site.gate}')} ] || {q('ggatec', 'destroy', '-u', unit)}",
        "fi",
    )


def _on_slave(path: str, size: int) -> str:
    return text(
        nobodys(path).rstrip(),
        "if ! nobodys; then",
        '	echo "$image is not one that provisioning made and left unused: kept"',
        "	exit 0",
        "fi",
        # Its blocks stay: a preallocated image remains one.
        "zero() {",
        '	dd if=/dev/zero of="$image" bs="$1" seek="$2" count=1 conv=notrunc 2>/dev/null',
        "}",
        f"zero 1048576 0 && zero 512 {size // 512 - 1} || exit 1",
        'rm -f "$image".new && : >"$image".unused',
    )
