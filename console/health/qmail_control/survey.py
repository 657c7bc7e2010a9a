"""A node's control files as a table: a row for each file that is there or has a default, with complaints."""

from dataclasses import dataclass

from console.health.qmail_control.checks import Complaint
from console.health.qmail_control.comparing import Sameness, compare, names_of
from console.health.qmail_control.lint import in_force, lint
from console.health.qmail_control.reading import LISTS, Controls, entries, first_line, number, shown
from console.health.qmail_control.setting import Kind, Setting
from console.health.qmail_control.table import QMAIL, SETTINGS
from console.model.mail import ControlFile, ControlFiles


@dataclass(frozen=True, slots=True)
class Row:
    """One control file of a node."""

    name: str
    setting: Setting | None
    """None where nothing is known of such a file."""
    file: ControlFile | None
    """None where it is absent and a default holds."""
    value: str
    """What holds, in one line; as it came from the node."""
    in_force: bool | None
    """Whether the programs go by the file as it is now; None where that cannot be told."""
    sameness: Sameness | None
    """How it stands to the other node; None while nothing is known of that."""
    complaints: tuple[Complaint, ...] = ()
    """Of this node alone, worst first."""


@dataclass(frozen=True, slots=True)
class Survey:
    """All control files of a node."""

    rows: tuple[Row, ...] = ()
    complaints: tuple[Complaint, ...] = ()
    """Everything that is wrong, worst first."""
    trouble: str = ""
    """Why there are no rows."""


def survey(control: ControlFiles, other: ControlFiles | None = None) -> Survey:
    """The table of a node, seen beside the other node where its files are known."""
    if control.trouble:
        return Survey(trouble=control.trouble)
    files = Controls(control.files)
    beside = Controls(other.files) if other is not None and not other.trouble else None
    found = lint(control)
    known = [setting.name for setting in QMAIL if setting.name not in ("morercpthosts.cdb", "qmqpservers")]
    present = names_of(files, *([beside] if beside is not None else []))
    names = known + [name for name in present if name not in known]
    order = {name: at for at, name in enumerate(SETTINGS)}
    names.sort(key=lambda name: (order.get(name, len(order)), name))
    rows = tuple(
        Row(
            name,
            SETTINGS.get(name),
            files.of.get(name),
            value_of(name, files),
            in_force(files.of[name], control.started) if name in files else None,
            compare(name, files, beside) if beside is not None else None,
            tuple(c for c in found if c.file == name),
        )
        for name in names
    )
    return Survey(rows, found)


def value_of(name: str, files: Controls) -> str:
    """What holds, in one line: the file's value, or the default."""
    setting, file = SETTINGS.get(name), files.of.get(name)
    if setting is None:
        return f"not read, {file.bytes or 0:,} bytes" if file is not None else "not there"
    if file is None:
        return _default(setting, files)
    if setting.closed:
        return f"not read, {file.bytes or 0:,} bytes"
    if file.text is None:
        return f"unknown: {file.unknown or 'not read'}"
    text = shown(name, file.text[:4096])
    if setting.kind is Kind.NUMBER:
        found = number(text)
        return _measured(setting, str(found)) if found is not None else _default(setting, files)
    if setting.kind in LISTS:
        lines = [entry.text for entry in entries(text)]
        return ", ".join(lines) if lines else "no entries"
    return first_line(text) or "empty"


def _default(setting: Setting, files: Controls) -> str:
    if setting.default is not None:
        return _measured(setting, setting.default)
    if setting.from_me:
        me = files.line("me")
        return me if me is not None else f"{setting.name} (there is no me)"
    return setting.absent


def _measured(setting: Setting, value: str) -> str:
    return f"{value} {setting.unit}".strip()
