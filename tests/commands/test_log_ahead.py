"""The second process of `log --summary`: what it tells is what the first would have found out, or nothing."""

import os
from pathlib import Path

import numpy as np
import pytest

from console.commands.log_ahead import ahead
from console.parse.qmail_columns import BLOCK, ColumnFigures
from console.parse.qmail_shapes import KnownStatus, regular

LINE = b"@400000006b03863c2c69702c new msg %d\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "current"
    path.write_bytes(b"".join(LINE % n for n in range(BLOCK // 20)))
    return path


def blocks(path: Path) -> list[bytes]:
    from console.commands.log_files import read

    return list(read([str(path)], [], BLOCK))


def test_it_tells_the_shapes_of_every_block_and_no_more(log: Path) -> None:
    known = KnownStatus()
    with ahead([str(log)]) as told:
        for block in blocks(log):
            shapes, own = told(block), regular(block, known)
            assert shapes is not None
            assert np.array_equal(shapes.begins, own.begins)
            assert np.array_equal(shapes.new.numbers, own.new.numbers)
        assert told(b"more\n") is None


def test_of_a_block_that_it_read_otherwise_and_of_all_that_follow_it_tells_nothing(log: Path) -> None:
    first, *rest = blocks(log)
    assert rest
    with ahead([str(log)]) as told:
        assert told(first[:-1] + b"x\n") is None
        assert all(told(block) is None for block in rest)


def test_the_figures_are_the_same(log: Path) -> None:
    alone, helped = ColumnFigures(), ColumnFigures()
    with ahead([str(log)]) as told:
        for block in [*blocks(log), b"not whole"]:
            alone.take(block)
            helped.take_known(block, told)
    assert (helped.lines, helped.messages, helped.unread) == (alone.lines, alone.messages, alone.unread)
    assert helped.messages == BLOCK // 20


def test_a_file_that_cannot_be_opened_is_the_first_process_s_to_tell(tmp_path: Path) -> None:
    with ahead([str(tmp_path / "none")]) as told:
        assert told(b"line\n") is None


def test_it_has_ended_whenever_it_is_left(log: Path) -> None:
    with pytest.raises(KeyError), ahead([str(log)]):
        raise KeyError
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
