"""Where the picture's line breaks, as a table of facts."""

from dataclasses import replace

from console.model.config import NodeConfig
from console.model.facts import Inet, Interface
from tests.screens.sample import fact, healthy
from widgets.path_facts import Wire, read_path


def test_a_replication_link_without_carrier_breaks_the_line_while_gmirror_still_says_complete() -> None:
    state = healthy()
    assert read_path(state).right.network is Wire.WHOLE
    slave = state.snapshot.slave
    own = Inet("192.168.1.101")
    cut = Interface("vtnet1", up=True, inet=(own,), status="no carrier")
    config = replace_address(slave.config, own.addr)
    view = replace(slave, config=config, facts=replace(slave.facts, interfaces=fact((cut,))))
    pulled = replace(state, snapshot=replace(state.snapshot, slave=view))
    assert read_path(pulled).right.network is Wire.BROKEN


def replace_address(config: NodeConfig, address: str) -> NodeConfig:
    return config.model_copy(update={"replication": address})
