"""What every plan of every job has in common: text that parses, quoted values, undos, names that exist."""

import shutil
import string
import subprocess
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.health.conditions import known
from console.model.facts import Geom
from console.model.plan import Command, Plan, Risk, Step, Wait, WriteFile
from console.model.snapshot import LinkState, PairSnapshot
from console.model.words import Home
from playbooks.job import CannotPlan
from playbooks.jobs import JOBS
from playbooks.parts.lineage_steps import descent
from playbooks.parts.site import site_of
from tests.health.building import (
    BACKUP,
    GATE,
    MD,
    MD_OF_SLAVE,
    SITES,
    boot_files,
    component,
    healthy,
    mirror,
    with_facts,
    with_link,
)
from tests.playbooks.planning import (
    MARK,
    in_order,
    line_of,
    lines,
    named,
    plan,
    refused,
    slave_serves,
    stopped,
    texts,
)

SHELL = shutil.which("dash") or "sh"
EVIL = "EVIL"
NASTY = f'it\'s my;rm -rf {EVIL} `{EVIL}` $({EVIL}) "{EVIL}" & | > {EVIL} \\ *?[é] # {EVIL}'


def every_plan() -> list[Plan]:
    """The plans of all jobs, from the situations they are made for."""
    gone = LinkState.LOST
    return [
        plan("failover-drill", healthy()),
        plan("failover-drill", healthy(), mount_during_rebuild=True, canary=False, fsck="yes"),
        plan("failover-drill", healthy(), with_fail_back=False, fsck="refuse"),
        plan("fail-back", slave_serves()),
        plan("fail-back", slave_serves(), mount_during_rebuild=True),
        plan("promote", healthy()),
        plan("promote", stopped()),
        plan("promote", with_link(healthy(), Home.MASTER, gone, "no route")),
        plan("stop-pair", healthy()),
        plan("stop-pair", slave_serves()),
        plan("start-pair", stopped()),
        plan("start-pair", with_link(stopped(), Home.SLAVE, gone, "no route")),
    ]


PLANS = every_plan()


def _steps() -> list[tuple[Plan, Step]]:
    return [(made, step) for made in PLANS for step in made.steps]


def parses(parts: list[str]) -> str:
    """What the shell says against these texts, each a body of its own."""
    script = "\n".join(f"text{n}() {{\n{part}\n}}" for n, part in enumerate(parts))
    ran = subprocess.run([SHELL, "-n"], input=script, capture_output=True, text=True, check=False, timeout=60)
    return ran.stderr


def unquoted(text: str) -> str:
    """What a POSIX shell would see outside of single quotes."""
    seen, inside, characters = [], False, iter(text)
    for character in characters:
        if character == "'":
            inside = not inside
        elif not inside:
            seen.append(character)
            if character == "\\":
                seen.append(next(characters, ""))
    return "".join(seen)


def test_every_text_of_every_plan_parses() -> None:
    assert parses([text for made in PLANS for text in texts(made)]) == ""


def test_every_condition_that_a_plan_names_exists() -> None:
    for made, step in _steps():
        names = [*made.aborts, *made.expects, *step.guards, *step.expects]
        names += step.undo.expects if step.undo else ()
        if isinstance(step.action, Wait):
            names += [*step.action.until, *step.action.failed_when]
        assert [name for name in names if not known(name)] == []


def test_every_change_says_how_it_is_taken_back_or_why_not() -> None:
    for _, step in _steps():
        if isinstance(step.action, Command | WriteFile) and step.risk is not Risk.READ:
            assert step.undo is not None, step.id


def test_every_step_that_only_reads_runs_whatever_holds() -> None:
    for _, step in _steps():
        if isinstance(step.action, Command) and step.risk is Risk.READ:
            assert step.always, step.id


