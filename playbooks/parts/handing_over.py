"""A planned take-over: the home master lets go of everything, the address moves, the home slave serves."""

from console.model.plan import Step
from console.model.words import Home
from playbooks.parts.letting_go import master_lets_go, stays_gone, unmount
from playbooks.parts.lineage_steps import Descent
from playbooks.parts.promoting import FsckPolicy, attach_on_slave, serve_from, verify
from playbooks.parts.services import stop_services
from playbooks.parts.site import Site
from playbooks.parts.vrrp import stop_vrrp, wait_address

FIRST, LAST = "stop-services-master", "address-on-slave"
"""The step with which the service stops, and the one after which it is back."""


def master_releases(
    site: Site, *, before_unmount: tuple[Step, ...] = (), gate_is_dead: bool = False, serving: bool = True
) -> tuple[Step, ...]:
    """Services, mount, mirror, address of the home master, and a look that they stay gone.

    `serving`: it has been written to until now, so whether the slave's half has it all shows only here.
    """
    master = site.master.name
    stopped = f"nothing serves; {master} holds the data, cleanly unmounted"
    free = f"nothing serves; {master} has let go, both images are free"
    return (
        stop_services(site, Home.MASTER, leaves=f"{master} has the data mounted, its services are stopped"),
        *before_unmount,
        unmount(site, Home.MASTER, leaves=stopped),
        master_lets_go(
            site,
            leaves=free,
            gate_is_dead=gate_is_dead,
            # Whatever the gate lost is lost by now: the mirror knows it, and forgets it when it is stopped.
            guards=("slave-half-active",) if serving else (),
        ),
        stop_vrrp(
            site,
            Home.MASTER,
            why="It drops the address at once; its peer takes it about 3 s later. It stays down, because "
            "with its higher priority it would take the address back before its data is current.",
            guards=("not master-mounted",),
            leaves=f"{free}; the address is on its way",
        ),
        stays_gone(site, Home.MASTER, leaves=free),
    )


def slave_takes_over(
    site: Site, history: Descent, id: str, *, fsck: FsckPolicy, once_reached: tuple[Step, ...] = ()
) -> tuple[Step, ...]:
    """The home slave serves, once the master has provably let go; `once_reached` follows the address."""
    master, slave = site.master.name, site.slave.name
    free = f"nothing serves; {master} has let go, {slave} holds the data"
    serving = f"{slave} serves alone; {master}'s half falls behind"
    released = ("master-has-let-go", "not master-image-attached")
    return (
        *attach_on_slave(site, leaves=free, guards=released),
        *serve_from(
            site,
            Home.SLAVE,
            history,
            id,
            fsck,
            leaves=free,
            serving=serving,
            guards=(*released, "slave-half-active", "not slave-ggated-runs"),
        ),
        wait_address(site, Home.SLAVE, leaves=serving),
        *once_reached,
        verify(site, Home.SLAVE, leaves=serving),
    )
