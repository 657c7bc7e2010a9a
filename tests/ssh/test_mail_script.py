"""The mail script in real shells, on queues, settings and logs that lie in a folder here."""

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from console.health.qmail_control.table import OPEN_NAMES
from console.model.mail import QueueListing
from console.parse.qmail_envelopes import read_archive, read_envelopes
from console.parse.qmail_files_of import read_control, read_message
from console.parse.qmail_qstat import read_qmail_qstat
from console.parse.qmail_queue import read_qmail_qread, read_qmail_queue_listing
from console.parse.qmail_walk import read_walk
from console.ssh.mail_channel import SCRIPT, request
from tests.ssh.mail_script import QUEUES, Node, answers, captured, run

NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
DIRECTORIES = [
    path.name for path in sorted(QUEUES.iterdir()) if path.is_dir() and not path.name.startswith(("10", "12"))
]


@pytest.fixture(params=["dash", "bash"])
def shell(request: pytest.FixtureRequest) -> str:
    if shutil.which(str(request.param)) is None:
        pytest.skip(f"no {request.param} on this machine")
    return str(request.param)


@pytest.fixture
def node(tmp_path: Path, shell: str) -> Node:
    return Node(tmp_path, shell=shell)


def walk(node: Node) -> QueueListing:
    answer = node.ask_now("queue")
    return read_walk(answer.text("pass"), answer.text("said"), answer.text("grounds"), 5.0, 0.25)


def as_nobody(tmp_path: Path) -> Node:
    if os.getuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can become nobody")
    for folder in (tmp_path, *tmp_path.parents):
        if folder.owner() == "root" and folder.stat().st_mode & 0o5 != 0o5 and folder != Path("/tmp"):
            folder.chmod(folder.stat().st_mode | 0o5)
    return Node(tmp_path, prefix=NOBODY)


