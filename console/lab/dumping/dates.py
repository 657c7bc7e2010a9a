"""/etc/dumpdates: which dump of which device was made when."""

from dataclasses import dataclass
from datetime import UTC, datetime

from console.lab.world import Node

DUMPDATES = "/etc/dumpdates"
_FORM = "%a %b %d %H:%M:%S %Y"


def ctime(moment: float) -> str:
    """The words for a time that the C library has; 0 is told as dump(8) does."""
    if moment == 0:
        return "the epoch"
    when = datetime.fromtimestamp(moment, UTC)
    return f"{when:%a %b} {when.day:2d} {when:%H:%M:%S %Y}"


def read_ctime(text: str) -> int | None:
    """The time that such words stand for."""
    if text.strip() == "the epoch":
        return 0
    try:
        return int(datetime.strptime(text.strip(), _FORM).replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Dumped:
    """One line of the file."""

    device: str
    level: int
    date: int

    @property
    def line(self) -> str:
        """As dump(8) writes it."""
        return f"{self.device:<52} {self.level:2d} {ctime(self.date)}\n"


def read_dates(node: Node, path: str = DUMPDATES) -> list[Dumped]:
    """Every line that can be read."""
    if not node.fs.exists(path):
        return []
    found = []
    for line in node.fs.read_file(path).decode("utf-8", "replace").splitlines():
        words = line.split(None, 2)
        date = read_ctime(words[2]) if len(words) == 3 else None
        if date is not None and words[1].isdigit():
            found.append(Dumped(words[0], int(words[1]), date))
    return found


def base_of(node: Node, device: str, level: int, path: str = DUMPDATES) -> Dumped:
    """The dump that one of this level goes on from: the latest of a lower level, else the epoch."""
    lower = [known for known in read_dates(node, path) if known.device == device and known.level < level]
    return max(lower, key=lambda known: known.date, default=Dumped(device, 0, 0))


def keep_date(node: Node, dumped: Dumped, path: str = DUMPDATES) -> None:
    """Put a dump in place of the one of the same device and level; new ones come first."""
    known = read_dates(node, path)
    same = [(old.device, old.level) == (dumped.device, dumped.level) for old in known]
    lines = [dumped if is_same else old for old, is_same in zip(known, same, strict=True)]
    if not any(same):
        lines = [*known, dumped]
    node.fs.write_file(path, "".join(line.line for line in lines).encode())
