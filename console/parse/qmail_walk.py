"""One pass of find(1) over a qmail queue, as the node's mail script makes it: every message and its state.

A line is `DIRECTORY/[SPLIT/]` for a directory, and for a file its path, with size and time of change in mess.
"""

import re
from collections import Counter
from operator import attrgetter
from typing import Any

from console.model.mail import Queued, QueueListing, QueueState
from console.parse.qmail_queue import state_of

DIRECTORIES = ("mess", "todo", "intd", "info", "local", "remote", "bounce")
_BIT = {name: 1 << place for place, name in enumerate(DIRECTORIES)}

_NUMBER = "(?:0|[1-9][0-9]{0,19})"
_MESS = re.compile(rf"^mess/([0-9]{{1,6}}/{_NUMBER}) ([0-9]{{1,20}}) (-?[0-9]{{1,20}})(?:\.[0-9]+)?$", re.M)
_OTHER = {name: re.compile(rf"^{name}/((?:[0-9]{{1,6}}/)?{_NUMBER})$", re.M) for name in DIRECTORIES[1:]}
_DIRECTORY = re.compile(r"(mess|todo|intd|info|local|remote|bounce)/(?:([0-9]{1,6})/)?")
_LISTED = re.compile(
    r"^ *[0-9]+ +[0-9]+ +([-d])[-rwxstST]{9}[+@]? +[0-9]+ +\S+ +\S+ +([0-9]+) +"
    r"\S+ +\S+ +\S+ +((?:mess|todo|intd|info|local|remote|bounce)(?:/[0-9/]*)?)$",
    re.M,
)
_GAP = re.compile(r"\n{2,}")
_REAL = re.compile(r"^real +([0-9]{1,9}(?:\.[0-9]+)?) *$", re.M)
_COMPLAINT = re.compile(
    r"^\S*(?:find|stat): .*?(?:'|`|‘|\b)(mess|todo|intd|info|local|remote|bounce)\b.*: (.*)$"
)
_TOP = re.compile(r"(denied|missing) (\.|[a-z]+)")


def _found(pattern: re.Pattern[str], name: str, text: str) -> list[Any]:
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
    # A key is `SPLIT/NUMBER`, the same in each directory that is split: compared, not taken apart.
    masks = dict.fromkeys([key for key, _, _ in mess], 1)
    counts = {"mess": len(mess)} | {name: len(keys) for name, keys in rest.items()}
    strays: list[tuple[str, str]] = []
    for name, keys in rest.items():
        bit = _BIT[name]
        for key in keys:
            if key in masks:
                masks[key] |= bit
            else:
                strays.append((name, key))
    numbers = [int(key[key.index("/") + 1 :]) for key in masks]
    misplaced: list[str] = []
    if split:
        misplaced = [
            f"mess/{key}" for key, msg in zip(masks, numbers, strict=True) if key != f"{msg % split}/{msg}"
        ]
    keys_of = dict(zip(numbers, masks, strict=True)) if strays else {}
    loose = _settle(strays, masks, keys_of, split, misplaced)
    denied, vanished, known = _troubles(said, grounds)
    look = {mask: _meaning(mask, denied) for mask in {*masks.values(), *loose.values()}}
    known_as = {key: (size, when) for key, size, when in mess} if len(masks) < len(mess) else None
    rows = mess if known_as is None else [(key, *told) for key, told in known_as.items()]
    messages = list(
        map(
            Queued,
            numbers,
            [look[mask][1] for mask in masks.values()],
            [look[mask][0] for mask in masks.values()],
            [int(size) for _, size, _ in rows],
            [None if when == "-1" else float(when) for _, _, when in rows],
        )
    )
    if misplaced and len(set(numbers)) < len(
        numbers
    ):  # one number in two split directories: the wrong place is told above
        messages = list({one.msg: one for one in messages}.values())
    messages += [Queued(msg, look[mask][1], look[mask][0]) for msg, mask in loose.items()]
    messages.sort(key=attrgetter("msg"))
    states: Counter[QueueState] = Counter()
    if misplaced:
        states.update(map(attrgetter("state"), messages))
    else:
        for mask, count in Counter([*masks.values(), *loose.values()]).items():
            states[look[mask][1]] += count
    gaps = sum(len(gap) - 1 for gap in _GAP.findall(text)) if "\n\n" in text else 0
    lines = text.count("\n") - text.startswith("\n") - gaps
    read = sum(counts.values()) + len(directories)
    real = _REAL.search(said)
    return QueueListing(
        messages=tuple(messages),
        states=dict(sorted(states.items())),
        queue=counts["mess"],
        todo=counts["todo"],
        split=split,
        big_todo=any(place for name, place in directories if name in ("todo", "intd"))
        or any("/" in key for name in ("todo", "intd") for key in rest[name][:1]),
        misplaced=tuple(misplaced),
        vanished=vanished,
        denied=denied,
        unread=max(lines - read, 0) + known,
        taken=taken,
        seconds=float(real[1]) if real else seconds,
        user=next((line[5:] for line in grounds.split("\n") if line.startswith("user ")), ""),
    )


def _settle(
    strays: list[tuple[str, str]],
    masks: dict[str, int],
    keys: dict[int, str],
    split: int | None,
    misplaced: list[str],
) -> dict[int, int]:
    """Give files to their messages by number; what is left over, by number, has no mess file."""
    loose: dict[int, int] = {}
    for name, key in strays:
        place, slash, number = key.rpartition("/")
        msg = int(number)
        if slash and split and msg % split != int(place):
            misplaced.append(f"{name}/{key}")
        if msg in keys:
            masks[keys[msg]] |= _BIT[name]
        else:
            loose[msg] = loose.get(msg, 0) | _BIT[name]
    return loose


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


def told_time(grounds: str, otherwise: float) -> float:
    """What the node's clock said, Unix seconds; `otherwise` where the node did not say."""
    said = next((line[4:] for line in grounds.split("\n") if line.startswith("now ")), "")
    return float(said) if said.isascii() and said.isdigit() and len(said) <= 12 else otherwise


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
