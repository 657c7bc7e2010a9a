"""`mirrorgate control`: what qmail's control files say, and what is wrong with them."""

import argparse
import asyncio
import json
import stat
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from console.commands.complaining import complain
from console.commands.sampling import chosen
from console.commands.terminal_asker import TerminalAsker
from console.config_file import BadConfig
from console.health.qmail_control.checks import Complaint
from console.health.qmail_control.comparing import Sameness, differences
from console.health.qmail_control.reading import READ
from console.health.qmail_control.survey import Row, Survey, survey
from console.health.qmail_control.table import OPEN_NAMES
from console.model.config import Config, NodeConfig, PairConfig
from console.model.jsonable import jsonable
from console.model.mail import ControlFile, ControlFiles, MailReading, MailTrouble
from console.model.words import Severity
from console.ssh.mail_reader import MailReader
from console.ssh.text import inert, one_line

_SHOWCTL = "qmail-showctl.txt"
"""The output of qmail-showctl beside the files, for the limits that were compiled in."""


def read_directory(directory: Path) -> ControlFiles:
    """The control files in a local directory; raises OSError when it cannot be listed.

    Only files whose text is known to be no secret are opened.
    """
    files = [_read(path) for path in sorted(directory.iterdir()) if path.name != _SHOWCTL]
    showctl = directory / _SHOWCTL
    return ControlFiles(
        tuple(files), showctl.read_text(errors="backslashreplace") if showctl.is_file() else ""
    )


def _read(path: Path) -> ControlFile:
    try:
        found = path.stat()
    except OSError as odd:
        return ControlFile(path.name, unknown=odd.strerror or "not readable")
    mode, known = (
        stat.filemode(found.st_mode),
        ControlFile(path.name, bytes=found.st_size, changed=found.st_mtime),
    )
    file = ControlFile(known.name, None, "", known.bytes, known.changed, mode, str(found.st_uid))
    if path.name not in OPEN_NAMES or not stat.S_ISREG(found.st_mode):
        return file
    try:
        with path.open("rb") as opened:
            text = opened.read(READ).decode("utf-8", errors="backslashreplace")
    except OSError as odd:
        return ControlFile(path.name, None, odd.strerror or "not readable", known.bytes, known.changed, mode)
    return ControlFile(path.name, text, "", known.bytes, known.changed, mode, str(found.st_uid))


def lint_directory(directory: Path, *, as_json: bool) -> int:
    """Print what a local directory says; exit status 0 nothing wrong, 1 something, 3 only unknown."""
    try:
        found = survey(read_directory(directory))
    except OSError as odd:
        complain(f"control: {inert(str(directory))}: {odd.strerror}; name a directory of control files")
        return 2
    if as_json:
        print(json.dumps({"directory": str(directory), **as_value(found)}, indent=2))
    else:
        print("\n".join(told(str(directory), found)))
    return _status(found.complaints)


async def main(arguments: argparse.Namespace, config: Config, path: Path) -> int:
    """Read the nodes' control files and print them; raises BadConfig for a pair or node that is not there."""
    pairs = chosen(config, path, arguments.pair)
    if arguments.node is not None:
        pairs = tuple(pair for pair in pairs if arguments.node in [node.name for node in pair.nodes])
        if not pairs:
            raise BadConfig(path, None, "", f"no node is called {arguments.node!r}")
    asker = TerminalAsker()
    reader = MailReader(pairs, Path(config.ssh_config) if config.ssh_config else None, lambda: asker)
    try:
        return await run(reader, pairs, arguments.node, arguments.timeout, as_json=arguments.json)
    finally:
        await reader.close()


