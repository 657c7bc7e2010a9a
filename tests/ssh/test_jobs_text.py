"""Whatever a command's text and input are made of, the node's shell gets exactly that."""

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.model.job import HandsLost, JobState
from console.ssh.hands import NodeHands
from console.ssh.jobs import Answer, job_look, printf_format
from console.ssh.quoting import quote
from tests.ssh.sshd import Sshd
from tests.ssh.workbench import RUN, Workbench, done

ODD = st.text(alphabet=st.sampled_from("'\"\\`$!%-# \t\n\r;&|<>(){}[]*?~ab0é\x7f\x01\udcff"), max_size=60)


@pytest.fixture
def bench(server: Sshd, tmp_path: Path) -> Workbench:
    return Workbench(tmp_path / "node", server)


@pytest.fixture
async def hands(bench: Workbench) -> AsyncIterator[NodeHands]:
    async with bench.hands(lock=RUN) as opened:
        yield opened


def printed(shell: str, line: str) -> bytes:
    """What a shell prints for a line of its input, as the job script does it."""
    script = 'IFS= read -r line; printf "$line"'
    return subprocess.run(
        [shell, "-c", script], input=line.encode() + b"\n", capture_output=True, check=True
    ).stdout


@given(st.binary(max_size=400))
@settings(max_examples=60, deadline=None)
def test_a_format_is_one_line_that_printf_writes_as_the_bytes_it_was_made_of(data: bytes) -> None:
    text = printf_format(data)
    assert text.isascii()
    assert "\n" not in text
    for shell in ("/bin/sh", "/bin/bash"):
        assert printed(shell, text) == data, shell


@given(ODD)
@settings(max_examples=60, deadline=None)
def test_odd_text_is_kept_as_it_is(text: str) -> None:
    data = text.encode("utf-8", "surrogateescape")
    assert printed("/bin/sh", printf_format(data)) == data


WEIRD = [
    "",
    " ",
    "it's",
    '"double"',
    "a\nb\n\n",
    "trailing blanks \t ",
    "-n",
    "--",
    "%s %d 100%",
    "\\",
    "\\n\\0101\\c",
    "$(id) `id` ${x} $x !! !$",
    "; rm -rf /nowhere",
    "'\\''",
    "\udcff\udcfe not UTF-8",
    "é ü 漢",
    "\x01\x1b[2J\x7f",
    "x" * 30_000,
    "*?[a]~#",
]


async def test_weird_words_reach_the_command_and_come_back(hands: NodeHands, bench: Workbench) -> None:
    for number, word in enumerate(WEIRD):
        job = f"r.{number}"
        given_ = word.encode("utf-8", "surrogateescape")
        script = f"printf '%s' {quote([word])} >{bench.folder}/{job}; cat >{bench.folder}/{job}.input"
        look = await done(hands, job, script, given_)
        assert look.exit_status == 0, (word, look)
        assert (bench.folder / job).read_bytes() == given_
        assert (bench.folder / f"{job}.input").read_bytes() == given_
        assert (bench.job(job) / "command").read_bytes() == script.encode("utf-8", "surrogateescape")


async def test_a_large_script_and_input_arrive_whole(hands: NodeHands, bench: Workbench) -> None:
    data = bytes(range(256)) * 1000
    script = "".join(f": {'x' * 90}\n" for _ in range(2500)) + f"cat >{bench.folder}/copy\n"
    assert (await done(hands, "r.1", script, data)).exit_status == 0
    assert (bench.folder / "copy").read_bytes() == data


@pytest.mark.parametrize("job", ["", ".", "..", "../x", "a/b", "-a", "a b", "a;b", "a\n", "x" * 200, "é"])
async def test_an_odd_job_id_is_refused_before_anything_is_sent(hands: NodeHands, job: str) -> None:
    with pytest.raises(ValueError, match="no name for a file"):
        await hands.launch(job, "true", run=RUN)


async def test_what_no_job_can_be_is_refused_before_anything_is_sent(hands: NodeHands) -> None:
    with pytest.raises(ValueError, match="NUL"):
        await hands.launch("r.1", "a\0b", run=RUN)
    with pytest.raises(ValueError, match="256 KiB"):
        await hands.launch("r.1", "true", run=RUN, input=bytes(300 << 10))
    assert (await hands.look("r.1")).state is JobState.ABSENT


async def test_a_file_is_read_as_its_bytes(hands: NodeHands, tmp_path: Path) -> None:
    for number, data in enumerate((b"", b"plain\n", bytes(range(256)) * 40, b"\n@ends\n\n")):
        path = tmp_path / f"it's a file {number}\n"
        path.write_bytes(data)
        assert await hands.read_file(str(path)) == data
    assert await hands.read_file(str(tmp_path / "none")) is None


async def test_a_file_that_cannot_be_had_is_one_line(hands: NodeHands, tmp_path: Path) -> None:
    with pytest.raises(HandsLost, match=r"^web-a: the node could not read the file \(it is no file"):
        await hands.read_file(str(tmp_path))
    (tmp_path / "long").write_bytes(bytes((1 << 20) + 1))
    with pytest.raises(HandsLost, match=r"^web-a: .*longer than 1 MiB"):
        await hands.read_file(str(tmp_path / "long"))
    (tmp_path / "whole").write_bytes(bytes(1 << 20))
    assert len(await hands.read_file(str(tmp_path / "whole")) or b"") == 1 << 20


async def test_a_read_only_command_has_a_limit_and_leaves_the_hands_alone(hands: NodeHands) -> None:
    assert await hands.read("echo out; echo err >&2; exit 4") == (4, "out\nerr\n")
    for limit in (0.5, 5.0, 30.0):
        status, early = await hands.read("echo early; sleep 60", limit=limit)
        assert status is None
        if early:
            break
    assert early == "early\n"
    assert (await done(hands, "r.1", "true")).exit_status == 0


@given(
    st.dictionaries(
        st.sampled_from(["claimed", "begun", "alive", "boot", "now", "started", "ended", "code"]),
        st.sampled_from(
            ["", "yes", "no", "unknown", "0", "1", "256", "99999", "-1", "1795435969", "x", "é", "٣"]
        ),
    )
)
def test_only_a_whole_status_of_a_claimed_job_is_an_end(said: dict[str, str]) -> None:
    text = "".join(f"{name}={value}\n" for name, value in said.items())
    look = job_look(Answer(0, text, {}), 0, 0)
    if look.exit_status is not None or look.state is JobState.ENDED:
        assert said["claimed"] == "yes"
        assert said["code"].isascii()
        assert said["ended"].isdecimal()
        assert look.exit_status == int(said["code"])


def test_a_search_that_failed_does_not_call_a_job_gone() -> None:
    said = "claimed=yes\nbegun=yes\nalive=unknown\nboot=1\nnow=2\nended=\ncode=\n"
    assert job_look(Answer(0, said, {}), 0, 0).state is JobState.RUNNING
