"""Whether a control file is well written, by itself: every complaint names its line."""

import re
from collections.abc import Callable, Iterator

from console.health.qmail_control.checks import Complaint, complain
from console.health.qmail_control.reading import LARGEST, LISTS, Entry, digits, entries, first_line, number
from console.health.qmail_control.setting import Kind, Setting
from console.model.words import Severity

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL}){{0,30}}")
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"
_ADDRESS = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")
_PLAIN = re.compile(r"[\t\x20-\x7e\r]*")
_TINY = 100_000
"""Bytes: less is no useful limit for a message."""
LONGEST = 1000
"""Characters of a line that are looked at: a longer one is no entry."""


def is_domain(word: str) -> bool:
    """A host or domain name."""
    return len(word) <= 255 and _DOMAIN.fullmatch(word) is not None


def is_address(word: str) -> bool:
    """An IPv4 address in numbers."""
    return _ADDRESS.fullmatch(word) is not None


def is_host(word: str) -> bool:
    """A name or an address, also in brackets."""
    bare = word[1:-1] if word.startswith("[") and word.endswith("]") else word
    return is_address(bare) or (bare == word and is_domain(word))


def check(setting: Setting, text: str) -> Iterator[Complaint]:
    """Every complaint about the text of a file."""
    if setting.closed:
        return
    if setting.kind in LISTS:
        yield from _list(setting, text)
    else:
        yield from _single(setting, text)


def _single(setting: Setting, text: str) -> Iterator[Complaint]:
    name, line = setting.name, first_line(text)
    rest = next((n for n, more in enumerate(text.split("\n")[1:], 2) if more.strip()), None)
    if rest is not None:
        yield complain("Q07", name, line=rest)
    if setting.kind is Kind.NUMBER:
        yield from _number(setting, line)
        return
    if not line.strip():
        severity = Severity.CRITICAL if name == "me" else None
        yield complain("Q10", name, line=1, severity=severity)
    elif line.startswith("#"):
        yield complain("Q04", name, _cut(line), 1)
    else:
        yield from _surroundings(name, Entry(1, line))
        yield from _value(setting, line.strip())


def _value(setting: Setting, word: str) -> Iterator[Complaint]:
    name = setting.name
    if setting.kind is Kind.NAME:
        if not is_domain(word):
            yield complain("Q0d", name, _cut(word), 1)
        elif "." not in word and name in ("me", "helohost"):
            yield complain("Q18", name, _cut(word), 1)
    elif setting.kind is Kind.WORD and ("@" in word or any(c.isspace() for c in word)):
        yield complain("Q0d" if "@" in word else "Q03", name, _cut(word), 1)
    elif setting.kind is Kind.ADDRESS and not is_address(word):
        yield complain("Q0h", name, _cut(word), 1)


def _number(setting: Setting, line: str) -> Iterator[Complaint]:
    name, found = setting.name, number(line)
    if found is None:
        if line.startswith("#"):
            yield complain("Q04", name, f"{_cut(line)}; the default {setting.default} holds", 1)
        else:
            yield complain("Q05", name, f"{_cut(line) or 'an empty line'}", 1)
        return
    rest = line[len(digits(line)) :].strip()
    if rest:
        yield complain("Q06", name, _cut(rest), 1)
    if found > LARGEST:
        yield complain("Q17", name, str(found), 1)
    elif name in ("concurrencylocal", "concurrencyremote") and found == 0:
        yield complain("Q11", name, line=1)
    elif name == "queuelifetime" and found == 0:
        yield complain("Q15", name, line=1)
    elif name == "databytes" and 0 < found < _TINY:
        yield complain("Q16", name, f"{found} bytes", 1)
    elif setting.unit == "seconds" and found < setting.least:
        yield complain("Q13", name, f"{found} seconds", 1)
    elif setting.most is not None and found > setting.most:
        yield complain("Q14", name, f"{found} {setting.unit}".strip(), 1)


def _surroundings(name: str, entry: Entry) -> Iterator[Complaint]:
    if entry.text.endswith("\r"):
        yield complain("Q01", name, line=entry.line)
    if entry.text[:1] in (" ", "\t"):
        yield complain("Q02", name, line=entry.line)
    if _PLAIN.fullmatch(entry.text) is None or "\r" in entry.text[:-1]:
        yield complain("Q0g", name, line=entry.line)