async def run(
    mails: MailReading, pairs: Sequence[PairConfig], node: str | None, limit: float, *, as_json: bool
) -> int:
    """Print the control files of nodes and how those of a pair differ; exit status as `lint_directory`."""
    values: list[object] = []
    wrong: list[Complaint] = []
    unseen = False
    for pair in pairs:
        nodes = [one for one in pair.nodes if node in (None, one.name)]
        read = dict(
            zip(nodes, await asyncio.gather(*(_control(mails, pair, n, limit) for n in nodes)), strict=True)
        )
        unseen = unseen or any(one.trouble for one in read.values())
        surveys = {one.name: survey(files, _other(read, one)) for one, files in read.items()}
        apart: tuple[Complaint, ...] = ()
        if len(nodes) == 2:
            apart = differences(read[nodes[0]], read[nodes[1]], (nodes[0].name, nodes[1].name))
        wrong += [*apart, *(c for one in surveys.values() for c in one.complaints)]
        if as_json:
            values.append(
                {
                    "pair": pair.name,
                    "nodes": {name: as_value(one) for name, one in surveys.items()},
                    "differences": jsonable(apart),
                }
            )
            continue
        for name, one in surveys.items():
            print("\n".join((*told(name, one), "")))
        if len(nodes) == 2:
            print(f"between {nodes[0].name} and {nodes[1].name}: {_count(apart, 'difference')}")
            print("\n".join(line for each in apart for line in _complaint(each)))
    if as_json:
        print(json.dumps(values, indent=2))
    return _status(wrong) or (3 if unseen else 0)


async def _control(mails: MailReading, pair: PairConfig, node: NodeConfig, limit: float) -> ControlFiles:
    try:
        async with asyncio.timeout(limit):
            return await mails.control(pair.name, node.home)
    except MailTrouble as trouble:
        return ControlFiles(trouble=str(trouble))
    except TimeoutError:
        return ControlFiles(trouble=f"{node.name}: no answer for {limit:g} s; see whether SSH works")


def _other(read: Mapping[NodeConfig, ControlFiles], node: NodeConfig) -> ControlFiles | None:
    return next((files for one, files in read.items() if one is not node), None)


def as_value(found: Survey) -> dict[str, object]:
    """A node for JSON."""
    return {
        "trouble": found.trouble or None,
        "files": [_row(row) for row in found.rows],
        "complaints": jsonable(found.complaints),
    }


def _row(row: Row) -> dict[str, object]:
    setting = row.setting
    return {
        "name": row.name,
        "purpose": setting.purpose if setting else None,
        "read_by": setting.reader if setting else None,
        "a_change_is_in_force": setting.effect.value if setting else None,
        "origin": (setting.origin or "qmail") if setting else None,
        "present": row.file is not None,
        "value": row.value,
        "in_force": row.in_force,
        "other_node": row.sameness.value if row.sameness else None,
        "changed": row.file.changed if row.file else None,
    }


def told(name: str, found: Survey) -> Iterator[str]:
    """A node for a reader: the table, then each complaint with its reason."""
    if found.trouble:
        yield one_line(found.trouble, 300)
        return
    present = sum(row.file is not None for row in found.rows)
    yield f"{inert(name)}: {present} control files, {_count(found.complaints, 'complaint')}"
    for row in found.rows:
        yield f"  {one_line(row.name, 20):<20} {one_line(row.value, 44):<44} {', '.join(marks(row))}".rstrip()
    for each in found.complaints:
        yield from _complaint(each)


def marks(row: Row) -> Iterator[str]:
    """What stands behind a value: default, in force or not, like the other node or not."""
    if row.file is None:
        yield "default"
    elif row.in_force is False:
        yield "not in force"
    elif row.in_force is None and row.setting is not None:
        yield f"a change needs {row.setting.effect.needs}"
    if row.sameness is Sameness.DIFFERENT:
        yield "differs"
    elif row.sameness is Sameness.OWN:
        yield "differs, as is usual"


def _complaint(each: Complaint) -> Iterator[str]:
    yield ""
    yield f"{each.severity.upper()} {each.id}  {one_line(each.place, 60)}: {one_line(each.what, 200)}"
    for label, text in (("why", each.why), ("do", each.todo)):
        for number, line in enumerate(textwrap.wrap(text, 90)):
            yield f"  {'' if number else label:<5}{line}"


def _count(found: Sequence[object], what: str) -> str:
    return f"{len(found)} {what}{'s' * (len(found) != 1)}"


def _status(found: Sequence[Complaint]) -> int:
    severities = {each.severity for each in found}
    if severities & {Severity.CRITICAL, Severity.WARNING, Severity.NOTICE}:
        return 1
    return 3 if severities else 0
