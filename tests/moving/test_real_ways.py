"""The other ways with a real dump: a real sshd and the key of the job, a stream, a file."""

import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO

import pytest

from console.model.plan import Command, Step, Stream, WriteFile
from playbooks.migrating.steps.keying import forget_key, keyed
from playbooks.migrating.steps.moving import moved
from playbooks.migrating.steps.verifying import verified
from playbooks.migrating.work import Way, Work
from playbooks.parts.building import text as lines
from tests.moving import real
from tests.moving.test_real_dump import described, fill
from tests.moving.works import MARK
from tests.ssh import sshd as servers

pytestmark = pytest.mark.skipif(
    (real.missing() or servers.missing()) is not None, reason=str(real.missing() or servers.missing())
)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[real.Machine]:
    with real.machine(tmp_path) as one:
        yield one


def work_by(machine: real.Machine, way: Way) -> Work:
    device = machine.disk("old", 48)
    source = machine.formatted(device, "old")
    fill(source)
    return real.work_of(source, device, machine.disk("new", 64), way)


def alike(machine: real.Machine, work: Work) -> bool:
    return described(machine.folder / "copy" / work.moves[0].slug) == described(Path(work.moves[0].mount))


class Reached:
    """Both machines of a direct migration, with the steps of the key done by their own texts."""

    def __init__(self, machine: real.Machine, server: servers.Sshd, work: Work) -> None:
        self.machine, self.server = machine, server
        self.work = replace(work, target_ssh=f"{servers.USER}@{server.host}:{server.port}")
        self.steps = {step.id: step for step in keyed(self.work, MARK)}

    def here(self, text: str) -> str:
        """This server's files for those of a true machine."""
        own = self.machine.here(text).replace("PATH=/sbin:", f"PATH={self.machine.folder / 'bin'}:/sbin:")
        home = f"~{servers.USER}/.ssh/authorized_keys"
        return own.replace(home, str(self.server.folder / "authorized")).replace(
            "/etc/ssh/ssh_host_*key.pub", str(self.server.folder / "host.pub")
        )

    def set_up(self) -> None:
        """Everything up to the first word over the key."""
        (self.server.folder / "host.pub").write_bytes(self.server.host_key.export_public_key("openssh"))
        self.run(self.steps["key"])
        wrote = self.steps["receive"].action
        assert isinstance(wrote, WriteFile)
        Path(self.here(wrote.path)).write_text(self.here(wrote.content))
        self.run(self.steps["key-over"])
        self.run(self.steps["known-hosts"])

    def run(self, step: Step) -> str:
        """A step that has to end well."""
        code, said = self.ran(step)
        assert code == 0, said
        return said

    def ran(self, step: Step) -> tuple[int, str]:
        """A step's command, or both ends of its stream, on this machine."""
        if isinstance(step.action, Command):
            return self.machine.run(self.here(step.action.text))
        assert isinstance(step.action, Stream)
        return streamed(self.machine, self.here(step.action.text), self.here(step.action.into))


def ended_by(
    machine: real.Machine, text: str, err: IO[bytes], stdin: int | IO[bytes], stdout: int | IO[bytes]
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["dash", "-c", machine.here(text)],
        env=machine.environment,
        cwd="/",
        start_new_session=True,
        stdin=stdin,
        stdout=stdout,
        stderr=err,
    )


def streamed(machine: real.Machine, text: str, into: str) -> tuple[int, str]:
    """Both ends of a stream, with a pipe for the console between them."""
    said = machine.folder / "said"
    with said.open("wb") as err:
        first = ended_by(machine, text, err, subprocess.DEVNULL, subprocess.PIPE)
        assert first.stdout is not None
        second = ended_by(machine, into, err, first.stdout, err)
        first.stdout.close()
        codes = (first.wait(timeout=60), second.wait(timeout=60))
    return max(codes), said.read_text(errors="replace")


