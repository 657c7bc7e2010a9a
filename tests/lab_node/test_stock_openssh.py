"""Stock OpenSSH against a simulated node."""

import asyncio
import os
import pty
import random
from pathlib import Path

import asyncssh

from tests.lab_node.conftest import Site
from tests.waiting import eventually


async def test_a_command_runs_and_its_exit_status_comes_back(site: Site) -> None:
    ran = await site.ssh("web-a", "uname -r; exit 7")
    assert (ran.status, ran.text) == (7, "13.2-RELEASE\n")


async def test_the_two_outputs_stay_apart(site: Site) -> None:
    ran = await site.ssh("web-a", "echo out; echo err >&2")
    assert (ran.out, ran.err) == (b"out\n", b"err\n")


async def test_an_unknown_command_is_not_found_as_sh_says_it(site: Site) -> None:
    ran = await site.ssh("web-a", "frobnicate --all")
    assert (ran.status, ran.err) == (127, b"frobnicate: not found\n")


async def test_a_command_that_reads_nothing_ends_although_the_input_stays_open(site: Site) -> None:
    ran = await site.ssh("web-a", "hostname; id -u", feed=None)
    assert (ran.status, ran.text.splitlines()[-1]) == (0, "0")


async def test_what_is_piped_in_arrives_and_stays_on_the_node(site: Site) -> None:
    data = random.Random(1).randbytes(150_000)  # a fixed seed: the same bytes each time
    assert (await site.ssh("web-a", "cat > /root/blob", feed=data)).status == 0
    assert (await site.ssh("web-a", "cat /root/blob")).out == data
    assert (await site.ssh("web-a", "sort | head -n 1", feed=b"b\na\n")).out == b"a\n"


async def test_a_shell_is_fed_its_commands_and_their_input(site: Site) -> None:
    text = (
        b"x=1\nif true\nthen\n  echo $x\nfi\nread answer\nyes indeed\n"
        b'echo "<$answer>"\ncat <<END\nkept\nEND\nexit 9\n'
    )
    for command in ("/bin/sh", "exec /bin/sh", "exec sudo -n /bin/sh", "exec doas -n /bin/sh"):
        ran = await site.ssh("web-a", command, feed=text)
        assert (ran.status, ran.text) == (9, "1\n<yes indeed>\nkept\n"), command


async def test_a_fed_shell_ends_with_its_last_status_at_the_end_of_input(site: Site) -> None:
    ran = await site.ssh("web-a", "/bin/sh", feed=b"cd /tmp\npwd\nfalse\n")
    assert (ran.status, ran.out) == (1, b"/tmp\n")


async def test_syntax_errors_are_sh_s_own(site: Site) -> None:
    ran = await site.ssh("web-a", "echo )")
    assert ran.status == 2
    assert ran.err == b'Syntax error: ")" unexpected\n'


async def test_background_jobs_hold_the_session_until_they_end(site: Site) -> None:
    ran = await site.ssh("web-a", "{ sleep 0.2; echo later; } & echo now", feed=None)
    assert ran.out == b"now\nlater\n"


async def test_absolute_paths_and_which_find_the_programs(site: Site) -> None:
    ran = await site.ssh("web-a", "/usr/bin/uname -r; which ifconfig; /bin/sh -c 'exit 3'")
    assert (ran.status, ran.text) == (3, "13.2-RELEASE\n/sbin/ifconfig\n")


async def test_scp_copies_both_ways_in_both_protocols(site: Site, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(random.Random(2).randbytes(70_000))
    config = str(site.ssh_config)
    for flags in ((), ("-O",)):
        back = tmp_path / f"back{len(flags)}"
        there = f"web-b:/root/copy{len(flags)}"
        up = await site.client("scp", "-q", *flags, "-F", config, str(source), there)
        down = await site.client("scp", "-q", *flags, "-F", config, there, str(back))
        assert (up.status, down.status) == (0, 0), (up.err, down.err)
        assert back.read_bytes() == source.read_bytes()


async def test_only_the_lab_s_key_is_let_in(site: Site, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_private_key("openssh"))
    other.chmod(0o600)
    options = ("-o", f"IdentityFile={other}", "-o", "BatchMode=yes")
    config = site.ssh_config
    config.write_text(
        "\n".join(line for line in config.read_text().splitlines() if "IdentityFile" not in line)
    )
    ran = await site.ssh("web-a", "true", options=options)
    assert ran.status == 255
    assert b"Permission denied" in ran.err


async def test_a_person_at_a_terminal_can_type_correct_interrupt_and_leave(site: Site) -> None:
    master, slave = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        "ssh", "-F", str(site.ssh_config), "-tt", "web-a", stdin=slave, stdout=slave, stderr=slave
    )
    os.close(slave)
    seen = bytearray()
    loop = asyncio.get_running_loop()

    def more() -> None:
        try:
            seen.extend(os.read(master, 65536))
        except OSError:
            loop.remove_reader(master)

    loop.add_reader(master, more)
    try:
        await eventually(lambda: b"root@nodea:~ # " in seen)
        os.write(master, b"echo onx\x7fe\r")
        await eventually(lambda: b"\r\none\r\n" in seen)
        os.write(master, b"sleep 600\r")
        await eventually(lambda: seen.count(b"sleep 600") == 1)
        await eventually(lambda: any(p.name == "sleep" for p in site.world.nodes["a"].processes))
        os.write(master, b"\x03")
        await eventually(lambda: seen.endswith(b"# ") and b"^C" in seen)
        os.write(master, b"cd /tmp\r")
        await eventually(lambda: b"root@nodea:/tmp # " in seen)
        os.write(master, b"exit 4\r")
        assert await asyncio.wait_for(process.wait(), 30) == 4
    finally:
        loop.remove_reader(master)
        os.close(master)
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_without_power_connections_break_and_new_ones_are_refused(site: Site) -> None:
    node = site.world.nodes["a"]
    waiting = asyncio.create_task(site.ssh("web-a", "sleep 600"))
    await eventually(lambda: any(p.name == "sleep" for p in node.processes))
    node.cut_power()
    assert (await asyncio.wait_for(waiting, 30)).status == 255
    refused = await site.ssh("web-a", "true")
    assert b"Connection refused" in refused.err
    await node.boot(0)
    assert (await site.ssh("web-a", "true")).status == 0


async def test_a_pulled_management_cable_is_silence_and_nothing_is_lost(site: Site) -> None:
    site.servers["a"].plug(False)
    silent = asyncio.create_task(site.ssh("web-a", "echo through"))
    other = await site.ssh("web-b", "echo fine")
    assert other.out == b"fine\n"
    assert not silent.done()
    site.servers["a"].plug(True)
    assert (await asyncio.wait_for(silent, 30)).out == b"through\n"


async def test_a_closed_channel_ends_what_ran_on_it(site: Site) -> None:
    node = site.world.nodes["a"]
    async with asyncssh.connect("web-a", config=[str(site.ssh_config)]) as connection:
        process = await connection.create_process("sleep 600; touch /root/outlived")
        await eventually(lambda: any(p.name == "sleep" for p in node.processes))
        process.close()
        await eventually(lambda: not any(p.name == "sleep" for p in node.processes))
    assert not node.fs.exists("/root/outlived")
