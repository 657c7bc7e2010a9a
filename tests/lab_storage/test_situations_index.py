"""Which test reproduces which of the situations R1 to R23 that were proven on a real FreeBSD 13.2 pair.

Whoever renames or removes such a test is told here.
"""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent.parent
LOSS = "lab_storage/test_situations_of_loss.py"
LETTING_GO = "lab_storage/test_situations_of_letting_go.py"
RULES = "lab_storage/test_mirror_rules.py"
LOSING = "lab_storage/test_losing_data.py"
GATES = "lab_storage/test_gates.py"
ELECTION = "lab_node/test_election.py"

SITUATIONS: dict[str, tuple[str, ...]] = {
    "R1": (
        "lab_storage/test_guide_loses.py::test_the_guides_own_scripts_serve_the_old_data_and_report_success",
    ),
    "R2": (f"{LOSING}::test_a_raw_promotion_joins_later_as_complete_with_two_different_contents",),
    "R3": (f"{LETTING_GO}::test_a_stopped_mirror_is_back_after_four_seconds_while_its_half_is_attached",),
    "R4": (
        f"{RULES}::test_a_stopped_mirror_returns_on_another_name_each_time",
        "parse/test_confxml.py::test_a_half_that_came_back_under_its_ufsid_is_still_known_as_md0",
    ),
    "R5": (
        f"{LOSS}::test_after_a_power_cut_all_looks_complete_then_geom_is_silent_then_degraded",
        f"{RULES}::test_status_is_silent_for_minutes_while_a_dead_gate_is_tasted",
    ),
    "R6": (f"{LOSS}::test_a_slave_that_returns_is_ignored_until_it_is_forgotten_and_inserted",),
    "R7": (f"{LOSS}::test_without_timeout_a_pulled_cable_looks_complete_and_one_queued_request_tells",),
    "R8": (
        f"{GATES}::test_a_path_that_is_not_exported_is_refused_in_both_logs",
        f"{GATES}::test_a_missing_unit_and_a_unit_in_use_cannot_be_destroyed",
    ),
    "R9": (
        f"{LOSS}::test_a_gate_destroyed_at_once_returns_stale_and_one_rebuild_repairs_it",
        f"{LOSS}::test_a_gate_destroyed_under_an_idle_mirror_returns_broken",
        f"{LOSS}::test_a_gate_destroyed_after_a_failed_write_returns_broken_and_rebuild_is_refused",
    ),
    "R10": (
        f"{LOSS}::test_a_hard_coded_slaves_half_is_no_mirror_on_the_slave",
        f"{LOSS}::test_a_free_slaves_half_is_a_mirror_on_the_slave_whose_counter_moves",
    ),
    "R11": (f"{LOSS}::test_only_fsync_brings_a_file_to_the_slave_before_the_link_goes",),
    "R12": (f"{LOSS}::test_a_frozen_gate_stops_ls_umount_and_fsync_but_neither_df_nor_a_buffered_writer",),
    "R16": (
        f"{ELECTION}::test_term_lets_the_address_go_without_a_script_and_the_other_takes_over",
        f"{ELECTION}::test_hup_resigns_runs_the_backup_script_and_never_takes_over_again",
    ),
    "R17": (
        f"{ELECTION}::test_different_serverids_make_two_masters_and_only_arp_tells",
        f"{ELECTION}::test_different_passwords_make_two_masters_and_both_say_so",
        f"{ELECTION}::test_a_slow_script_starves_the_adverts_and_both_hold_the_address",
    ),
    "R18": (f"{ELECTION}::test_a_pulled_link_takes_the_address_from_both_and_no_script_runs",),
    "R19": (
        f"{LETTING_GO}::test_an_image_enlarged_while_detached_loses_the_mirror_until_it_is_cut_back",
        f"{LETTING_GO}::test_a_half_grows_under_its_running_mirror_and_keeps_its_files",
    ),
    "R21": (
        f"{LETTING_GO}::test_stop_and_detach_fails_on_a_free_half",
        f"{LETTING_GO}::test_stop_and_detach_in_a_loop_fails_ten_times_of_ten",
        f"{LETTING_GO}::test_the_class_cannot_be_unloaded_to_let_go",
        f"{LETTING_GO}::test_a_forced_detach_under_the_unmounted_mirror_holds_on_a_free_half",
        f"{LETTING_GO}::test_a_hard_coded_half_lets_go_in_one_breath_and_stays_away",
    ),
    "R22": (f"{LETTING_GO}::test_a_promoted_slave_waits_four_to_five_seconds_for_its_device",),
    "R23": (f"{LOSING}::test_the_circle_that_works_keeps_every_file",),
}

NOT_SIMULATED = {
    "R13": "migration: dump by mount point; the lab has no dump(8)",
    "R14": "migration: bsdlabel under open partitions; the lab has no partitions",
    "R15": "migration: restore of a cut dump; the lab has no restore(8)",
    "R20": "migration: a live dump without -L; the lab has no dump(8)",
}
"""Situations that no test can reproduce yet, and why."""


def named(file: Path) -> set[str]:
    """The tests of a file, by its text."""
    return {
        node.name
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


def test_every_situation_has_a_test_or_a_reason() -> None:
    assert not SITUATIONS.keys() & NOT_SIMULATED.keys()
    assert SITUATIONS.keys() | NOT_SIMULATED.keys() == {f"R{number}" for number in range(1, 24)}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_tests_of_a_situation_exist(situation: str) -> None:
    assert SITUATIONS[situation]
    for test in SITUATIONS[situation]:
        path, _, name = test.partition("::")
        assert (TESTS / path).is_file(), test
        assert name in named(TESTS / path), test


@pytest.mark.parametrize("path", [LOSS, LETTING_GO])
def test_a_test_that_names_a_situation_is_in_the_index(path: str) -> None:
    for node in ast.parse((TESTS / path).read_text()).body:
        if isinstance(node, ast.AsyncFunctionDef) and node.name.startswith("test_"):
            said = re.match(r"R\d+", ast.get_docstring(node) or "")
            assert said, f"{node.name} names no situation"
            assert f"{path}::{node.name}" in SITUATIONS[said[0]]
