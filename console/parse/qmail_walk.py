"""One pass of find(1) over a qmail queue, as the node's mail script makes it: every message and its state.

A line is `DIRECTORY/[SPLIT/]` for a directory, and for a file its path, with size and time of change in mess.
"""

import re
from collections import Counter
from operator import attrgetter

from console.model.mail import Queued, QueueListing, QueueState
from console.parse.qmail_queue import state_of

DIRECTORIES = ("mess", "todo", "intd", "info", "local", "remote", "bounce")
_BIT = {name: 1 << place for place, name in enumerate(DIRECTORIES)}

_MESS = re.compile(r"^mess/([0-9]{1,6})/([0-9]{1,20}) ([0-9]{1,20}) (-?[0-9]{1,20})(?:\.[0-9]+)?$", re.M)
_OTHER = {
    name: re.compile(rf"^{name}/(?:([0-9]{{1,6}})/)?([0-9]{{1,20}})$", re.M) for name in DIRECTORIES[1:]
}
_DIRECTORY = re.compile(r"(mess|todo|intd|info|local|remote|bounce)/(?:([0-9]{1,6})/)?")
_LISTED = re.compile(
    r"^ *[0-9]+ +[0-9]+ +([-d])[-rwxstST]{9}[+@]? +[0-9]+ +\S+ +\S+ +([0-9]+) +"
    r"\S+ +\S+ +\S+ +((?:mess|todo|intd|info|local|remote|bounce)(?:/[0-9/]*)?)$",
    re.M,
)
_REAL = re.compile(r"^real +([0-9]{1,9}(?:\.[0-9]+)?) *$", re.M)
_COMPLAINT = re.compile(
    r"^\S*(?:find|stat): .*?(?:'|`|‘|\b)(mess|todo|intd|info|local|remote|bounce)\b.*: (.*)$"
)
_TOP = re.compile(r"(denied|missing) (\.|[a-z]+)")


def _found(pattern: re.Pattern[str], name: str, text: str) -> list[tuple[str, ...]]:
    """Every match, looked for only between the first line of that directory and the last."""
    first = 0 if text.startswith(f"{name}/") else text.find(f"\n{name}/") + 1
    last = text.rfind(f"\n{name}/") + 1
    end = text.find("\n", last)
    return (
        pattern.findall(text, first, end + 1 if end >= 0 else len(text))
        if first or last or text.startswith(name)
        else []
    )


def _directories(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = text.find("/\n")
    while at >= 0:
        if line := _DIRECTORY.fullmatch(text, text.rfind("\n", 0, at) + 1, at + 1):
            found.append((line[1], line[2] or ""))
        at = text.find("/\n", at + 1)
    return found


def _of_find_ls(found: re.Match[str]) -> str:
    kind, size, path = found.groups()
    if kind == "d":
        return f"{path.rstrip('/')}/"
    return f"{path} {size} -1" if path.startswith("mess/") else path


def read_walk(
    walked: str, said: str = "", grounds: str = "", taken: float = 0.0, seconds: float = 0.0
) -> QueueListing:
    """Read a pass.

    Args:
        walked: what find printed.
        said: its complaints, and what `time -p` said.
        grounds: the lines `user NAME`, `denied DIRECTORY`, `missing DIRECTORY` that came before it.
        taken: when it began, Unix seconds.
        seconds: how long the answer took; what the node itself measured comes first.
    """
    text = _LISTED.sub(_of_find_ls, walked) if walked.lstrip(" ")[:1].isdigit() else walked
    text = text if text.endswith("\n") else f"{text}\n"
    mess = _found(_MESS, "mess", text)
    rest = {name: _found(pattern, name, text) for name, pattern in _OTHER.items()}
    directories = _directories(text)
    split = max(
        (int(place) + 1 for name, place in directories if name in ("mess", "info") and place), default=None
    )
    # Numbers stay text for as long as they are only compared.
    places = {number: place for place, number, _, _ in mess}
    masks = dict.fromkeys(places, 1)
    misplaced = [
        f"mess/{place}/{number}" for number, place in places.items() if _astray(number, place, split)
    ]
    counts = {"mess": len(mess)}
    for name, found in rest.items():
        bit = _BIT[name]
        counts[name] = len(found)
        for place, number in found:
            masks[number] = masks.get(number, 0) | bit
            if place and place != places.get(number) and _astray(number, place, split):
                misplaced.append(f"{name}/{place}/{number}")
    denied, vanished, known = _troubles(said, grounds)
    look = {mask: _meaning(mask, denied) for mask in set(masks.values())}
    if len(places) < len(mess):  # a number in two split directories: which one is misplaced is told above
        mess = list({number: (place, number, *rest) for place, number, *rest in mess}.values())
    looks = [look[masks.pop(number)] for _, number, _, _ in mess]
    messages = list(
        map(
            Queued,
            [int(number) for _, number, _, _ in mess],
            [state for _, state in looks],
            [files for files, _ in looks],
            [int(size) for _, _, size, _ in mess],
            [None if when == "-1" else float(when) for _, _, _, when in mess],
        )
    )
    messages += [Queued(int(number), look[mask][1], look[mask][0]) for number, mask in masks.items()]
    messages.sort(key=attrgetter("msg"))
    states = Counter(one.state for one in messages)
    lines = sum(map(bool, text.split("\n")))
    read = sum(counts.values()) + len(directories)
    real = _REAL.search(said)
    return QueueListing(
        messages=tuple(messages),
        states=dict(sorted(states.items())),
        queue=counts["mess"],
        todo=counts["todo"],
        split=split,
        big_todo=any(place for name, place in directories if name in ("todo", "intd"))
        or any(place for name in ("todo", "intd") for place, _ in rest[name]),
        misplaced=tuple(misplaced),
        vanished=vanished,
        denied=denied,
        unread=max(lines - read, 0) + known,
        taken=taken,
        seconds=float(real[1]) if real else seconds,
        user=next((line[5:] for line in grounds.split("\n") if line.startswith("user ")), ""),
    )


def _astray(number: str, place: str, split: int | None) -> bool:
    return split is not None and int(number) % split != int(place)


def _meaning(mask: int, denied: tuple[str, ...]) -> tuple[tuple[str, ...], QueueState]:
    files = tuple(name for name in DIRECTORIES if mask & _BIT[name])
    if denied and "todo" not in files and {"todo", "info", "intd", "."} & set(denied):
        return files, "unknown"
    if denied and "mess" in denied:
        return files, "unknown"
    return files, state_of(files)


def denied_in(grounds: str) -> tuple[str, ...]:
    """The directories of the queue that the node's mail script may not read."""
    tops = (_TOP.fullmatch(line) for line in grounds.split("\n"))
    return tuple(dict.fromkeys(top[2] for top in tops if top and top[1] == "denied"))


def _troubles(said: str, grounds: str) -> tuple[tuple[str, ...], int, int]:
    """Directories that may not be read, how many files vanished, how many complaints are not understood."""
    denied = dict.fromkeys(denied_in(grounds))
    vanished = unknown = 0
    for line in said.split("\n"):
        if not line.strip() or line.startswith(("real", "user", "sys")):
            continue
        complaint = _COMPLAINT.match(line)
        if complaint is None:
            unknown += 1
        elif complaint[2].startswith("No such file"):
            vanished += 1
        elif complaint[2].startswith("Permission denied"):
            denied[complaint[1]] = None
        else:
            unknown += 1
    return tuple(denied), vanished, unknown
