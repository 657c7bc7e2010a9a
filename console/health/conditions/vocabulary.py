"""How a condition is written down, found and asked; `not NAME` is its negation, and unknown stays unknown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from console.model.snapshot import NodeView, PairSnapshot
from console.model.words import Answer, Home

NOT = "not "
"""Before a name: the statement must be certain not to hold."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a condition, and why."""

    answer: Answer
    why: str

    @property
    def holds(self) -> bool:
        """Whether it is certain: unknown never counts as yes."""
        return self.answer is Answer.YES


@dataclass(frozen=True, slots=True)
class Condition:
    """A named, testable statement about a snapshot."""

    name: str
    sentence: str
    """What is so when it holds."""
    test: Callable[[PairSnapshot], Verdict]


CONDITIONS: dict[str, Condition] = {}
"""Every condition by name."""


def yes(why: str) -> Verdict:
    """The statement holds."""
    return Verdict(Answer.YES, why)


def no(why: str) -> Verdict:
    """The statement fails."""
    return Verdict(Answer.NO, why)


def unknown(why: str) -> Verdict:
    """The statement cannot be told."""
    return Verdict(Answer.UNKNOWN, why)


Test = Callable[[PairSnapshot], Verdict]
NodeTest = Callable[[PairSnapshot, NodeView], Verdict]


def condition(name: str, sentence: str) -> Callable[[Test], Test]:
    """Enter a test into the vocabulary."""

    def enter(test: Test) -> Test:
        if name in CONDITIONS:
            raise ValueError(f"condition {name} is defined twice")
        CONDITIONS[name] = Condition(name, sentence, test)
        return test

    return enter


def home_condition(name: str, sentence: str) -> Callable[[NodeTest], NodeTest]:
    """Enter a test of one node as two conditions, `master-NAME` and `slave-NAME` (the nodes by home).

    `HOME` in the sentence stands for `the home master` or `the home slave`, `OTHER` for the other of the two.
    """

    def enter(test: NodeTest) -> NodeTest:
        for home in Home:
            other = Home.SLAVE if home is Home.MASTER else Home.MASTER
            words = sentence.replace("HOME", f"the home {home.value}").replace(
                "OTHER", f"the home {other.value}"
            )
            condition(f"{home.value}-{name}", words)(_at(home, test))
        return test

    return enter


def _at(home: Home, test: NodeTest) -> Test:
    return lambda snapshot: test(snapshot, snapshot.node(home))


def check(name: str, snapshot: PairSnapshot) -> Verdict:
    """The verdict of the condition called `name`, or of its negation when it begins with `not `.

    Raises:
        KeyError: there is no such condition.
    """
    if not name.startswith(NOT):
        return CONDITIONS[name].test(snapshot)
    verdict = CONDITIONS[name.removeprefix(NOT)].test(snapshot)
    opposite = {Answer.YES: Answer.NO, Answer.NO: Answer.YES}
    return Verdict(opposite.get(verdict.answer, Answer.UNKNOWN), verdict.why)


def known(name: str) -> bool:
    """Whether `name`, or `NAME` of `not NAME`, is a condition."""
    return name.removeprefix(NOT) in CONDITIONS


def sentence(name: str) -> str:
    """What is so when it holds, for display; KeyError when there is no such condition."""
    said = CONDITIONS[name.removeprefix(NOT)].sentence
    return f"it is not so that {said}" if name.startswith(NOT) else said


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """The verdict of all together: one `no` decides, then one `unknown`."""
    for answer in (Answer.NO, Answer.UNKNOWN):
        for verdict in verdicts:
            if verdict.answer is answer:
                return verdict
    return verdicts[0]


_WORDS = {"geom": "GEOM on", "interfaces": "addresses of", "vrrplog": "the freevrrpd log of"}


def unread(node: NodeView, *facts: str) -> Verdict | None:
    """`unknown` for the first of these facts of a node that does not count, None when all do."""
    for name in facts:
        fact = getattr(node.facts, name)
        if fact.unknown is not None:
            return unknown(f"{_WORDS.get(name, f'{name} of')} {node.name}: {fact.unknown}")
    return None
