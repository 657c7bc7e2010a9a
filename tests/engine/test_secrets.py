"""Secrets: where they come from, and that none of it is ever kept."""

import pickle
from collections.abc import Mapping

import pytest

from console.engine.validation import problems
from console.model.plan import Plan
from console.model.run import RunRecord, RunState, StepState
from tests.engine.fake_site import Site
from tests.engine.fakes import Console
from tests.engine.plans import command, plan_of, write
from tests.engine.warp import warped

PATH = "/usr/local/etc/freevrrpd.conf"
TEMPLATE = "[VRID]\npassword = @SECRET:vrrp-password@\n"


def _plan() -> Plan:
    return plan_of(
        write("conf-b", PATH, TEMPLATE, node="web-b", mode="0600"),
        write("conf-a", PATH, TEMPLATE, mode="0600"),
        command("show", "show"),
    )


def _apply(site: Site, asked: Mapping[str, str] | None = None) -> RunRecord:
    async def main() -> RunRecord:
        console = Console(site)
        console.operator.secrets = dict(asked or {})
        return await console.runner.apply(_plan())

    return warped(main())


def _password(site: Site, node: str) -> str:
    return site.nodes[node].files[PATH].decode().split("password = ")[1].strip()


@pytest.mark.parametrize("holder", ["web-a", "web-b"])
def test_the_secret_a_node_has_already_is_used_on_both(holder: str) -> None:
    site = Site()
    site.nodes[holder].files[PATH] = b"[VRID]\npassword=geheim42\n"
    assert _apply(site).state is RunState.DONE
    assert _password(site, "web-a") == _password(site, "web-b") == "geheim42"


def test_otherwise_the_operator_is_asked_and_an_empty_answer_generates_one() -> None:
    site = Site()
    _apply(site, {"vrrp-password": "given123"})
    assert _password(site, "web-a") == _password(site, "web-b") == "given123"
    other = Site()
    _apply(other)
    made = _password(other, "web-a")
    assert made == _password(other, "web-b")
    assert len(made) == 8
    assert made.isalnum()


def test_no_secret_is_kept_not_even_when_a_command_prints_it() -> None:
    site = Site()
    site.nodes["web-b"].files[PATH] = b"[VRID]\npassword=geheim42\n"
    site.does("show", out="password = geheim42\n", exit=1)
    run = _apply(site)
    assert run.state is RunState.FAILED
    assert "•••" in run.steps[2].out
    kept = b"".join(pickle.dumps(record) for record in [*site.kept, run])
    assert b"geheim42" not in kept
    assert b"@SECRET" in kept, "the plan keeps the name"


def test_after_a_kill_the_secret_is_still_masked_and_the_same_on_both() -> None:
    async def main(point: int) -> tuple[RunRecord, Site] | None:
        site = Site()
        site.does("show", out="password is geheim42\n")
        first = Console(site, die_at=point)
        first.operator.secrets = {"vrrp-password": "geheim42"}
        run = await first.until_killed(lambda runner: runner.apply(_plan()))
        if run is None:
            if not site.journal:
                return None
            second = Console(site)
            second.operator.secrets = {"vrrp-password": "geheim42"}
            kept = next(iter(await second.journal.runs()))
            if kept.state is RunState.DONE:
                return kept, site
            run = await second.runner.resume(kept.id)
        return run, site

    ended = [warped(main(point)) for point in range(1, 90)]
    assert sum(1 for one in ended if one) > 40
    for one in ended:
        if one:
            run, site = one
            assert run.state is RunState.DONE
            assert _password(site, "web-a") == _password(site, "web-b")
            assert b"geheim42" not in pickle.dumps([*site.kept, run])


def test_a_file_with_this_content_and_mode_is_not_written_again() -> None:
    site = Site()
    _apply(site, {"vrrp-password": "given123"})
    again = _apply(site)
    assert [s.state for s in again.steps] == [StepState.ALREADY_SO, StepState.ALREADY_SO, StepState.DONE]
    site.nodes["web-a"].modes[PATH] = "0644"
    wide = _apply(site)
    assert [s.state for s in wide.steps][:2] == [StepState.ALREADY_SO, StepState.DONE]
    assert site.nodes["web-a"].modes[PATH] == "0600"


def test_where_the_nodes_differ_the_file_that_is_written_first_decides() -> None:
    site = Site()
    site.nodes["web-a"].files[PATH] = b"[VRID]\npassword=of-a\n"
    site.nodes["web-b"].files[PATH] = b"[VRID]\npassword=of-b\n"
    assert _apply(site).state is RunState.DONE
    assert _password(site, "web-a") == _password(site, "web-b") == "of-b"


def test_a_secret_that_lies_across_two_looks_at_much_output_is_masked() -> None:
    site = Site()
    site.nodes["web-b"].files[PATH] = b"[VRID]\npassword=geheim42\n"
    site.does("show", out="x" * 65532 + "geheim42" + "y" * 70000)
    run = _apply(site)
    assert run.state is RunState.DONE
    assert len(run.steps[2].out) == 65536
    assert run.steps[2].out.endswith("y" * 60000)
    assert b"geheim42" not in b"".join(pickle.dumps(record) for record in [*site.kept, run])
    assert not any(record.steps[2].out.endswith("gehe") for record in site.kept)


def test_a_secret_in_a_command_is_refused() -> None:
    site = Site()
    found = problems(plan_of(command("one", "echo @SECRET:x@")), site.pair)
    assert (("steps", 0, "action", "text"), "a secret may stand in a file, never in a command") in found
