import pytest

from tests.parse.captured import Sample, as_json, differences, samples
from tests.parse.sampled import READERS

SAMPLES = list(samples(frozenset(READERS)))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.file)
def test_a_sample_means_what_the_index_says_and_leaves_nothing_unread(sample: Sample) -> None:
    reading = READERS[sample.kind](sample.text)
    assert differences(sample.expect, as_json(reading.facts)) == []
    assert reading.unread == ()


def test_there_are_samples_of_every_kind_that_the_index_has() -> None:
    assert len(SAMPLES) > 60
    assert {sample.kind for sample in SAMPLES} | {
        "gmirror-dump",
        "gmirror-list",
        "kldstat",
        "lineage",
        "lock",
        "ps",
        "sockstat",
        "syslog-freevrrpd",
    } == set(READERS)


@pytest.mark.parametrize("kind", sorted(READERS))
def test_no_text_is_no_facts_and_nothing_unread(kind: str) -> None:
    assert READERS[kind]("").unread == ()
    assert READERS[kind]("\n \n\t\n").unread == ()
