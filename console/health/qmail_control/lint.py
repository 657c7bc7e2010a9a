"""What a node's control files say together: who is let in, what is delivered where, what is not in force."""

from collections.abc import Collection, Iterator

from console.health.qmail_control.checks import Complaint, complain
from console.health.qmail_control.names import covers, meant
from console.health.qmail_control.permissions import may_all_read, may_all_write
from console.health.qmail_control.reading import Controls, cut, entries, number, sound_text
from console.health.qmail_control.setting import Effect
from console.health.qmail_control.syntax import check
from console.health.qmail_control.table import SETTINGS
from console.model.mail import ControlFile, ControlFiles
from console.model.words import Severity
from console.parse.qmail_control import QmailControl, read_qmail_showctl

CONF_SPAWN = 120
"""The limit of concurrency that qmail is built with unless somebody changed it."""
_NO_ADDRESS = ("localhost",)


def lint(control: ControlFiles) -> tuple[Complaint, ...]:
    """Every complaint about one node, worst first, then by place. Nothing where nothing was read."""
    if control.trouble:
        return ()
    files = Controls(control.files)
    built = read_qmail_showctl(control.showctl).facts if control.showctl else QmailControl()
    found: list[Complaint] = []
    for file in control.files:
        found += _file(file, control.started)
    found += _relaying(files)
    found += _domains(files)
    found += _routes(files)
    found += _numbers(files, built)
    found += _database(files)
    return in_order(found)


def in_order(found: list[Complaint]) -> tuple[Complaint, ...]:
    """Worst first, each once."""
    return tuple(sorted(dict.fromkeys(found), key=lambda c: (c.severity.rank, c.file, c.line or 0, c.id)))


def in_force(file: ControlFile, started: float | None) -> bool | None:
    """Whether the programs go by what the file says now; None where that cannot be told."""
    setting = SETTINGS.get(file.name)
    if setting is None or setting.effect in (Effect.SERVICE, Effect.COMPILED):
        return None
    if setting.effect is Effect.AT_ONCE:
        return True
    if setting.effect is Effect.NEVER:
        return False
    if started is None or file.changed is None:
        return None
    if file.changed <= started:
        return True
    return None if setting.effect is Effect.HUP else False


def _file(file: ControlFile, started: float | None) -> Iterator[Complaint]:
    setting = SETTINGS.get(file.name)
    if setting is None:
        likely = meant(file.name)
        if likely is not None:
            yield complain("Q2b", file.name, f"{likely} is what qmail reads")
        else:
            yield complain("Q2c", file.name)
        return
    if setting.effect is Effect.NEVER:
        yield complain("Q2d", file.name)
        return
    if may_all_write(file.mode):
        yield complain("Q2f", file.name, file.mode)
    if setting.closed:
        return
    if may_all_read(file.mode) is False:
        yield complain("Q2e", file.name, f"{file.mode} {file.owner}".strip())
    if file.text is None:
        yield complain("Q40", file.name, file.unknown)
        return
    yield from check(setting, sound_text(file) or "")
    if cut(file):
        yield complain("Q41", file.name, f"of {file.bytes} bytes")
    if started is not None and file.changed is not None and file.changed > started:
        if setting.effect is Effect.RESTART:
            yield complain("Q30", file.name)
        elif setting.effect is Effect.HUP:
            yield complain("Q31", file.name)


def _relaying(files: Controls) -> Iterator[Complaint]:
    if "me" not in files:
        yield complain("Q21", "me")
    if "rcpthosts" not in files:
        yield complain("Q20", "rcpthosts")
        return
    if files.text("rcpthosts") is not None and not files.domains("rcpthosts") and not _more(files):
        yield complain("Q10", "rcpthosts", "no mail is taken over SMTP but from clients that may relay")
    hosts = accepted(files)
    for domain, line in files.domains("percenthack").items():
        if covers(hosts, domain):
            yield complain("Q28", "percenthack", domain, line)


def _more(files: Controls) -> bool:
    return "morercpthosts.cdb" in files


def accepted(files: Controls) -> set[str]:
    """What rcpthosts and morercpthosts accept, as far as their texts tell."""
    return {*files.domains("rcpthosts"), *files.domains("morercpthosts")}


