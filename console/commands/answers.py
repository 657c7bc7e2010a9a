"""Answers given on the command line: `--set key=value`, read by the same form as the wizard's."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pydantic import ValidationError

from console.model.form import Form, Value, form_of
from console.model.form import JobInfo as Info
from console.model.snapshot import PairSnapshot
from playbooks.job import Answers, CannotPlan, Job


def form(job: Job[Answers], snapshot: PairSnapshot) -> Form:
    """What the job asks, with defaults from the pair as it is, and what there is to choose from."""
    plain = form_of(Info(job.name, job.title, job.when), job.answers, job.defaults(snapshot))
    hints = job.hints(snapshot) if job.hints is not None else {}
    fields = (
        replace(one, about=f"{one.about}. Now: {hints[one.name]}") if one.name in hints else one
        for one in plain.fields
    )
    return replace(plain, fields=tuple(fields))


def settings(asked: Form, given: Sequence[str]) -> dict[str, Value]:
    """`key=value` words as values of the form.

    Raises:
        CannotPlan: a word is no answer of this job, or not acceptable; one line.
    """
    fields = {field.name: field for field in asked.fields}
    values: dict[str, Value] = {}
    for setting in given:
        key, equals, text = setting.partition("=")
        field = fields.get(key.strip().replace("-", "_"))
        if not equals or field is None:
            known = ", ".join(fields) or "none"
            raise CannotPlan(f"--set {setting}: expected KEY=VALUE with one of these keys: {known}")
        try:
            values[field.name] = field.read({"true": "yes", "false": "no"}.get(text, text))
        except ValueError as odd:
            raise CannotPlan(f"--set {setting}: {odd}") from odd
    return values


def answers(job: Job[Answers], snapshot: PairSnapshot, values: Mapping[str, Value]) -> Answers:
    """The planner's answers: defaults from the pair, then `values`.

    Raises:
        CannotPlan: they are incomplete or do not go together; one line.
    """
    try:
        return job.answers.model_validate({**job.defaults(snapshot), **values})
    except ValidationError as odd:
        first = odd.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        words = _needed(job, snapshot, key) if first["type"] == "missing" else first["msg"]
        raise CannotPlan(f"{job.name}: {key or 'answers'}: {words.removeprefix('Value error, ')}") from odd


def _needed(job: Job[Answers], snapshot: PairSnapshot, key: str) -> str:
    hint = job.hints(snapshot).get(key) if job.hints is not None else None
    return f"an answer is needed (--set {key}=…): {hint}" if hint else "an answer is needed (--set)"
