"""The whole lab: a healthy pair, the console's configuration for it, and faults through the socket."""

import asyncio
import re
import time
from collections.abc import AsyncIterator

import pytest

from console import config_file
from console.commands import lab as command
from console.lab.control import Refused, ask_lab
from console.lab.faults import FAULTS
from console.lab.pair import LabPair, serve
from console.lab.running import run_text
from console.lab.scenarios import is_mounted
from tests.waiting import eventually


@pytest.fixture
async def lab() -> AsyncIterator[LabPair]:
    pair = await serve(speed=20.0)
    yield pair
    await pair.close()


async def say(lab: LabPair, node: str, text: str) -> str:
    return (await run_text(lab.world.nodes[node], text)).out


async def ask(lab: LabPair, name: str, *words: str) -> dict[str, object]:
    return await asyncio.to_thread(ask_lab, lab.control.path, name, words)


async def test_it_starts_healthy_and_quickly(lab: LabPair) -> None:
    status = await say(lab, "a", "gmirror status -s")
    assert re.search(r"mirror/remotemirror\s+COMPLETE\s+(?:ggate0|md0) \(ACTIVE\)", status)
    assert status.count("ACTIVE") == 2
    assert " on /home/sites (ufs" in await say(lab, "a", "mount")
    assert "/home/sites" not in await say(lab, "b", "mount")
    assert "example.net" in await say(lab, "a", "cat /home/sites/www.example.net/index.html")
    assert "192.168.1.102" in await say(lab, "a", "ifconfig ngeth0")
    assert "inet 192" not in await say(lab, "b", "ifconfig ngeth0")
    assert "timeout: 10" in await say(lab, "a", "ggatec list -v")
    assert abs(float(await say(lab, "a", "date +%s")) - time.time()) < 30


