"""Commands of the base system on a fresh simulated node, as FreeBSD 13.2 answers them."""

from collections.abc import AsyncIterator
from zlib import crc32

import pytest

from console.lab.stage import FRESH, Outcome, Stage


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    built = await Stage.set_up(FRESH)
    yield built
    await built.close()


async def run(stage: Stage, script: str) -> Outcome:
    outcome = await stage.run("a", script)
    assert outcome is not None, f"no answer: {script}"
    return outcome


@pytest.mark.parametrize(
    ("script", "out", "err"),
    [
        ("uname -sr", "FreeBSD 13.2-RELEASE\n", ""),
        ("uname -rs", "FreeBSD 13.2-RELEASE\n", ""),
        ("hostname -s", "nodea\n", ""),
        ("id -u; id -Gn", "0\nwheel operator\n", ""),
        ("date -u -r 0 +%Y-%m-%d", "1970-01-01\n", ""),
        ("sysctl -n kern.osrelease kern.hostname", "13.2-RELEASE\nnodea.lab\n", ""),
        ("sysctl nosuch.name; echo $?", "1\n", "sysctl: unknown oid 'nosuch.name'\n"),
        ("kldload nosuch; echo $?", "1\n", "kldload: can't load nosuch: No such file or directory\n"),
        ("kldload carp; kldload carp", "", "kldload: can't load carp: module already loaded or in kernel\n"),
        ("kldload ng_ether; kldunload netgraph", "", "kldunload: can't unload file: Device busy\n"),
        ("ls /nosuch; echo $?", "1\n", "ls: /nosuch: No such file or directory\n"),
        ("cat /nosuch; echo $?", "1\n", "cat: /nosuch: No such file or directory\n"),
        ("mkdir /a; mkdir /a", "", "mkdir: /a: File exists\n"),
        ("set -eu; echo one; cat > /u; wait; cat /u; kill -0 $$", "one\n", ""),
        ("rm /nosuch; rm -f /nosuch", "", "rm: /nosuch: No such file or directory\n"),
        ("printf 'a\\nb\\nc\\n' > /x; tail -1 /x; head -1 /x; tail -n +2 /x", "c\na\nb\nc\n", ""),
        ("truncate -s 1m /i; stat -f '%z %Sp' /i; du -k /i", "1048576 -rw-r--r--\n64\t/i\n", ""),
        ("pgrep nosuch; echo $?", "1\n", ""),
        ("pgrep -lf syslogd | cut -d' ' -f2-", "/usr/sbin/syslogd -ss\n", ""),
        ("ps -o command= -p 1", "/sbin/init\n", ""),
        ("service sshd status", "sshd is running as pid 647.\n", ""),
        ("echo $0", "/bin/sh\n", ""),
        ("which nosuch; which kldstat", "/sbin/kldstat\n", ""),
    ],
)
async def test_base_commands_answer_as_freebsd(stage: Stage, script: str, out: str, err: str) -> None:
    outcome = await run(stage, script)

    assert (outcome.out, outcome.err) == (out, err)


async def test_waiting_commands_take_world_time_and_no_real_time(stage: Stage) -> None:
    began = stage.now

    outcome = await run(stage, "sleep 600; timeout 5 sleep 60; echo $?")

    assert outcome.out == "124\n"
    assert 605 <= stage.now - began < 607


async def test_a_lock_keeps_the_second_out(stage: Stage) -> None:
    outcome = await run(stage, "lockf -t 0 /var/run/l sleep 3 & sleep 1; lockf -t 0 /var/run/l true; echo $?")

    assert (outcome.out, outcome.err) == ("75\n", "lockf: /var/run/l: already locked\n")


async def test_a_job_of_daemon_outlives_the_command_that_started_it(stage: Stage) -> None:
    await run(stage, "daemon -p /var/run/j.pid -o /var/log/j sh -c 'echo begun; sleep 100; echo ended'")
    await stage.reach(stage.now + 1)
    assert (await run(stage, "pgrep -F /var/run/j.pid -l; cat /var/log/j")).out.endswith("begun\n")

    await stage.reach(stage.now + 120)

    assert (await run(stage, "cat /var/log/j; ls /var/run/j.pid")).out == "begun\nended\n"


async def test_an_ordinary_user_may_not_read_what_is_roots(stage: Stage) -> None:
    await run(
        stage, "pw useradd guest -m -s /bin/sh; echo secret > /root/s; chmod 600 /root/s; chmod 755 /root"
    )

    outcome = await run(stage, "su -m guest -c 'id -un; cat /root/s; kldload carp'")

    assert outcome.out == "guest\n"
    assert (
        outcome.err == "cat: /root/s: Permission denied\nkldload: can't load carp: Operation not permitted\n"
    )


async def test_images_are_copied_and_read_by_their_contents(stage: Stage) -> None:
    stage.world.nodes["a"].images.create("/one.img", 1 << 20).write(4096, b"data")

    outcome = await run(
        stage, "cp /one.img /two.img; cmp /one.img /two.img && head -c 4100 /two.img | tail -c 4"
    )

    assert outcome.out == "data"


async def test_a_rewritten_script_keeps_its_mode(stage: Stage) -> None:
    await run(stage, "printf '#!/bin/sh\\necho one\\n' > /s; chmod +x /s")
    await run(stage, "printf '#!/bin/sh\\necho two\\n' > /s")

    assert (await run(stage, "/s")).out == "two\n"


async def test_the_devd_pipe_tells_of_devices_and_links(stage: Stage) -> None:
    await run(stage, "(nc -U /var/run/devd.pipe > /var/log/devd.out 2>&1 &) ; sleep 1")
    await run(stage, "mdconfig -a -t malloc -s 8m -u 7")
    await stage.happen("replication link pulled", "ab")
    await stage.reach(stage.now + 1)

    outcome = await run(stage, "cat /var/log/devd.out; pkill nc; pgrep -l nc")

    assert outcome.out.splitlines() == [
        "!system=DEVFS subsystem=CDEV type=CREATE cdev=md7",
        "!system=GEOM subsystem=DEV type=CREATE cdev=md7",
        "!system=IFNET subsystem=vtnet1 type=LINK_DOWN",
    ]


async def test_a_power_cut_ends_what_ran_and_a_boot_starts_the_daemons_again(stage: Stage) -> None:
    await stage.happen("power cut", "a")
    assert not list(stage.world.nodes["a"].processes)

    await stage.happen("power on", "a")
    await stage.reach(stage.now + 40)

    assert (await run(stage, "service sshd status")).out == "sshd is running as pid 647.\n"


async def test_two_files_never_have_one_number(stage: Stage) -> None:
    """Numbers are made from names, and two names may make the same: dump would take one for the other."""
    seen: dict[int, str] = {}
    for n in range(1_000_000):
        other = seen.setdefault(crc32(f"/f{n}".encode()) % 9_000_000, f"/f{n}")
        if other != f"/f{n}":
            break
    outcome = await run(stage, f"echo 1 >{other}; echo 2 >/f{n}; stat -f %i {other} /f{n} {other} /f{n}")
    numbers = outcome.out.split()
    assert numbers[0] != numbers[1]
    assert numbers[:2] == numbers[2:]
