"""qmail-showctl(8): the configuration as qmail reads it."""

import re
from dataclasses import dataclass, field

from console.parse.lines import filled, whole
from console.parse.reading import Reading


@dataclass(frozen=True, slots=True)
class QmailControl:
    """What was compiled in, and one entry per control file."""

    home: str | None = None
    delimiter: str | None = None
    paternalism: int | None = None
    concurrency_limit: int | None = None
    """The most that concurrencylocal and concurrencyremote can ask for (conf-spawn)."""
    split: int | None = None
    """conf-split."""
    uids: tuple[int, ...] = ()
    gids: tuple[int, ...] = ()
    me: str | None = None
    locals: tuple[str, ...] = ()
    rcpthosts: tuple[str, ...] = ()
    virtualdomains: tuple[str, ...] = ()
    smtproutes: tuple[str, ...] = ()
    badmailfrom: tuple[str, ...] = ()
    concurrencylocal: int | None = None
    concurrencyremote: int | None = None
    queuelifetime: int | None = None
    """Seconds."""
    databytes: int | None = None
    """0 means no limit."""
    controls: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What is said of every control file, a line each."""
    defaults: tuple[str, ...] = ()
    """Control files that do not exist, so that a default holds."""
    unknown_files: tuple[str, ...] = ()
    """Files in control/ that qmail does not know."""
    fatal: str | None = None


_BUILT_IN = re.compile(
    r"(qmail home directory|user-ext delimiter|paternalism \(in decimal\)|silent concurrency limit"
    r"|subdirectory split|user ids|group ids): (.*?)\.?"
)
_CONTROL = re.compile(r"([a-z][a-z0-9._-]{1,40}): (.*)")
_ENTRIES = {
    "locals": re.compile(r"Messages for (\S+) are delivered locally\."),
    "rcpthosts": re.compile(r"SMTP clients may send messages to recipients at (\S+)\."),
    "virtualdomains": re.compile(r"Virtual domain: (.+)"),
    "smtproutes": re.compile(r"SMTP route: (.+)"),
    "badmailfrom": re.compile(r"(.+) not accepted in MAIL FROM\."),
}
_NUMBER = re.compile(r"[^0-9]*([0-9]{1,20})[^0-9]*")
_ME = re.compile(r"My name is (\S+?)\.?")


def read_qmail_showctl(text: str) -> Reading[QmailControl]:
    """Read qmail-showctl(8)."""
    unread: list[str] = []
    built_in: dict[str, str] = {}
    controls: dict[str, list[str]] = {}
    unknown: list[str] = []
    fatal: str | None = None
    name: str | None = None
    for line in filled(text, unread):
        bare = line.strip()
        if found := _BUILT_IN.fullmatch(bare):
            built_in[found[1]] = found[2]
        elif bare.startswith("Oops! "):
            fatal = bare
        elif (found := _CONTROL.fullmatch(f"{bare} " if bare.endswith(":") else bare)) and found[1] != "smtp":
            name = found[1]
            said = found[2].strip()
            if said.startswith("I have no idea"):
                unknown.append(name)
            else:
                controls[name] = [said] if said else []
        elif name is not None and name in controls:
            controls[name].append(bare)
        else:
            unread.append(line)
    return Reading(_control(built_in, controls, unknown, fatal), tuple(unread))


def _control(
    built_in: dict[str, str], controls: dict[str, list[str]], unknown: list[str], fatal: str | None
) -> QmailControl:
    def entries(name: str) -> tuple[str, ...]:
        found = (_ENTRIES[name].fullmatch(said) for said in controls.get(name, ()))
        return tuple(entry[1] for entry in found if entry)

    def number(name: str) -> int | None:
        found = _NUMBER.fullmatch(" ".join(controls.get(name, ())).replace("(Default.)", ""))
        return int(found[1]) if found else None

    def numbers(key: str) -> tuple[int, ...]:
        given = (whole(word.strip()) for word in built_in.get(key, "").split(","))
        return tuple(value for value in given if value is not None)

    me = _ME.fullmatch(" ".join(controls.get("me", ())))
    return QmailControl(
        home=built_in.get("qmail home directory"),
        delimiter=built_in.get("user-ext delimiter"),
        paternalism=whole(built_in.get("paternalism (in decimal)", "")),
        concurrency_limit=whole(built_in.get("silent concurrency limit", "")),
        split=whole(built_in.get("subdirectory split", "")),
        uids=numbers("user ids"),
        gids=numbers("group ids"),
        me=me[1] if me else None,
        locals=entries("locals"),
        rcpthosts=entries("rcpthosts"),
        virtualdomains=entries("virtualdomains"),
        smtproutes=entries("smtproutes"),
        badmailfrom=entries("badmailfrom"),
        concurrencylocal=number("concurrencylocal"),
        concurrencyremote=number("concurrencyremote"),
        queuelifetime=number("queuelifetime"),
        databytes=number("databytes"),
        controls={name: tuple(said) for name, said in controls.items()},
        defaults=tuple(name for name, said in controls.items() if said and said[0].startswith("(Default.)")),
        unknown_files=tuple(unknown),
        fatal=fatal,
    )
