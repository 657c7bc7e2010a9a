"""`mirrorgate log` and `mirrorgate trace` on files, as a shell sees them."""

import gzip
import json
import os
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from console.commands import log, log_files
from console.parse.qmail_summing import Figures
from tests.parse.qmail_logs import LOGS, files


def run(*words: str, feed: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "console.cli", *words],
        input=feed,
        capture_output=True,
        timeout=60,
        env=dict(os.environ, TZ="UTC"),
        check=False,
    )


def value(*words: str, feed: bytes = b"") -> Any:
    return json.loads(run(*words, feed=feed).stdout)


@pytest.mark.parametrize("directory", ["mixed", "odd-reports", "restart", "rotated-4096", "troubles", "busy"])
def test_log_prints_the_bytes_of_tai64nlocal(directory: str) -> None:
    given = files(directory)
    expected = b""
    for path in given:
        beside = path.with_name(
            path.name.removesuffix(".gz") + ".tai64nlocal-utc" + ".gz" * (path.suffix == ".gz")
        )
        expected += gzip.decompress(beside.read_bytes()) if path.suffix == ".gz" else beside.read_bytes()
    assert run("log", *map(str, given)).stdout == expected


def test_the_summary_of_a_capture_has_its_counts() -> None:
    told = value("log", "--summary", "--json", str(LOGS / "small-local" / "current"))
    assert (told["messages"], told["bounces"], told["lines"], told["unread"]) == (1, 0, 9, 0)
    assert told["deliveries"] == {"success": 1, "failure": 0, "deferral": 0}
    assert told["senders"][0]["messages"] == 1


def test_a_log_of_splogger_is_read_too() -> None:
    told = value("log", "--summary", "--json", str(LOGS / "splogger" / "syslog-datagrams.txt"))
    assert (told["lines"], told["unread"]) == (405, 0)
    assert told["messages"] > 0
    assert told["latency"]["queued_until_success"]["count"] > 0


def test_packed_logs_and_standard_input_give_the_same_answer(tmp_path: Path) -> None:
    plain = LOGS / "odd-reports" / "current"
    packed = tmp_path / "old.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    answer = value("trace", "carol@", "--json", "--log", str(plain))
    assert answer
    assert value("trace", "carol@", "--json", "--log", str(packed)) == answer
    assert value("trace", "carol@", "--json", "--log", "-", feed=plain.read_bytes()) == answer
    if zstd := shutil.which("zstd"):
        subprocess.run([zstd, "-q", str(plain), "-o", str(tmp_path / "old.zst")], check=True)
        assert value("trace", "carol@", "--json", "--log", str(tmp_path / "old.zst")) == answer


def test_a_damaged_packed_log_is_named_and_what_was_read_is_shown(tmp_path: Path) -> None:
    packed = tmp_path / "old.gz"
    packed.write_bytes((LOGS / "busy" / "current.gz").read_bytes()[:-2000])
    done = run("log", "--summary", "--json", str(packed))
    assert done.returncode == 1
    assert b"old.gz" in done.stderr
    assert b"Traceback" not in done.stderr
    assert json.loads(done.stdout)["lines"] > 0


def test_trace_answers_with_the_whole_life_of_a_message() -> None:
    (one,) = value("trace", "finn@ok.example", "--json", "--log", str(LOGS / "odd-reports" / "current"))
    assert {key: one[key] for key in ("message", "sender", "bytes", "qp", "ended", "bounce")} == {
        "message": 1690029,
        "sender": "ben@sender.example",
        "bytes": 137,
        "qp": 16963,
        "ended": None,
        "bounce": None,
    }
    assert one["started"].startswith("2026-11-23T")
    assert [(to["recipient"], to["channel"], to["attempts"], to["outcome"]) for to in one["recipients"]] == [
        ("finn@ok.example", "remote", 1, "success"),
        ("alice@local.example", "local", 1, "success"),
        ("carol@local.example", "local", 1, "queued"),
    ]


def test_trace_shows_a_bounce_and_the_bounce_of_the_bounce() -> None:
    found = value("trace", "news-owner-", "--json", "--log", str(LOGS / "mixed" / "current"))
    bounced = [one for one in found if one["bounce"] and one["bounce"]["bounce"]]
    assert bounced
    assert bounced[0]["bounce"]["sender"] == ""
    assert bounced[0]["bounce"]["bounce"]["sender"] == "#@[]"


