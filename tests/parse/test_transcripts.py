import re
from collections.abc import Iterator

import pytest

from tests.parse.captured import Answered, answers
from tests.parse.sampled import READERS

# The command as a whole, and the kind that its output is.
COMMANDS = (
    (r"sysctl -n kern\.geom\.confxml", "kern-geom-confxml"),
    (r"gmirror status( -s)?", "gmirror-status"),
    (r"gmirror status -s", "gmirror-status-script"),
    (r"gmirror list", "gmirror-list"),
    (r"gmirror list", "geom-list-other"),
    (r"gmirror dump \w+|gmirror dump md0; gmirror dump ggate0", "gmirror-dump"),
    (r"ggatec list( -v)?", "ggate"),
    (r"mdconfig -lv?", "mdconfig"),
    (r"mount( -p)?", "mount"),
    (r"df( .*)?", "df"),
    (r"ifconfig( -a| \w+)", "ifconfig"),
    (r"ps -(auxww|axww|waux).*", "ps"),
    (r"kldstat", "kldstat"),
    (r"sockstat -4l?", "sockstat"),
    (r"uname -(a|r|mrs)", "uname"),
    (r"uptime", "uptime"),
    (r"sysctl (-n )?kern\.boottime", "sysctl"),
    (r"sysctl -n kern\.disks", "kern-disks"),
    (r"dmesg \| grep GEOM.*", "syslog-geom-mirror"),
    (r"grep (-E 'GEOM.ggate'|ggatec) /var/log/messages.*", "syslog-geom-mirror"),
)
LEAST = {"kern-geom-confxml": 8, "gmirror-status": 15, "ggate": 4, "mount": 6, "df": 8, "ps": 15}


def _outputs() -> Iterator[tuple[str, Answered]]:
    seen = set()
    for answer in answers():
        for command, kind in COMMANDS:
            if re.fullmatch(command, answer.run) and answer.exit == 0 and (kind, answer.out) not in seen:
                seen.add((kind, answer.out))
                yield kind, answer


OUTPUTS = list(_outputs())


@pytest.mark.parametrize(
    ("kind", "answer"), OUTPUTS, ids=[f"{kind}-{place}" for place, (kind, _) in enumerate(OUTPUTS)]
)
def test_a_real_output_is_read_to_its_last_line(kind: str, answer: Answered) -> None:
    assert READERS[kind](answer.out).unread == ()


def test_enough_real_outputs_were_found() -> None:
    kinds = [kind for kind, _ in OUTPUTS]
    assert all(kinds.count(kind) >= least for kind, least in LEAST.items())
    assert {kind for _, kind in COMMANDS} == set(kinds)


def test_freevrrpd_lines_of_the_real_pair_all_have_a_name() -> None:
    lines = {
        line
        for answer in answers()
        if answer.scenario.startswith("11")
        for line in answer.out.splitlines()
        if " freevrrpd[" in line and re.match(r"[A-Z][a-z]{2} [ \d]\d ", line)
    }
    reading = READERS["syslog-freevrrpd"]("\n".join(sorted(lines)))
    assert len(lines) > 50
    assert reading.unread == ()
    assert [event for event in reading.facts.events if event.event == "other"] == []
    assert {state.vrid for state in reading.facts.states} == {1, 2}
