"""What control files say together."""

from dataclasses import replace
from importlib.resources import files as files_of

import pytest

from console.health.qmail_control.checks import CHECKS
from console.health.qmail_control.comparing import differences
from console.health.qmail_control.lint import lint
from console.health.qmail_control.setting import Effect, Kind
from console.health.qmail_control.survey import survey
from console.health.qmail_control.table import OPEN_NAMES, QMAIL, SETTINGS
from console.model.mail import ControlFile, ControlFiles
from console.model.words import Severity
from console.parse.qmail_control import read_qmail_showctl
from tests.health.control.files import NOW, SHOWCTL, files, told, with_file
from tests.mails import captured_control

HOSTS = "mx.example.org\nexample.org\nvirt.example\n.virt.example\n"

FOUND: list[tuple[str, str, Severity, ControlFiles]] = [
    ("Q10", "rcpthosts", Severity.WARNING, files(rcpthosts="# nobody\n")),
    ("Q12", "concurrencyremote:1", Severity.WARNING, files(concurrencyremote="121\n")),
    ("Q12", "concurrencylocal:1", Severity.NOTICE, files(showctl="", concurrencylocal="121\n")),
    ("Q20", "rcpthosts", Severity.CRITICAL, files(rcpthosts=None)),
    ("Q21", "me", Severity.CRITICAL, files(me=None)),
    (
        "Q22",
        "virtualdomains:2",
        Severity.WARNING,
        files(virtualdomains="a.b.virt.example:j\nexample.org:joe\n"),
    ),
    ("Q22", "virtualdomains:1", Severity.WARNING, files(virtualdomains="ann@Example.org:joe\n")),
    ("Q23", "locals:2", Severity.WARNING, files(locals="mx.example.org\nnew.example\n")),
    ("Q23", "virtualdomains:1", Severity.WARNING, files(virtualdomains=".new.example:joe\n")),
    ("Q23", "virtualdomains:1", Severity.WARNING, files(virtualdomains="joe@new.example:joe\n")),
    ("Q23", "me", Severity.NOTICE, files(locals=None, me="other.example.org\n")),
    ("Q24", "rcpthosts:5", Severity.NOTICE, files(rcpthosts=f"{HOSTS}second.example\n")),
    ("Q25", "smtproutes:1", Severity.WARNING, files(smtproutes="example.org:relay.example\n")),
    ("Q25", "smtproutes:1", Severity.WARNING, files(smtproutes=".virt.example:relay.example\n")),
    ("Q26", "smtproutes:2", Severity.NOTICE, files(smtproutes="a.example:\n:relay.example\n")),
    ("Q27", "smtproutes:1", Severity.WARNING, files(smtproutes=":mx.example.org\n")),
    ("Q27", "smtproutes:1", Severity.WARNING, files(smtproutes="a.example:127.0.0.1\n")),
    ("Q28", "percenthack:1", Severity.CRITICAL, files(percenthack="example.org\n")),
    ("Q28", "percenthack:1", Severity.CRITICAL, files(percenthack="deep.virt.example\n")),
    ("Q29", "morercpthosts", Severity.WARNING, files(morercpthosts="virt.example\n")),
    ("Q2a", "doublebouncehost", Severity.NOTICE, files(doublebouncehost="elsewhere.example\n")),
    ("Q2b", "rcpthost", Severity.WARNING, files(rcpthost="x\n")),
    ("Q2b", "virtualdomain", Severity.WARNING, files(virtualdomain="x\n")),
    ("Q2b", "concurencyremote", Severity.WARNING, files(concurencyremote="x\n")),
    ("Q2c", "rcpthosts.bak", Severity.NOTICE, files(rcpthosts_bak="x\n")),
    ("Q2c", "zzz", Severity.NOTICE, files(zzz="x\n")),
    ("Q2d", "recipientmap", Severity.NOTICE, files(recipientmap="a@b:c@d\n")),
    ("Q2e", "rcpthosts", Severity.CRITICAL, with_file(files(), "rcpthosts", mode="-rw-r-----")),
    ("Q2e", "me", Severity.CRITICAL, with_file(files(), "me", mode="0600")),
    ("Q2f", "locals", Severity.WARNING, with_file(files(), "locals", mode="-rw-rw-rw-")),
    ("Q2g", "locals", Severity.WARNING, files(locals="\n")),
    ("Q30", "queuelifetime", Severity.WARNING, files(NOW - 60, queuelifetime="604800\n")),
    ("Q31", "virtualdomains", Severity.NOTICE, files(NOW - 60)),
    ("Q40", "me", Severity.UNKNOWN, with_file(files(), "me", text=None, unknown="Permission denied")),
    ("Q41", "rcpthosts", Severity.UNKNOWN, with_file(files(), "rcpthosts", bytes=70_000)),
]

