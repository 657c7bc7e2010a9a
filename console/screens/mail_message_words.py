"""What the screen of one message says, line by line: pure text, no widget."""

from collections.abc import Iterable

from textual.content import Content

from console.health.mail_life import Life
from console.model.mail import EnvelopeRecipient, MessageFiles
from console.parse.qmail_log import Delivered, Line, Stamp, Starting
from console.parse.qmail_retry import next_attempt
from console.screens.mail_pipeline import FILE_WORDS, pipeline, where
from widgets.amounts import clock, date_and_clock, size, span
from widgets.drawn import words
from widgets.plain import one_line, padded
from widgets.signs import Tone, mark

RECIPIENTS = 200
"""Recipients that are listed, those left first; the rest is counted."""
LINES = 400
"""Lines of the log that are listed, the newest."""
BOUNCE_LINES = 60
_RESULTS = {"success": Tone.OK, "failure": Tone.CRITICAL, "deferral": Tone.WARNING}


def message_lines(
    found: MessageFiles,
    life: Life,
    local_by: str,
    width: int,
    *,
    log_trouble: str = "",
    searched: str = "",
    looked: float = 0.0,
) -> list[Content]:
    """All of it, a list of lines."""
    at = where(found, life)
    tone = Tone.WARNING if found.state == "other" else Tone.UNKNOWN if found.state is None else Tone.WORKING
    lines = [*pipeline(at, life, local_by, width)]
    state = f"{found.state}  " if found.state else ""
    lines.append(mark(tone, f"{state}{at.words}", loud=True))
    lines += _envelope(found, life)
    lines += _files(found, width)
    lines += _recipients(found, width)
    if found.bounce_text:
        lines.append(_title("what will be told to the sender so far"))
        shown = found.bounce_text.rstrip("\n").split("\n")
        lines += [words(f"  {line}") for line in shown[:BOUNCE_LINES]]
        if len(shown) > BOUNCE_LINES:
            lines.append(Content.styled(f"  and {len(shown) - BOUNCE_LINES:,} lines more", "dim"))
    lines += _log(life, log_trouble, searched, width)
    lines.append(Content.styled(f"looked at {clock(looked)}", "dim"))
    return lines


def _title(text: str) -> Content:
    return Content.styled(text, "bold")


def _envelope(found: MessageFiles, life: Life) -> Iterable[Content]:
    letter, info = found.envelope, life.info
    sender = letter.sender if letter is not None and letter.sender is not None else info and info.sender
    parts = [Content.styled("from ", "dim")]
    parts.append(Content.styled("?", "dim") if sender is None else words(f"<{sender}>"))
    if sender == "":
        parts.append(Content.styled("  a bounce", "dim"))
    mess = next((file for file in found.files if file.directory == "mess"), None)
    count = mess.bytes if mess is not None and mess.bytes is not None else info.bytes if info else None
    if count is not None:
        parts.append(Content(f"   {size(count)}"))
    if mess is not None and mess.changed is not None:
        parts.append(Content(f"   {span(found.taken - mess.changed)} old"))
    yield Content("").join(parts)
    born = letter.info_since if letter is not None else None
    if found.state == "S5" and letter is not None and born is not None and not life.running:
        for channel in ("local", "remote"):
            if any(r.channel == channel and not r.done for r in letter.recipients):
                tried = _last_tried(life, channel)
                if tried is not None:
                    due = next_attempt(born, tried, channel)
                    yield Content.assemble((f"next {channel} attempt about ", "dim"), date_and_clock(due))


def _last_tried(life: Life, channel: str) -> float | None:
    for line in reversed(life.lines):
        if isinstance(line.event, Starting) and line.event.channel == channel:
            return _seconds(line.stamp)
    return None


def _files(found: MessageFiles, width: int) -> Iterable[Content]:
    if found.files:
        yield _title("files")
    for file in found.files:
        count = size(file.bytes) if file.bytes is not None else "?"
        changed = date_and_clock(file.changed) if file.changed is not None else "?"
        line = Content.assemble(
            f"  {padded(file.path, 20)} {count:>7}  {changed if width >= 100 else changed[11:]}  ",
            words(f"{one_line(file.owner, 8):<8} ", "dim"),
            (FILE_WORDS.get(file.directory, "not one of qmail's"), "dim"),
        )
        yield line.truncate(max(20, width), ellipsis=True)
    if found.denied:
        who = one_line(", ".join(found.denied), 60)
        yield mark(Tone.UNKNOWN, f"may not be read: {who}; root may")


def _recipients(found: MessageFiles, width: int) -> Iterable[Content]:
    if (letter := found.envelope) is None:
        return
    left = [r for r in letter.recipients if not r.done]
    done = [r for r in letter.recipients if r.done]
    yield _title(f"recipients: {len(left):,} left, {len(done):,} done")
    for one in (*left, *done)[:RECIPIENTS]:
        yield _recipient(one, width)
    if len(letter.recipients) > RECIPIENTS:
        yield Content.styled(f"  and {len(letter.recipients) - RECIPIENTS:,} more", "dim")


def _recipient(one: EnvelopeRecipient, width: int) -> Content:
    sign = mark(Tone.OK, "done") if one.done else mark(Tone.IDLE, "left")
    return Content.assemble(
        "  ", sign, f"  {one.channel:<6} ", words(one_line(one.address, max(20, width - 20)))
    )


def _log(life: Life, trouble: str, searched: str, width: int) -> Iterable[Content]:
    yield _title("log")
    if trouble:
        yield mark(Tone.UNKNOWN, one_line(trouble, 200))
    if life.earlier:
        yield Content.styled(f"  {life.earlier:,} lines are of messages that had the number before", "dim")
    shown = life.lines[-LINES:]
    if len(life.lines) > len(shown):
        yield Content.styled(f"  {len(life.lines) - len(shown):,} older lines are not shown", "dim")
    day = ""
    for line in shown:
        at = _seconds(line.stamp)
        today = date_and_clock(at)[:10] if at is not None else ""
        if today != day and today:
            yield Content.styled(f"  {today}", "dim")
            day = today
        yield log_line(line, width)
    if not life.lines and not trouble:
        yield Content.styled(
            "  no line of it in the logs that are kept" if searched else "  searching", "dim"
        )
    if searched:
        yield Content.styled(f"  {searched}", "dim")


def log_line(line: Line, width: int) -> Content:
    """One line with its time of day, to the millisecond; results have their sign."""
    at = _seconds(line.stamp)
    time = (
        f"{clock(at)}.{int(at % 1 * 1000):03d}"
        if at is not None
        else one_line(line.stamp.text, 12)
        if line.stamp
        else "?"
    )
    result = _RESULTS.get(line.event.result) if isinstance(line.event, Delivered) else None
    sign = mark(result) if result is not None else Content(" ")
    return Content.assemble((f"  {time}  ", "dim"), sign, " ", words(one_line(line.text, max(20, width * 3))))


def _seconds(stamp: Stamp | None) -> float | None:
    if stamp is None or stamp.seconds is None:
        return None
    return stamp.seconds + stamp.nanoseconds / 1e9
