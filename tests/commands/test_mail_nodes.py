"""`mirrorgate queue` and `mirrorgate trace` of nodes: what they print, and how they end."""

import json
from pathlib import Path

import pytest

from console.commands import queue, trace_nodes
from console.commands.mail_nodes import nodes_of, reading
from console.config_file import BadConfig
from console.lab.pair import LabPair
from console.model.config import Config
from console.model.mail import MailTrouble, NodeSearch, Wanted
from console.model.words import Home
from tests.health.building import CONFIG
from tests.mails import FakeMails

BOTH = [(CONFIG, node) for node in CONFIG.nodes]
LINES = (
    b"@400000006b03863c00000000 new msg 5",
    b"@400000006b03863c00000000 info msg 5: bytes 700 from <joe@x.example> qp 9 uid 1",
    b"@400000006b03863c00000000 starting delivery 1: msg 5 to remote \x1b[31m[bold]ann@y.example",
    b"@400000006b03863d00000000 delivery 1: deferral: later/",
)
ONE = Wanted("y.example")


def mails(**nodes: object) -> FakeMails:
    found = FakeMails.captured("04a-S5-deferred-running")
    found.searches = {
        Home.MASTER: NodeSearch(CONFIG.master.name, LINES, 2, 4_000_000, 500, 0.2),
        Home.SLAVE: NodeSearch(CONFIG.slave.name),
    }
    for name, value in nodes.items():
        setattr(found, name, value)
    return found


async def test_a_queue_is_told_for_each_node_and_a_silent_one_makes_the_status(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert await queue.run(mails(), BOTH, 3, as_json=False) == 1
    out, err = capsys.readouterr()
    assert out.startswith(f"{CONFIG.master.name}: 19 messages in queue, 0 of them not yet preprocessed")
    assert "  S5             16  preprocessed\n" in out
    assert out.count("    from <") + out.count("sender not readable") >= 1
    assert "/var/qmail/queue is not there" in err


async def test_a_queue_as_json_has_states_totals_and_the_listed_messages(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert await queue.run(mails(), BOTH[:1], 4, as_json=True) == 0
    (value,) = json.loads(capsys.readouterr().out)
    assert (value["node"], value["queue"], value["todo"]) == (CONFIG.master.name, 19, 0)
    assert sum(value["states"].values()) >= 19
    assert len(value["messages"]) == 4
    ages = [one["since"] for one in value["messages"]]
    assert ages == sorted(ages)
    assert value["oldest"]["message"] == value["messages"][0]["message"]


async def test_a_trace_over_nodes_names_the_node_of_each_message(capsys: pytest.CaptureFixture[str]) -> None:
    assert await trace_nodes.run(mails(), BOTH, ONE, as_json=True) == 0
    (value,) = json.loads(capsys.readouterr().out)
    assert value["node"] == CONFIG.master.name
    assert (value["message"], value["sender"], value["bounce"]) == (5, "joe@x.example", None)
    assert value["recipients"][0]["outcome"] == "queued"
    assert await trace_nodes.run(mails(), BOTH, ONE, as_json=False) == 0
    out = capsys.readouterr().out
    assert f"{CONFIG.slave.name}: 0 messages" in out
    assert "\x1b" not in out


async def test_a_node_that_does_not_answer_is_told_and_the_other_is_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lost = mails()
    lost.searches[Home.SLAVE] = MailTrouble("web-b: away; wait")
    assert await trace_nodes.run(lost, BOTH, ONE, as_json=True) == 1
    out, err = capsys.readouterr()
    assert len(json.loads(out)) == 1
    assert "web-b: away; wait" in err


async def test_nothing_found_is_status_1_and_times_bound_what_is_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert await trace_nodes.run(mails(), BOTH, Wanted("nobody"), as_json=True) == 1
    begun = 0x6B03863C - 10
    assert await trace_nodes.run(mails(), BOTH, Wanted("y.example", until=begun - 1.0), as_json=True) == 1
    assert await trace_nodes.run(mails(), BOTH, Wanted("y.example", since=begun + 2.0), as_json=True) == 1
    assert await trace_nodes.run(mails(), BOTH, Wanted("y.example", begun, begun + 1.0), as_json=True) == 0


def test_a_node_that_is_not_there_is_named(tmp_path: Path) -> None:
    config = Config(pairs=(CONFIG,))
    assert len(nodes_of(config, tmp_path, None, None)) == 2
    assert [node for _, node in nodes_of(config, tmp_path, None, CONFIG.slave.name)] == [CONFIG.slave]
    with pytest.raises(BadConfig, match="no node is called 'web-z'"):
        nodes_of(config, tmp_path, None, "web-z")


async def test_both_commands_work_on_the_lab(
    lab: LabPair, config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    nodes = nodes_of(config, Path("x"), None, None)
    async with reading(config) as real:
        assert await queue.run(real, nodes, 2, as_json=True) == 0
        first, second = json.loads(capsys.readouterr().out)
        assert {first["node"], second["node"]} == {node.name for _, node in nodes}
        held = next(one for one in (first, second) if one["queue"])
        assert held["unread"] == 0
        oldest = held["messages"][0]
        address = oldest["recipients"][0]["recipient"]
        assert await trace_nodes.run(real, nodes, Wanted(address), as_json=True) == 0
        found = json.loads(capsys.readouterr().out)
        mine = [one for one in found if one["message"] == oldest["message"] and one["ended"] is None]
        assert mine
        assert mine[0]["sender"] == oldest["sender"]
        control = await real.control(*next((pair.name, node.home) for pair, node in nodes))
        assert control.started is not None
        assert any(one.name == "me" or one.name == "locals" for one in control.files)
