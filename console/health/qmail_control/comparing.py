"""The control files of both nodes side by side: after a failover the other node's hold."""

from collections import Counter
from collections.abc import Iterable, Iterator
from enum import Enum

from console.health.qmail_control.checks import Complaint, complain
from console.health.qmail_control.lint import in_order
from console.health.qmail_control.reading import LISTS, Controls, counted, cut
from console.health.qmail_control.setting import Kind, Setting
from console.health.qmail_control.table import SETTINGS
from console.model.mail import ControlFiles


class Sameness(Enum):
    """How a file on one node stands to the same on the other."""

    SAME = "same"
    AS_GOOD = "as good"
    """Not the same text, but the same effect."""
    OWN = "own"
    """They differ, as is expected of this file."""
    DIFFERENT = "different"
    UNKNOWN = "unknown"


_COMPLAINTS = {Sameness.AS_GOOD: "Q52", Sameness.OWN: "Q51", Sameness.DIFFERENT: "Q50"}


def in_effect(setting: Setting, files: Controls) -> tuple[str, ...] | None:
    """What holds on a node, with the default where the file is absent; None where it was not read."""
    text = files.text(setting.name)
    if text is not None:
        return counted(setting, text)
    if setting.name in files:
        return None
    if setting.default is not None:
        return (setting.default,)
    if setting.from_me:
        me = files.line("me")
        return (me.lower() if setting.kind is Kind.DOMAINS else me,) if me is not None else None
    return (setting.absent,) if setting.name == "rcpthosts" or setting.kind not in LISTS else ()


def compare(name: str, here: Controls, there: Controls) -> Sameness:
    """How a file stands on both nodes."""
    if name not in here and name not in there:
        return Sameness.SAME
    setting = SETTINGS.get(name)
    a, b = here.of.get(name), there.of.get(name)
    if setting is None or setting.closed:
        if a is None or b is None or a.bytes != b.bytes:
            return Sameness.OWN if setting is not None and setting.own and a and b else Sameness.DIFFERENT
        return Sameness.UNKNOWN
    if a is not None and b is not None and a.text is not None and a.text == b.text:
        return Sameness.DIFFERENT if (cut(a) or cut(b)) and a.bytes != b.bytes else Sameness.SAME
    first, second = in_effect(setting, here), in_effect(setting, there)
    if first is None or second is None:
        return Sameness.UNKNOWN
    if first == second:
        return Sameness.AS_GOOD
    return Sameness.OWN if setting.own else Sameness.DIFFERENT


def names_of(*nodes: Controls) -> list[str]:
    """Every file of the nodes, those of qmail first."""
    present = {name for node in nodes for name in node.of}
    order = [name for name in SETTINGS if name in present]
    return order + sorted(present - SETTINGS.keys())


def differences(a: ControlFiles, b: ControlFiles, names: tuple[str, str]) -> tuple[Complaint, ...]:
    """Every file that is not the same on both nodes; nothing while one of them is not known."""
    if a.trouble or b.trouble:
        return ()
    here, there = Controls(a.files), Controls(b.files)
    return in_order(list(_differences(here, there, names)))


def _differences(here: Controls, there: Controls, names: tuple[str, str]) -> Iterator[Complaint]:
    for name in names_of(here, there):
        id = _COMPLAINTS.get(compare(name, here, there))
        if id is not None:
            yield complain(id, name, _in_what(name, here, there, names))


def _in_what(name: str, here: Controls, there: Controls, names: tuple[str, str]) -> str:
    for files, node in ((there, names[0]), (here, names[1])):
        if name not in files:
            return f"only {node} has it"
    setting = SETTINGS.get(name)
    if setting is None or setting.closed:
        return "not of the same size"
    texts = [counted(setting, files.text(name) or "") for files in (here, there)]
    if setting.kind not in LISTS:
        shown = [" ".join(text)[:60] or "no value" for text in texts]
        return f"{shown[0]} on {names[0]}, {shown[1]} on {names[1]}" if shown[0] != shown[1] else ""
    only = [_lines(texts[0], texts[1]), _lines(texts[1], texts[0])]
    return ", ".join(
        f"{count} {'entry' if count == 1 else 'entries'} only on {node}"
        for count, node in zip(only, names, strict=True)
        if count
    )


def _lines(ours: Iterable[str], theirs: Iterable[str]) -> int:
    return sum((Counter(ours) - Counter(theirs)).values())
