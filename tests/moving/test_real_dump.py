"""The steps' own texts with a real dump and restore: what arrives is what was there, or the step fails."""

import contextlib
import os
import signal
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from console.model.plan import Command
from console.parse.progress import read_progress
from playbooks.migrating.steps.moving import moved
from playbooks.migrating.steps.verifying import verified
from playbooks.migrating.work import Work
from tests.moving import real
from tests.moving.works import MARK
from tests.waiting import eventually

pytestmark = pytest.mark.skipif(real.missing() is not None, reason=str(real.missing()))

KINDS_OF_LISTS = [
    False,
    pytest.param(True, marks=pytest.mark.skipif(not Path("/usr/bin/mtree").exists(), reason="no mtree")),
]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[real.Machine]:
    with real.machine(tmp_path) as one:
        yield one


@pytest.fixture
def work(machine: real.Machine) -> Work:
    """A source with something of every kind, and an empty target."""
    device = machine.disk("old", 48)
    source = machine.formatted(device, "old")
    fill(source)
    return real.work_of(source, device, machine.disk("new", 64))


def fill(source: Path) -> None:
    (source / "plain").write_bytes(os.urandom(3 << 20))
    (source / "linked").write_text("twice")
    os.link(source / "linked", source / "linked again")
    (source / ("n" * 250)).write_text("a long name")
    (source / "line\nbreak").write_text("an odd name")
    (source / "dir" / "deeper").mkdir(parents=True)
    (source / "dir" / "deeper" / "x").write_text("x" * 5000)
    os.symlink("../plain", source / "dir" / "link")
    os.mkfifo(source / "fifo")
    os.mknod(source / "device", 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    with (source / "sparse").open("wb") as file:
        file.seek(20 << 20)
        file.write(b"end")
    (source / "odd").write_text("mode")
    (source / "odd").chmod(0o4751)
    os.chown(source / "odd", 1234, 4321)


def command(work: Work, level: int = 0) -> str:
    (step,) = moved(work, work.moves[0], MARK, level)
    assert isinstance(step.action, Command)
    return step.action.text


def copy_of(machine: real.Machine, work: Work) -> Path:
    return machine.folder / "copy" / work.moves[0].slug


def described(tree: Path) -> dict[str, tuple[object, ...]]:
    """Everything that a copy has to keep."""
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(tree.rglob("*")):
        name = str(path.relative_to(tree))
        if name.split("/")[0] in ("restoresymtable", "lost+found"):
            continue
        known = path.lstat()
        held: object = None
        if stat.S_ISREG(known.st_mode):
            held = path.read_bytes()
        elif stat.S_ISLNK(known.st_mode):
            held = path.readlink()
        links = 1 if stat.S_ISDIR(known.st_mode) else known.st_nlink
        found[name] = (
            known.st_mode,
            known.st_uid,
            known.st_gid,
            links,
            known.st_rdev,
            int(known.st_mtime),
            held,
        )
    return found


def test_a_copy_holds_everything_that_the_source_does(machine: real.Machine, work: Work) -> None:
    code, said = machine.run(command(work))
    assert code == 0, said
    source, copy = Path(work.moves[0].mount), copy_of(machine, work)
    assert described(copy) == described(source)
    assert (copy / "linked").stat().st_ino == (copy / "linked again").stat().st_ino
    assert (copy / "sparse").stat().st_blocks < 1000
    assert read_progress(said)


def test_a_second_copy_begins_anew(machine: real.Machine, work: Work) -> None:
    code, said = machine.run(command(work))
    assert code == 0, said
    (copy_of(machine, work) / "left over").touch()
    code, said = machine.run(command(work))
    assert code == 0, said
    assert described(copy_of(machine, work)) == described(Path(work.moves[0].mount))


def test_a_level_1_brings_what_was_changed_added_and_removed(machine: real.Machine, work: Work) -> None:
    code, said = machine.run(command(work))
    assert code == 0, said
    source = Path(work.moves[0].mount)
    # dump counts seconds, so what is written in the second of the level 0 would be old.
    later = int((source / "plain").stat().st_ctime) + 10
    date = machine.state / f"{work.moves[0].slug}.date"
    assert date.read_text().strip()
    (source / "plain").write_text("changed")
    (source / "added").write_text("new")
    (source / "linked").unlink()
    (source / "dir" / "deeper" / "x").rename(source / "dir" / "y")
    assert later
    code, said = machine.run(command(work, level=1))
    assert code == 0, said
    assert described(copy_of(machine, work)) == described(source)


@pytest.mark.skipif(not Path("/usr/bin/chattr").exists(), reason="no chattr")
def test_flags_arrive_and_what_has_the_flag_nodump_is_left_out(machine: real.Machine, work: Work) -> None:
    source = Path(work.moves[0].mount)
    for flag in "iaASd":
        (source / f"flag {flag}").write_text(flag)
        subprocess.run(["chattr", f"+{flag}", source / f"flag {flag}"], check=True)
    try:
        code, said = machine.run(command(work))
        assert code == 0, said
        flags = {name: set(at) & set("iaASd") for name, at in listed(copy_of(machine, work)).items()}
        assert {name: at for name, at in flags.items() if name.startswith("flag")} == {
            f"flag {flag}": {flag} for flag in "iaASd"
        }
        unlock(copy_of(machine, work))
        left = replace(work, moves=(replace(work.moves[0], excludes=(str(source / "flag d"),)),))
        code, said = machine.run(command(left))
        assert code == 0, said
        assert {name for name in listed(copy_of(machine, work)) if name.startswith("flag")} == {
            f"flag {flag}" for flag in "iaAS"
        }
    finally:
        unlock(source)
        unlock(copy_of(machine, work))


def listed(tree: Path) -> dict[str, str]:
    """The flags that lsattr shows of each name."""
    said = subprocess.run(["lsattr", "."], cwd=tree, capture_output=True, text=True, check=True).stdout
    lines = (line.partition(" ") for line in said.splitlines())
    return {name.removeprefix("./"): flags for flags, _, name in lines}


def unlock(tree: Path) -> None:
    """What must not be changed may be."""
    subprocess.run(["chattr", "-i", "-a", *tree.glob("flag [ia]")], check=True)


def test_a_full_target_is_a_failure(machine: real.Machine, work: Work) -> None:
    small = replace(work.moves[0].target, name=machine.disk("small", 4).removeprefix("/dev/"))
    code, said = machine.run(command(replace(work, moves=(replace(work.moves[0], target=small),))))
    assert code == 1
    lines = [line for line in said.splitlines() if line.startswith("web-a: ")]
    assert lines[-1].startswith(f"web-a: {small.name} on web-a, which takes {work.moves[0].mount}, is full: ")


def test_what_is_no_file_system_is_a_failure_and_no_empty_copy(machine: real.Machine, work: Work) -> None:
    blank = machine.disk("blank", 4)
    code, said = machine.run(command(replace(work, moves=(replace(work.moves[0], device=blank),))))
    assert code == 1
    assert "web-a: the dump of" in said


def test_a_target_that_is_mounted_elsewhere_is_left_alone(machine: real.Machine, work: Work) -> None:
    target = f"/dev/{work.moves[0].target.name}"
    other = machine.formatted(target, "other")
    (other / "precious").write_text("kept")
    code, said = machine.run(command(work))
    assert code == 1
    assert f"{target} is mounted: unmount it and repeat" in said
    assert (other / "precious").read_text() == "kept"


def test_nothing_is_erased_that_nobody_has_confirmed(machine: real.Machine, work: Work) -> None:
    (machine.state / "may-erase").unlink()
    code, said = machine.run(command(work))
    assert code == 1
    assert "nobody has confirmed" in said


@pytest.mark.parametrize("victim", ["dump", "restore"])
async def test_the_death_of_either_end_is_a_failure(machine: real.Machine, work: Work, victim: str) -> None:
    # A limit holds the pipe open long enough to be cut.
    process = machine.start(command(replace(work, rate_limit=512 << 10)))
    await eventually(lambda: running(victim, work) or process.poll() is not None, within=60, what=victim)

    def killed() -> bool:
        # dump works with several processes: one that it begins after a look at them is killed by the next.
        for pid in running(victim, work):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return process.poll() is not None

    await eventually(killed, within=60, what=f"the end of the step without {victim}")
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"the copy is not whole, repeat the step" in out


def running(program: str, work: Work) -> list[int]:
    """Processes of a program: dump names its device, restore is in the copy."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            where = os.readlink(entry / "cwd")
        except OSError:
            continue
        ours = work.moves[0].device.encode() in words or where.endswith(f"/copy/{work.moves[0].slug}")
        if entry.name.isdecimal() and Path(os.fsdecode(words[0])).name == program and ours:
            found.append(int(entry.name))
    return found


@pytest.mark.parametrize("mtree", KINDS_OF_LISTS)
def test_a_whole_copy_compares_alike_and_a_spoiled_one_does_not(
    machine: real.Machine, work: Work, mtree: bool
) -> None:
    move = work.moves[0]
    checked = real.work_of(Path(move.mount), move.device, f"/dev/{move.target.name}", mtree=mtree)
    code, said = machine.run(command(work))
    assert code == 0, said
    step = verified(checked, checked.moves[0], MARK)
    assert isinstance(step.action, Command)
    code, said = machine.run(step.action.text)
    assert code == 0, said
    assert "names compared" in said
    spoiled = copy_of(machine, work) / "dir" / "deeper" / "x"
    spoiled.write_text("y" * 5000)
    (copy_of(machine, work) / "odd").unlink()
    code, said = machine.run(step.action.text)
    assert code == 1
    assert "DIFFERS: ./dir/deeper/x" in said
    assert "DIFFERS: ./odd" in said


def test_what_was_written_since_the_dump_is_told_apart(machine: real.Machine, work: Work) -> None:
    code, said = machine.run(command(work))
    assert code == 0, said
    (Path(work.moves[0].mount) / "plain").write_text("written later")
    step = verified(work, work.moves[0], MARK)
    assert isinstance(step.action, Command)
    code, said = machine.run(step.action.text)
    assert code == 0, said
    assert "written since the dump: ./plain" in said
