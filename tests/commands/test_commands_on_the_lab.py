"""status, check, doctor, events and init, run on the simulated pair over SSH."""

import json
import stat
from pathlib import Path

import pytest

from console import config_file
from console.commands import check, doctor, events, init, status
from console.lab.pair import LabPair
from console.model.config import Config, PairConfig
from console.watch.node_watch import Opener


async def test_status_tells_the_four_truths_of_both_nodes(
    config: Config, reach: Opener, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await status.run(config.pairs, reach, 20, as_json_text=False) == 0
    out = capsys.readouterr().out
    assert "lab: mirror/remotemirror COMPLETE 2/2" in out
    assert "web-a (home master) vrrp MASTER, address here on ngeth0, mirror COMPLETE, mounted here" in out
    assert "web-b (home slave) vrrp BACKUP, address no, mirror none, mounted no" in out
    assert "if web-a died now: yes" in out


async def test_status_as_json_has_facts_and_no_password(
    config: Config, reach: Opener, capsys: pytest.CaptureFixture[str]
) -> None:
    await status.run(config.pairs, reach, 20, as_json_text=True)
    out = capsys.readouterr().out
    (pair,) = json.loads(out)
    assert pair["nodes"][0]["truths"]["role"] == "MASTER"
    assert pair["nodes"][0]["facts"]["geom"]["last"]["mirrors"][0]["state"] == "COMPLETE"
    assert "borkbork" not in out


async def test_check_speaks_plugin_and_turns_critical_when_the_address_is_gone(
    lab: LabPair, config: Config, reach: Opener, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await check.run(config.pairs, reach, 20) == 0
    line = capsys.readouterr().out
    assert line.startswith("MIRRORGATE OK - lab: web-a serves, nothing wrong | ")
    assert "'lab_active'=2;;;0;2" in line
    await lab.fault("stop-freevrrpd", "a")
    await lab.fault("stop-freevrrpd", "b")
    assert await check.run(config.pairs, reach, 20) == 2
    assert capsys.readouterr().out.startswith("MIRRORGATE CRITICAL - lab: ")


async def test_check_is_unknown_never_ok_when_nothing_answers(
    lab: LabPair, config: Config, reach: Opener, capsys: pytest.CaptureFixture[str]
) -> None:
    await lab.fault("power-off", "a")
    await lab.fault("power-off", "b")
    assert await check.run(config.pairs, reach, 5) in (2, 3)
    assert "OK" not in capsys.readouterr().out.split("|")[0]


async def test_doctor_lints_both_nodes_files(
    lab: LabPair, config: Config, reach: Opener, capsys: pytest.CaptureFixture[str]
) -> None:
    conf = "/usr/local/etc/freevrrpd.conf"
    fs = lab.world.nodes["b"].fs
    fs.write_file(conf, fs.read_file(conf).replace(b"serverid = 1", b"serverid = 2"))
    assert await doctor.run(config.pairs, reach, 20, as_json=True) == 1
    (found,) = json.loads(capsys.readouterr().out).values()
    assert any(
        f["severity"] == "critical" and "serverid" in f["what"].lower() + f["why"].lower() for f in found
    )
    assert await doctor.run(config.pairs, reach, 20, as_json=False) == 1
    assert "  why  " in capsys.readouterr().out


async def test_events_tell_what_changes_while_they_watch(
    config: Config, reach: Opener, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await events.run(config.pairs, reach, 3, as_json=True) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {e["node"] for e in told if e["kind"] == "link"} == {"web-a", "web-b"}
    assert all(e["pair"] == "lab" for e in told)


async def test_init_finds_the_pair_and_writes_a_file_that_works(
    lab: LabPair, config: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "config.toml"
    hosts = ("web-a", "web-b")
    ask = {"name": None, "ssh_config": str(lab.ssh_config), "become": "none", "overwrite": False}
    assert await init.run(path, hosts, **ask) == 0  # type: ignore[arg-type]  # one dict for two calls
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found: PairConfig = config_file.load(path).pairs[0]
    expected = config.pairs[0]
    assert (found.mirror, found.mount, found.floating, found.vrid) == (
        expected.mirror,
        expected.mount,
        expected.floating,
        expected.vrid,
    )
    assert [(n.home, n.image, n.replication) for n in found.nodes] == [
        (n.home, n.image, n.replication) for n in expected.nodes
    ]
    capsys.readouterr()
    assert await init.run(path, hosts, **ask) == 1  # type: ignore[arg-type]  # as above
    assert "left as it is" in capsys.readouterr().err
    directory = tmp_path / "config.d"
    directory.mkdir()
    ask["name"] = "lab/one"
    assert await init.run(directory, hosts, **ask) == 0  # type: ignore[arg-type]  # as above
    assert config_file.load(directory / "lab-one.toml") == config_file.load(directory)
