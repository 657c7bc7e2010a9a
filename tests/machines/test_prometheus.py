"""A real Prometheus scrapes `mirrorgate export`, which watches the lab over SSH."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from console.lab.pair import serve
from console.machines import shared
from tests.machines.prometheus import get, needs_prometheus, promtool, scraping, until_it_says


@needs_prometheus
async def test_prometheus_sees_the_pair_and_what_happens_to_it(tmp_path: Path) -> None:
    lab = await serve()
    words = ("--config", str(lab.config_file), "export", "--listen", "127.0.0.1:0")
    exporter = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "console.cli", *words, stderr=asyncio.subprocess.PIPE, env=dict(os.environ)
    )
    assert exporter.stderr
    try:
        line = await until_it_says(exporter.stderr, "/metrics")
        port = int(line.rpartition(":")[2].partition("/")[0])
        async with scraping(port, shared.alert_rules(), tmp_path) as prometheus:
            (mirror,) = await prometheus.until(
                'mirrorgate_mirror_state{mirrorgate_mirror_state="COMPLETE"} == 1'
            )
            assert (mirror["pair"], mirror["node"], mirror["job"]) == ("lab", "web-a", "pairs")
            await prometheus.until('mirrorgate_node_mounted{mirrorgate_node_mounted="yes"} == 1')
            await prometheus.until("mirrorgate_pair_settled == 1")
            assert await prometheus.query('up{job="pairs"} == 1')
            assert promtool("check", "metrics", feed=await get(port, "/metrics")) == ""
            await lab.fault("power-off", "b")
            (lost,) = await prometheus.until('mirrorgate_node_link{mirrorgate_node_link="live"} == 0')
            assert lost["node"] == "web-b"
            await prometheus.until(
                'mirrorgate_node_vrrp_role{mirrorgate_node_vrrp_role="UNKNOWN",node="web-b"} == 1'
            )
            await prometheus.until('ALERTS{alertname="MirrorgateNodeNotAnswering",node="web-b"}')
        exporter.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(exporter.wait(), 30) == 0
    finally:
        if exporter.returncode is None:
            exporter.kill()
        await lab.close()