def test_trace_by_number_finds_the_message_and_else_the_delivery() -> None:
    log = str(LOGS / "small-remote" / "current")
    (one,) = value("trace", "example", "--json", "--log", log)
    assert value("trace", str(one["message"]), "--json", "--log", log) == [one]
    assert value("trace", "delivery", "1", "--json", "--log", log) == [one]
    assert value("trace", "1", "--json", "--log", log) == [one]
    assert value("trace", "msg", "1", "--json", "--log", log) == []


def test_trace_looks_only_between_the_two_times() -> None:
    log = str(LOGS / "small-remote" / "current")
    (one,) = value("trace", "example", "--json", "--log", log)
    assert value("trace", "example", "--until", "2026-11-23T00:00", "--json", "--log", log) == []
    assert value("trace", "example", "--since", "2026-11-24", "--json", "--log", log) == []
    assert value(
        "trace", "example", "--since", "2026-11-23", "--until", "2026-11-24", "--json", "--log", log
    ) == [one]


def test_what_cannot_be_asked_or_read_is_one_line() -> None:
    log = str(LOGS / "small-remote" / "current")
    for words in (
        ("trace", "x", "--since", "soon", "--log", log),
        ("trace", "x", "--log", "/nonexistent/log"),
        ("log", "/nonexistent/log"),
    ):
        done = run(*words)
        assert done.returncode == 2, words
        assert done.stderr.count(b"\n") == 1, done.stderr


def test_hostile_words_stay_words_and_the_page_is_80_wide() -> None:
    line = (
        b"@400000006b038deb1550defc starting delivery 1: msg 5 to local \x1b]0;p\x07\xff[red]@"
        + b"x" * 300
        + b"\n"
    )
    done = run("trace", "[red]", "--log", "-", feed=line)
    assert done.returncode == 0
    assert b"\x1b" not in done.stdout
    assert max(map(len, done.stdout.decode().splitlines())) <= 80


def test_each_line_as_json_says_what_it_is() -> None:
    done = run("log", "--json", feed=(LOGS / "small-local" / "current").read_bytes() + b"odd\n")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [rows[0]["event"], rows[1]["event"]] == ["status", "new msg"]
    assert rows[-1] == {"time": None, "event": None, "unread": "odd"}


@pytest.mark.parametrize("words", [("trace", "ben@", "--json", "--log"), ("log",), ("log", "--summary")])
def test_reading_a_small_log_imports_nothing_heavy(words: tuple[str, ...]) -> None:
    program = (
        "import sys; from console import cli\n"
        "try: cli.main()\n"
        "except SystemExit: pass\n"
        "heavy = {'asyncio', 'asyncssh', 'logging', 'numpy', 'pydantic', 'shtab', 'textual'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words, str(LOGS / "small-remote" / "current")],
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert done.stderr.strip() == b"[]"


def test_a_big_log_has_the_same_summary_with_and_without_numpy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("numpy")
    given = [str(path) for path in files("mixed") + files("splogger")]
    monkeypatch.setattr(log, "_BIG", 0)
    used: list[str] = []
    as_value = log.as_value

    def noted(figures: Figures) -> dict[str, object]:
        used.append(type(figures).__name__)
        return as_value(figures)

    monkeypatch.setattr(log, "as_value", noted)
    told = []
    for without in (False, True):
        if without:
            monkeypatch.setitem(sys.modules, "console.parse.qmail_columns", None)
            monkeypatch.delattr(sys.modules["console.parse"], "qmail_columns", raising=False)
        assert log.main(given, summary=True, as_json=True) == 0
        told.append(capsys.readouterr().out)
    assert told[0] == told[1]
    assert used == ["ColumnFigures", "Figures"]


@pytest.mark.parametrize("torn", [False, True])
def test_any_bytes_of_several_files_are_read_as_of_one_when_each_ends_a_line(
    tmp_path: Path, torn: bool
) -> None:
    parts = [b"first\nsecond\n", b"", b"third" if torn else b"third\n", b"fourth\nfif"]
    names = []
    for number, part in enumerate(parts):
        names.append(str(tmp_path / str(number)))
        Path(names[-1]).write_bytes(part)
    whole = b"".join(parts)
    with ExitStack() as stack:
        found = log_files.readable_at(names, stack)
        assert (found is None) == torn
        if found is not None:
            read, size = found
            assert size == len(whole)
            for at in range(size + 1):
                for count in range(size + 2):
                    assert read(at, count) == whole[at : at + count]


def test_trace_of_rotated_logs_is_that_of_the_same_lines_from_standard_input() -> None:
    given = files("rotated-4096")
    text = b"".join(path.read_bytes() for path in given)
    answer = value("trace", "@", "--json", "--log", "-", feed=text)
    assert answer
    assert value("trace", "@", "--json", "--log", *map(str, given)) == answer
