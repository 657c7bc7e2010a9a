"""Writing a file on a node: the shell text of the job, its undo, what differs, and its secrets by name."""

import difflib
import re
from collections.abc import Iterator, Mapping

from console.engine.masking import MASK
from console.model.plan import WriteFile
from console.ssh.quoting import quote
from console.ssh.text import inert, inert_bytes

_SECRET = re.compile(r"@SECRET:([A-Za-z0-9._-]{1,60})@")
CREATED = "there was no such file before"
"""What the job prints when there was nothing to save: the undo then removes the file."""

_WRITE = """\
set -eu
p={path}
new="$p.new-"{run}
old="$p.before-"{run}
if [ -d "$p" ] || [ -L "$p" ]; then echo "$p is a directory or a symbolic link: not replaced" >&2; exit 1; fi
mkdir -p {parent}
umask 077
cat > "$new" || {{ rm -f "$new"; exit 1; }}
chmod {mode} "$new"
{save}
if command -v fsync > /dev/null 2>&1; then fsync "$new" || {{ rm -f "$new"; exit 1; }}; fi
mv -f "$new" "$p"
"""

_SAVE = """\
if [ -e "$old" ]; then :; elif [ -e "$p" ]; then
  cp -p "$p" "$old.part"; mv -f "$old.part" "$old"; echo "kept $old"
else echo {created}; fi"""

_RESTORE = """\
set -eu
p={path}
old="$p.before-"{run}
[ -e "$old" ] || {{ echo "$old is gone: $p is left as it is" >&2; exit 1; }}
mv -f "$old" "$p"
"""


def secret_names(content: str) -> tuple[str, ...]:
    """The names of the secrets a file needs, each once, in order."""
    return tuple(dict.fromkeys(_SECRET.findall(content)))


def filled(content: str, secrets: Mapping[str, str]) -> bytes:
    """The content as it is written. Raises KeyError for a secret that is not given."""
    return _SECRET.sub(lambda found: secrets[found.group(1)], content).encode()


def write_text(action: WriteFile, run: str) -> str:
    """The job that writes the file from its standard input: beside, mode, fsync where there is one, renamed.

    What was there is kept as PATH.before-RUN, unless the file holds secrets.
    """
    save = ":" if secret_names(action.content) else _SAVE.format(created=quote(["echo", CREATED])[5:])
    return _WRITE.format(
        path=_word(action.path),
        run=_word(run),
        parent=_word(action.path.rsplit("/", 1)[0] or "/"),
        mode=action.mode,
        save=save,
    )


def restore_text(action: WriteFile, run: str, out: str) -> str | None:
    """The job that takes the write back, made from what the writing job printed; None = it cannot be."""
    if f"kept {action.path}.before-{run}" in out:
        return _RESTORE.format(path=_word(action.path), run=_word(run))
    if CREATED in out:
        return quote(["rm", "-f", "--", action.path]) + "\n"
    return None


def _word(word: str) -> str:
    return quote(["echo", word])[5:]


def values_in(template: str, present: bytes) -> dict[str, str]:
    """The secrets a file on a node already holds, found by the words around each in the template."""
    found: dict[str, str] = {}
    lines = present.decode("utf-8", errors="replace").splitlines()
    for name, pattern in _places(template):
        for line in lines:
            match = pattern.fullmatch(line)
            if match and name not in found:
                found[name] = match.group(1)
    return found


def _places(template: str) -> Iterator[tuple[str, re.Pattern[str]]]:
    """Each line with one secret as a pattern that does not mind blanks."""
    for line in template.splitlines():
        names = _SECRET.findall(line)
        if len(names) != 1:
            continue
        before, _, after = _SECRET.split(line)
        parts = [r"\s*".join(re.escape(word) for word in _words(side)) for side in (before, after)]
        yield names[0], re.compile(rf"\s*{parts[0]}\s*(\S(?:.*?\S)?)\s*{parts[1]}\s*")


def _words(text: str) -> list[str]:
    return re.findall(r"[A-Za-z0-9_.-]+|[^\sA-Za-z0-9_.-]", text)


def diff_of(action: WriteFile, old: bytes | None) -> str:
    """What the write changes, as a unified diff for a screen; secrets on either side are masked.

    Args:
        action: the file to be written.
        old: what is there now, None = nothing.
    """
    new = _SECRET.sub(MASK, action.content).splitlines()
    patterns = [pattern for _, pattern in _places(action.content)]
    before = [_line_masked(line, patterns) for line in inert_bytes(old or b"").splitlines()]
    there = action.path if old is not None else "/dev/null"
    return inert("\n".join(difflib.unified_diff(before, new, there, action.path, lineterm="")))


def _line_masked(line: str, patterns: list[re.Pattern[str]]) -> str:
    for pattern in patterns:
        match = pattern.fullmatch(line)
        if match:
            return line[: match.start(1)] + MASK + line[match.end(1) :]
    return line
