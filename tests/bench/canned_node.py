"""A server process that answers the sampler's ticks with recorded output: many nodes for the price of one."""

import argparse
import asyncio
import json
import time
from pathlib import Path

import asyncssh

CAPTURES = Path(__file__).parent.parent / "captures" / "freebsd-13.2-pair"


RAW = "MIRRORGATE_BENCH_RAW"
"""A command with this word in it is answered with what the sections of FAST say, and ends."""
FAST = ("host", "mounts", "ifconfig", "ps", "vrrplog", "geom")


def recorded(node: str) -> dict[str, str]:
    """What the sampler's sections would say on a healthy, mounted pair (scenario 02, near its end)."""
    last: dict[str, str] = {}
    with (CAPTURES / "02-provision.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            if record.get("node") == node and "out" in record:
                last[record["run"]] = record["out"]
    return {
        "mounts": last["mount -p"],
        "geom": last["sysctl -n kern.geom.confxml"],
        "df": last["df -n"],
        "modules": last["kldstat"],
        "ps": "PID PPID STAT COMMAND\n  1    0 ILs  /sbin/init\n749    1 Is   freevrrpd\n",
        "ifconfig": "vtnet1: flags=8843<UP,BROADCAST,RUNNING> metric 0 mtu 1500\n"
        f"\tinet 192.168.1.10{0 if node == 'a' else 1} netmask 0xffffff00 broadcast 192.168.1.255\n",
        "vrrplog": "",
        "mail": "## qstat\nmessages in queue: 3\nmessages in queue but not yet preprocessed: 0\n"
        "## place\n/var/qmail/queue\n## log\n",
    }


def _host(node: str) -> str:
    return (
        f"{int(time.time())}\n0\nwheel\nkern.hostname: node{node}\nkern.osrelease: 13.2-RELEASE\n"
        "kern.boottime: { sec = 1795395000, usec = 0 } Mon Nov 23 00:50:00 2026\n"
        "vm.loadavg: { 0.10 0.20 0.30 }\n"
    )


async def _answer(process: asyncssh.SSHServerProcess[str]) -> None:
    node = process.get_extra_info("username")
    sections = recorded(node)
    if RAW in (process.command or ""):
        process.stdout.write("".join(_host(node) if name == "host" else sections[name] for name in FAST))
        process.exit(0)
        return
    process.stdout.write("mirrorgate-sampler 1\n")
    boundary = ""
    async for line in process.stdin:
        words = line.split()
        if not boundary:
            boundary = words[1] if words[:1] == ["hello"] and len(words) == 3 else ""
        elif words[:1] == ["tick"]:
            for section in words[2:]:
                text = _host(node) if section == "host" else sections.get(section, "")
                frame = f"{words[1]} {section}"
                process.stdout.write(f"@{boundary} begin {frame}\n{text}\n@{boundary} end {frame} 0\n")
            process.stdout.write(f"@{boundary} done {words[1]}\n")
    process.exit(0)


async def serve(directory: Path) -> None:
    """Listen on loopback; writes keys, `known_hosts`, `ssh_config` and last `ready` into `directory`."""
    host_key, client_key = (
        asyncssh.generate_private_key("ssh-ed25519"),
        asyncssh.generate_private_key("ssh-ed25519"),
    )
    client_key.write_private_key(str(directory / "id"))
    (directory / "authorized").write_bytes(client_key.export_public_key())
    (directory / "id").chmod(0o600)
    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[host_key],
        authorized_client_keys=str(directory / "authorized"),
        process_factory=_answer,
        line_editor=False,
    )
    port = server.get_port()
    public = host_key.export_public_key().decode().strip()
    (directory / "known_hosts").write_text(f"[127.0.0.1]:{port} {public}\n", encoding="utf-8")
    (directory / "ssh_config").write_text(
        f"Host canned-*\n  HostName 127.0.0.1\n  Port {port}\n  IdentityFile {directory / 'id'}\n"
        f"  UserKnownHostsFile {directory / 'known_hosts'}\n",
        encoding="utf-8",
    )
    (directory / "ready").touch()
    await server.wait_closed()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("directory", type=Path)
    asyncio.run(serve(arguments.parse_args().directory))