def test_no_plan_unmounts_by_force_or_stops_a_mounted_mirror() -> None:
    for made in PLANS:
        for text in texts(made):
            assert "umount -f" not in text
            assert "gmirror stop -f" not in text
    for _, step in _steps():
        if isinstance(step.action, Command) and "gmirror stop" in step.action.text:
            assert "not master-mounted" in step.guards


def test_nothing_runs_a_raw_half_in_place_of_the_mirror() -> None:
    for made in PLANS:
        for text in texts(made):
            assert "mount /dev/md" not in text
            assert "fsck -t ufs -p /dev/md" not in text


def test_each_mount_comes_after_its_check_and_its_record() -> None:
    for made in PLANS:
        for home in ("master", "slave"):
            if any(step.id == f"mount-{home}" for step in made.steps):
                assert in_order(made, f"fsck-{home}", f"mount-{home}", f"lineage-in-mount-{home}")


def test_a_record_can_be_taken_back_as_long_as_nothing_was_mounted() -> None:
    step = plan("promote", healthy()).step("lineage-slave-serves-on-slave")
    assert step.undo is not None
    assert step.undo.text is not None
    assert f"grep -v '^{MARK} '" in step.undo.text


def test_a_master_s_half_without_a_fixed_name_is_detached_by_force() -> None:
    parts = (component("ggate0"), component("md0", flags=()))
    pair = with_facts(healthy(), Home.MASTER, geom=Geom(mirrors=(mirror(*parts),), gates=(GATE,), mds=(MD,)))
    said = lines(plan("stop-pair", pair).step("let-go-master"))
    assert any(
        'gmirror stop remotemirror && [ "$(mdconfig -lv' in line and "-o force" in line for line in said
    )


def test_units_are_those_the_pair_has() -> None:
    geom = Geom(
        mirrors=(mirror(component("ggate3", device="ggate3"), component("md4", device="md4")),),
        gates=(replace(GATE, name="ggate3", unit=3),),
        mds=(replace(MD, name="md4", unit=4),),
    )
    pair = with_facts(healthy(), Home.MASTER, geom=geom)
    other = replace(MD_OF_SLAVE, file="/root/elsewhere.img")
    pair = with_facts(pair, Home.SLAVE, geom=Geom(mds=(other,)))
    site = site_of(pair)
    assert (site.master_md, site.slave_md, site.gate, site.gate_timeout) == (4, 1, "ggate3", 10)


def test_scripts_that_would_not_keep_still_are_named_before_the_job() -> None:
    said = plan("failover-drill", healthy()).unchecked
    assert (
        said[0] == "web-a: whether /usr/local/bin/master_script.sh keeps still during the job: it is not ours"
    )
    ours = boot_files((), ("daemon -cf /usr/local/libexec/mirrorgate/demote.sh -v",))
    pair = with_facts(with_facts(healthy(), Home.MASTER, files=ours), Home.SLAVE, files=ours)
    assert plan("failover-drill", pair).unchecked == ()


def test_a_daemon_that_a_reboot_would_start_too_early_is_named() -> None:
    pair = with_facts(healthy(), Home.MASTER, files=boot_files(('freevrrpd_enable="YES"',)))
    assert any("freevrrpd starts at boot" in line for line in plan("promote", pair).unchecked)


def test_an_unlimited_gate_is_never_made_again() -> None:
    pair = with_facts(healthy(), Home.MASTER, geom=Geom(gates=(replace(GATE, timeout=0),)))
    assert site_of(pair).gate_timeout == 10


def test_the_floating_address_is_never_dialled() -> None:
    pair = stopped()
    config = pair.config
    nodes = tuple(n.model_copy(update={"host": f"{n.name}.example"}) for n in config.nodes)
    pair = replace(pair, config=config.model_copy(update={"nodes": nodes}))
    site = site_of(with_facts(pair, Home.MASTER, geom=Geom(gates=(replace(GATE, host="192.168.1.102"),))))
    assert site.slave_address == "192.168.1.101"
    lost = with_facts(pair, Home.SLAVE, interfaces=())
    with pytest.raises(CannotPlan, match="set `replication`"):
        _ = site_of(lost).slave_address


