"""What a FreeBSD 13.2 pair printed: each paste kind reads all of it."""

import json
import re
from collections.abc import Iterator

import pytest

from console.parse.kinds import explain
from tests.parse_kinds.captures import CAPTURES

COMMANDS = {
    "camcontrol-devlist": r"camcontrol devlist",
    "disklabel": r"(bsd|disk)label (-A |-n -w )?vtbd[0-9]s1",
    "diskinfo": r"diskinfo [^;|]*",
    "dump": r"dump [^;|]*(; echo rc=\$\?)?",
    "dumpfs": r"dumpfs \S+( \| head -24)?",
    "fdisk": r"fdisk [^;|]*",
    "fsck": r"fsck [^;|]*(; echo rc=\$\?)?",
    "fstat": r"fstat [^;|]*(; echo rc=\$\?)?",
    "gpart-show": r"gpart show[^;|]*",
    "growfs": r"growfs [^;|]*(; echo rc=\$\?)?",
    "netstat-rn": r"netstat -rn",
    "newfs": r"newfs [^;|]*",
    "restore": r"(cd \S+ && )?restore [^;|<]*(< /dev/null)?(; echo rc=\$\?)?",
    "swapinfo": r"swapinfo[^;|]*",
    "tunefs": r"tunefs -p [^;|]*",
}
"""Kind by the whole command: nothing else prints into the same output."""


def answers() -> Iterator[tuple[str, str]]:
    for path in sorted((CAPTURES / "freebsd-13.2-pair").glob("*.jsonl")):
        for line in path.read_text().splitlines():
            record = json.loads(line)
            if "run" in record and "exit" in record:
                printed = f"{record['out']}{record['err']}"
                yield record["run"], re.sub(r"^rc=[0-9]+\n", "", printed, flags=re.MULTILINE)


ANSWERS = list(answers())


@pytest.mark.parametrize(("kind", "command"), COMMANDS.items(), ids=COMMANDS)
def test_all_of_what_the_pair_printed_is_read(kind: str, command: str) -> None:
    texts = [text for run, text in ANSWERS if re.fullmatch(command, run)]
    assert texts
    for text in texts:
        assert explain(kind, text)["unread"] == []


def test_a_complaint_names_its_program() -> None:
    programs = r"(gmirror|ggatec|ggated|mdconfig|mount|umount|kldload|kldunload|newfs): "
    lines = {line for _, text in ANSWERS for line in text.split("\n") if re.match(programs, line)}
    lines = {line for line in lines if not line.startswith("ggatec: illegal")}
    assert len(lines) > 30
    for line in sorted(lines):
        told = explain("errors", line)
        facts = told["facts"]
        assert told["unread"] == []
        assert isinstance(facts, dict)
        assert facts["program"] == line.split(":")[0]
        assert facts["error"]