@pytest.mark.parametrize("name", DIRECTORIES)
def test_a_walk_counts_what_qmail_qstat_and_the_listing_count(name: str, tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.captured_queue(name)
    found = walk(node)
    files = read_qmail_queue_listing(captured(name, "listing.tsv")).facts
    assert (found.queue, found.todo) == (files.queue, files.todo)
    assert dict(found.states) == files.states
    assert (found.split, found.big_todo) == (files.split, files.big_todo)
    assert (found.misplaced, found.vanished, found.denied, found.unread) == ((), 0, (), 0)
    if name != "06-busy-running":  # mail arrived between the two commands
        said = read_qmail_qstat(captured(name, "qmail-qstat.txt")).facts
        assert (found.queue, found.todo) == (said.queue, said.todo)


@pytest.mark.parametrize("name", ["04a-S5-deferred-running", "04c-S5-with-bounce-file", "05-mixed-deferred"])
def test_envelopes_say_what_qmail_qread_says(name: str, tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.captured_queue(name)
    listing = walk(node)
    paths = [
        f"{directory}/{one.msg % 23}/{one.msg}"
        for one in listing.messages
        for directory in one.files
        if directory in ("info", "local", "remote")
    ]
    answer = node.ask_now("envelopes", (), ([" ".join(paths)],))
    bouncing = {one.msg: "bounce" in one.files for one in listing.messages}
    found = read_envelopes(read_archive(answer.raw("archive")), bouncing, len(paths)).of
    said = read_qmail_qread(captured(name, "qmail-qread.txt")).facts
    assert {one.msg for one in said.messages} == set(found)
    for one in said.messages:
        mine = found[one.msg]
        assert mine.bouncing == one.bouncing
        assert printed(mine.sender or "") == one.sender
        assert [(to.channel, printed(to.address), to.done) for to in mine.recipients] == [
            (to.channel, to.address, to.done) for to in one.recipients
        ]
        assert time.strftime("%H:%M:%S", time.gmtime(mine.info_since)) == one.date[-8:]


def printed(address: str) -> str:
    """As qmail-qread prints an address: what is not printable ASCII is `_`."""
    return re.sub(r"\\x[0-9a-f]{2}|[^ -~]", "_", address)


def test_an_address_cannot_forge_another_file(node: Node) -> None:
    node.empty_queue()
    node.put("info/7/30", b"Fa\n==> info/8/31 <==\nFroot@other\x01info/8/31\0")
    node.put(
        "remote/7/30",
        b"Tb\n@" + b"b" * 32 + b" end 1 archive 0\nc@d\0D\xff\x1b[31m[bold]e@f\0Tstill being wr",
    )
    answer = node.ask_now("envelopes", (), (["info/7/30 remote/7/30 local/7/30", "info/8/31"],))
    found = read_envelopes(read_archive(answer.raw("archive")), {30: False, 31: False}, 2)
    assert set(found.of) == {30}
    assert found.of[30].sender == "a\n==> info/8/31 <==\nFroot@other\x01info/8/31"
    assert [(one.done, one.address[-4:]) for one in found.of[30].recipients] == [
        (False, "\nc@d"),
        (True, "]e@f"),
    ]


def test_only_paths_of_the_queue_are_read(node: Node, tmp_path: Path) -> None:
    node.empty_queue()
    node.put("mess/7/30", b"Fsecret text\0")
    (tmp_path / "outside").write_text("Fx\0")
    rows = ["mess/7/30", "info/../../../outside", "/etc/passwd", "-C /", "$(id)", "info/7/30;id", "info/7/*"]
    answer = node.ask_now("envelopes", (), (rows,))
    assert read_archive(answer.raw("archive")) == ()


def test_a_message_is_looked_at_alone(node: Node) -> None:
    node.empty_queue()
    node.put("mess/7/30", b"hidden text")
    node.put("info/7/30", b"Fs@x\0")
    node.put("local/7/30", b"Dl@x\0")
    node.put("bounce/30", b"<x>:\nno such user\n")
    for split in ("-", 7):
        answer = node.ask_now("message", (30, split))
        found = read_message(
            30,
            answer.text("files"),
            answer.text("grounds"),
            answer.raw("archive"),
            answer.text("bounce"),
            1.0,
        )
        assert found.state == "S5"
        assert [one.directory for one in found.files] == ["mess", "info", "local", "bounce"]
        assert found.files[0].bytes == 11
        assert found.files[0].owner
        assert found.envelope is not None
        assert (found.envelope.sender, found.envelope.bouncing) == ("s@x", True)
        assert found.bounce_text == "<x>:\nno such user\n"
        assert "hidden" not in str(answer)
    gone = node.ask_now("message", (53, "-"))
    assert read_message(53, gone.text("files"), gone.text("grounds"), gone.raw("archive")).state is None


def test_messages_that_lie_in_the_wrong_place_are_named(node: Node) -> None:
    node.empty_queue()
    node.put("mess/8/30")
    node.put("info/7/30")
    node.put("mess/3/what")
    found = walk(node)
    assert found.misplaced == ("mess/8/30",)
    assert found.unread == 1


def test_a_queue_that_is_not_there_is_not_an_empty_one(node: Node) -> None:
    answer = node.ask_now("queue")
    assert "missing ." in answer.text("grounds")
    assert answer.status("grounds") == 1


def test_what_may_not_be_read_is_unknown(tmp_path: Path) -> None:
    node = as_nobody(tmp_path)
    node.empty_queue()
    node.put("mess/7/30")
    node.put("mess/8/31")
    node.put("todo/31")
    node.put("info/7/30")
    for name in ("info", "local", "remote", "intd", "bounce"):
        (node.queue / name).chmod(0o700)
    found = walk(node)
    assert set(found.denied) == {"intd", "info", "local", "remote", "bounce"}
    assert dict(found.states) == {"S4": 1, "unknown": 1}
    assert (found.queue, found.todo, found.user) == (2, 1, "nobody")
    node.queue.chmod(0o700)
    assert "denied ." in node.ask_now("queue").text("grounds")
    node.log.write_text("@4000 x\n")
    node.log.chmod(0o600)
    assert node.ask_now("files").status("readable") != 0


def test_a_queue_that_vanishes_while_it_is_walked_is_counted(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.empty_queue()
    node.put("mess/7/30")
    stubs = tmp_path / "stubs"
    stubs.mkdir()
    # Between find and stat a message ends.
    (stubs / "stat").write_text(
        f'#!/bin/sh\ncase $* in *mess/7/30*) rm -f {node.queue}/mess/7/30 ;; esac\nexec /usr/bin/stat "$@"\n'
    )
    (stubs / "stat").chmod(0o755)
    path = "\nPATH=/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin\n"
    assert SCRIPT.count(path) == 1
    said = subprocess.run(
        ["dash", "-c", SCRIPT.replace(path, f"\nPATH={stubs}:/usr/bin:/bin\n")],
        input=f"hello {'b' * 32}\nset qmail {tmp_path}/qmail\nqueue 1\nbye\n".encode(),
        capture_output=True,
        check=True,
        start_new_session=True,
    )
    answer = answers(said.stdout)[1]
    found = read_walk(answer.text("pass"), answer.text("said"), answer.text("grounds"))
    assert (found.queue, found.vanished) == (0, 1)


def test_settings_are_shown_and_keys_are_not(node: Node) -> None:
    control = node.folder / "qmail" / "control"
    shutil.copytree(QUEUES.parent / "control", control)
    (control / "smtproutes").write_text(
        ":relay.example:587 carol hunter2 hunter3\nplain.example:[10.0.0.1]\n\t#:x  dave\thunter2\n"
    )
    (control / "servercert.pem").write_text("hunter2")
    (control / "badhelo").write_bytes(b"\x1b[31m\xff\n")
    binaries = node.folder / "qmail" / "bin"
    binaries.mkdir()
    (binaries / "qmail-showctl").write_text("#!/bin/sh\necho 'qmail home directory: /var/qmail.'\n")
    (binaries / "qmail-showctl").chmod(0o755)
    answer = node.ask_now("control")
    texts = {one.name.removeprefix("file/"): (one.text, one.status) for one in answer.sections}
    found = read_control(answer.text("listing"), texts, answer.text("showctl"), answer.text("sending"))
    by_name = {one.name: one for one in found.files}
    assert set(by_name) == {path.name for path in control.iterdir()}
    assert by_name["servercert.pem"].text is None
    assert by_name["servercert.pem"].bytes == 7
    assert by_name["me"].text == (control / "me").read_text()
    assert "hunter" not in str(answer) + str(found)
    routes = (by_name["smtproutes"].text or "").splitlines()
    assert routes[0] == ":relay.example:587 carol ********"
    assert routes[1] == "plain.example:[10.0.0.1]"
    assert by_name["smtproutes"].mode.startswith("-rw")
    assert found.showctl == "qmail home directory: /var/qmail.\n"


def test_the_names_that_may_be_shown_are_those_of_the_table() -> None:
    known = re.search(r"known='([^']*)'", SCRIPT)
    assert known is not None
    assert set(known[1].split()) == set(OPEN_NAMES)


def test_words_are_looked_for_as_they_are(node: Node) -> None:
    words = ["$(touch /tmp/never)", "-e", "a.b", "'\"", "\\", "*", "`id`", "[bold]", "+", "."]
    lines = [f"@4000 line with {word} in it" for word in words]
    node.log.write_text("\n".join([*lines, "@4000 axb", ""]))
    for number, word in enumerate(words):
        found = node.ask_now("grep", (), (["current"], [word])).raw("matches").splitlines()
        assert f"current:{number + 1}:{lines[number]}".encode() in found
        assert not any(line.endswith(b"axb") for line in found)
    assert not Path("/tmp/never").exists()


def test_only_logs_beside_current_are_searched(node: Node, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2\n")
    node.log.write_text("none\n")
    rotated = "@400000006b0388d111dd1114.s"
    node.log.with_name(rotated).write_text("hunter2\n")
    names = ["../secret", str(tmp_path / "secret"), "@../secret.s", "-r", "current", rotated]
    found = node.ask_now("grep", (), (names, ["hunter2"]))
    assert found.text("matches") == f"{rotated}:1:hunter2\n"


def test_nothing_is_answered_before_a_good_hello_and_odd_requests_are_passed_over(shell: str) -> None:
    body = "queue 1\nhello short\nqueue 2\n"
    said = subprocess.run(
        [shell, "-c", SCRIPT], input=body.encode(), capture_output=True, check=True, start_new_session=True
    )
    assert said.stdout == b"mirrorgate-mail 1\n"
    odd = "queue x\nmessage 2 $(id) -\nmore 3 1 2\nmore 4 -1 0 9\nbogus 5\nqueue\n\nset qmail relative\n"
    assert b" begin " not in run({}, odd, shell=shell)


def test_a_torn_list_is_not_worked_on(shell: str, tmp_path: Path) -> None:
    node = Node(tmp_path, shell=shell)
    node.log.write_text("x\n")
    text = request("grep", 1, (), (["current"], ["x"])).removesuffix(".\n")
    body = f"hello {'b' * 32}\nset qmaillog {node.log}\n{text}"
    said = subprocess.run(
        [shell, "-c", SCRIPT], input=body.encode(), capture_output=True, check=True, start_new_session=True
    )
    assert b" begin " not in said.stdout


def test_the_script_is_clean_posix_shell() -> None:
    program = shutil.which("shellcheck")
    if program is None:
        pytest.skip("no shellcheck on this machine")
    path = Path(__file__).parents[2] / "playbooks/node/mail.sh"
    subprocess.run([program, "--shell=sh", str(path)], check=True)