def delivered(files: Controls) -> dict[str, tuple[str, int | None]]:
    """The domains that are delivered here, each with the file and the line that says so."""
    here: dict[str, tuple[str, int | None]] = {}
    for key, (prepend, line) in files.map("virtualdomains").items():
        if key and prepend:
            here.setdefault(key.rpartition("@")[2], ("virtualdomains", line))
    if "locals" in files:
        here |= {domain: ("locals", line) for domain, line in files.domains("locals").items()}
    elif me := files.line("me"):
        here[me.lower()] = ("me", None)
    return here


def _domains(files: Controls) -> Iterator[Complaint]:
    locals_, virtual = files.domains("locals"), files.map("virtualdomains")
    if files.text("locals") is not None and not locals_:
        yield complain("Q2g", "locals")
    for key, (_, line) in virtual.items():
        domain = key.rpartition("@")[2]
        if domain in locals_:
            yield complain("Q22", "virtualdomains", f"{key} (locals, line {locals_[domain]})", line)
    here = delivered(files)
    if files.text("rcpthosts") is None or (_more(files) and files.text("morercpthosts") is None):
        return
    hosts = accepted(files)
    partly = files.unknown("rcpthosts") or files.unknown("morercpthosts")
    for domain, (file, at) in here.items():
        if not partly and domain not in _NO_ADDRESS and not covers(hosts, domain):
            mild = Severity.NOTICE if file == "me" else None
            yield complain("Q23", file, domain, at, mild)
    if virtual.get("", ("", 0))[0] or files.unknown("locals") or files.unknown("virtualdomains"):
        return
    for name in ("rcpthosts", "morercpthosts"):
        for domain, line in files.domains(name).items():
            if domain not in _NO_ADDRESS and not _partly(domain, here):
                yield complain("Q24", name, domain, line)


def _partly(domain: str, here: Collection[str]) -> bool:
    """Whether a domain, or something below a wildcard, is delivered here."""
    if covers(here, domain):
        return True
    return domain.startswith(".") and any(one.endswith(domain) for one in here)


def _routes(files: Controls) -> Iterator[Complaint]:
    whole = {key for key, (prepend, _) in files.map("virtualdomains").items() if prepend and "@" not in key}
    here = {domain: file for domain, (file, _) in delivered(files).items() if file != "virtualdomains"}
    here |= dict.fromkeys(whole, "virtualdomains")
    itself = {(files.line("me") or "localhost").lower(), "localhost", "127.0.0.1", "[127.0.0.1]"}
    for domain, (target, line) in files.map("smtproutes").items():
        relay, _, port = (target.split() or [""])[0].partition("|")[0].partition(":")
        if domain in here and domain:
            yield complain("Q25", "smtproutes", f"{domain} ({here[domain]})", line)
        if not domain and relay:
            yield complain("Q26", "smtproutes", relay[:60], line)
        if relay.lower() in itself and port in ("", "25"):
            yield complain("Q27", "smtproutes", domain or "all domains", line)


def _numbers(files: Controls, built: QmailControl) -> Iterator[Complaint]:
    limit = built.concurrency_limit
    for name in ("concurrencylocal", "concurrencyremote"):
        wanted = number(files.text(name) or "")
        if wanted is None:
            continue
        if limit is not None and wanted > limit:
            yield complain("Q12", name, f"{wanted} are asked for, {limit} are the most", 1)
        elif limit is None and wanted > CONF_SPAWN:
            mild = f"{wanted} are asked for; qmail is usually built for {CONF_SPAWN}, which was not read"
            yield complain("Q12", name, mild, 1, Severity.NOTICE)
    to, host = files.line("doublebounceto"), files.line("doublebouncehost")
    here = delivered(files)
    texts_known = not any(
        map(files.unknown, ("locals", "virtualdomains", "doublebounceto", "doublebouncehost"))
    )
    if host and texts_known and host.lower() not in here and not covers(here, host.lower()):
        user = to if "doublebounceto" in files else "postmaster"
        yield complain("Q2a", "doublebouncehost", f"{user}@{host}")


def _database(files: Controls) -> Iterator[Complaint]:
    text, made = files.of.get("morercpthosts"), files.of.get("morercpthosts.cdb")
    if text is not None and made is None:
        lines = list(entries(text.text or ""))
        if lines or text.text is None:
            yield complain("Q29", "morercpthosts", "it was never made")
    elif made is not None and text is None:
        yield complain("Q29", "morercpthosts.cdb", "its source is not there", severity=Severity.NOTICE)
    elif text is not None and made is not None and _older(made, text):
        yield complain("Q29", "morercpthosts", "it is older than the file")


def _older(one: ControlFile, other: ControlFile) -> bool:
    return one.changed is not None and other.changed is not None and one.changed < other.changed
