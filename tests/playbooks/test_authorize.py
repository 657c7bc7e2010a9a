"""authorize: what goes onto the nodes for a key that only watches."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from pydantic import ValidationError

from console.engine.runner import Runner
from console.engine.validation import problems
from console.model.plan import Command, Plan, WriteFile
from console.model.run import RunState
from console.ssh.hands import open_hands
from playbooks import authorize, monitor_key
from playbooks.authorize import AuthorizeAnswers
from playbooks.job import CannotPlan
from playbooks.monitor_key import CONF, GATE, ROOT_READS, SAMPLER, key_line, public_key, rules
from playbooks.node import text
from tests.health.building import healthy
from tests.playbooks.on_lab_b import bench, told
from tests.playbooks.planning import MARK

BODY = "AAAAC3NzaC1lZDI1NTE5AAAAI" + "B" * 43
KEY = f"ssh-ed25519 {BODY} wall@jump"


def planned(**given: object) -> Plan:
    answers = AuthorizeAnswers.model_validate({"mark": MARK, "key": KEY, **given})
    return authorize.plan(healthy(), answers)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "hello",
        BODY,
        f'command="touch /x" {KEY}',
        f"{KEY}\n{KEY}",
        f"ssh-dss {BODY}",
        "ssh-ed25519 short",
        f"ssh-ed25519 {BODY}$(id)",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
    ],
)
def test_what_is_no_public_key_is_refused(words: str) -> None:
    with pytest.raises(ValueError, match=r"expected one line of a \.pub file"):
        public_key(words)
    with pytest.raises(ValidationError):
        planned(key=words)


def test_of_a_comment_only_plain_signs_are_kept() -> None:
    assert public_key(f"ssh-ed25519 {BODY} a'b\"c$(id)`x` \x1b]é d") == f"ssh-ed25519 {BODY} abcidxd"


@pytest.mark.parametrize(
    ("release", "options"),
    [
        (None, "restrict"),
        ("14.1-RELEASE-p5", "restrict"),
        ("11.0-RELEASE", "restrict"),
        ("10.4-RELEASE", "no-port-forwarding,no-X11-forwarding,no-agent-forwarding,no-pty,no-user-rc"),
        ("8.0-RELEASE", "no-port-forwarding,no-X11-forwarding,no-agent-forwarding,no-pty,no-user-rc"),
        ("7.4-RELEASE", "no-port-forwarding,no-X11-forwarding,no-agent-forwarding,no-pty"),
        ("4.11-RELEASE", "no-port-forwarding,no-X11-forwarding,no-agent-forwarding,no-pty"),
    ],
)
def test_the_line_of_the_key_is_in_words_that_the_nodes_sshd_knows(release: str | None, options: str) -> None:
    assert key_line(KEY, release) == f'{options},command="{GATE}" {KEY}'


@pytest.mark.parametrize("become", ["sudo", "doas"])
def test_each_root_read_is_one_exact_command_with_its_reason(become: str) -> None:
    lines = rules("mgwatch", become).splitlines()
    allowed = [line for line in lines if line.startswith(("mgwatch ALL", "permit "))]
    start = {
        "sudo": f"mgwatch ALL=(root) NOPASSWD: {SAMPLER} {CONF} ",
        "doas": f"permit nopass nolog mgwatch as root cmd {SAMPLER} args {CONF} ",
    }[become]
    assert allowed == [start + section for section in ROOT_READS]
    for section, why in ROOT_READS.items():
        assert f"# {section}: {why}" in lines
    assert not any("*" in line or "ALL " in line.partition("NOPASSWD")[2] for line in allowed)


def test_without_root_reads_there_are_no_rules() -> None:
    assert rules("mgwatch", "none") == ""
    paths = [step.action.path for step in planned().steps if isinstance(step.action, WriteFile)]
    assert not any("sudoers" in path or "doas" in path for path in paths)


def test_the_programs_the_sampler_answers_as_root_are_those_of_the_rules() -> None:
    script = text(SAMPLER)
    listed = re.search(r"\n\t([a-z |]+)\) look \"\$2\" </dev/null ;;\n\t\*\) exit 1", script)
    assert listed is not None
    assert sorted(listed[1].split(" | ")) == sorted(ROOT_READS)


@pytest.mark.parametrize("become", ["none", "sudo", "doas"])
def test_every_step_of_the_plan_goes_back_and_the_key_comes_last(become: str) -> None:
    plan = planned(become=become)
    assert list(problems(plan, healthy().config)) == []
    for home in ("master", "slave"):
        steps = [step for step in plan.steps if step.id.endswith(f"-{home}") or f"-{home}-" in step.id]
        assert steps[0].id == f"account-{home}"
        assert steps[-1].id == f"key-{home}"
        assert steps[-1].undo is not None
        assert steps[-1].undo.text is not None
        modes = {s.action.path: s.action.mode for s in steps if isinstance(s.action, WriteFile)}
        assert modes.pop("/usr/local/etc/sudoers.d/mirrorgate-mgwatch", "0440") == "0440"
        assert all(mode in ("0755", "0644") for mode in modes.values())


def test_one_node_may_be_chosen() -> None:
    assert {step.node for step in planned(nodes="slave").steps} == {"web-b"}
    assert {step.node for step in planned().steps} == {"web-a", "web-b"}


@pytest.mark.parametrize("user", ["root; id", "../x", "-x", "", "Root", "a b", "x" * 40])
def test_odd_accounts_are_refused(user: str) -> None:
    with pytest.raises(ValidationError):
        planned(user=user)


def test_the_account_is_never_root() -> None:
    with pytest.raises(CannotPlan, match="name another user"):
        planned(user="root")


@pytest.mark.parametrize("mail", ["/var/qmail", "/usr/local/q mail", "/x\x7f;touch /y", "/x'$(id)'"])
def test_settings_are_data_to_the_sampler_whatever_they_are(mail: str, tmp_path: Path) -> None:
    pair = healthy().config
    pair = pair.model_copy(update={"qmail": pair.qmail.model_copy(update={"home": mail})})
    conf = tmp_path / "conf"
    conf.write_text(monitor_key.settings(pair, pair.master, "sudo"))
    hello = f"hello {'b' * 32} {'5' * 32}\n"
    program = Path("playbooks/node/sampler.sh").resolve()
    said = subprocess.run(
        ["/bin/sh", "-x", str(program), str(conf)], input=hello.encode(), capture_output=True, check=True
    )
    taken = f"+ qmail={mail}\n".encode() in said.stderr
    assert taken is (mail == "/var/qmail")
    assert said.stdout == b"mirrorgate-sampler 1\n"


def test_lines_are_added_once_and_taken_out_again_and_others_stay(tmp_path: Path) -> None:
    key = next(step for step in planned().steps if step.id == "key-master")
    assert isinstance(key.action, Command)
    assert key.undo is not None
    assert key.undo.text is not None
    file = tmp_path / "authorized_keys"
    file.write_text("ssh-rsa AAAA other")  # without an end
    path = "/home/mgwatch/.ssh/authorized_keys"
    for _ in range(2):
        subprocess.run(["/bin/sh", "-c", key.action.text.replace(path, str(file))], check=True)
    assert file.read_text() == f"ssh-rsa AAAA other\n{key_line(KEY, '13.2-RELEASE')}\n"
    for _ in range(2):
        subprocess.run(["/bin/sh", "-c", key.undo.text.replace(path, str(file))], check=True)
    assert file.read_text() == "ssh-rsa AAAA other\n"
    assert [one.name for one in tmp_path.iterdir()] == ["authorized_keys"]


def test_rules_that_doas_cannot_read_do_not_take_the_place_of_those_it_reads(tmp_path: Path) -> None:
    """One syntax error in doas.conf and nobody becomes root any more: an old doas does not know `nolog`."""
    step = next(s for s in planned(become="doas", nodes="master").steps if s.id == "rules-master")
    assert isinstance(step.action, Command)
    file = tmp_path / "doas.conf"
    file.write_text("permit nopass admin\n")
    file.chmod(0o600)
    text_here = step.action.text.replace(monitor_key.DOAS, str(file))
    doas = tmp_path / "bin" / "doas"
    doas.parent.mkdir()
    path = {"PATH": f"{doas.parent}:{os.environ['PATH']}"}
    for reads in ("grep -q nolog $2 && exit 1", "exit 127"):
        doas.write_text(f"#!/bin/sh\n{reads}\n")
        doas.chmod(0o755)
        said = subprocess.run(["/bin/sh", "-c", text_here], env=path, capture_output=True, text=True)
        assert said.returncode == 1
        assert "update it, or use sudo" in said.stderr
        assert file.read_text() == "permit nopass admin\n"
        assert sorted(one.name for one in tmp_path.iterdir()) == ["bin", "doas.conf"]
    doas.write_text("#!/bin/sh\n")
    subprocess.run(["/bin/sh", "-c", text_here], env=path, check=True)
    assert file.read_text() == "permit nopass admin\n" + rules("mgwatch", "doas")
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("become", ["sudo", "doas"])
def test_the_real_programs_read_the_rules(become: str, tmp_path: Path) -> None:
    program = shutil.which("visudo" if become == "sudo" else "doas", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip(f"{become} is not installed here")
    file = tmp_path / "rules"
    file.write_text(rules("mgwatch", become))
    file.chmod(0o440 if become == "sudo" else 0o600)
    checking = ["-c", "-f"] if become == "sudo" else ["-C"]
    subprocess.run([program, *checking, str(file)], check=True)
    file.chmod(0o600)
    file.write_text(rules("mgwatch", become).replace("NOPASSWD", "NOPASS").replace("nopass", "nopas"))
    assert subprocess.run([program, *checking, str(file)], capture_output=True).returncode != 0


async def test_on_the_lab_it_installs_what_it_shows_and_can_be_taken_back() -> None:
    async with bench() as b:
        record = await b.run(await b.plan(authorize.JOB, key=KEY, become="sudo"))
        assert record.state is RunState.DONE, record.why
        for name in ("a", "b"):
            keys = await b.sh(name, "cat /home/mgwatch/.ssh/authorized_keys")
            assert keys.out.strip().endswith(f'command="{GATE}" {KEY}')
            for path in (SAMPLER, GATE):
                assert (await b.sh(name, f"cat {path}")).out == text(path)
            listed = (
                await b.sh(name, f"ls -l {GATE} {CONF} /usr/local/etc/sudoers.d/mirrorgate-mgwatch")
            ).out
            assert "-rwxr-xr-x" in listed
            assert "-r--r-----" in listed
            assert (await b.sh(name, "id -Gn mgwatch")).out.split().count("wheel") == 0
        before = (await b.sh("a", "ls -l /usr/local/etc /usr/local/libexec/mirrorgate")).out
        assert "before-" not in before
        again = await b.run(await b.plan(authorize.JOB, key=KEY, become="sudo"))
        assert again.state is RunState.DONE, again.why
        assert (await b.sh("a", "cat /home/mgwatch/.ssh/authorized_keys | wc -l")).out.strip() == "1"


async def test_on_the_lab_a_run_that_failed_half_way_is_taken_back() -> None:
    async with bench() as b:
        await b.sh("b", f"mkdir -p {CONF}")
        record = await b.run(await b.plan(authorize.JOB, key=KEY, become="doas"))
        assert record.state is RunState.STOPPED
        assert "mgwatch" in (await b.sh("a", f"cat {monitor_key.DOAS}")).out
        runner = Runner(
            b.pair,
            b.eyes,
            lambda node: open_hands(node, b.lab.ssh_config),
            b.journal,
            b.operator,
            who="operator@console",
        )
        back = await runner.undo(record.id)
        assert back.state is RunState.UNDONE, told(back)
        for path in (GATE, SAMPLER, CONF):
            assert (await b.sh("a", f"test -e {path}")).status != 0, path
        assert (await b.sh("a", f"cat {monitor_key.DOAS}")).out == ""
        assert (await b.sh("a", "cat /home/mgwatch/.ssh/authorized_keys")).out == ""