async def test_the_key_of_the_job_moves_and_compares_and_is_gone_afterwards(machine: real.Machine) -> None:
    async with servers.sshd(machine.folder / "sshd") as server:
        both = Reached(machine, server, work_by(machine, Way.DIRECT))
        both.set_up()
        both.run(both.steps["reach"])
        move = both.work.moves[0]
        (copied,) = moved(both.work, move, MARK)
        both.run(copied)
        assert alike(machine, both.work)
        both.run(verified(both.work, move, MARK))
        (Path(move.mount) / "plain").write_text("changed")
        (again,) = moved(both.work, move, MARK, 1)
        both.run(again)
        assert alike(machine, both.work)
        assert machine.run(both.here(lines(*forget_key(both.work, MARK))))[0] == 0
        code, said = both.ran(both.steps["reach"])
        assert code == 1
        assert "is refused" in said


async def test_the_key_of_the_job_opens_no_shell(machine: real.Machine) -> None:
    async with servers.sshd(machine.folder / "sshd") as server:
        both = Reached(machine, server, work_by(machine, Way.DIRECT))
        both.set_up()
        reach = both.steps["reach"].action
        assert isinstance(reach, Command)
        for word in ("id", "'ready; id'", "'restore nothing 0'", ""):
            code, said = machine.run(both.here(reach.text).replace("there ready", f"there {word}"))
            assert code == 1
            assert "uid=" not in said


async def test_a_host_key_that_the_target_did_not_give_is_refused(machine: real.Machine) -> None:
    async with servers.sshd(machine.folder / "sshd") as server:
        both = Reached(machine, server, work_by(machine, Way.DIRECT))
        both.set_up()
        other = servers.write_key(machine.folder / "other").export_public_key("openssh").decode()
        (machine.state / "known_hosts").write_text(f"mirrorgate-target {other}")
        assert both.ran(both.steps["reach"])[0] == 1


@pytest.mark.parametrize("compress", [False, True])
def test_a_stream_moves_a_file_system_and_then_what_has_changed(
    machine: real.Machine, compress: bool
) -> None:
    work = replace(work_by(machine, Way.CONSOLE), compress=compress)
    for level in (0, 1):
        (step,) = moved(work, work.moves[0], MARK, level)
        assert isinstance(step.action, Stream)
        code, said = streamed(machine, step.action.text, step.action.into)
        assert code == 0, said
        assert alike(machine, work)
        (Path(work.moves[0].mount) / "plain").write_text("changed")


@pytest.mark.parametrize("compress", [False, True])
def test_a_file_moves_a_file_system_and_then_what_has_changed(machine: real.Machine, compress: bool) -> None:
    work = replace(
        work_by(machine, Way.HERE), way=Way.FILE, compress=compress, work_directory=str(machine.folder)
    )
    for level in (0, 1):
        for step in moved(work, work.moves[0], MARK, level):
            assert isinstance(step.action, Command)
            code, said = machine.run(step.action.text)
            assert code == 0, said
        assert alike(machine, work)
        (Path(work.moves[0].mount) / "plain").write_text("changed")


def test_another_restore_of_the_same_second_keeps_its_files(
    machine: real.Machine,
) -> None:
    work = replace(work_by(machine, Way.HERE), way=Way.FILE, work_directory=str(machine.folder))
    dumped, restored = (one.action for one in moved(work, work.moves[0], MARK))
    assert isinstance(dumped, Command)
    assert isinstance(restored, Command)
    assert machine.run(dumped.text)[0] == 0
    date = (machine.state / f"{work.moves[0].slug}.date").read_text().strip()
    left = Path(f"/tmp/rstdir{time.mktime(time.strptime(date.splitlines()[0])):.0f}")
    left.touch()
    try:
        code, said = machine.run(restored.text)
        assert left.exists()
    finally:
        left.unlink(missing_ok=True)
    assert code == 0, said
    assert alike(machine, work)
