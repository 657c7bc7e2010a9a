"""A message drawn in the row of programs that handle it, the place it is at marked: pure text, no widget."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from textual.content import Content

from console.health.mail_life import Life
from console.model.mail import Channel, MessageFiles
from widgets.signs import Tone

Place: TypeAlias = Literal["smtpd", "queue", "send", "local", "remote", "bounce", "gone", "unknown"]

FILE_WORDS = {
    "mess": "the text of the message",
    "todo": "the envelope as it came, which qmail-send has not looked at yet",
    "intd": "the same envelope under the name qmail-queue wrote it by",
    "info": "the sender; its time is when the message was taken over",
    "local": "recipients here: done or not",
    "remote": "recipients elsewhere: done or not",
    "bounce": "what will be told to the sender: recipients that failed for good",
}
"""What each file of a message is (qmail's INTERNALS)."""


@dataclass(frozen=True, slots=True)
class Where:
    """At which program a message is, and what that means."""

    places: tuple[Place, ...]
    words: str


def where(found: MessageFiles, life: Life) -> Where:
    """Where a message is, by its files and by the deliveries that the log shows as running."""
    letter = found.envelope
    left = [r for r in letter.recipients if not r.done] if letter else []
    running: list[Channel] = sorted({one.channel for one in life.running})
    match found.state:
        case None:
            end = "the log has its end" if life.over else "the log says nothing of its end"
            return Where(("gone",), f"it is not in the queue any more; {end}")
        case "S2":
            return Where(
                ("smtpd", "queue"), "its text still arrives; after a day and a half it is a leftover"
            )
        case "S3":
            return Where(("queue",), "its text is there, its envelope still arrives")
        case "S4":
            files = {file.directory for file in found.files}
            begun = bool(files & {"info", "local", "remote"})
            words = "qmail-send is preprocessing it" if begun else "it waits for qmail-send to look at it"
            return Where(("send",), words)
        case "S5" if running:
            now = " and ".join(f"{channel} delivery" for channel in running)
            return Where(tuple(running), f"{now} goes on: {len(life.running)} at once")
        case "S5" if letter is not None and letter.sender is not None and not left:
            bounced = "bounce" in {file.directory for file in found.files}
            return (
                Where(("bounce",), "every recipient is done; the bounce is about to be sent")
                if bounced
                else Where(("send",), "every recipient is done; qmail-send is about to remove it")
            )
        case "S5":
            many = "recipient" if len(left) == 1 else "recipients"
            count = f"{len(left):,} {many} left" if letter is not None else "recipients unknown"
            return Where(("send",), f"it waits for its next attempt; {count}")
        case _:
            return Where(("unknown",), "it has files that a sound queue never has together")


def pipeline(at: Where, life: Life, local_by: str, width: int) -> tuple[Content, ...]:
    """The programs, one or two lines: those the message is at stand out between `[` and `]`.

    `local_by` is what qmail-lspawn was started with: who delivers where no .qmail file says anything else.
    """
    uid = f" (uid {life.info.uid})" if life.info is not None else ""
    short = width < 90
    came = "inject" if short else f"qmail-smtpd or qmail-inject{uid}"
    head = _joined(
        ((("smtpd",), came), (("queue",), "qmail-queue"), (("send", "bounce"), "qmail-send")), at.places
    )
    by = "" if short or not local_by else f"qmail-local ({local_by})"
    local = _joined(((("local",), "qmail-lspawn"), (("local",), by or "qmail-local")), at.places)
    remote = _joined(((("remote",), "qmail-rspawn"), (("remote",), "qmail-remote")), at.places)
    arms = [Content.assemble(" ─┬─ ", local), Content.assemble("  └─ ", remote)]
    return (Content.assemble(head, arms[0]), Content.assemble(" " * head.cell_length, arms[1]))


def _joined(steps: Iterable[tuple[tuple[Place, ...], str]], places: tuple[Place, ...]) -> Content:
    parts = []
    for names, words in steps:
        here = bool(set(names) & set(places))
        parts.append(
            Content.styled(f"[{words}]", Tone.WORKING.loud) if here else Content.styled(words, "dim")
        )
    return Content(" ─ ").join(parts)