QUIET: list[tuple[str, ControlFiles]] = [
    ("Q12", files(concurrencyremote="120\n")),
    ("Q20", files(rcpthosts="")),
    ("Q22", files(virtualdomains="mail.example.org:joe\n", rcpthosts=f"{HOSTS}.example.org\n")),
    ("Q23", files(locals="localhost\nmx.example.org\n")),
    ("Q23", files(locals="deep.virt.example\n")),
    ("Q23", files(virtualdomains="off.example:\n:alias-all\n")),
    ("Q23", with_file(files(locals="new.example\n"), "morercpthosts.cdb", bytes=2048, changed=NOW)),
    ("Q23", files(locals="new.example\n", morercpthosts="new.example\n")),
    ("Q24", files(virtualdomains=":alias-all\n", rcpthosts=f"{HOSTS}second.example\n")),
    ("Q24", files(rcpthosts=f"{HOSTS}localhost\n")),
    ("Q25", files(smtproutes="away.example:relay.example\n")),
    ("Q25", files(virtualdomains="joe@away.example:joe\n", smtproutes="away.example:relay.example\n")),
    ("Q27", files(smtproutes=":127.0.0.1:2525\n")),
    ("Q28", files(percenthack="gone.example\n")),
    ("Q2e", with_file(files(), "servercert.pem", mode="-rw-r-----", bytes=2000)),
    ("Q30", files(NOW + 60, queuelifetime="604800\n")),
    ("Q30", files(NOW - 60, me=None, databytes="20000000\n")),
    ("Q30", files(None, queuelifetime="604800\n")),
    ("Q31", files(NOW + 60)),
]


def test_a_sound_directory_has_nothing_wrong() -> None:
    assert lint(files()) == ()


@pytest.mark.parametrize(
    ("id", "place", "severity", "control"), FOUND, ids=[f"{c[0]}-{n}" for n, c in enumerate(FOUND)]
)
def test_what_is_wrong_is_told(id: str, place: str, severity: Severity, control: ControlFiles) -> None:
    found = {(c.id, c.place): c for c in lint(control)}
    assert (id, place) in found, found.keys()
    assert found[id, place].severity is severity


@pytest.mark.parametrize(("id", "control"), QUIET, ids=[f"{c[0]}-{n}" for n, c in enumerate(QUIET)])
def test_its_neighbour_is_left_in_peace(id: str, control: ControlFiles) -> None:
    assert id not in {each.id for each in lint(control)}, told(control)


def test_the_captured_directory_says_three_things() -> None:
    found = [(c.severity, c.id, c.place, c.what.rpartition(" ")[2]) for c in lint(captured_control())]
    assert found == [
        (Severity.CRITICAL, "Q28", "percenthack:1", "local.example"),
        (Severity.WARNING, "Q23", "virtualdomains:3", "corner.example"),
        (Severity.NOTICE, "Q24", "rcpthosts:7", "relayed.example"),
    ]


def test_what_is_told_of_the_captured_files_agrees_with_qmail_showctl() -> None:
    control = captured_control()
    said = read_qmail_showctl(control.showctl).facts
    rows = {row.name: row for row in survey(control).rows}
    for name, lines in said.controls.items():
        if name in ("morercpthosts.cdb", "qmqpservers"):
            continue
        row = rows[name]
        assert (row.file is None) == (name in said.defaults), name
        if row.setting is not None and row.setting.kind is Kind.NUMBER:
            assert row.value.split()[0] in lines[0].replace(".", " ").split(), name
        elif row.file is not None and row.setting is not None and row.setting.kind in (Kind.NAME, Kind.WORD):
            assert f"{row.value}." in f"{lines[0]} ", name
    assert rows["rcpthosts"].value == ", ".join(said.rcpthosts)
    assert rows["virtualdomains"].value == ", ".join(said.virtualdomains)
    assert rows["smtproutes"].value == ", ".join(said.smtproutes)


def test_defaults_hold_where_files_are_absent() -> None:
    rows = {row.name: row for row in survey(ControlFiles((ControlFile("me", "mx.example.org\n"),))).rows}
    assert rows["concurrencyremote"].value == "20 deliveries"
    assert rows["queuelifetime"].value == "604800 seconds"
    assert rows["helohost"].value == "mx.example.org"
    assert rows["bouncefrom"].value == "MAILER-DAEMON"
    assert "open relay" in rows["rcpthosts"].value
    assert {row.file for row in rows.values() if row.name != "me"} == {None}


RESTARTED = (
    *("me", "bouncefrom", "bouncehost", "concurrencylocal", "concurrencyremote", "doublebouncehost"),
    *("doublebounceto", "envnoathost", "percenthack", "queuelifetime"),
)
READ_EACH_TIME = (
    *("badmailfrom", "databytes", "defaultdomain", "defaulthost", "helohost", "idhost", "localiphost"),
    *("plusdomain", "qmqpservers", "rcpthosts", "smtpgreeting", "smtproutes", "timeoutconnect"),
    *("timeoutremote", "timeoutsmtpd"),
)


@pytest.mark.parametrize(
    ("name", "effect"),
    [
        *((name, Effect.HUP) for name in ("locals", "virtualdomains")),
        *((name, Effect.RESTART) for name in RESTARTED),
        *((name, Effect.AT_ONCE) for name in READ_EACH_TIME),
        ("morercpthosts", Effect.COMPILED),
    ],
)
def test_a_change_waits_for_what_qmails_programs_do(name: str, effect: Effect) -> None:
    assert SETTINGS[name].effect is effect


