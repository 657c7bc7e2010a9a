"""What a run asks its operator: the sentence, the direction of a copy, and what may be answered."""

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.getters import app as the_app
from textual.widgets import Button

from console.model.disk_map import DiskMap, Foreseen
from console.model.plan import Direction
from console.model.run import Choice, Question
from console.screens.job_dialogs import AskDialog, said
from console.screens.showing import ConsoleApp
from widgets.direction_card import DirectionCard
from widgets.disk_map import DiskMapView
from widgets.drawn import words
from widgets.plain import many_lines, one_line
from widgets.signs import Tone, mark
from widgets.typed_confirm import TypedConfirm

LABELS = {
    Choice.CANCEL: "Cancel",
    Choice.GO: "Go on",
    Choice.RETRY: "Run it again",
    Choice.READ_AGAIN: "Look again",
    Choice.HOLDS: "It is done",
    Choice.UNDO: "Undo",
    Choice.TAKE_OVER: "Break their lock",
}
MEANINGS = {
    Choice.CANCEL: "stops the run here, in its safe state; it can be resumed",
    Choice.RETRY: "runs the step once more",
    Choice.READ_AGAIN: "reads from the node what the step did",
    Choice.HOLDS: "you state that the step took effect",
    Choice.UNDO: "takes back what was done, backwards",
    Choice.TAKE_OVER: "the other run must be dead: two at once lose data",
}
IDS = {choice: f"choice-{n}" for n, choice in enumerate(Choice)}


class QuestionDialog(AskDialog[Choice | None]):
    """One question of a run; None = not answered yet, the run goes on waiting."""

    app = the_app(ConsoleApp)

    def __init__(
        self, question: Question, title: str, direction: Direction | None, disks: DiskMap | None = None
    ) -> None:
        """`title` names the step or run that asks; `disks` are drawn where one of them will be lost."""
        super().__init__()
        self._question = question
        self._direction = direction if question.shows_direction else None
        self._disks = disks if question.destroys else None
        self.TITLE_TEXT = one_line(title, 70)

    @property
    def _by_typing(self) -> bool:
        """What destroys is never a button alone, even where the question forgot to name it."""
        return Choice.GO in self._question.choices and (
            self._question.typed is not None or self._question.destroys
        )

    def asked(self) -> ComposeResult:
        """The sentence, the direction, what each answer means."""
        tone = Tone.CRITICAL if self._question.destroys else Tone.WARNING
        yield said(mark(tone, one_line(self._question.text, 600), loud=True))
        if self._direction is not None:
            card = DirectionCard()
            card.set_reactive(DirectionCard.direction, self._direction)
            card.set_reactive(DirectionCard.now, self._question.direction_facts)
            yield card
        else:
            facts = [
                Content.assemble(words(f"{node} {label}", "dim"), "  ", words(value))
                for node, label, value in self._question.direction_facts
            ]
            if facts:
                yield said(Content("\n").join(facts))
        if self._disks is not None:
            picture = DiskMapView()
            picture.set_reactive(DiskMapView.foreseen, Foreseen(self._disks))
            yield picture
        if self._by_typing and self._question.typed is None:
            yield said(mark(Tone.CRITICAL, "it names nothing to type, so it cannot be agreed to here"))
        if self._question.takes_back:
            yield said(Content(many_lines(self._question.takes_back)).stylize("bold"))
        meanings = [
            Content.assemble((LABELS[choice], "bold"), f": {MEANINGS[choice]}")
            for choice in self._question.choices
            if choice in MEANINGS
        ]
        yield said(Content("\n").join(meanings).stylize("dim"))

    def answers(self) -> ComposeResult:
        """Buttons; a line to type into where GO must be typed."""
        choices = self._question.choices
        go = "Run this step" if self._question.step else LABELS[Choice.GO]
        if self._question.by_hand:
            go = LABELS[Choice.HOLDS]
        if self._question.takes_back:
            go = "Take it back"
        if self._by_typing:
            others = [choice for choice in choices[1:] if choice is not Choice.GO]
            if others:
                with Horizontal(classes="buttons"):
                    for other in others:
                        yield Button(LABELS[other], id=IDS[other], compact=True)
            yield TypedConfirm(
                self._question.typed or "",
                label=go,
                cancel=LABELS[choices[0]],
                destroys=self._question.destroys,
            )
            return
        with Horizontal(classes="buttons"):
            for choice in choices:
                yield Button(go if choice is Choice.GO else LABELS[choice], id=IDS[choice], compact=True)

    def on_mount(self) -> None:
        """The first choice is the safe one, and has the focus; an answered question leaves."""
        if not self._by_typing:
            self.query(Button).first().focus()
        self.watch(self.app, "question", self._still_asked)

    def on_resize(self) -> None:
        """The disks are drawn such that what is asked stays in sight."""
        for picture in self.query(DiskMapView):
            picture.room = max(4, self.app.size.height * 7 // 10 - 6)

    def _still_asked(self) -> None:
        if self.app.question != self._question and self.is_current:
            self.dismiss(None)

    def on_typed_confirm_answered(self, event: TypedConfirm.Answered) -> None:
        """Typed, or cancelled."""
        event.stop()
        agreed = event.agreed and self._question.typed is not None
        self.dismiss(Choice.GO if agreed else self._question.choices[0])

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """A button; those of the typed line answer for themselves."""
        event.stop()
        chosen = next((choice for choice, id in IDS.items() if id == event.button.id), None)
        if chosen is not None and not (chosen is Choice.GO and self._by_typing):
            self.dismiss(chosen)
