"""What the real 13.2 pair showed, judged: calm where it was well, and the right alarm where it was not."""

from dataclasses import replace

from console.health.findings import findings
from console.health.history import History, remember
from console.health.readiness import readiness
from console.health.rules.scene import Scene
from console.model.facts import Gate
from console.model.snapshot import Finding, LinkState, PairSnapshot
from console.model.words import Answer, Home, Role, Severity
from console.parse.ggate import read_ggatec_list
from console.parse.sections import read_section
from tests.health.building import NOW, at, ids, with_facts, with_link
from tests.health.recorded import observed, records, vrrp_facts


def found(pair: PairSnapshot) -> tuple[Finding, ...]:
    return findings(pair, remember(History(), pair))


def test_the_roles_of_both_machines_are_read() -> None:
    truths = Scene.of(observed("14", "back on the master"), History()).truths
    assert [t.role for t in truths] == [Role.MASTER, Role.BACKUP]
    assert [t.address for t in truths] == [Answer.YES, Answer.NO]
    assert truths[0].address_on == "ngeth0"
    assert set(vrrp_facts(Home.SLAVE)) == {"a", "b"}


def test_after_the_proven_fail_back_only_the_half_that_the_slave_did_not_let_go_is_wrong() -> None:
    # `mdconfig -d` had answered `Device busy` there, so ggated serves an image that a mirror still holds.
    pair = observed("14", "back on the master")
    assert ids(f for f in found(pair) if f.node == "web-a") == set()
    assert ids(f for f in found(pair) if f.severity is not Severity.NOTICE) == {"P10", "P17", "R4"}
    assert readiness(pair).answer is Answer.NO


def test_the_pair_built_step_by_step_is_calm_once_it_is_mounted() -> None:
    pair = observed("02", "observe: mounted")
    assert {(f.id, f.severity) for f in found(pair)} <= {("P09", Severity.NOTICE)}, found(pair)
    assert readiness(pair).answer is Answer.YES


def test_the_guides_own_fail_back_is_seen_for_what_it_is() -> None:
    pair = observed("06b", "after the guide's scripts")
    assert {"R1", "P14", "P10", "P20"} <= ids(found(pair))
    assert readiness(pair).answer is Answer.NO


def test_a_mirror_of_one_is_no_redundancy() -> None:
    assert "P13" in ids(found(observed("02", "mirror of one, COMPLETE")))


def test_both_sides_mounted_and_written_is_a_split_brain() -> None:
    pair = observed("09", "both sides mounted and written")
    assert {"P38", "P18"} <= ids(found(pair))
    assert found(pair)[0].severity is Severity.CRITICAL
    assert readiness(pair).answer is Answer.NO


def test_a_slave_that_serves_from_the_raw_md_is_found() -> None:
    pair = observed("05", "slave serves from the raw md0", serving=Home.SLAVE)
    assert "P18" in ids(found(pair))


def test_the_master_after_the_slave_lost_its_power() -> None:
    pair = with_link(observed("07", "observe: slave gone"), Home.SLAVE, LinkState.LOST, "no route to host")
    assert {"P14", "P43", "P38", "P01"} <= ids(found(pair))
    assert readiness(pair).answer is not Answer.YES


def test_a_pulled_cable_shows_in_the_queue_and_nowhere_else() -> None:
    pair = observed("08", "complete, timeout 0")
    assert "P01" in ids(found(pair))
    assert not [f for f in found(pair) if f.severity is Severity.CRITICAL]
    past, worst = History(), Severity.NOTICE
    geom = pair.master.facts.geom.value
    assert geom
    for number, gate in enumerate(_gates_while_pulled()):
        pair = at(with_facts(pair, Home.MASTER, geom=replace(geom, gates=(gate,))), NOW + 5.0 * number)
        past = remember(past, pair)
        worst = min((f.severity for f in findings(pair, past) if f.id == "P01"), key=lambda s: s.rank)
    assert worst is Severity.CRITICAL


def _gates_while_pulled() -> list[Gate]:
    rows = [r for r in records("08") if r.get("run") == "ggatec list -v" and 13 < r["at"] < 50]
    return [read_ggatec_list(r["out"]).facts[0] for r in rows]


def test_the_daemon_that_got_a_hup_will_not_take_over() -> None:
    pair = observed("14", "back on the master")
    text = next(r["out"] for r in records("11") if "Cannot reach the correct state" in r.get("out", ""))
    log = "\n".join(ln for ln in text.splitlines() if "freevrrpd[" in ln)
    pid = text.rstrip().splitlines()[-1].split()[0]
    ps = f"  PID PPID STAT COMMAND\n{pid} 1 Ss /usr/local/sbin/freevrrpd\n"
    facts = read_section(pair.master.facts, "vrrplog", log, 0, NOW)
    pair = replace(pair, master=replace(pair.master, facts=read_section(facts, "ps", ps, 0, NOW)))
    assert Scene.of(pair, History()).truths[0].role is Role.DISABLED
    assert "P36" in ids(found(pair))