def test_every_setting_and_check_is_complete() -> None:
    said = read_qmail_showctl(captured_control().showctl).facts
    assert sorted(one.name for one in QMAIL) == sorted(said.controls)
    for one in SETTINGS.values():
        assert one.purpose.endswith((".", ")")), one.name
        assert one.reader, one.name
    for check in CHECKS.values():
        assert all((check.what, check.why, check.todo)), check.id
    assert not {name for name in OPEN_NAMES if name.endswith((".pem", ".cdb")) or "auth" in name}


def test_files_that_are_keys_or_unknown_are_never_read_or_judged_by_their_text() -> None:
    secret = "hunter2"
    control = files(servercert_pem=secret, authsenders=secret, mystery=secret)
    value = survey(control)
    assert secret not in repr([(row.value, row.complaints) for row in value.rows])


NAMES = ("web-a", "web-b")


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (files(), set()),
        (files(me="mx2.example.org\n"), {("Q51", "me")}),
        (files(rcpthosts=None), {("Q50", "rcpthosts")}),
        (files(rcpthosts=""), {("Q50", "rcpthosts")}),
        (files(rcpthosts=HOSTS), {("Q52", "rcpthosts")}),
        (files(locals="example.org\nMX.example.org\nlocalhost\n"), {("Q52", "locals")}),
        (files(virtualdomains="virt.example:ann\n.virt.example:joe-sub\n"), {("Q50", "virtualdomains")}),
        (files(queuelifetime="604800\n"), {("Q52", "queuelifetime")}),
        (files(queuelifetime="3600\n"), {("Q50", "queuelifetime")}),
        (files(helohost="mx.example.org\n"), {("Q52", "helohost")}),
        (files(helohost="web-b.example.org\n"), {("Q51", "helohost")}),
        (files(badmailfrom=""), {("Q52", "badmailfrom")}),
        (files(mystery="x"), {("Q50", "mystery")}),
    ],
)
def test_differences_between_the_nodes_are_told_by_their_effect(
    other: ControlFiles, expected: set[tuple[str, str]]
) -> None:
    assert {(c.id, c.file) for c in differences(files(), other, NAMES)} == expected
    assert {(c.id, c.file) for c in differences(other, files(), NAMES)} == expected


def test_a_difference_says_who_has_what() -> None:
    (only,) = differences(files(), files(rcpthosts="mx.example.org\nnew.example\n"), NAMES)
    assert only.what == "the nodes do not agree: 3 entries only on web-a, 1 entry only on web-b"
    (number,) = differences(files(), files(databytes="20000000\n"), NAMES)
    assert number.what == "the nodes do not agree: only web-b has it"


def test_a_node_that_was_not_read_is_unknown_and_differs_in_nothing() -> None:
    gone = ControlFiles(trouble="web-b: no answer")
    assert differences(files(), gone, NAMES) == ()
    assert lint(gone) == ()
    assert survey(gone).trouble == "web-b: no answer"
    assert {row.sameness for row in survey(files(), gone).rows} == {None}


def test_hostile_text_is_only_text() -> None:
    evil = "[/x]\x1b]0;p\x07\n\x00\u202e:\ud800 :\n" + "a" * 70_000
    for name, setting in SETTINGS.items():
        control = replace(files(), files=(ControlFile(name, evil, bytes=len(evil), mode="?????????"),))
        found = survey(control, files())
        assert found.rows, setting.name
        assert all(len(each.what) < 400 for each in found.complaints)


def test_a_list_of_ten_thousand_domains_is_judged_at_once() -> None:
    many = "".join(f"d{n}.example\n" for n in range(10_000))
    found = lint(files(rcpthosts=HOSTS + many, locals=f"localhost\nmx.example.org\nexample.org\n{many}"))
    assert {each.id for each in found} == {"Q41"}


def test_of_a_file_that_was_read_in_part_nothing_is_said_that_the_rest_could_refute() -> None:
    torn = "mx.example.org\nexample.org\nvirt.example\n.virt.ex ample"
    assert told(with_file(files(rcpthosts=torn), "rcpthosts", bytes=70_000)) == {("Q41", "rcpthosts")}
    here = with_file(files(), "rcpthosts", bytes=70_000)
    assert [c.id for c in differences(here, with_file(here, "rcpthosts", bytes=80_000), NAMES)] == ["Q50"]
    assert differences(here, here, NAMES) == ()


def test_the_limit_is_the_one_that_was_compiled_in() -> None:
    big = files(showctl=SHOWCTL.replace("120", "509"), concurrencyremote="400\n")
    assert "Q12" not in {each.id for each in lint(big)}


def test_the_nodes_script_shows_the_files_that_may_be_shown_and_no_others() -> None:
    script = (files_of("playbooks") / "node" / "mail.sh").read_text()
    known = script.partition("known='")[2].partition("'")[0].split()
    assert set(known) == OPEN_NAMES
