"""qmail at a glance: the counts of qmail-qstat and the end of qmail-send's log (qmail-log(5))."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from console.model.facts import Mail
from console.parse.complaints import complaint
from console.parse.lines import LONGEST
from console.parse.qmail_log import Alert, Ended, Status, Warned, decode
from console.parse.qmail_qstat import read_qmail_qstat

_ALERTS = 20
"""How many alerts and warnings are kept, the newest."""


def read_mail(parts: Mapping[str, Sequence[str]], exit_status: int) -> Mail | str:
    """The parts `qstat`, `place` and `log` of the section; in words why, when the queue was not counted."""
    counted = "\n".join(parts.get("qstat", ()))
    reading = read_qmail_qstat(counted)
    if reading.facts.queue is None or reading.facts.todo is None:
        said = reading.unread[0].strip()[:200] if reading.unread else "it printed no counts"
        why = complaint(counted, exit_status, "qmail-qstat")
        return why or f"qmail-qstat could not look into the queue: {said}"
    place = next((line.strip() for line in parts.get("place", ()) if line.startswith("/")), None)
    counts = Mail(queue=reading.facts.queue, todo=reading.facts.todo, place=place)
    return _logged(counts, parts.get("log", ()))


def _logged(mail: Mail, log: Sequence[str]) -> Mail:
    alerts: list[str] = []
    for text in log:
        line = decode(text[:LONGEST])
        if line.stamp is None and line.event is None:
            continue
        stamp = line.stamp.text if line.stamp else None
        mail = replace(mail, last_event=stamp or mail.last_event)
        match line.event:
            case Status() as status:
                mail = replace(
                    mail,
                    local=(status.local, status.local_limit),
                    remote=(status.remote, status.remote_limit),
                    exitasap=status.exitasap,
                )
            case Ended():
                mail = replace(mail, last_end=stamp or mail.last_end)
            case Alert() | Warned():
                alerts.append(line.text.strip())
            case _:
                pass
    return replace(mail, alerts=tuple(alerts[-_ALERTS:]))
