"""One message and its files, and the settings in control/, out of the sections of the node's mail script."""

import re
from collections.abc import Mapping

from console.model.mail import ControlFile, ControlFiles, Envelope, MessageFiles, QueueFile
from console.parse.qmail_envelopes import read_archive, read_envelopes
from console.parse.qmail_queue import state_of
from console.parse.qmail_walk import denied_in

_FILE = re.compile(
    r"((mess|todo|intd|info|local|remote|bounce)/[0-9/]{1,40}) ([0-9]{1,20}) (-|-?[0-9]{1,20}) (\S{1,64})"
)
_CONTROL = re.compile(r"([0-9]{1,20}) (-|-?[0-9]{1,20}) ([-dlbcsp][-rwxsStT]{9}[+@.]?) (\S{1,64}) (.{1,255})")
_RUNS = re.compile(r" *(?:(?:([0-9]{1,6})-)?([0-9]{1,6}):)?([0-9]{1,6}):([0-9]{2}) +(\S+).*")


def read_message(
    msg: int, files: str, grounds: str, archive: bytes, bounce: str = "", taken: float = 0.0
) -> MessageFiles:
    """Read what `message` answers: lines `PATH BYTES CHANGED OWNER`, and the archive of its envelope."""
    found: list[QueueFile] = []
    for line in files.split("\n"):
        if match := _FILE.fullmatch(line):
            path, directory, size, changed, owner = match.groups()
            found.append(
                QueueFile(directory, path, int(size), None if changed == "-" else float(changed), owner)
            )
    directories = [file.directory for file in found]
    envelopes = read_envelopes(read_archive(archive), {msg: "bounce" in directories}, 1)
    envelope = envelopes.of.get(msg)
    if envelope is None and "bounce" in directories:
        envelope = Envelope(msg, bouncing=True)
    denied = denied_in(grounds)
    state = state_of(directories) if found else None
    if state is not None and "todo" not in directories and {"todo", "info", "intd", "mess"} & set(denied):
        state = "unknown"
    return MessageFiles(msg, state, tuple(found), envelope, bounce, denied, taken)


def read_control(
    listing: str,
    texts: Mapping[str, tuple[str, int]],
    showctl: str = "",
    sending: str = "",
    taken: float = 0.0,
) -> ControlFiles:
    """Read what `control` answers.

    Args:
        listing: lines `BYTES CHANGED MODE OWNER NAME`.
        texts: the text of each file that is shown, and the exit status of what read it.
        showctl: what qmail-showctl printed.
        sending: the node's time, and the line of ps(1) on qmail-send, if it runs.
        taken: when it was read, Unix seconds.
    """
    files: list[ControlFile] = []
    rest: list[str] = []
    for line in listing.split("\n"):
        if (match := _CONTROL.fullmatch(line)) is None:
            rest += [line] if line.strip() else []
            continue
        size, changed, mode, owner, name = match.groups()
        text, status = texts.get(name, (None, 0))
        files.append(
            ControlFile(
                name,
                text if status == 0 else None,
                "" if status == 0 else (text or "").strip().split("\n")[0],
                int(size),
                None if changed == "-" else float(changed),
                mode,
                owner,
            )
        )
    files.sort(key=lambda file: file.name)
    return ControlFiles(
        files=tuple(files),
        showctl=showctl,
        started=_started(sending),
        trouble="" if files else (rest[0].strip() if rest else "there are no control files"),
        taken=taken,
    )


def _started(sending: str) -> float | None:
    """When qmail-send began; the oldest, where several lines of ps(1) name one."""
    now, _, processes = sending.partition("\n")
    if not re.fullmatch("[0-9]{1,12}", now):
        return None
    ages: list[int] = []
    for line in processes.split("\n"):
        runs = _RUNS.fullmatch(line)
        if runs and runs[5].rpartition("/")[2] == "qmail-send":
            days, hours, minutes, seconds = (int(part or 0) for part in runs.groups()[:4])
            ages.append(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
    return float(now) - max(ages) if ages else None
