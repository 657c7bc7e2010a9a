"""A small sound control directory, and variations of it."""

from dataclasses import replace

from console.health.qmail_control.lint import lint
from console.model.mail import ControlFile, ControlFiles

NOW = 1_795_400_000.0
SOUND = {
    "me": "mx.example.org\n",
    "locals": "localhost\nmx.example.org\nexample.org\n",
    "rcpthosts": "# who may be written to\nmx.example.org\nexample.org\nvirt.example\n.virt.example\n",
    "virtualdomains": "virt.example:joe\n.virt.example:joe-sub\n",
}
SHOWCTL = "qmail home directory: /var/qmail.\nsilent concurrency limit: 120.\nsubdirectory split: 23.\n"


def files(started: float | None = None, showctl: str = SHOWCTL, **texts: str | None) -> ControlFiles:
    """The sound directory with other texts; None takes a file away, `_` stands for a dot."""
    wanted = SOUND | {name.replace("_", "."): text for name, text in texts.items()}
    return ControlFiles(
        tuple(
            ControlFile(name, text, "", len(text.encode(errors="replace")), NOW, "-rw-r--r--", "root")
            for name, text in sorted(wanted.items())
            if text is not None
        ),
        showctl,
        started,
    )


def with_file(control: ControlFiles, name: str, **changed: object) -> ControlFiles:
    """The directory with something else known of a file, or with one more file."""
    known = {file.name: file for file in control.files}
    file = replace(known.get(name, ControlFile(name)), **changed)  # type: ignore[arg-type]  # a test's fields
    return replace(control, files=(*(f for f in control.files if f.name != name), file))


def told(control: ControlFiles) -> set[tuple[str, str]]:
    """Ids and places of what is wrong."""
    return {(each.id, each.place) for each in lint(control)}
