"""`mirrorgate papers`: manual pages, service files and notes for a jump host, as files."""

from pathlib import Path

from console.commands.complaining import complain
from console.papers import papers


def main(folder: Path | None) -> int:
    """List the files, or write them below `folder`, where nothing is replaced; returns the exit status."""
    if folder is None:
        for paper in papers():
            print(f"{paper.path:36} {paper.what}")
        return 0
    if folder.exists() and not folder.is_dir():
        complain(f"{folder} is no directory: name one, or one to be made")
        return 2
    told = tuple(papers())
    if taken := [paper.path for paper in told if (folder / paper.path).exists()]:
        complain(f"{folder / taken[0]} is there already: name another directory")
        return 2
    for paper in told:
        path = folder / paper.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(paper.text, encoding="utf-8")
        path.chmod(paper.mode)
        print(path)
    return 0
