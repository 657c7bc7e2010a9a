"""Each way to write a control file badly, with the line it is in."""

import pytest

from console.health.qmail_control.lint import lint
from console.health.qmail_control.reading import number, shown
from console.health.qmail_control.syntax import check
from console.health.qmail_control.table import SETTINGS
from tests.health.control.files import files

BAD: list[tuple[str, str, str, int]] = [
    ("Q01", "rcpthosts", "a.example\nb.example\r\n", 2),
    ("Q01", "me", "mx.example.org\r\n", 1),
    ("Q02", "locals", "mx.example.org\n example.org\n", 2),
    ("Q02", "rcpthosts", "a.example\n # not a comment\n", 2),
    ("Q03", "rcpthosts", "a.example b.example\n", 1),
    ("Q03", "locals", "mx.example.org # us\n", 1),
    ("Q03", "doublebounceto", "post master\n", 1),
    ("Q03", "smtproutes", "a.example:relay.example:25 name word\n", 1),
    ("Q04", "helohost", "# our name\nmx.example.org\n", 1),
    ("Q04", "concurrencyremote", "#60\n", 1),
    ("Q05", "queuelifetime", " 604800\n", 1),
    ("Q05", "databytes", "unlimited\n", 1),
    ("Q05", "timeoutremote", "", 1),
    ("Q05", "concurrencylocal", "-1\n", 1),
    ("Q06", "databytes", "20m\n", 1),
    ("Q07", "me", "mx.example.org\nsecond.example\n", 2),
    ("Q08", "virtualdomains", "virt.example joe\n", 1),
    ("Q08", "smtproutes", "a.example:\nb.example\n", 2),
    ("Q09", "smtproutes", "a.example:relay.example:smtp\n", 1),
    ("Q09", "smtproutes", "a.example:relay.example:70000\n", 1),
    ("Q09", "smtproutes", "a.example:relay.example:\n", 1),
    ("Q0a", "locals", ".example.org\n", 1),
    ("Q0a", "percenthack", "*.example.org\n", 1),
    ("Q0b", "rcpthosts", "a.example\nb.example\nA.example\n", 3),
    ("Q0b", "virtualdomains", "v.example:joe\nv.example:joe\n", 2),
    ("Q0c", "virtualdomains", "v.example:joe\nV.example:ann\n", 2),
    ("Q0c", "smtproutes", ":one.example\n:two.example\n", 2),
    ("Q0d", "rcpthosts", "joe@a.example\n", 1),
    ("Q0d", "rcpthosts", "*.a.example\n", 1),
    ("Q0d", "me", "mx..example.org\n", 1),
    ("Q0d", "bouncefrom", "joe@a.example\n", 1),
    ("Q0d", "smtproutes", "http//x:relay.example\n", 1),
    ("Q0e", "badmailfrom", "spam.example\n", 1),
    ("Q0f", "virtualdomains", "v.example:joe-\n", 1),
    ("Q0f", "virtualdomains", "v.example:joe@elsewhere.example\n", 1),
    ("Q0g", "rcpthosts", "m\u00fcnchen.example\n", 1),
    ("Q0g", "locals", "a\x1b[31m.example\n", 1),
    ("Q0h", "qmqpservers", "queue.example\n", 1),
    ("Q0h", "outgoingip", "1.2.3.400\n", 1),
    ("Q0i", "smtproutes", "a.example:[1.2.3\n", 1),
    ("Q10", "helohost", "\n", 1),
    ("Q11", "concurrencylocal", "0\n", 1),
    ("Q13", "timeoutremote", "1\n", 1),
    ("Q13", "queuelifetime", "60\n", 1),
    ("Q14", "queuelifetime", "31536000\n", 1),
    ("Q15", "queuelifetime", "0\n", 1),
    ("Q16", "databytes", "10000\n", 1),
    ("Q17", "databytes", "99999999999999999999999\n", 1),
    ("Q18", "me", "mx\n", 1),
]

GOOD: list[tuple[str, str]] = [
    ("me", "mx.example.org"),
    ("me", "mx.example.org \t\n\n"),
    ("rcpthosts", "# a comment\n\n  \na.example  \n.b.example\n[192.0.2.1]\n"),
    ("locals", "xn--mnchen-3ya.example\nhost\n_dmarc.example\n"),
    ("badmailfrom", '@a.example\njoe@b.example\n"a b"@c.example\n'),
    ("smtproutes", "a.example:relay.example:26\n.b.example:\n:[192.0.2.1]\nc.example:192.0.2.1:587\n"),
    ("virtualdomains", "v.example:joe\n.v.example:joe-sub\njoe@w.example:ann\nno.v.example:\n:alias-all\n"),
    ("queuelifetime", "604800\n"),
    ("databytes", "0\n"),
    ("databytes", "20000000 \r\n"),
    ("smtpgreeting", "mx.example.org ESMTP (no spam)\n"),
    ("qmqpservers", "192.0.2.1\n192.0.2.2\n"),
    ("percenthack", ""),
    ("badhelo", "^1\\.2\\.3\\.4$\n!@\n"),
    ("servercert.pem", "whatever\x00"),
]


@pytest.mark.parametrize(
    ("id", "name", "text", "line"), BAD, ids=[f"{c[0]}-{c[1]}-{n}" for n, c in enumerate(BAD)]
)
def test_a_badly_written_line_is_told_with_its_number(id: str, name: str, text: str, line: int) -> None:
    found = list(check(SETTINGS[name], text))
    assert (id, line) in {(each.id, each.line) for each in found}, found
    for each in found:
        assert all((each.what, each.why, each.todo))


@pytest.mark.parametrize(("name", "text"), GOOD, ids=[f"{c[0]}-{n}" for n, c in enumerate(GOOD)])
def test_a_well_written_file_is_left_in_peace(name: str, text: str) -> None:
    assert list(check(SETTINGS[name], text)) == []


def test_an_empty_me_is_as_bad_as_none() -> None:
    (only,) = check(SETTINGS["me"], "\n")
    assert (only.id, only.severity) == ("Q10", "critical")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("20\n", 20), ("20k", 20), ("20\r\n", 20), ("", None), (" 20", None), ("+20", None), ("\u0662", None)],
)
def test_a_number_is_read_as_qmail_reads_it(text: str, expected: int | None) -> None:
    assert number(text) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (":relay.example:587 user secret", ":relay.example:587 (…)"),
        (":relay.example:587|user|secret", ":relay.example:587 (…)"),
        ("a.example:relay.example|user|secret", "a.example:relay.example (…)"),
        ("a.example:[2001:db8::1]:25 user secret", "a.example:[2001:db8::1]:25 (…)"),
        ("relay.example user secret", "relay.example (…)"),
        ("a.example:relay.example:25", "a.example:relay.example:25"),
        ("a.example:relay.example \r", "a.example:relay.example \r"),
        ("# a.example:relay.example", "# a.example:relay.example"),
        (".a.example:", ".a.example:"),
    ],
)
def test_passwords_behind_a_relay_are_never_shown(line: str, expected: str) -> None:
    assert shown("smtproutes", f"x.example:y\n{line}") == f"x.example:y\n{expected}"
    assert shown("rcpthosts", line) == line
    told_of = " ".join(each.what for each in lint(files(smtproutes=f"{line}\n")))
    assert "secret" not in told_of
