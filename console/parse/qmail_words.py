"""How a log line is told to somebody who watches: its words without the stamp, its kind, what it is of."""

from console.model.mail_log import LogKind, LogWords
from console.parse.qmail_blocks import text_of
from console.parse.qmail_log import (
    Alert,
    Bounced,
    Delivered,
    Ended,
    Event,
    Exiting,
    Line,
    Mangled,
    MessageInfo,
    NewMessage,
    Server,
    Starting,
    Status,
    TripleBounce,
    Warned,
    decode,
)

LONGEST = 8_192
"""Bytes of a line that are looked at: qmail-send writes about 5,000."""
_KINDS: dict[type[Event], LogKind] = {
    NewMessage: "begun",
    MessageInfo: "begun",
    Starting: "plain",
    Mangled: "warn",
    Status: "quiet",
    Exiting: "warn",
    Bounced: "warn",
    TripleBounce: "bad",
    Ended: "quiet",
    Alert: "bad",
    Warned: "warn",
    Server: "quiet",
}
_RESULTS: dict[str, LogKind] = {"success": "good", "deferral": "warn", "failure": "bad"}


def words_of(line: bytes) -> LogWords:
    """The words and the kind of a line as it came."""
    decoded = _decoded(line)
    if isinstance(decoded.event, Delivered):
        return LogWords(decoded.text, _RESULTS[decoded.event.result])
    return LogWords(decoded.text, _KINDS[type(decoded.event)] if decoded.event is not None else "plain")


def subject_of(line: bytes) -> str:
    """What to trace to learn more: `msg N`, `delivery N`, or nothing."""
    match _decoded(line).event:
        case (
            NewMessage(msg)
            | MessageInfo(msg)
            | Starting(_, msg)
            | Bounced(msg)
            | TripleBounce(msg)
            | Ended(msg)
        ):
            return f"msg {msg}"
        case Delivered(delivery) | Mangled(delivery):
            return f"delivery {delivery}"
    return ""


def _decoded(line: bytes) -> Line:
    return decode(text_of(line[:LONGEST]))
