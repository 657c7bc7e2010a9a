"""Streams through the console between two real sshd: data, statuses, ends, lost connections, memory."""

import asyncio
import hashlib
import os
import resource
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from console.model.config import NodeConfig
from console.model.job import HandsLost, Streamed
from console.model.words import Home
from console.ssh import streaming
from console.ssh.connecting import connect
from console.ssh.streaming import ConsoleStreamer
from tests.ssh.sshd import Sshd, missing, sshd
from tests.waiting import eventually

if why := missing():
    pytest.skip(why, allow_module_level=True)

MB = 1 << 20


def node(name: str) -> NodeConfig:
    return NodeConfig(name=name, home=Home.MASTER, host=name, image="/x")


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@dataclass
class Ends:
    """Two servers, and what was told of a stream between them."""

    source: Sshd
    target: Sshd
    config: Path
    moved: int = 0
    out: str = ""
    err: list[tuple[str, str]] = field(default_factory=list)

    async def stream(self, text: str, into: str) -> Streamed:
        streamer = ConsoleStreamer(self.config, None)
        return await streamer.stream(node("from"), text, node("to"), into, self._moved, self._said)

    def _moved(self, count: int) -> None:
        self.moved = count

    def _said(self, name: str, text: str, is_error: bool) -> None:
        if is_error:
            self.err.append((name, text))
        else:
            self.out += text


@pytest.fixture
async def ends(tmp_path: Path) -> AsyncIterator[Ends]:
    async with sshd(tmp_path / "a") as source, sshd(tmp_path / "b") as target:
        config = tmp_path / "config"
        config.write_text(source.ssh_config("from").read_text() + target.ssh_config("to").read_text())
        yield Ends(source, target, config)


async def test_every_byte_arrives_in_order_whatever_it_is(ends: Ends, tmp_path: Path) -> None:
    data = bytes(range(256)) * 8192 + os.urandom(3 * MB)
    (tmp_path / "in").write_bytes(data)
    done = await ends.stream(f"cat {tmp_path}/in", f"cat >{tmp_path}/out; echo taken")
    assert done == Streamed(len(data), 0, 0)
    assert (tmp_path / "out").read_bytes() == data
    assert (ends.moved, ends.out, ends.err) == (len(data), "taken\n", [])


async def test_both_statuses_and_both_complaints_are_told(ends: Ends) -> None:
    done = await ends.stream("echo data; echo why >&2; exit 3", "cat; printf '\\033[31mno' >&2; exit 4")
    assert done == Streamed(5, 3, 4)
    assert ends.out == "data\n"
    assert sorted(ends.err) == [("from", "why\n"), ("to", "␛[31mno")]


async def test_text_with_quotes_and_lines_runs_as_it_is_written(ends: Ends) -> None:
    await ends.stream('for x in a \'b c\' "d\'e"; do\n  echo "$x"\ndone', "cat <<'END' && cat\nhere}\nEND")
    assert ends.out == "here}\na\nb c\nd'e\n"


async def test_what_was_sent_before_a_slow_taker_took_it_is_not_lost(ends: Ends, tmp_path: Path) -> None:
    """The one who sends is gone long before: its last bytes wait on the way."""
    into = f"read -r line <{tmp_path}/go; sha256sum"
    os.mkfifo(tmp_path / "go")
    task = asyncio.ensure_future(ends.stream(f"head -c {5 * MB} /dev/zero; touch {tmp_path}/sent", into))
    await eventually(lambda: ends.moved > 2 * MB)
    moved = ends.moved
    assert moved < 5 * MB, "nothing makes the one who sends wait"
    with (tmp_path / "go").open("w") as go:
        go.write("\n")
    done = await task
    assert done == Streamed(5 * MB, 0, 0)
    zeros = hashlib.sha256(bytes(5 * MB)).hexdigest()
    assert ends.out.startswith(zeros)


async def test_a_taker_that_ends_early_ends_the_other(ends: Ends) -> None:
    done = await ends.stream("yes", "head -c 10 >/dev/null; echo full >&2; exit 28")
    assert done.target_exit == 28
    assert done.source_exit > 128
    assert ("to", "full\n") in ends.err
    await eventually(lambda: not ends.source.children())


async def test_a_sender_that_had_to_be_ended_and_tells_no_status_hides_not_how_the_taker_ended(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = streaming._ended

    async def silently(end: streaming._End, *rest: Any) -> bool:
        monkeypatch.setattr(streaming._End, "exit_signal_received", lambda *_: None)
        return await real(end, *rest)

    monkeypatch.setattr(streaming, "_ended", silently)
    done = await ends.stream("echo once; exec sleep 30", "read line; exit 7")
    assert (done.source_exit, done.target_exit) == (255, 7)


async def test_a_taker_that_is_content_lets_the_sender_come_to_its_end(ends: Ends, tmp_path: Path) -> None:
    text = (
        f"while [ ! -s {tmp_path}/taker ]; do echo data; done; read pid <{tmp_path}/taker; "
        f"while kill -0 $pid; do echo more; done; head -c {4 * MB} /dev/zero; sleep 1; exit 3"
    )
    done = await ends.stream(text, f"read line; echo $$ >{tmp_path}/new; mv {tmp_path}/new {tmp_path}/taker")
    assert (done.source_exit, done.target_exit) == (3, 0)


async def test_cancelled_both_ends_are_gone_when_it_returns(ends: Ends, tmp_path: Path) -> None:
    text = f"echo $$ >{tmp_path}/source; exec yes"
    into = f"trap '' PIPE; echo $$ >{tmp_path}/target; cat >/dev/null; sleep 1000"
    task = asyncio.ensure_future(ends.stream(text, into))
    await eventually(lambda: ends.moved > MB)
    pids = [int((tmp_path / name).read_text()) for name in ("source", "target")]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for pid in pids:
        assert not alive(pid)


async def test_a_connection_that_goes_is_told_and_the_other_end_is_ended(ends: Ends, tmp_path: Path) -> None:
    text = f"echo $$ >{tmp_path}/source; exec yes"
    task = asyncio.ensure_future(ends.stream(text, "cat >/dev/null"))
    await eventually(lambda: ends.moved > MB)
    ends.target.drop_logins()
    with pytest.raises(HandsLost, match=r"to: the connection went during the stream"):
        await task
    assert not alive(int((tmp_path / "source").read_text()))


async def test_a_host_that_is_not_reached_begins_nothing(ends: Ends, tmp_path: Path) -> None:
    ends.target.stop()
    with pytest.raises(HandsLost, match=r"^to: "):
        await ends.stream(f"touch {tmp_path}/began", "cat")
    assert not (tmp_path / "began").exists()


async def test_memory_stays_flat(ends: Ends) -> None:
    await ends.stream(f"head -c {20 * MB} /dev/zero", "cat >/dev/null")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    done = await ends.stream(f"head -c {150 * MB} /dev/zero", "cat >/dev/null")
    assert done.bytes == 150 * MB
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10
    assert grown < 20 * MB, f"{grown >> 20} MiB more"


@pytest.mark.parametrize(
    ("said", "cipher"), [("", "aes128-gcm@openssh.com"), ("  Ciphers aes256-ctr\n", "aes256-ctr")]
)
async def test_the_cheapest_cipher_is_asked_for_unless_ssh_config_says_which(
    ends: Ends, said: str, cipher: str
) -> None:
    config = ends.source.ssh_config("from", extra=said)
    connection = await connect(node("from"), ssh_config=config)
    assert connection.get_extra_info("send_cipher") == cipher
    connection.abort()