def _list(setting: Setting, text: str) -> Iterator[Complaint]:
    seen: dict[str, tuple[int, str]] = {}
    known = _KINDS.get(setting.kind)
    for entry in entries(text):
        yield from _surroundings(setting.name, entry)
        bare = Entry(entry.line, entry.text[:LONGEST].strip())
        if not bare.text or bare.text.startswith("#"):
            continue
        if known is not None:
            yield from known(setting.name, bare)
        if setting.kind is Kind.LINES:
            continue
        key, colon, value = bare.text.lower().partition(":")
        before = seen.get(key)
        if before is not None:
            clash = colon and before[1] != value
            yield complain(
                "Q0c" if clash else "Q0b", setting.name, f"{_cut(key)} (line {before[0]})", entry.line
            )
        seen[key] = (entry.line, value)


def _domains(name: str, entry: Entry) -> Iterator[Complaint]:
    if " " in entry.text or "\t" in entry.text:
        yield complain("Q03", name, _cut(entry.text), entry.line)
    elif entry.text.startswith(("*", ".")):
        yield complain("Q0a", name, _cut(entry.text), entry.line)
    elif not is_host(entry.text):
        yield complain("Q0d", name, _cut(entry.text), entry.line)


def _hosts(name: str, entry: Entry) -> Iterator[Complaint]:
    if " " in entry.text or "\t" in entry.text:
        yield complain("Q03", name, _cut(entry.text), entry.line)
    elif not (is_domain(entry.text.removeprefix(".")) or is_host(entry.text)):
        yield complain("Q0d", name, _cut(entry.text), entry.line)


def _senders(name: str, entry: Entry) -> Iterator[Complaint]:
    if "@" not in entry.text:
        yield complain("Q0e", name, _cut(entry.text), entry.line)
    elif " " in entry.text and '"' not in entry.text:
        yield complain("Q03", name, _cut(entry.text), entry.line)


def _routes(name: str, entry: Entry) -> Iterator[Complaint]:
    domain, colon, rest = entry.text.partition(":")
    if not colon:
        yield complain("Q08", name, line=entry.line)
        return
    if domain and not (is_domain(domain.removeprefix(".")) or is_host(domain)):
        yield complain("Q0d", name, _cut(domain), entry.line)
    words = rest.split(None, 1)
    if len(words) > 1 or "|" in rest:
        # Some patches keep a name and a password there: they are not repeated.
        yield complain("Q03", name, "behind the relay", entry.line)
    target = words[0].partition("|")[0] if words else ""
    relay, colon, port = target.partition(":")
    if target.startswith("["):
        relay, colon, port = (
            target[: target.find("]") + 1],
            *target[target.find("]") + 1 :].partition(":")[1:],
        )
    if colon and not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65_536):
        yield complain("Q09", name, line=entry.line)
    if target and not is_host(relay):
        yield complain("Q0i", name, _cut(relay), entry.line)


def _virtual(name: str, entry: Entry) -> Iterator[Complaint]:
    key, colon, prepend = entry.text.partition(":")
    if not colon:
        yield complain("Q08", name, _cut(entry.text), entry.line)
        return
    domain = key.rpartition("@")[2]
    if " " in entry.text or "\t" in entry.text:
        yield complain("Q03", name, _cut(entry.text), entry.line)
    elif key and not is_domain(domain.removeprefix(".") if "@" not in key else domain):
        yield complain("Q0d", name, _cut(key), entry.line)
    elif prepend.endswith("-") or prepend.startswith("-") or "@" in prepend or ":" in prepend:
        yield complain("Q0f", name, _cut(prepend), entry.line)


def _servers(name: str, entry: Entry) -> Iterator[Complaint]:
    if not is_address(entry.text):
        yield complain("Q0h", name, _cut(entry.text), entry.line)


_KINDS: dict[Kind, Callable[[str, Entry], Iterator[Complaint]]] = {
    Kind.DOMAINS: _domains,
    Kind.HOSTS: _hosts,
    Kind.SENDERS: _senders,
    Kind.ROUTES: _routes,
    Kind.VIRTUAL: _virtual,
    Kind.SERVERS: _servers,
}


def _cut(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
