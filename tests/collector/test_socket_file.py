"""The socket is for its group, never takes a living collector's place, and comes back when it is removed."""

import asyncio
import grp
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.collector.client import Client
from console.collector.server import Server
from console.collector.socket_file import NoSocket, SocketFile
from tests.waiting import eventually


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "c.sock"


@pytest.fixture(autouse=True)
def _open_umask() -> Iterator[None]:
    """The mode does not depend on it."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_its_owner_and_group_may_use_it_and_nobody_else(path: Path) -> None:
    file = SocketFile.open(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    assert os.umask(0) == 0
    file.close()
    assert list(path.parent.iterdir()) == []


def test_it_is_given_to_a_group(path: Path) -> None:
    group = grp.getgrgid(os.getgroups()[0] if os.getuid() else 1)
    file = SocketFile.open(path, group.gr_name)
    assert path.stat().st_gid == group.gr_gid
    file.close()


def test_a_dead_collectors_socket_is_replaced(path: Path) -> None:
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(path))
    dead.listen()
    dead.close()
    file = SocketFile.open(path)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
    file.close()


def test_a_living_ones_is_not(path: Path) -> None:
    living = SocketFile.open(path)
    with pytest.raises(NoSocket, match="somebody serves there already"):
        SocketFile.open(path)
    assert living.still_there()
    living.close()


def test_one_that_was_replaced_is_left_to_the_other(path: Path) -> None:
    first = SocketFile.open(path)
    path.unlink()
    second = SocketFile.open(path)
    assert not first.still_there()
    first.close()
    assert second.still_there()
    second.close()


def test_what_is_no_socket_is_left(path: Path) -> None:
    path.write_text("mine")
    with pytest.raises(NoSocket, match="no socket"):
        SocketFile.open(path)
    assert path.read_text() == "mine"


@pytest.mark.parametrize(
    ("at", "group", "why"),
    [
        ("none/c.sock", None, "create the directory first"),
        ("x" * 120, None, "too long"),
        ("c.sock", "no-such-group", "no group 'no-such-group'"),
    ],
)
def test_why_there_is_none_is_one_line_and_nothing_is_left(
    at: str, group: str | None, why: str, tmp_path: Path
) -> None:
    with pytest.raises(NoSocket, match=why) as said:
        SocketFile.open(tmp_path / at, group)
    assert "\n" not in str(said.value)
    assert list(tmp_path.iterdir()) == []


async def test_a_collector_whose_socket_was_removed_serves_at_a_new_one(path: Path) -> None:
    server = Server({}, {"www": "0f"}, lambda: None, beat=0.02)
    task = asyncio.create_task(server.serve(SocketFile.open(path)))
    (await Client.open(path)).close()
    os.unlink(path)
    await eventually(path.exists)
    client = await Client.open(path)
    assert client.pairs == {"www": "0f"}
    client.close()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert os.listdir(path.parent) == []


async def test_a_collector_whose_place_was_taken_ends(path: Path) -> None:
    server = Server({}, {}, lambda: None, beat=0.02)
    task = asyncio.create_task(server.serve(SocketFile.open(path)))
    os.unlink(path)
    other = SocketFile.open(path)
    with pytest.raises(NoSocket, match="somebody serves there already"):
        await task
    assert other.still_there()
    other.close()
