"""The parts of a section: the lines that follow each line `## NAME` (the sampler's own form)."""

from collections.abc import Iterator, Sequence

from console.parse.lines import lines


def parts(text: str, names: Sequence[str] = ()) -> Iterator[tuple[str, list[str]]]:
    """Name and lines of each part; with `names`, only these words open one, so that a log line cannot."""
    name: str | None = None
    body: list[str] = []
    for line in lines(text):
        opened = line[3:].strip() if line.startswith("## ") else ""
        if opened and (not names or opened in names):
            if name is not None:
                yield name, body
            name, body = opened, []
        else:
            body.append(line)
    if name is not None:
        yield name, body
