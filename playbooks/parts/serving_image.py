"""Starting and ending ggated on the home slave."""

from console.model.plan import Risk, Step, Undo
from playbooks.parts.attaching import PORT
from playbooks.parts.building import command_step, no_undo, q, take_back, until_gone, wait_step
from playbooks.parts.site import Site, lint_export

_END = (
    "pkill -x ggated",
    until_gone("ggated"),
    # One without a process is only on its way out: to a peer that lost its power it stays for minutes.
    f"if sockstat -4 | grep -q 'ggated .*:{PORT} '; then",
    f"    echo 'a connection to port {PORT} is still open' >&2; exit 1",
    "fi",
)
# On old releases rc(8) knows no ggated; started by hand it does the same.
_START = "pgrep -x ggated >/dev/null || service ggated onestart || ggated || exit 1"


def serve_image(site: Site, *, leaves: str) -> tuple[Step, ...]:
    """Start ggated on the slave, its image unmounted and detached; refuses a table that would not do."""
    lint_export(site)
    node, image = site.slave.name, site.slave.image
    return (
        command_step(
            "lint-export",
            f"Read /etc/gg.exports on {node} as ggated will",
            "ggated reads it at its start, and ends without a word on the terminal at the first bad line.",
            node,
            'awk \'NF && $1 !~ /^#/ && (NF != 3 || ($2 != "RW" && $2 != "RO" && $2 != "WO")) '
            '{ print "line " NR ": " $0; bad = 1 } END { exit bad }\' /etc/gg.exports || exit 1',
            f"grep -qF -- {q(image)} /etc/gg.exports || "
            f"{{ echo {q(f'{image} is not in /etc/gg.exports')} >&2; exit 1; }}",
            f"[ -f {q(image)} ] || {{ echo {q(f'{image} does not exist')} >&2; exit 1; }}",
            expects=("slave-exports-image",),
            risk=Risk.READ,
            always=True,
            undo=no_undo("it only reads"),
            phase="copy",
            leaves=leaves,
        ),
        command_step(
            "serve-image",
            f"Start ggated on {node}",
            f"It gives {site.master.name} this node's image, which nothing on this node uses any more.",
            node,
            _START,
            guards=(
                "slave-has-let-go",
                "not slave-image-attached",
                "slave-exports-image",
                # A gate left over on the master would send its old, unanswered writes onto this image.
                "not master-gate-present",
            ),
            expects=("slave-ggated-runs",),
            undo=take_back(*_END, expects=("not slave-ggated-runs",)),
            phase="copy",
            leaves=leaves,
        ),
        wait_step(
            "image-served",
            f"Wait until {node} listens on port {PORT}",
            "The master would wait more than a minute for a port that nobody listens on. Where ggated has "
            "ended since, as by a reboot: service ggated onestart, then retry.",
            ("slave-image-served", "slave-image-free"),
            failed_when=("not slave-ggated-runs",),
            timeout=30.0,
            phase="copy",
            leaves=leaves,
        ),
    )


def end_serving(site: Site, *, leaves: str, guards: tuple[str, ...] = (), phase: str = "takeover") -> Step:
    """End ggated on the slave and wait for the processes of its open connections too."""
    node = site.slave.name
    undo: Undo = take_back(_START, expects=("slave-ggated-runs",))
    return command_step(
        "stop-ggated",
        f"End ggated on {node}, and its open connections",
        "As long as one of its processes lives, writes of the other node can still reach this image.",
        node,
        *_END,
        guards=guards,
        expects=("not slave-ggated-runs",),
        undo=undo,
        timeout=60.0,
        phase=phase,
        leaves=leaves,
    )
