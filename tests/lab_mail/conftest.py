"""One node with qmail, booted; and a pair of which the first has a day of mail behind it."""

from collections.abc import AsyncIterator

import pytest

from console.lab.mailpast import relive
from console.lab.network import Address, floating_interface
from console.lab.provision import install
from console.lab.qmail import Mail, mail_of
from console.lab.world import World


@pytest.fixture
async def mail() -> AsyncIterator[Mail]:
    """The mail of a node that serves, on a clock that runs fast."""
    world = World(60.0)
    install(world, {"a": "nodea", "b": "nodeb"})
    node = world.nodes["a"]
    node.after_boot.pop()
    await node.boot(0)
    found = mail_of(node)
    assert found is not None
    floating_interface(node, 1).set_flags(1)
    floating_interface(node, 1).inet = [Address("192.168.1.102", 32)]
    yield found
    await world.close()


@pytest.fixture
async def lived(mail: Mail) -> Mail:
    """The same with a past: nothing happens in the present."""
    node = mail.node
    assert mail.process is not None
    node.processes.kill(mail.process.pid, 9)
    node.fs.remove("/var/log/qmail", recursive=True)
    mail.log = type(mail.log)(node, "/var/log/qmail")
    mail.forget(lambda message: True)
    mail.traffic.rate = 0.0001
    relive(mail, node.clock.now(), node.clock.now() - 7200.0)
    return mail
