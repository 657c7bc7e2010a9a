"""How something stands, as a sign, a word and a colour: the sign and the word carry the meaning."""

from enum import Enum

from textual.content import Content

from console.model.words import Answer, ComponentState, MirrorState, Role, Severity


class Tone(Enum):
    """A sign and the theme variable that repeats it in colour."""

    OK = ("●", "$text-success")
    IDLE = ("○", "")
    WARNING = ("▲", "$text-warning")
    CRITICAL = ("✖", "$text-error")
    UNKNOWN = ("◌", "dim")
    WORKING = ("⟳", "$text-accent")

    def __init__(self, sign: str, style: str) -> None:
        self.sign = sign
        self.style = style

    @property
    def loud(self) -> str:
        """The style of words that must be seen from across the room."""
        return f"bold {self.style}".strip()


SEVERITY_TONES = {
    Severity.CRITICAL: Tone.CRITICAL,
    Severity.WARNING: Tone.WARNING,
    Severity.NOTICE: Tone.IDLE,
    Severity.UNKNOWN: Tone.UNKNOWN,
}
ROLE_TONES = {
    Role.MASTER: Tone.OK,
    Role.BACKUP: Tone.IDLE,
    Role.INITIALIZE: Tone.WORKING,
    Role.STOPPED: Tone.WARNING,
    Role.DISABLED: Tone.CRITICAL,
    Role.UNKNOWN: Tone.UNKNOWN,
}
MIRROR_TONES = {
    MirrorState.COMPLETE: Tone.OK,
    MirrorState.DEGRADED: Tone.WARNING,
    MirrorState.STARTING: Tone.WORKING,
    MirrorState.UNKNOWN: Tone.UNKNOWN,
}
COMPONENT_TONES = {
    ComponentState.ACTIVE: Tone.OK,
    ComponentState.SYNCHRONIZING: Tone.WORKING,
    ComponentState.NEW: Tone.WORKING,
    ComponentState.NONE: Tone.WORKING,
    ComponentState.STALE: Tone.WARNING,
    ComponentState.DISCONNECTED: Tone.CRITICAL,
    ComponentState.DESTROY: Tone.CRITICAL,
    ComponentState.INVALID: Tone.CRITICAL,
    ComponentState.UNKNOWN: Tone.UNKNOWN,
}
ANSWER_TONES = {Answer.YES: Tone.OK, Answer.NO: Tone.CRITICAL, Answer.UNKNOWN: Tone.UNKNOWN}


def mark(tone: Tone, words: str = "", *, loud: bool = False) -> Content:
    """The sign of `tone` in its colour and the words after it; quiet tones leave the words uncoloured."""
    if not words:
        return Content.styled(tone.sign, tone.style)
    quiet = tone in (Tone.OK, Tone.IDLE) and not loud
    style = tone.loud if loud else tone.style
    return Content.assemble((tone.sign, tone.style), (f" {words}", "" if quiet else style))
