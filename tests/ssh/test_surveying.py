"""disks.sh over a real sshd on a machine of stub commands: what is read, what hangs, what is not reached."""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from console.model.disks import HostDisks, Scheme
from console.parse.host_disks import LATE
from console.ssh.connecting import connect
from console.ssh.surveying import NOT_REACHED, SCRIPT, Surveyor, look, machine
from tests.health.building import CONFIG
from tests.parse.test_host_disks import SECTIONS
from tests.ssh.sshd import Sshd, missing, sshd
from tests.ssh.test_logging_in import node

if why := missing():
    pytest.skip(why, allow_module_level=True)

USUAL = "PATH=/sbin:/bin:/usr/sbin:/usr/bin"


@dataclass
class Machine:
    """A folder of stubs, each of which prints a file."""

    folder: Path
    server: Sshd

    @property
    def script(self) -> str:
        assert SCRIPT.count(f"\n{USUAL}\n") == 1
        script = SCRIPT.replace(f"\n{USUAL}\n", f"\nPATH={self.folder}:/usr/bin:/bin\n")
        assert script.count("for dir in /sbin /bin /usr/sbin /usr/bin; do") == 1
        script = script.replace("in /sbin /bin /usr/sbin /usr/bin; do", f"in {self.folder}; do")
        for path in ("/etc/fstab", "/boot/loader.conf"):
            script = script.replace(path, f"{self.folder}/files{path}")
        return script

    def says(self, command: str, *answers: tuple[str, str]) -> None:
        """`(words, text)`: what the command prints to exactly these words; anything else is an error."""
        cases = ""
        for number, (words, text) in enumerate(answers):
            (self.folder / f"{command}.{number}").write_text(text)
            cases += f"'{words}') cat {self.folder}/{command}.{number} ;;\n"
        self.write(command, f"case $* in\n{cases}*) echo '{command}: no' >&2; exit 1 ;;\nesac\n")

    def write(self, command: str, text: str) -> None:
        path = self.folder / command
        path.write_text(f"#!/bin/sh\n{text}")
        path.chmod(0o755)

    async def look(self, limit: float = 60.0, peer: str = "") -> HostDisks:
        connection = await connect(node(), ssh_config=self.server.ssh_config())
        try:
            return await look(connection, "web-a", limit=limit, peer=peer, script=self.script)
        finally:
            connection.close()
            await connection.wait_closed()


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Machine]:
    async with sshd(tmp_path / "sshd") as server:
        folder = tmp_path / "stubs"
        (folder / "files/etc").mkdir(parents=True)
        stage = Machine(folder, server)
        said = {key: one.text for key, one in SECTIONS.items()}
        (folder / "files/etc/fstab").write_text(said["fstab"])
        stage.says("uname", ("-n", "web-a.lab\n"), ("-r", "13.2-RELEASE\n"))
        stage.says("id", ("-u", "0\n"))
        stage.says("sysctl", ("-n kern.disks", "cd0 vtbd1 vtbd0\n"))
        stage.says("mount", ("-p", said["mounts"]))
        stage.says("swapinfo", ("-k", said["swap"]))
        stage.says("diskinfo", ("-v vtbd1", said["diskinfo/vtbd1"]), ("-v vtbd0", "vtbd0\n"))
        stage.says("fdisk", ("vtbd1", said["fdisk/vtbd1"]), ("-s vtbd1", said["fdisk-s/vtbd1"]))
        stage.says("bsdlabel", ("-A vtbd1s1", said["label/vtbd1s1"]))
        stage.says(
            "gpart",
            ("show -p", said["gpart"]),
            ("show -l", said["gpart-l"]),
            ("show vtbd0", "=> 3 9 vtbd0 GPT"),
        )
        stage.says("dumpfs", ("/dev/vtbd1s1a", said["dumpfs/vtbd1s1a"]))
        stage.says("df", ("-k -i -n", said["df"]))
        stage.write("dd", "case $* in *vtbd*) head -c 512 /dev/zero ;; *) exit 1 ;; esac\n")
        yield stage


