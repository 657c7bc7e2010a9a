"""A real Prometheus and promtool, where there are any: Debian's package `prometheus` has both."""

import asyncio
import contextlib
import json
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest

PROMTOOL, PROMETHEUS = shutil.which("promtool"), shutil.which("prometheus")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="no promtool (Debian package prometheus)")
needs_prometheus = pytest.mark.skipif(PROMETHEUS is None, reason="no prometheus (Debian package prometheus)")


def promtool(*words: str, feed: str = "") -> str:
    """What promtool complains of; empty when it does not."""
    done = subprocess.run(
        [PROMTOOL or "", *words], input=feed, capture_output=True, text=True, timeout=120, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


async def get(port: int, path: str) -> str:
    """The body of a page on loopback; empty while nobody serves it."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return ""
    try:
        writer.write(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        async with asyncio.timeout(30):
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        return body.decode() if b" 200 " in head.split(b"\r\n")[0] else ""
    finally:
        writer.close()


class Prometheus:
    """A running Prometheus."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def query(self, expression: str) -> list[dict[str, str]]:
        """The labels of what an expression finds now, its value as `value`."""
        text = await get(self.port, f"/api/v1/query?query={quote(expression)}")
        found = json.loads(text)["data"]["result"] if text else []
        return [{**one["metric"], "value": one["value"][1]} for one in found]

    async def until(self, expression: str, within: float = 60) -> list[dict[str, str]]:
        """Wait until an expression finds something."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        while not (found := await self.query(expression)):
            assert loop.time() < deadline, f"not within {within} s: {expression}"
            await asyncio.sleep(0.1)
        return found


def free_port() -> int:
    """A port of loopback that was free a moment ago."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextlib.asynccontextmanager
async def scraping(target: int, rules: str, directory: Path) -> AsyncIterator[Prometheus]:
    """A Prometheus that scrapes a port of loopback every second and applies rules."""
    (directory / "rules.yml").write_text(rules)
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yml"],
        "scrape_configs": [{"job_name": "pairs", "static_configs": [{"targets": [f"127.0.0.1:{target}"]}]}],
    }
    (directory / "prometheus.yml").write_text(json.dumps(config))
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        PROMETHEUS or "",
        f"--config.file={directory}/prometheus.yml",
        f"--storage.tsdb.path={directory}/data",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
        env={"GOMAXPROCS": "1"},
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        one = Prometheus(port)
        await one.until("vector(1)")
        yield one
    finally:
        process.kill()
        await process.wait()


async def until_it_says(lines: asyncio.StreamReader, words: str) -> str:
    """The first line of a program that has these words."""
    said: list[str] = []
    async with asyncio.timeout(60):
        while line := (await lines.readline()).decode():
            said.append(line)
            if words in line:
                return line
    raise AssertionError(f"never said {words!r} but {said}")
