"""`doctor` of a monitor: whether its key could do more than watch."""

from pathlib import Path

import pytest

from console.health.lint.key import check_key
from console.model.words import Severity
from console.ssh.key_check import excess
from tests.ssh.monitored import Monitored, monitored
from tests.ssh.sshd import Sshd, missing
from tests.ssh.test_logging_in import node

if why := missing():
    pytest.skip(why, allow_module_level=True)

COMMAND = "runs any command"
TERMINAL = "opens a terminal"
FORWARDS = "forwards ports"


async def test_a_full_key_does_everything(server: Sshd) -> None:
    assert await excess(node(), server.ssh_config(), None) == (COMMAND, TERMINAL, FORWARDS)


@pytest.mark.parametrize("release", [None, "10.2-RELEASE", "7.4-RELEASE"])
async def test_a_monitors_key_does_nothing_else(server: Sshd, tmp_path: Path, release: str | None) -> None:
    here = monitored(server, tmp_path, release=release)
    assert await excess(node(), here.ssh_config(), None) == ()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", (TERMINAL, FORWARDS)),
        ("no-pty,", (FORWARDS,)),
        ("no-port-forwarding,", (TERMINAL,)),
        ("restrict,pty,", (TERMINAL,)),
    ],
)
async def test_a_gate_without_its_restrictions_is_told(
    server: Sshd, tmp_path: Path, options: str, expected: tuple[str, ...]
) -> None:
    line = f'{options}command="{tmp_path}/node/libexec/monitor.sh" {{public}}'
    here: Monitored = monitored(server, tmp_path, line=line)
    assert await excess(node(), here.ssh_config(), None) == expected


@pytest.mark.parametrize(
    "command", ["exec $SSH_ORIGINAL_COMMAND", "exit 126", "echo mirrorgate-monitor 1: ha; exit 0"]
)
async def test_a_command_that_is_no_gate_is_told(server: Sshd, tmp_path: Path, command: str) -> None:
    here = monitored(server, tmp_path, line=f'restrict,command="{command}" {{public}}')
    assert await excess(node(), here.ssh_config(), None) == (COMMAND,)


def test_the_finding_names_node_and_remedy() -> None:
    assert check_key(node(), ()) == ()
    (finding,) = check_key(node(), (COMMAND, FORWARDS))
    assert finding.severity is Severity.WARNING
    assert finding.what == (
        "the key with which this console watches web-a can do more: it runs any command, forwards ports"
    )
    assert "mirrorgate authorize --read-only --node web-a" in finding.todo
    (unknown,) = check_key(node(), None, "web-a: off")
    assert unknown.severity is Severity.UNKNOWN
    assert "web-a: off" in unknown.what
