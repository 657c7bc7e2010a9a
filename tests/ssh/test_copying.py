"""A file copied from one host to another through the console, on real sshds."""

import asyncio
import hashlib
import os
import random
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from console.model.job import CopyRefused, HandsLost
from console.ssh.connecting import connect
from console.ssh.copying import BLOCK, ConsoleCopier, copy_file
from console.ssh.piping import Host
from tests.ssh.sshd import Sshd, sshd
from tests.ssh.test_logging_in import node

DATA = random.Random(3).randbytes(5 * BLOCK + 77)  # a fixed seed: the same bytes each time
SUM = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
async def source(server: Sshd) -> AsyncIterator[Host]:
    connection = await connect(node(), ssh_config=server.ssh_config())
    yield Host(connection, "web-a")
    connection.abort()


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[Sshd]:
    async with sshd(tmp_path / "there") as running:
        yield running


@pytest.fixture
async def target(there: Sshd) -> AsyncIterator[Host]:
    connection = await connect(node(), ssh_config=there.ssh_config())
    yield Host(connection, "spare")
    connection.abort()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "it's the image.img"
    path.write_bytes(DATA)
    return path


async def test_a_file_arrives_whole_and_progress_is_told(
    source: Host, target: Host, file: Path, tmp_path: Path
) -> None:
    told: list[tuple[int, int]] = []
    copied = await copy_file(
        source, str(file), target, str(tmp_path / "a copy"), lambda done, size: told.append((done, size))
    )
    assert (copied.bytes, copied.sha256, copied.resumed_from) == (len(DATA), SUM, 0)
    assert (tmp_path / "a copy").read_bytes() == DATA
    assert told[0] == (0, len(DATA))
    assert told[-1] == (len(DATA), len(DATA))
    assert told == sorted(told)
    assert sorted(os.listdir(tmp_path)).count("a copy.part") == 0