async def test_the_machine_is_read_whole_over_one_connection(stage: Machine) -> None:
    host = await stage.look()
    assert (host.hostname, host.major, host.become) == ("web-a.lab", 13, "none")
    assert [disk.name for disk in host.disks] == ["vtbd1", "vtbd0"], "a CD drive is no disk"
    disk = host.disk("vtbd1")
    assert disk is not None
    assert (disk.scheme, disk.size, disk.boot_code) == (Scheme.MBR, 1 << 30, False)
    assert [part.name[-1] for part in disk.places] == ["a", "b", "e", "f"]
    first = disk.places[0].file_system
    assert first is not None
    assert first.last_mounted_on == "/src"
    assert disk.slices[0].boot_code is False
    assert host.fstab == SECTIONS["fstab"].text
    assert host.loader_conf is None
    assert {"fdisk", "gpart", "bsdlabel", "dumpfs"} <= host.tools
    assert "restore" not in host.tools
    assert host.answers_ssh is None, "nobody asked"


async def test_whether_the_other_machine_is_reached_is_asked_from_there(stage: Machine) -> None:
    for said, reached in (("Connection refused", False), ("Host key verification failed.", True)):
        stage.write("ssh", f"echo \"$*\" >{stage.folder}/asked; echo '{said}' >&2; exit 255\n")
        assert (await stage.look(peer="other.example 2222")).answers_ssh is reached
    assert "-p 2222" in (asked := (stage.folder / "asked").read_text())
    assert asked.endswith("other.example true\n")


async def test_a_command_that_hangs_makes_only_its_own_group_unknown(stage: Machine) -> None:
    os.mkfifo(stage.folder / "never")
    stage.write("dumpfs", f"read -r line <{stage.folder}/never\n")
    try:
        host = await stage.look(limit=4.0)
    finally:
        os.close(os.open(stage.folder / "never", os.O_RDWR | os.O_NONBLOCK))
    unknown = dict(host.unknown)
    assert unknown["blocks of web-a"].startswith(LATE)
    assert host.disk("vtbd1") is not None
    assert host.mounts
    assert all(part.file_system is None for disk in host.disks for part in disk.places)


async def test_without_gpart_the_older_tools_tell_the_same(stage: Machine) -> None:
    before = (await stage.look()).disk("vtbd1")
    (stage.folder / "gpart").unlink()
    (stage.folder / "diskinfo").unlink()
    (stage.folder / "bsdlabel").rename(stage.folder / "disklabel")
    stage.says("disklabel", ("-r vtbd1s1", SECTIONS["label/vtbd1s1"].text))
    after = (await stage.look()).disk("vtbd1")
    assert before is not None
    assert after is not None
    assert after.slices == before.slices
    assert after.size == 2080 * 16 * 63 * 512


async def test_a_machine_that_is_not_reached_says_why_in_one_line(stage: Machine) -> None:
    config = stage.server.ssh_config("gone")
    stage.server.stop()
    (host,) = await Surveyor(config, None).survey(["root@gone"], CONFIG)
    ((what, why),) = host.unknown
    assert what == NOT_REACHED
    assert why.startswith("root@gone: ")
    assert "\n" not in why


async def test_a_host_beside_the_pair_is_reached_by_its_address_and_read_as_root(stage: Machine) -> None:
    config = stage.server.ssh_config("other")
    (host,) = await Surveyor(config, None, script=stage.script).survey(["other"], CONFIG)
    assert (host.name, host.hostname) == ("other", "web-a.lab")


def test_a_name_is_a_node_first_and_else_a_host() -> None:
    node = CONFIG.master
    assert machine(node.name, CONFIG).node is node
    other = machine("root@old.example:2222", CONFIG)
    assert (other.node, other.seen_as) == (None, "old.example 2222")
    with pytest.raises(ValueError, match="root@:22"):
        machine("root@:22", CONFIG)
