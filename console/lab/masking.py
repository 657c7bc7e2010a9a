"""What one command may print differently on two machines, hidden before a comparison.

Only what a second recording of the same pair would change as well is hidden: clocks, process and mirror
ids, uuids, kernel addresses, checksums, load, counters, and how far a synchronisation has come.
"""

import re
from collections.abc import Callable
from xml.etree.ElementTree import Element, ParseError

from defusedxml.ElementTree import fromstring

_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"

EVERYWHERE: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.MULTILINE), mask)
    for pattern, mask in (
        (rf"{_DAY} {_MONTH} [ \d]\d \d\d:\d\d:\d\d (?:UTC )?\d{{4}}", "<time>"),
        (rf"^{_MONTH} [ \d]\d \d\d:\d\d:\d\d ", "<time> "),
        (rf"{_MONTH} [ \d]\d (?:\d\d:\d\d| \d{{4}})(?= )", "<date>"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "<time>"),
        (r"^( *(?:ID|mid|did): )\d+$", r"\1<id>"),
        (r"<ID>\d+</ID>", "<ID><id></ID>"),
        (r"\b1[78]\d{8}\b", "<epoch>"),
        (r"usec = \d+", "usec = <n>"),
        (r"\b(kernel|[\w.-]+)\[\d+\]:", r"\1[<pid>]:"),
        (r"^\s*[ \d]\d?:\d\d[AP]M  up .*$", "<uptime>"),
        (r"load averages?: .*$", "load averages: <load>"),
        (r"\bpid:? \d+", "pid <pid>"),
        (r"\bz?(?:0x)?f{5,8}[0-9a-f]{8,11}\b", "<address>"),
        (r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "<uuid>"),
        (r"\b[0-9a-f]{64}\b", "<sha256>"),
        (r"\b[0-9a-f]{32}\b", "<md5>"),
        (r"\b[0-9a-f]{16}\b", "<ufsid>"),
        (r"id\t\[ [0-9a-f]{1,8} [0-9a-f]{1,8} \]", "id\t[ <ufsid> ]"),
        (r"SYNCHRONIZING, \d+%", "SYNCHRONIZING, <progress>"),
        (r"Synchronized: \d+%", "Synchronized: <progress>"),
        (r"BytesSynced: \d+", "BytesSynced: <progress>"),
        (r"<Synchronized>\d+%<", "<Synchronized><progress><"),
        (r"<BytesSynced>\d+<", "<BytesSynced><progress><"),
        (r"syncoffset: [1-9]\d*", "syncoffset: <progress>"),
        # The threads of ggate's processes report in the order the scheduler ran them.
        (r"\b(?:send|recv|disk)_thread: started", "<thread>_thread: started"),
        (r"time=[\d.]+ ms", "time=<time> ms"),
        (r"stddev = [\d./]+ ms", "stddev = <time> ms"),
        (r"in [\d.]+ secs \([\d.]+ bytes/sec\)", "in <time> secs (<rate> bytes/sec)"),
        (r"Inode: \d+", "Inode: <inode>"),
        (r"MD-DEV\d+-INO\d+", "MD-DEV<device>-INO<inode>"),
        (r"^(c[rwx-]{9} .*\S) +0x[0-9a-f]+ <date>", r"\1 <device> <date>"),
        # The root disk fills with logs at its own pace.
        (r"^(/dev/gpt/rootfs(?: +ufs)? +[\d.]+G?) +\S+ +\S+ +\d+%(?: +\d+ +\d+ +\d+%)?", r"\1 <fill>"),
    )
)
"""Replacements for any output, in order."""

_PS_FLAGS = re.compile(r"(?<= )I(?=[+<JLNs ])")
_KERNEL_RUNS = re.compile(r"(?<= )R(?=L .*\[\w+\]$)", re.MULTILINE)


def _words(text: str) -> str:
    return "\n".join(" ".join(line.split()) for line in text.split("\n"))


def _numbers(text: str) -> str:
    return _words(re.sub(r"-?\d[\d.+:]*[KMG%]?", "<n>", text))


def _processes(text: str) -> str:
    """Of ps(1): ids, sizes, times, how long a process slept (I, S), kernel threads that run just now."""
    text = _KERNEL_RUNS.sub("D", text)
    text = re.sub(r"^ *\d{2,}(?= )", "<pid>", text, flags=re.MULTILINE)
    text = re.sub(r"^(<pid> +)\d{2,}(?= )", r"\1<pid>", text, flags=re.MULTILINE)
    text = re.sub(
        r"^(\w+ +)\d+( +)[\d.]+ +[\d.]+ +\d+ +\d+( .*?)[\d:]{5} +\d+:\d\d\.\d\d",
        r"\1<pid>\2<use>\3<time>",
        text,
        flags=re.MULTILINE,
    )
    return _words(_PS_FLAGS.sub("S", text))


def _sockets(text: str) -> str:
    return _words(re.sub(r"^(\w+ +\S+ +)\d+", r"\1<pid>", text, flags=re.MULTILINE))


def _found(text: str) -> str:
    return re.sub(r"^\d+", "<pid>", text, flags=re.MULTILINE)


def _mesh(text: str) -> str:
    """Put kern.geom.confxml and confdot in one order (theirs means nothing), with names in place of ids."""
    text = re.sub(r"(?:^z0x.*;\n)+", _sorted_graph, text, flags=re.MULTILINE)
    start, end = text.find("<mesh>"), text.find("</mesh>") + len("</mesh>")
    try:
        mesh = fromstring(text[start:end])
    except ParseError:
        return text
    names: dict[str, str] = {}
    for element in mesh.iter():
        if (known := element.get("id")) is not None:
            names[known] = f"{element.tag} {element.findtext('name', '')}"
    return text[:start] + "\n".join(_described(mesh, names)) + text[end:]


def _sorted_graph(found: re.Match[str]) -> str:
    return "".join(
        sorted(re.sub(r"z0x[0-9a-f]+", "<address>", line) for line in found[0].splitlines(keepends=True))
    )


_VARYING = {"ID", "Synchronized", "BytesSynced", "rawuuid", "efimedia"}


def _described(element: Element, names: dict[str, str]) -> list[str]:
    parts = [element.tag]
    if (ref := element.get("ref")) is not None:
        parts.append(names.get(ref, "<nothing>"))
    text = (element.text or "").strip()
    if text:
        parts.append("<value>" if element.tag in _VARYING else text)
    children = [_described(child, names) for child in element]
    return [" ".join(parts)] + [f"  {line}" for child in sorted(children) for line in child]


BY_PROGRAM: tuple[tuple[re.Pattern[str], Callable[[str], str]], ...] = (
    (re.compile(r"\bps -\w*"), _processes),
    (re.compile(r"\b(?:sockstat|fstat)\b"), _sockets),
    (re.compile(r"\bpgrep\b"), _found),
    (re.compile(r"\b(?:gstat|iostat|top|vmstat|procstat|netstat -an)\b"), _numbers),
    (re.compile(r"\bkern\.geom(?:\.confxml)?(?![.\w])(?!.*\|)"), _mesh),
    (re.compile(r"\barp\b"), _words),
)
"""More for the output of some programs, found by the text of the command."""


def mask(run: str, text: str) -> str:
    """Return the output `text` of the command `run` with everything that naturally differs hidden."""
    # A file emptied under its writer begins with as many NULs as were written before.
    text = text.lstrip("\0")
    for program, hide in BY_PROGRAM:
        if program.search(run):
            text = hide(text)
    for pattern, replacement in EVERYWHERE:
        text = pattern.sub(replacement, text)
    return text
