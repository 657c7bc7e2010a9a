"""Any run a journal may be given, hostile text included."""

import string

from hypothesis import strategies as st

from console.model.plan import Command, Manual, Plan, PlanNode, Step, Wait
from console.model.run import Checked, RunEvent, RunRecord, RunState, StepRecord, StepState
from console.model.words import Answer

EVIL = "[/x]\x1b]0;p\x07\u202e';DROP TABLE runs;--\x00\r\n```\n# heading\ufeff𝔘\\xff"
TEXT = st.one_of(st.text(st.characters(codec="utf-8"), max_size=40), st.just(EVIL), st.just(EVIL * 200))
_LINE = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=30).filter(
    lambda line: bool(line.strip())
)
_SLUG = st.text(string.ascii_lowercase + string.digits + "-", min_size=1, max_size=12)
_TIME = st.floats(0, 4e9)
_CHECKED = st.builds(Checked, _SLUG, st.sampled_from(Answer), TEXT)
_ACTIONS = st.one_of(
    st.builds(Command, text=_LINE),
    st.builds(Manual, ask=_LINE, typed=st.none() | _LINE),
    st.builds(Wait, until=st.just(("geom-answers",)), failed_when=st.just(())),
)
ANSWERS = st.dictionaries(
    _SLUG,
    st.one_of(TEXT, st.integers(-(2**60), 2**60), st.booleans(), st.floats(allow_nan=False), st.lists(TEXT)),
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    ids = draw(st.lists(_SLUG, min_size=1, max_size=5, unique=True))
    return Plan(
        id="0123456789abcdef",
        job=draw(_SLUG),
        title=draw(_LINE),
        pair="p",
        made="2026-11-23T02:11:00+00:00",
        nodes=(
            PlanNode(name="a", home="master", host="h1", image="/i"),
            PlanNode(name="b", home="slave", host="h2", image="/i"),
        ),
        answers=draw(ANSWERS),
        facts=draw(st.dictionaries(_SLUG, TEXT, max_size=3)),
        steps=tuple(
            Step(
                id=id,
                title=draw(_LINE),
                why=draw(_LINE),
                node="a",
                action=draw(_ACTIONS),
                leaves=draw(_LINE),
                phase=draw(st.none() | _LINE),
            )
            for id in ids
        ),
        ends=draw(_LINE),
    )


def step_records(id: str) -> st.SearchStrategy[StepRecord]:
    return st.builds(
        StepRecord,
        id=st.just(id),
        state=st.sampled_from(StepState),
        started=st.none() | _TIME,
        ended=st.none() | _TIME,
        exit_status=st.none() | st.integers(0, 255),
        out=TEXT,
        err=TEXT,
        why=TEXT,
        guards=st.lists(_CHECKED, max_size=2).map(tuple),
        expects=st.lists(_CHECKED, max_size=2).map(tuple),
        percent=st.none() | st.integers(0, 100),
        eta=st.none() | _TIME,
        attempt=st.integers(1, 9),
        undoing=st.integers(0, 9),
    )


@st.composite
def histories(draw: st.DrawFn) -> list[RunRecord]:
    """One run as it is kept again and again: any state may follow any other."""
    plan = draw(plans())
    records = st.builds(
        RunRecord,
        id=st.just("20261123-021140-x-7f3a"),
        plan=st.just(plan),
        operator=TEXT,
        state=st.sampled_from(RunState),
        started=_TIME,
        ended=st.none() | _TIME,
        steps=st.tuples(*(step_records(step.id) for step in plan.steps)),
        events=st.lists(st.builds(RunEvent, _TIME, _SLUG, TEXT), max_size=4).map(tuple),
        safe_state=TEXT,
        why=TEXT,
        locks=st.lists(TEXT, max_size=2).map(tuple),
        measures=st.dictionaries(_SLUG, st.floats(allow_nan=False), max_size=3),
    )
    return draw(st.lists(records, min_size=1, max_size=4))
