"""restore(8) and mtree(8) of the lab: a copy is what was dumped, and what is broken is told."""

from collections.abc import AsyncIterator

import pytest

from tests.lab_storage.moving import TARGET, Machine

PIPE = f"{TARGET} && dump -0aLuf - /src 2>/dev/null | restore -rf -"


@pytest.fixture
async def machine() -> AsyncIterator[Machine]:
    machine = await Machine.make()
    yield machine
    await machine.world.close()


async def test_a_copy_is_what_it_was_copied_from(machine: Machine) -> None:
    ran = await machine.says(PIPE)

    assert (ran.status, ran.out) == (0, "")
    assert ran.err.splitlines()[:2] == [
        "cannot open /dev/tty: Device not configured",
        "warning: ./.snap: File exists",
    ]
    assert await machine.differences() == ""


async def test_a_copy_still_is_when_its_disk_was_unmounted_and_mounted_again(machine: Machine) -> None:
    await machine.ok(PIPE)
    await machine.ok("cd /; umount /copy; fsck -n /dev/vtbd2 > /dev/null; mount /dev/vtbd2 /copy")

    assert await machine.differences() == ""
    assert (await machine.ok("ls -lo /copy/bin/cat")).split()[4] == "schg"
    assert (await machine.ok("stat -f %l /copy/bin/sh")) == "2\n"
    assert int((await machine.ok("du -k /copy/sparse")).split()[0]) < 1000


async def test_the_copy_of_a_plain_tree_leaves_out_what_is_mounted_below_it(machine: Machine) -> None:
    await machine.ok("mkdir -p /.snap; echo mine > /root/mine")

    await machine.ok(f"{TARGET} && dump -0aLf - / 2>/dev/null | restore -rf - 2>/dev/null")

    assert (
        await machine.ok("ls -A /copy/src /copy/copy /copy/dev")
    ) == "/copy/copy:\n\n/copy/dev:\n\n/copy/src:\n"
    assert (await machine.ok("cat /copy/root/mine")) == "mine\n"


async def test_a_second_level_brings_what_changed_moved_and_went(machine: Machine) -> None:
    await machine.ok(PIPE)
    await machine.ok(
        "sleep 5; echo new > /src/late; chmod 600 /src/etc/passwd; rm /src/etc/group; "
        "mv /src/a/very /src/a/quite; echo more >> /src/a/quite/deep/file; mkdir /src/empty; rm /src/link"
    )

    ran = await machine.says("cd /copy && dump -1aLuf - /src 2>/dev/null | restore -rf -")

    assert ran.status == 0
    assert await machine.differences() == ""


async def test_a_second_level_needs_the_table_of_the_first(machine: Machine) -> None:
    await machine.ok(PIPE)

    ran = await machine.says(
        "rm /copy/restoresymtable; cd /copy && dump -1aLuf - /src 2>/dev/null | restore -rf -"
    )

    assert ran.status == 1
    assert ran.err.endswith("cannot open symbol table file ./restoresymtable\n")


async def test_a_second_level_that_goes_on_from_another_dump_is_refused(machine: Machine) -> None:
    await machine.ok(PIPE)

    ran = await machine.says(
        "sleep 5; dump -0aLuf /dev/null /src 2>/dev/null; sleep 5;"
        "cd /copy && dump -1aLuf - /src 2>/dev/null | restore -rf -"
    )

    assert ran.status == 1
    assert ran.err.endswith("Incremental tape too high\n")


async def test_it_unpacks_where_it_is_called_even_into_the_running_system(machine: Machine) -> None:
    await machine.ok("echo changed > /etc/rc; dump -0aLf /root/x /src 2>/dev/null")

    await machine.says("cd /nowhere; cd /; restore -rf /root/x")

    assert machine.node.fs.read_file("/etc/rc") == machine.node.fs.read_file("/src/etc/rc")
    assert machine.node.fs.exists("/restoresymtable")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (": > /root/x", "tape read error: No error: 0"),
        ("cp /etc/fstab /root/x", "Tape is not a dump tape"),
        ("head -c 60000 /root/whole > /root/x", "tape read error: No error: 0"),
    ],
)
async def test_what_is_no_whole_dump_is_told(machine: Machine, damage: str, said: str) -> None:
    await machine.ok(f"dump -0aLf /root/whole /src 2>/dev/null; {damage}")

    ran = await machine.says(f"{TARGET} && restore -rf /root/x")

    assert ran.status == 1
    assert ran.err.endswith(f"{said}\n")


async def test_a_dump_that_fails_leaves_restore_without_a_tape(machine: Machine) -> None:
    ran = await machine.says(f"{TARGET} && dump -0af - /nosuch | restore -rf -")

    assert ran.status == 1
    assert ran.err.endswith("Tape is not a dump tape\n")


async def test_a_full_target_ends_it(machine: Machine) -> None:
    await machine.ok("dd if=/dev/zero bs=64k count=40 2>/dev/null | tr '\\0' x > /src/big")

    ran = await machine.says(
        "newfs -U -s 4000 /dev/vtbd2 >/dev/null; mount /dev/vtbd2 /copy; cd /copy && "
        "dump -0aLf - /src 2>/dev/null | restore -rf -"
    )

    assert ran.status == 1
    assert ran.err.endswith("write: No space left on device\n")
    assert any("/copy: filesystem full" in line for line in machine.node.dmesg)


async def test_reading_through_writes_nothing(machine: Machine) -> None:
    ran = await machine.says(f"{TARGET} && dump -0aLf - /src 2>/dev/null | restore -rNf -; ls -A /copy")

    assert ran.out == ".snap\n"


async def test_a_file_is_extracted_when_somebody_answers(machine: Machine) -> None:
    await machine.ok("dump -0aLf /root/x /src 2>/dev/null; mkdir /root/here")

    refused = await machine.says("cd /root/here && restore -xf /root/x ./etc/fstab < /dev/null")
    given = await machine.says("cd /root/here && printf '1\\nn\\n' | restore -xf /root/x ./etc/fstab; ls etc")

    assert refused.status == 1
    assert refused.err.endswith("Specify next volume #: ")
    assert given.out == "fstab\n"
    assert given.err.endswith("set owner/mode for '.'? [yn] ")


async def test_mtree_tells_what_differs_and_missing_names_alone_do_not_fail_it(machine: Machine) -> None:
    await machine.ok(PIPE)
    await machine.ok("rm -f /copy/restoresymtable; mtree -c -x -k type,size,mode,flags -p /src > /root/spec")

    missing = await machine.says("rm /copy/link; mtree -x -f /root/spec -p /copy")
    changed = await machine.says(
        "echo y >> /copy/etc/rc; chmod 600 /copy/etc/rc; touch /copy/new; mtree -x -f /root/spec -p /copy"
    )

    assert (missing.status, missing.out) == (0, "./link missing\n")
    assert changed.status == 2
    assert changed.out.splitlines()[0] == "new extra"
    assert changed.out.splitlines()[1].startswith("etc/rc: ")
    assert "permissions (" in changed.out
    assert "\tsize (" in changed.out


async def test_what_is_flagged_immutable_is_not_removed(machine: Machine) -> None:
    ran = await machine.says(
        "rm /src/bin/cat; rm -r /src/bin; chflags noschg /src/bin/cat; rm /src/bin/cat; ls /src/bin/cat"
    )

    assert ran.err.splitlines() == [
        "rm: /src/bin/cat: Operation not permitted",
        "rm: /src/bin: Operation not permitted",
        "ls: /src/bin/cat: No such file or directory",
    ]