async def test_an_empty_file_is_a_file(source: Host, target: Host, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    copied = await copy_file(source, str(tmp_path / "empty"), target, str(tmp_path / "copy"))
    assert copied.bytes == 0
    assert (tmp_path / "copy").read_bytes() == b""


async def test_a_lost_connection_is_resumed_where_it_was(
    source: Host, there: Sshd, target: Host, tmp_path: Path
) -> None:
    # More than the connection's window and buffers hold, so that some of it has been written by its end.
    data = DATA * 20
    file, part = tmp_path / "large", tmp_path / "copy.part"
    file.write_bytes(data)

    def lose(done: int, size: int) -> None:
        if part.exists() and part.stat().st_size > 0:
            there.drop_logins()

    with pytest.raises(HandsLost, match=r"^spare: .*copying again goes on$"):
        await copy_file(source, str(file), target, str(tmp_path / "copy"), lose)
    kept = part.stat().st_size
    assert 0 < kept < len(data)
    assert not (tmp_path / "copy").exists()
    again = Host(await connect(node(), ssh_config=there.ssh_config()), "spare")
    copied = await copy_file(source, str(file), again, str(tmp_path / "copy"))
    again.connection.abort()
    # What was on its way to the disk when the connection went may have come there since.
    assert kept <= copied.resumed_from < len(data)
    assert copied.sha256 == hashlib.sha256(data).hexdigest()
    assert (tmp_path / "copy").read_bytes() == data


async def test_a_lost_source_is_a_loss_and_not_an_end(
    source: Host, server: Sshd, target: Host, file: Path, tmp_path: Path
) -> None:
    def lose(done: int, size: int) -> None:
        if done > BLOCK:
            server.drop_logins()

    with pytest.raises(HandsLost, match=r"^web-a: "):
        await copy_file(source, str(file), target, str(tmp_path / "copy"), lose)


async def test_a_part_of_something_else_is_begun_anew(
    source: Host, target: Host, file: Path, tmp_path: Path
) -> None:
    for wrong in (b"x" * BLOCK, DATA + b"more"):
        (tmp_path / "copy.part").write_bytes(wrong)
        copied = await copy_file(source, str(file), target, str(tmp_path / "copy"))
        assert copied.resumed_from == 0
        assert (tmp_path / "copy").read_bytes() == DATA
        (tmp_path / "copy").unlink()


async def test_a_whole_part_is_only_named(source: Host, target: Host, file: Path, tmp_path: Path) -> None:
    (tmp_path / "copy.part").write_bytes(DATA)
    assert (await copy_file(source, str(file), target, str(tmp_path / "copy"))).resumed_from == len(DATA)
    assert (tmp_path / "copy").read_bytes() == DATA


async def test_a_copy_whose_answer_was_lost_is_not_made_again(
    source: Host, target: Host, file: Path, tmp_path: Path
) -> None:
    first = await copy_file(source, str(file), target, str(tmp_path / "copy"))
    was = (tmp_path / "copy").stat()
    second = await copy_file(source, str(file), target, str(tmp_path / "copy"))
    assert (second.sha256, second.resumed_from) == (first.sha256, len(DATA))
    assert (tmp_path / "copy").stat().st_ino == was.st_ino


async def test_another_file_at_the_target_is_never_overwritten(
    source: Host, target: Host, file: Path, tmp_path: Path
) -> None:
    (tmp_path / "copy").write_bytes(DATA[:-1] + b"!")
    with pytest.raises(CopyRefused, match=r"^spare: .* exists and differs from the source; move it away"):
        await copy_file(source, str(file), target, str(tmp_path / "copy"))
    assert (tmp_path / "copy").read_bytes() == DATA[:-1] + b"!"


@pytest.mark.parametrize("how", ["size", "time"])
async def test_a_source_that_changes_meanwhile_is_refused(
    source: Host, target: Host, file: Path, tmp_path: Path, how: str
) -> None:
    def change(done: int, size: int) -> None:
        if done > BLOCK and how == "size":
            with file.open("ab") as more:
                more.write(b"more")
        elif done > BLOCK:
            os.utime(file, (1_700_000_000, 1_700_000_000))

    with pytest.raises(CopyRefused, match=r"^web-a: .* changed while it was copied"):
        await copy_file(source, str(file), target, str(tmp_path / "copy"), change)
    assert not (tmp_path / "copy").exists()


async def test_a_part_that_was_spoilt_on_its_way_does_not_get_the_name(
    source: Host, target: Host, file: Path, tmp_path: Path
) -> None:
    def spoil(done: int, size: int) -> None:
        if done == size:
            asyncio.get_running_loop().call_later(0, (tmp_path / "copy.part").chmod, 0o600)
            (tmp_path / "copy.part").open("r+b").write(b"spoilt")

    with pytest.raises(CopyRefused, match=r"^spare: the copy differs from its source and was removed"):
        await copy_file(source, str(file), target, str(tmp_path / "copy"), spoil)
    assert not [name for name in os.listdir(tmp_path) if name.startswith("copy")]


async def test_what_cannot_be_copied_is_one_line(
    source: Host, target: Host, file: Path, tmp_path: Path
) -> None:
    for from_, to, why in (
        (tmp_path / "none", tmp_path / "copy", "web-a: there is no"),
        (tmp_path, tmp_path / "copy", "web-a: .* is no plain file"),
        (file, tmp_path / "no" / "copy", "spare: there is no folder for"),
        (file, Path("/proc/copy"), "spare: "),
    ):
        with pytest.raises(CopyRefused, match=why) as caught:
            await copy_file(source, str(from_), target, str(to))
        assert "\n" not in str(caught.value)


async def test_a_large_file_is_not_held_in_memory(source: Host, target: Host, tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as large:
        large.truncate(48 << 20)
    tracemalloc.start()
    await copy_file(source, str(path), target, str(tmp_path / "copy"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 << 20
    assert (tmp_path / "copy").stat().st_size == 48 << 20


async def test_the_console_s_copier_finds_its_own_way(
    server: Sshd, there: Sshd, file: Path, tmp_path: Path
) -> None:
    config = server.ssh_config("node")
    config.write_text(config.read_text() + there.ssh_config("spare").read_text())
    copier = ConsoleCopier(config, None)
    await copier.copy(node(), str(file), "spare", str(tmp_path / "copy"), lambda done, size: None)
    assert (tmp_path / "copy").read_bytes() == DATA
    with pytest.raises((CopyRefused, HandsLost), match="nowhere"):
        await copier.copy(node(), str(file), "nowhere.invalid", str(tmp_path / "copy"), lambda a, b: None)
    there.stop()
    with pytest.raises(HandsLost, match=r"^spare: .*refuses connections"):
        await copier.copy(node(), str(file), "spare", str(tmp_path / "copy"), lambda done, size: None)
