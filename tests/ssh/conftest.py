"""Real servers for the tests of this room."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.ssh.sshd import Sshd, missing, sshd


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the developer's keys nor an agent may take part in a test."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Sshd]:
    why = missing()
    if why:
        pytest.skip(why)
    async with sshd(tmp_path / "sshd") as running:
        yield running
