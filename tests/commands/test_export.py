"""`mirrorgate export` as a program: it serves, runs hooks, and ends when it is told to."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from console.commands.export import address
from console.commands.monitor import Watching
from console.commands.terminal_asker import TerminalAsker
from console.lab.pair import LabPair
from console.machines import shared
from console.model.config import Config, HookConfig, Watcher
from tests.machines.prometheus import get, until_it_says
from tests.waiting import eventually


def _words(*words: str) -> list[str]:
    return [sys.executable, "-m", "console.cli", *words]


@pytest.mark.parametrize(("word", "wanted"), [
    ("127.0.0.1:9650", ("127.0.0.1", 9650)),
    ("[::1]:0", ("::1", 0)),
    ("localhost:80", ("localhost", 80)),
])  # fmt: skip
def test_where_to_listen(word: str, wanted: tuple[str, int]) -> None:
    assert address(word) == wanted


@pytest.mark.parametrize("word", ["", "9650", ":9650", "::1:9650", "[]:1", "x:", "x:-1", "x:65536", "x:1a"])
def test_what_is_no_address_to_listen_on(word: str) -> None:
    with pytest.raises(ValueError, match="HOST:PORT"):
        address(word)


@pytest.mark.parametrize(
    ("flag", "text"), [("--rules", shared.alert_rules()), ("--dashboard", shared.dashboard())]
)
def test_rules_and_dashboard_are_printed_without_a_configuration(
    flag: str, text: str, tmp_path: Path
) -> None:
    words = _words("--config", str(tmp_path / "none.toml"), "export", flag)
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == text


def test_an_address_that_is_taken_is_said_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    nodes = "".join(
        f'[[pairs.nodes]]\nname = "{n}"\nhome = "{home}"\nhost = "192.0.2.{i}"\nimage = "/i"\n'
        for i, (n, home) in enumerate((("a", "master"), ("b", "slave")), start=1)
    )
    path.write_text(f'[[pairs]]\nname = "www"\n{nodes}')
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        words = _words("--config", str(path), "export", "--listen", listen)
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(f"mirrorgate: cannot listen on {listen}: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("where", ["console", "monitor"])
async def test_the_console_tells_its_hooks_too(
    lab: LabPair, config: Config, where: Watcher, tmp_path: Path
) -> None:
    here = HookConfig(name="here", command=("/bin/sh", "-c", f'cat > "{tmp_path}/here"'), where=(where,))
    other = HookConfig(name="there", command=("/bin/sh", "-c", f': > "{tmp_path}/there"'), where=("export",))
    watching = Watching(config.model_copy(update={"on_event": (here, other)}), config.pairs, where)
    states = watching.states(TerminalAsker())

    async def follow() -> None:
        async for state in states:
            if not stopped and state.readiness and state.readiness.serving:
                stopped.append(True)
                await lab.fault("stop-freevrrpd", "b")

    stopped: list[bool] = []
    following = asyncio.create_task(follow())
    try:
        await eventually((tmp_path / "here").exists, 60)
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    assert not (tmp_path / "there").exists()


async def test_it_serves_tells_its_hooks_and_ends_on_sigterm(lab: LabPair, tmp_path: Path) -> None:
    told, script, config = tmp_path / "told", tmp_path / "hook", tmp_path / "config.toml"
    script.write_text(f'#!/bin/sh\n{{ cat; echo; }} >> "{told}"\n')
    script.chmod(0o700)
    hooks = (
        f'[[on_event]]\nname = "file"\nkinds = ["role", "address"]\ncommand = ["{script}"]\n'
        f'[[on_event]]\nname = "broken"\ncommand = ["/nonexistent/S"]\n'
    )
    config.write_text(lab.config_file.read_text() + hooks)
    program = await asyncio.create_subprocess_exec(
        *_words("--config", str(config), "export", "--listen", "127.0.0.1:0"),
        stderr=asyncio.subprocess.PIPE,
        env=dict(os.environ),
    )
    assert program.stderr
    try:
        line = await until_it_says(program.stderr, "/metrics")
        port = int(line.rpartition(":")[2].partition("/")[0])
        text = ""
        while 'mirrorgate_pair_settled{pair="lab"} 1.0' not in text:
            text = await asyncio.wait_for(get(port, "/metrics"), 30)
        assert 'mirrorgate_node_mounted{mirrorgate_node_mounted="yes",node="web-a",pair="lab"} 1.0' in text
        await lab.fault("stop-freevrrpd", "b")
        await eventually(lambda: told.exists() and "\n" in told.read_text(), 60)
        news = json.loads(told.read_text().splitlines()[0])
        assert (news["pair"], news["node"], news["kind"]) == ("lab", "web-b", "role")
        assert news["text"] == "web-b BACKUP → STOPPED"
        said = await until_it_says(program.stderr, "hook broken fails")
        assert (
            said
            == "mirrorgate: hook broken fails: /nonexistent/S cannot be started: No such file or directory\n"
        )
        program.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(program.wait(), 30) == 0
        assert b"Traceback" not in await program.stderr.read()
    finally:
        if program.returncode is None:
            program.kill()
            await program.wait()
