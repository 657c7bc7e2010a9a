"""Text from a node cannot act on a terminal or split a line; quoting gives a shell exactly the words."""

import asyncio
import random
import shutil
import subprocess
from itertools import islice

import pytest
from bashkit import Bash
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.ssh.backoff import delays
from console.ssh.quoting import quote
from console.ssh.text import inert, inert_bytes, one_line

HOSTILE = "[/x]\x1b]0;p\x07[@click=app.quit]\x9b31m\u202etxt\u2066\u200f\u061c\r\x00\x7f"


@given(st.text())
def test_inert_text_holds_no_active_code_and_stays_inert(text: str) -> None:
    safe = inert(text)
    assert inert(safe) == safe
    assert len(safe) == len(text)
    assert safe.splitlines() == safe.removesuffix("\n").split("\n") or not safe
    safe.encode("utf-8")


def test_hostile_text_is_only_shown() -> None:
    safe = inert(HOSTILE)
    assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in safe)
    assert not any(c in safe for c in "\u202e\u2066\u200f\u061c")
    assert safe.startswith("[/x]␛]0;p␇[@click=app.quit]")


@given(st.text(alphabet=st.characters(min_codepoint=0x20, max_codepoint=0x7E) | st.sampled_from("\t\n")))
def test_plain_text_is_left_alone(text: str) -> None:
    assert inert(text) == text


@given(st.binary(), st.integers(10, 300))
def test_one_line_is_one_line(data: bytes, length: int) -> None:
    line = one_line(inert_bytes(data), length)
    assert len(line) <= length
    assert "\n" not in line


words = st.lists(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20),
    min_size=1,
    max_size=4,
)
TRICKY = [
    "",
    "'",
    "''",
    '"',
    "\\",
    "a b",
    "$HOME",
    "`id`",
    "!!",
    "~",
    "-n",
    "*",
    "\n",
    "é",
    "a\x81b",
    "=ls",
    "#x",
]


@pytest.mark.parametrize("shell", ["sh", "dash", "bash"])
def test_quoted_words_reach_a_command_exactly(shell: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"no {shell} on this machine")

    @settings(
        max_examples=40,
        deadline=None,
        suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow],
    )
    @given(words)
    def exact(argv: list[str]) -> None:
        line = quote(["printf", "%s\\0", *argv])
        done = subprocess.run([program], input=line.encode(), capture_output=True, check=True)
        assert done.stdout.decode().split("\0")[:-1] == argv

    exact()
    line = quote(["printf", "%s\\0", *TRICKY])
    done = subprocess.run([program], input=line.encode(), capture_output=True, check=True)
    assert done.stdout.decode().split("\0")[:-1] == TRICKY


def kept_by_bashkit(argv: list[str]) -> bool:
    """It loses these two at the end of a word in several quotes; no other shell does."""
    return not any("\x1e" in word or "\x1f" in word for word in argv)


@settings(max_examples=60, deadline=None)
@given(words.filter(kept_by_bashkit))
def test_quoted_words_reach_a_bashkit_command_exactly(argv: list[str]) -> None:
    seen: list[list[str]] = []

    async def run() -> None:
        bash = Bash()

        async def probe(context: object) -> int:
            seen.append(list(context.argv))  # type: ignore[attr-defined]
            return 0

        bash.add_command("probe", probe)
        await bash.execute(quote(["probe", *argv]))

    asyncio.run(run())
    assert [given[-len(argv) :] for given in seen] == [argv]


@pytest.mark.parametrize("word", ["if", "while", "a=b", "~root", "!"])
def test_a_command_named_like_shell_syntax_stays_a_command(word: str) -> None:
    done = subprocess.run(["sh"], input=quote([word]).encode(), capture_output=True, check=False)
    assert done.returncode == 127


@pytest.mark.parametrize("argv", [[], ["a\0b"]])
def test_what_no_shell_can_be_told_is_refused(argv: list[str]) -> None:
    with pytest.raises(ValueError, match=r"empty|NUL"):
        quote(argv)


def test_waits_double_to_the_longest_and_differ() -> None:
    waits = list(islice(delays(1, 30, random.Random(1)), 12))
    for at, wait in enumerate(waits):
        full = min(30.0, 2.0**at)
        assert full / 2 <= wait <= full
    assert len(set(waits)) == len(waits)