def test_a_lineage_is_continued_from_the_node_that_knows_more() -> None:
    site = site_of(slave_serves())
    history = descent(site, Home.SLAVE, MARK)
    assert (history.parent, history.adopted) == ("b" * 16, False)
    assert [p.id[0] for p in history.known] == ["a", "b"]


def test_a_name_with_control_characters_is_refused_in_one_line() -> None:
    assert "control characters" in refused(
        "start-pair", named(stopped(), mount="/home/\x9b", mirror="m", image="/i")
    )


def test_a_mirror_s_name_is_no_path() -> None:
    assert "name of a mirror" in refused(
        "start-pair", named(stopped(), mount="/m", mirror="../md0", image="/i")
    )


def test_nasty_names_stay_inside_single_quotes() -> None:
    pair = named(stopped(), mount=f"/home/{NASTY}", mirror=f"m;{EVIL}$({EVIL})", image=f"/img/{NASTY}")
    for job in ("start-pair", "stop-pair", "promote"):
        made = plan(job, pair)
        assert parses(list(texts(made))) == ""
        for text in texts(made):
            assert EVIL not in unquoted(text)
        assert any(EVIL in text for text in texts(made)) or job == "stop-pair"


def test_nasty_names_in_a_drill_stay_inside_single_quotes() -> None:
    pair = named(healthy(), mount=f"/home/{NASTY}", mirror="m", image=f"/img/{NASTY}")
    image = pair.config.master.image
    geom = Geom(
        mirrors=(mirror(name="m"),),
        gates=(replace(GATE, path=image),),
        mds=(replace(MD, file=image),),
    )
    there = replace(SITES, node=pair.config.mount, special="/dev/mirror/m")
    made = plan("failover-drill", with_facts(pair, Home.MASTER, geom=geom, mounts=(there,)))
    assert parses(list(texts(made))) == ""
    for text in texts(made):
        assert EVIL not in unquoted(text)


PIECES = st.text(
    st.sampled_from(string.ascii_letters + string.digits + " '\"\\$`;&|<>(){}[]*?~#!%^=+-_.,:@é…"),
    min_size=1,
    max_size=60,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mount=PIECES, mirror=PIECES.filter(lambda w: not w.startswith("-") and " " not in w), image=PIECES)
def test_any_names_make_text_that_parses(mount: str, mirror: str, image: str) -> None:
    pair: PairSnapshot = named(stopped(), mount=f"/qz{mount}", mirror=mirror, image=f"/{image}")
    for job in ("start-pair", "promote"):
        chosen = JOBS[job]
        try:
            made = chosen.plan(pair, chosen.answers.model_validate({"mark": MARK}))
        except CannotPlan:
            continue
        assert parses(list(texts(made))) == ""
        bare = [unquoted(text) for text in texts(made)]
        if any(c in mount for c in " ;&|`$"):
            assert not any(f"/qz{mount}" in text for text in bare)


def test_an_image_whose_name_is_an_option_is_a_path_all_the_same() -> None:
    assert BACKUP.startswith("/")
    made = plan("start-pair", named(stopped(), mount="/-rf", mirror="m", image="/--help"))
    assert parses(list(texts(made))) == ""


def test_the_record_of_a_third_promotion_carries_every_line_the_other_node_lacks() -> None:
    pair = with_facts(
        slave_serves(),
        Home.SLAVE,
        lineage=line_of(("a", "web-a"), ("b", "web-b"), ("c", "web-a"), ("d", "web-b")),
    )
    said = "\n".join(lines(plan("fail-back", pair).step("lineage-master-serves-on-master")))
    assert [letter for letter in "abcd" if f"printf '%s %s %s %s\\n' {letter * 16}" in said] == [
        "b",
        "c",
        "d",
    ]