async def test_both_nodes_answer_stock_ssh_and_the_console_s_configuration(lab: LabPair) -> None:
    config = config_file.load(lab.config_file)
    assert [node.name for node in config.pairs[0].nodes] == ["web-a", "web-b"]
    assert config.ssh_config == str(lab.ssh_config)
    for line in command.how_to_reach(lab)[:2]:
        process = await asyncio.create_subprocess_exec(
            *line.split(), "hostname", stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await asyncio.wait_for(process.communicate(), 30)
        assert out.decode().startswith(line.split()[-1])


async def test_mail_moves(lab: LabPair) -> None:
    await eventually(lambda: b" end msg " in lab.world.nodes["a"].fs.read_file("/var/log/qmail/current"))
    assert "messages in queue: " in await say(lab, "a", "/var/qmail/bin/qmail-qstat")


async def test_the_slave_takes_over_when_the_master_loses_its_power(lab: LabPair) -> None:
    answer = await ask(lab, "power-off", "web-a")
    assert answer["ok"], answer
    b = lab.world.nodes["b"]
    await eventually(lambda: is_mounted(b))
    assert "example.net" in await say(lab, "b", "cat /home/sites/www.example.net/index.html")
    assert "192.168.1.102" in await say(lab, "b", "ifconfig ngeth0")
    assert "DEGRADED" in await say(lab, "b", "gmirror status")
    assert (await ask(lab, "power-on", "web-a"))["ok"]
    await eventually(lambda: lab.world.nodes["a"].ready)
    assert not is_mounted(lab.world.nodes["a"])


async def test_a_bad_request_gets_a_clear_line_and_the_socket_goes_on(lab: LabPair) -> None:
    for words, expected in (
        (("explode",), "no fault explode; known: power-off"),
        (("power-off",), "usage: power-off NODE"),
        (("power-off", "web-z"), "no node web-z: say web-a or web-b"),
        (("flood-queue", "many"), "COUNT is a number, not many"),
        (("clock-skew", "web-a", "soon"), "SECONDS is a number, not soon"),
    ):
        answer = await ask(lab, *words)
        assert not answer["ok"]
        assert str(answer["error"]).startswith(expected)
    reader, writer = await asyncio.open_unix_connection(str(lab.control.path))
    writer.write(b"not json\n[1]\n" + b'{"fault": "pull", "arguments": ["link"]}\n')
    assert b'"ok": false' in await reader.readline()
    assert b'"ok": false' in await reader.readline()
    assert b'"ok": true' in await reader.readline()
    writer.close()
    assert not lab.world.link.up


async def test_a_skewed_clock_shows_in_date_and_syslog(lab: LabPair) -> None:
    await lab.fault("clock-skew", "web-b", "10800")
    ahead = float(await say(lab, "b", "date +%s")) - float(await say(lab, "a", "date +%s"))
    assert 10700 < ahead < 10900


async def test_management_can_be_pulled_alone(lab: LabPair) -> None:
    await lab.fault("pull-management", "web-a")
    process = await asyncio.create_subprocess_exec(
        "ssh", "-F", str(lab.ssh_config), "web-a", "echo through",
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert "COMPLETE" in await say(lab, "a", "gmirror status")
    assert process.returncode is None
    await lab.fault("plug-management", "web-a")
    out, _ = await asyncio.wait_for(process.communicate(), 30)
    assert out == b"through\n"


async def test_flooding_and_deferring_fill_the_queue(lab: LabPair) -> None:
    await lab.fault("flood-queue", "500")
    out = await say(lab, "a", "/var/qmail/bin/qmail-qstat")
    assert int(out.split()[3]) >= 500


async def test_a_disk_can_run_full_and_has_room_again(lab: LabPair) -> None:
    await lab.fault("fill-disk", "web-b")
    assert re.search(r" 100% +/$", await say(lab, "b", "df -k /"), re.M)
    await lab.fault("empty-disk", "web-b")
    assert not re.search(r" 100% +/$", await say(lab, "b", "df -k /"), re.M)


async def test_the_mount_can_run_full(lab: LabPair) -> None:
    await lab.fault("fill-mount")
    assert re.search(r" (?:99|100)% +/home/sites$", await say(lab, "a", "df -k /home/sites"), re.M)
    await lab.fault("empty-mount")
    assert "lab-fill" not in await say(lab, "a", "ls /home/sites")


async def test_an_administrator_becomes_root_and_a_monitor_does_not(lab: LabPair) -> None:
    for user, expected in (("admin", "0\n"), ("monitor", "")):
        process = await asyncio.create_subprocess_exec(
            "ssh", "-F", str(lab.ssh_config), "-l", user, "web-a", "exec sudo -n /bin/sh",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await asyncio.wait_for(process.communicate(b"id -u\n"), 30)
        assert out.decode() == expected
        assert expected or err == b"sudo: a password is required\n"


async def test_stopping_and_starting_vrrp_moves_the_address(lab: LabPair) -> None:
    await lab.fault("stop-freevrrpd", "web-b")
    assert "freevrrpd" not in await say(lab, "b", "ps -axww -o command")
    await lab.fault("start-freevrrpd", "web-b")
    assert "freevrrpd" in await say(lab, "b", "ps -axww -o command")


@pytest.mark.parametrize(
    ("scenario", "expected"),
    [("degraded", "DEGRADED"), ("syncing", "SYNCHRONIZING"), ("healthy", "COMPLETE")],
)
async def test_scenarios_reach_the_state_of_their_name(lab: LabPair, scenario: str, expected: str) -> None:
    lab.world.clock.speed = 1.0
    answer = await ask(lab, scenario)
    assert answer["ok"], answer
    assert expected in await say(lab, "a", "gmirror status")
    assert is_mounted(lab.world.nodes["a"])


async def test_split_brain_has_both_nodes_mounted_with_different_files(lab: LabPair) -> None:
    await lab.fault("split-brain")
    assert is_mounted(lab.world.nodes["a"])
    assert is_mounted(lab.world.nodes["b"])
    files = [await say(lab, name, "cat /home/sites/orders-today.csv") for name in "ab"]
    assert files[0] != files[1]
    await lab.fault("healthy")
    assert not is_mounted(lab.world.nodes["b"])
    assert (await say(lab, "a", "gmirror status -s")).count("COMPLETE") == 2


async def test_node_gone_refuses_ssh(lab: LabPair) -> None:
    await lab.fault("node-gone")
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", lab.server(lab.world.nodes["b"]).port)


async def test_every_fault_is_offered_with_a_sentence(lab: LabPair) -> None:
    offered = dict(lab.offered())
    assert "power-off web-a" in offered
    assert "flood-queue 2000" in offered
    assert {typed.split()[0] for typed in offered} == set(FAULTS)
    assert all(sentence for sentence in offered.values())
    with pytest.raises(Refused):
        await lab.fault("nonsense")


async def test_the_command_line_lists_faults_and_says_when_no_lab_runs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command.fault([]) == 0
    assert "power-off NODE" in capsys.readouterr().out
    monkeypatch.setattr("console.lab.control.running_labs", lambda: [])
    assert command.fault(["pull-link"]) == 2
    assert "no lab runs here" in capsys.readouterr().err


def test_without_bashkit_the_lab_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert command.main([], serve=True, speed=1.0, ascii_only=False) == 2
    error = capsys.readouterr().err
    assert "pip install 'mirrorgate[lab]'" in error
    assert error.count("\n") == 1
