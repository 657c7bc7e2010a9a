"""What moving a system needs besides dump: find(1), links, and commands in front of one that reads a pipe."""

from collections.abc import AsyncIterator

import pytest

from tests.lab_storage.moving import Machine


@pytest.fixture
async def machine() -> AsyncIterator[Machine]:
    machine = await Machine.make()
    yield machine
    await machine.world.close()


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("/src -x -flags +schg", "/src/bin/cat\n"),
        (
            "/src/a -type d -name 'd*' -exec echo found {} +",
            "found /src/a/very/deep /src/a/very/deep/directory\n",
        ),
        ("/src/a -type d -name 'd*' -print", "/src/a/very/deep\n/src/a/very/deep/directory\n"),
        ("/src -xdev -links +1 ! -type d", "/src/bin/hardlink\n/src/bin/sh\n"),
        ("/src -name .snap -prune -o -type p -print -o -type c -print", "/src/device\n/src/fifo\n"),
        ("/src -newer /root/now -type f", "/src/late\n"),
    ],
)
async def test_find_walks_by_what_scripts_ask_for(machine: Machine, expression: str, found: str) -> None:
    await machine.ok("touch /root/now; sleep 60; echo x > /src/late")

    assert await machine.ok(f"find {expression}") == found


async def test_find_stays_on_one_file_system_when_told_to(machine: Machine) -> None:
    assert "/src/fifo" in await machine.ok("find / -name fifo")
    assert await machine.ok("find -x / -name fifo -type p") == ""


async def test_commands_in_front_of_a_reader_leave_its_pipe_alone(machine: Machine) -> None:
    text = (
        "take() { mount -p | grep -q vtbd1; x=$(df -k / | awk 'NR == 2'); sleep 1; ls / >/dev/null; md5; }; "
        "{ cat /root/data; echo $? > /root/exit; } | { take; echo done; }; cat /root/exit; md5 -q /root/data"
    )
    machine.node.fs.write_file("/root/data", bytes(300_000))

    there, done, status, here = (await machine.ok(text)).split()

    assert (done, status) == ("done", "0")
    assert there == here


async def test_words_in_quotes_are_not_commands(machine: Machine) -> None:
    assert await machine.ok("echo 'x $(ls) y' | cat") == "x $(ls) y\n"


async def test_patterns_of_a_case_are_not_commands(machine: Machine) -> None:
    text = "case df in ls | df) date +%Y ;; (mount) ls ;; esac | grep -c 20"

    assert await machine.ok(text) == "1\n"


async def test_another_name_of_a_file_is_the_same_file_until_one_is_written_anew(machine: Machine) -> None:
    same = await machine.ok("stat -f '%l %i' /src/bin/sh /src/bin/hardlink | sort -u")
    other = await machine.ok("echo x > /src/bin/hardlink; stat -f %l /src/bin/sh")

    assert same.count("\n") == 1
    assert same.startswith("2 ")
    assert other == "1\n"
