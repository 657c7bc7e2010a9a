"""Giving the floating address away and taking it: freevrrpd stopped and started on a node.

A freevrrpd that is ended drops the address at once and runs no script; its peer takes it about 3 s later. One
that is started with the higher priority takes the address: so it stays down until its data is current.
"""

from console.model.plan import Step
from console.model.words import Home
from playbooks.parts.building import command_step, take_back, until_gone, wait_step
from playbooks.parts.site import Site

_STOP = (
    # One that was started by hand is unknown to rc(8).
    "service freevrrpd onestop; ! pgrep -x freevrrpd >/dev/null || pkill -TERM -x freevrrpd",
    until_gone("freevrrpd"),
)
# The same as the rc script does, for a node where rc(8) does not know it.
_START = (
    "pgrep -x freevrrpd >/dev/null || service freevrrpd onestart || "
    "/usr/local/sbin/freevrrpd -f /usr/local/etc/freevrrpd.conf || exit 1",
    # A bad configuration is noticed only after the daemon has detached: the start looked fine.
    "sleep 2; pgrep -x freevrrpd >/dev/null || { tail -5 /var/log/messages >&2; exit 1; }",
)


def stop_vrrp(site: Site, home: Home, *, why: str, leaves: str, guards: tuple[str, ...] = ()) -> Step:
    """End freevrrpd on a node."""
    node = site.node(home).name
    return command_step(
        f"stop-vrrp-{home.value}",
        f"End freevrrpd on {node}",
        why,
        node,
        *_STOP,
        guards=guards,
        expects=(f"not {home.value}-vrrp-runs", f"not {home.value}-holds-address"),
        undo=take_back(*_START, expects=(f"{home.value}-vrrp-runs",)),
        phase="address",
        leaves=leaves,
    )


def start_vrrp(site: Site, home: Home, *, why: str, leaves: str, guards: tuple[str, ...] = ()) -> Step:
    """Start freevrrpd on a node."""
    node = site.node(home).name
    return command_step(
        f"start-vrrp-{home.value}",
        f"Start freevrrpd on {node}",
        why,
        node,
        *_START,
        guards=guards,
        expects=(f"{home.value}-vrrp-runs",),
        undo=take_back(*_STOP, expects=(f"not {home.value}-vrrp-runs",)),
        phase="address",
        leaves=leaves,
    )


def wait_address(site: Site, home: Home, *, leaves: str, alone: bool = False) -> Step:
    """Wait until a node is master of the group and holds the address; `alone`: the other one says nothing."""
    node = site.node(home).name
    return wait_step(
        f"address-on-{home.value}",
        f"Wait until {node} holds {site.pair.floating}",
        "Clients reach the service by this address; the election takes about 3 s.",
        (
            f"{home.value}-vrrp-master",
            f"{home.value}-holds-address",
            *(() if alone else ("one-address-holder",)),
        ),
        timeout=60.0,
        phase="address",
        leaves=leaves,
    )
