"""The recorded promotions and the operator's lock, read from what the sampler prints of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.model.facts import Fact, NodeFacts
from console.model.lineage import Lineage, OperatorLock, Promotion
from console.parse.lineage import read_lineage, read_lock
from console.parse.sections import read_section

A, B = "a" * 16, "0123456789abcdef"
LINES = f"{A} - 1795396700 web-a\n{B} {A} 1795396800 web-b\n"
OWNER = "run=20261123-021140-fail-back-7f3a\njob=fail-back\noperator=ann@desk\nsince=1795396700\n"
NO_FILE = "cat: /var/db/mirrorgate/lineage: No such file or directory\n"
NO_LOCK = (
    "cat: /var/db/mirrorgate/lock/owner: No such file or directory\n"
    "cat: /var/db/mirrorgate/lock/beat: No such file or directory\n"
)
DENIED = "cat: /var/db/mirrorgate/lock/owner: Permission denied\n"


def lineage(text: str, exit_status: int = 0) -> Fact[Lineage]:
    return read_section(NodeFacts(), "lineage", text, exit_status, 1.0).lineage


def lock(text: str, exit_status: int = 0) -> Fact[OperatorLock | None]:
    return read_section(NodeFacts(), "lock", text, exit_status, 1.0).lock


def test_a_lineage_is_its_promotions_oldest_first() -> None:
    fact = lineage(LINES)
    assert fact.value == Lineage(
        (Promotion(A, "-", 1795396700, "web-a"), Promotion(B, A, 1795396800, "web-b"))
    )
    assert fact.value is not None
    assert fact.value.head == B


def test_a_missing_lineage_is_empty_and_an_unreadable_one_unknown() -> None:
    assert lineage(NO_FILE, 1).value == Lineage()
    assert lineage("").value == Lineage()
    denied = lineage("cat: /var/db/mirrorgate/lineage: Permission denied\n", 1)
    assert denied.value is None
    assert (denied.unknown or "").startswith("permission denied for /var/db/mirrorgate/lineage")


@pytest.mark.parametrize(
    "line",
    [
        f"{A} -",
        f"{A} - 1795396900 web-a",  # the same id twice
        f"{B} {B} 1795396900 web-a",
        f"{'A' * 16} - 1 web-a",
        f"{'c' * 15} - 1 web-a",
        f"{'c' * 16} x 1 web-a",
        f"{'c' * 16} - soon web-a",
        f"{'c' * 16} - 99999999999999 web-a",
        f"{'c' * 16} - 1 web-a extra",
        "Segmentation fault",
        "x" * 20_000,
    ],
)
def test_one_bad_line_makes_the_whole_lineage_unknown(line: str) -> None:
    fact = lineage(f"{A} - 1795396700 web-a\n{line}\n")
    assert fact.value is None
    reading = read_lineage(f"{A} - 1795396700 web-a\n{line}\n")
    assert reading.unread == reading.facts.bad == (line,)


def test_a_lock_names_its_owner_and_the_last_beat() -> None:
    owner = OperatorLock("20261123-021140-fail-back-7f3a", "fail-back", "ann@desk", 1795396700, 1795396755)
    assert lock(OWNER + "1795396755\n").value == owner


def test_nobody_holding_the_lock_is_known() -> None:
    fact = lock(NO_LOCK, 1)
    assert (fact.value, fact.unknown) == (None, None)


def test_a_lock_that_has_not_beaten_yet_beats_since_it_was_taken() -> None:
    text = OWNER + "cat: /var/db/mirrorgate/lock/beat: No such file or directory\n## taken\n"
    held = lock(text, 1).value
    assert held is not None
    assert held.beat == held.since == 1795396700


@pytest.mark.parametrize(
    ("text", "exit_status", "why"),
    [
        (NO_LOCK + "## taken\n", 1, "its owner is not written"),
        (DENIED, 1, "permission denied"),
        ("run=x\njob=y\n1795396755\n", 0, "printed something else"),
        (OWNER.replace("1795396700", "now") + "1\n", 0, "printed something else"),
        (OWNER.replace("ann@desk", ""), 0, "printed something else"),
        ("", 0, "printed nothing"),
        ("<html></html>", 0, "web page"),
    ],
)
def test_a_lock_that_cannot_be_read_is_unknown_never_nobodys(text: str, exit_status: int, why: str) -> None:
    fact = lock(text, exit_status)
    assert fact.value is None
    assert why in (fact.unknown or "")


def test_an_answer_after_a_known_lock_that_makes_no_sense_keeps_the_last_owner_for_display() -> None:
    facts = read_section(NodeFacts(), "lock", OWNER + "1795396755\n", 0, 1.0)
    facts = read_section(facts, "lock", DENIED, 1, 2.0)
    assert facts.lock.value is None
    assert facts.lock.last is not None


@given(st.text(), st.text(max_size=30))
def test_any_text_is_read_without_an_exception_and_no_line_is_lost(text: str, word: str) -> None:
    spoilt = f"{OWNER}\n{text}\njob={word}\n"
    reading = read_lock(spoilt)
    kept = repr((reading.facts, reading.unread))
    for line in text.split("\n"):
        bare = line.removesuffix("\r")
        if bare.strip() and "=" not in bare and not bare.isdigit():
            assert repr(bare)[1:-1] in kept
    promotions = read_lineage(f"{LINES}{text}\n").facts
    assert promotions.promotions[:2] == read_lineage(LINES).facts.promotions


@given(st.binary(max_size=200))
def test_a_lock_of_any_bytes_never_counts_as_nobodys_unless_the_file_is_absent(raw: bytes) -> None:
    text = raw.decode("latin-1")
    fact = lock(text)
    assert fact.unknown is not None or fact.value is not None
