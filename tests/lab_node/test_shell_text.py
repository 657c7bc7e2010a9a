"""What the shell rewrites so that a session's input is read live, and what it leaves alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.lab.shelltext import with_live_input
from console.lab.shellwords import open_document, tokens


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        ("read x", "__read x"),
        ("while IFS= read -r line; do echo; done", "while IFS= __read -r line; do echo; done"),
        ("if ! read x; then exit; fi", "if ! __read x; then exit; fi"),
        ("case $x in\na) read y ;;\nesac", "case $x in\na) __read y ;;\nesac"),
        ("sort | uniq", "__stdin | sort | uniq"),
        ("cat - > /tmp/x", "__stdin | cat - > /tmp/x"),
        ("sed -n 1p; grep foo", "__stdin | sed -n 1p; __stdin | grep foo"),
        ("( job & )", "{  job &  }"),
        ("a() {\necho\n}\na 1 &", "a() {\necho\n}\n{ set -o pipefail; a 1 | __talk; } &"),
    ],
)
def test_what_would_read_the_session_reads_it_live(text: str, rewritten: str) -> None:
    assert with_live_input(text) == rewritten


@pytest.mark.parametrize(
    "text",
    [
        "cat /etc/hosts | while read l; do echo $l; done",
        "while read x; do echo $x; done < /etc/hosts",
        "read x < /etc/hosts",
        "{ read a; sort; } <<END\nread q\nEND\n",
        "echo a | sort",
        "grep foo /etc/hosts; sed -n 1p /etc/hosts; head -n 5 /etc/hosts",
        "echo 'read x'; echo \"$(read y)\" # read z",
        "for i in read cat; do echo $i; done",
        "read x &",
        "a() {\necho\n}\na >/x & a | b &\nb &",
        "( echo one; echo two )",
    ],
)
def test_what_has_its_own_input_is_left_alone(text: str) -> None:
    assert with_live_input(text) == text


def test_commands_that_look_after_their_input_themselves_are_left_alone() -> None:
    assert with_live_input("sha256 > /tmp/x; read y", frozenset({"sha256"})) == "sha256 > /tmp/x; __read y"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("cat >>/part || exit 1", "_APPEND=/part cat  || exit 1"),
        ('cat > "$f" 2>&1', '_WRITE="$f" cat  2>&1'),
        ("exec cat >>/part", "{ _APPEND=/part cat ; exit; }"),
        ("tail -c +1 /i", "_DIRECT=1 tail -c +1 /i"),
        ("tail -c +1 /i | head -c 5", "_INTO=1 tail -c +1 /i | _DIRECT=1 _FROM=1 head -c 5"),
        ("{ cat /i; } | wc -c", "{ cat /i; } | wc -c"),
        ("{ cat /i; } >/copy", "{ cat /i; } >/copy"),
        ("{ cat /i; } 2>/err", "{ _DIRECT=1 cat /i; } 2>/err"),
        ("f() { cat /i; }; f | wc -c", "f() { cat /i; }; f | wc -c"),
        ("x=$(cat /i)", "x=$(cat /i)"),
        ("cat /i | dd of=/o & wait", "cat /i | _DIRECT=1 dd of=/o & wait"),
        ("cat /i >&2", "cat /i >&2"),
        ("dd if=/i >/dev/null", "dd if=/i >/dev/null"),
    ],
)
def test_commands_that_move_bytes_are_told_where_to(text: str, told: str) -> None:
    assert with_live_input(text, frozenset({"cat", "dd", "head", "tail"})) == told


@pytest.mark.parametrize(
    ("text", "still_open"),
    [
        ("cat <<END\nfoo\n", True),
        ("cat <<END\nfoo\nEND\n", False),
        ("cat <<'END'\nfoo\nEND\n", False),
        ("cat <<-END\n\tfoo\n\tEND\n", False),
        ("echo '<<END'\n", False),
        ("cat <<A <<B\na\nA\nb\n", True),
    ],
)
def test_a_here_document_is_open_until_its_end(text: str, still_open: bool) -> None:
    assert open_document(text) is still_open


@given(st.text(alphabet="ab \t\n;|&<>()'\"\\$`{}#=1", max_size=60))
def test_any_text_is_split_into_tokens_that_stand_where_they_say(text: str) -> None:
    for token in tokens(text):
        assert text[token.start : token.end] == token.text
        assert token.start < token.end


@given(st.text(max_size=80))
def test_rewriting_never_fails(text: str) -> None:
    with_live_input(text + "\nread x")


def test_a_function_for_which_the_lab_has_a_command_of_its_own_is_that_command() -> None:
    text = "a() {\necho\n}\nsend | { a 5; echo $?; } | take\n"
    assert with_live_input(text, frozenset({"__a"})) == text.replace("{ a 5", "{ __a 5")
    assert with_live_input(text, frozenset({"__b"})) == text
    assert with_live_input("send | { a 5; }", frozenset({"__a"})) == "send | { a 5; }"
