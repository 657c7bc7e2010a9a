"""What a scraper reads."""

from dataclasses import replace

from console.health.metrics import FAMILIES
from console.machines.exposition import OWN, Board, Exposition
from console.machines.hooks import Hooks
from console.model.config import HookConfig
from tests.health.building import healthy, promoted
from tests.machines.states import VERSION, read_openmetrics, read_plain, state_of, written

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def test_openmetrics_and_the_older_text_say_the_same() -> None:
    state = state_of(healthy())
    new = {
        (s.name, *sorted(s.labels.items())): s.value
        for f in read_openmetrics(written(state, accept=OPENMETRICS))
        for s in f.samples
    }
    old = {
        (s.name, *sorted(s.labels.items())): s.value for f in read_plain(written(state)) for s in f.samples
    }
    ours = {key for key in new if str(key[0]).startswith("mirrorgate_")}
    assert ours
    assert {key: new[key] for key in ours} == {key: old[key] for key in ours}


def test_a_word_is_a_state_set_with_exactly_one_that_is_so() -> None:
    family = next(
        f
        for f in read_openmetrics(written(state_of(healthy()), accept=OPENMETRICS))
        if f.name == "mirrorgate_node_mounted"
    )
    assert family.type == "stateset"
    of_a = {
        s.labels["mirrorgate_node_mounted"]: s.value for s in family.samples if s.labels["node"] == "web-a"
    }
    assert of_a == {"yes": 1, "no": 0, "unknown": 0}


def test_several_pairs_share_each_family_and_the_newest_state_counts() -> None:
    pair = healthy()
    other = replace(pair, config=pair.config.model_copy(update={"name": "second"}))
    text = written(state_of(pair), state_of(other), state_of(promoted()))
    assert text.count("# TYPE mirrorgate_mirror_state ") == 1
    assert "mirrorgate_pairs 2.0" in text
    assert (
        'mirrorgate_node_mounted{mirrorgate_node_mounted="yes",node="web-b",pair="borkcorp-www"} 1.0' in text
    )
    assert 'mirrorgate_node_mounted{mirrorgate_node_mounted="yes",node="web-a",pair="second"} 1.0' in text


def test_it_tells_of_itself_and_of_its_hooks() -> None:
    hooks = Hooks((HookConfig(name="page", command=("/bin/true",)),), "export")
    board = Board(VERSION, hooks.samples)
    text = Exposition(board).write("")[0].decode()
    assert f'mirrorgate_build_info{{version="{VERSION}"}} 1.0' in text
    assert 'mirrorgate_hook_deliveries_total{hook="page",outcome="failed"} 0.0' in text
    assert 'mirrorgate_hook_pending_events{hook="page"} 0.0' in text


def test_no_two_families_have_the_same_name() -> None:
    names = [f.name for f in (*OWN, *FAMILIES)]
    assert len(names) == len(set(names))
