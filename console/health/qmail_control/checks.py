"""Every complaint about control files in one table: id, how bad, what, why it bites, what to do.

Q0x is how one line or file is written, Q1x values, Q2x what files say together, Q3x what is in force,
Q4x what cannot be known, Q5x the two nodes.
"""

from dataclasses import dataclass

from console.model.words import Severity

_C, _W, _N, _U = Severity.CRITICAL, Severity.WARNING, Severity.NOTICE, Severity.UNKNOWN


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that can be wrong."""

    id: str
    severity: Severity
    what: str
    why: str
    todo: str


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong, in a file and, where there is one, in a line of it."""

    id: str
    severity: Severity
    file: str
    line: int | None
    what: str
    why: str
    todo: str

    @property
    def place(self) -> str:
        """`rcpthosts:3`."""
        return f"{self.file}:{self.line}" if self.line else self.file


_CHECKS = (
    Check(
        "Q01", _W, "the line ends in a carriage return",
        "qmail drops blanks and tabs at the end of a line, but takes a carriage return for a letter: the "
        "entry matches nothing, a name is sent with it.",
        "Write the file with plain line feeds.",
    ),
    Check(
        "Q02", _W, "the line begins with a blank",
        "qmail takes it for a part of the entry, which then matches nothing; a number is not read at all.",
        "Remove the blank.",
    ),
    Check(
        "Q03", _W, "a blank within the entry",
        "One entry per line: with a blank in it, it matches nothing.",
        "Put each entry on a line of its own; a comment needs a line of its own too.",
    ),
    Check(
        "Q04", _W, "a comment where qmail knows none",
        "A file with a single value has no comments: this line is the value.",
        "Put the value on the first line, and the comment elsewhere.",
    ),
    Check(
        "Q05", _W, "no number",
        "Where the first line does not begin with a digit, qmail uses the default as if there were no file.",
        "Write a plain number on the first line, or remove the file.",
    ),
    Check(
        "Q06", _N, "there is more than the number",
        "qmail reads the digits and passes over the rest: a unit such as k or m has no effect.",
        "Write the number alone.",
    ),
    Check(
        "Q07", _N, "lines after the first one",
        "Only the first line of this file counts.",
        "Remove them, or see whether they were meant for another file.",
    ),
    Check(
        "Q08", _W, "no colon in the line",
        "qmail passes over it in silence.",
        "Write domain:value, without blanks.",
    ),
    Check(
        "Q09", _W, "no port number behind the relay",
        "qmail-remote takes what is not a number for port 0, and no connection comes about.",
        "Write domain:relay:port, the port from 1 to 65535, or leave the port out.",
    ),
    Check(
        "Q0a", _W, "a wildcard where there are none",
        "This file knows no wildcards: the line matches nothing.",
        "List each domain; wildcards work in rcpthosts, virtualdomains and smtproutes.",
    ),
    Check(
        "Q0b", _N, "the same entry twice",
        "It does no harm, but one of them will be forgotten at the next change.",
        "Remove one.",
    ),
    Check(
        "Q0c", _W, "two lines for the same domain",
        "The last one holds; the other has no effect.",
        "Remove the one that is not meant.",
    ),
    Check(
        "Q0d", _W, "not a domain name",
        "It matches no address.",
        "Write the name after the @, for example example.org, or .example.org for all names below it.",
    ),
    Check(
        "Q0e", _N, "an entry without an @",
        "Without a patch that knows patterns it matches only senders that have no host.",
        "Write user@host, or @host for a whole domain.",
    ),
    Check(
        "Q0f", _W, "the prepend is odd",
        "qmail puts it and a hyphen in front of the address: the mail goes to a user who is hardly meant.",
        "Write domain:user or domain:user-ext, without a hyphen at the end.",
    ),
    Check(
        "Q0g", _W, "control or 8-bit characters",
        "qmail compares byte by byte: an entry with such a character matches nothing that can be mailed to.",
        "Write the name in ASCII (xn--… for names with other letters).",
    ),
    Check(
        "Q0h", _W, "not an IPv4 address",
        "The program does not look up names here.",
        "Write the address in numbers.",
    ),
    Check(
        "Q0i", _W, "the relay has no usable name",
        "qmail-remote cannot connect to it, and mail for the domain waits until it bounces.",
        "Write a host name or an IPv4 address behind the colon; nothing there means the MX as usual.",
    ),
    Check(
        "Q10", _W, "the file is empty",
        "An empty file is not an absent one: the empty value holds instead of the default.",
        "Write the value, or remove the file.",
    ),
    Check(
        "Q11", _C, "deliveries are on hold",
        "With 0 slots no such delivery is begun; mail waits until it bounces.",
        "Write a number of at least 1 and restart qmail-send, unless this is meant.",
    ),
    Check(
        "Q12", _W, "above the limit that was compiled in",
        "qmail-send reduces it to the limit without a word.",
        "Write the limit, or build qmail with a bigger conf-spawn.",
    ),
    Check(
        "Q13", _W, "a very short time",
        "Slow but sound servers and short outages are then taken for failures.",
        "Use the default unless there is a reason.",
    ),
    Check(
        "Q14", _N, "a very long time",
        "Senders hear for weeks nothing of mail that cannot be delivered.",
        "A week is usual.",
    ),
    Check(
        "Q15", _C, "no message lives long enough to be tried again",
        "Every temporary failure becomes a bounce at the first attempt.",
        "Remove the file or write seconds, for example 604800.",
    ),
    Check(
        "Q16", _W, "only tiny messages are taken over SMTP",
        "Anything bigger is refused for good; the number is in bytes, not in kilobytes.",
        "Write bytes, for example 20000000; 0 sets no limit.",
    ),
    Check(
        "Q17", _W, "the number is too big for qmail",
        "It overflows, and something else holds.",
        "Write a smaller number.",
    ),
    Check(
        "Q18", _N, "the name has no dot",
        "Other mail servers may refuse a name that is not fully qualified.",
        "Write the full name of the host.",
    ),
    Check(
        "Q20", _C, "there is no rcpthosts: an open relay",
        "Anyone may send mail to anywhere through this host; it will be found and blocked within days.",
        "Write the domains this host takes mail for into rcpthosts; a firewall is no reason to go without.",
    ),
    Check(
        "Q21", _C, "there is no me",
        "qmail-smtpd and qmail-remote refuse to run, and without locals qmail-send does too.",
        "Write the full name of the host into control/me.",
    ),
    Check(
        "Q22", _W, "a domain is in locals and in virtualdomains",
        "locals comes first: the line in virtualdomains has no effect.",
        "Remove the domain from locals, or from virtualdomains.",
    ),
    Check(
        "Q23", _W, "a domain that is delivered here is not in rcpthosts",
        "Mail for it is refused over SMTP as relaying; only mail written on this host gets there.",
        "Add it to rcpthosts, unless that is meant.",
    ),
    Check(
        "Q24", _N, "mail for the domain is accepted and sent on",
        "It is in rcpthosts, but not delivered here: right for a second MX, else mail goes round in circles.",
        "Nothing if this host is its second MX; else add it to locals or virtualdomains, or remove it.",
    ),
    Check(
        "Q25", _W, "a route for a domain that is delivered here",
        "Local mail never reaches qmail-remote: the line has no effect.",
        "Remove the route, or the domain from locals or virtualdomains.",
    ),
    Check(
        "Q26", _N, "a default route",
        "All remote mail without a route of its own goes to one server; when that is down, all of it waits.",
        "Nothing if that is meant.",
    ),
    Check(
        "Q27", _W, "a route to this host itself",
        "qmail does not notice such a loop: the message goes round until it has too many hops.",
        "Name another relay, or add the domain to locals.",
    ),
    Check(
        "Q28", _C, "anyone may relay through the percent hack",
        "rcpthosts accepts user%elsewhere@domain for this domain, and qmail-send then sends it elsewhere.",
        "Remove the domain from percenthack, or from rcpthosts.",
    ),
    Check(
        "Q29", _W, "the database of morercpthosts is not what the file says",
        "qmail-smtpd looks only into the database.",
        "Run qmail-newmrh.",
    ),
    Check(
        "Q2a", _N, "bounces of bounces leave this host",
        "They go to a host that is not delivered here; nobody may notice that they do not arrive.",
        "Let doublebounceto and doublebouncehost name a mailbox that is read.",
    ),
    Check(
        "Q2b", _W, "the file may be a misspelt one",
        "qmail reads only the names it knows: whatever is in this file has no effect.",
        "Rename it, or remove it.",
    ),
    Check(
        "Q2c", _N, "no program that is known here reads this file",
        "It belongs to a patch, or it is a backup or a mistake.",
        "See who made it. It is not read here, as it may hold a key.",
    ),
    Check(
        "Q2d", _N, "nothing reads this file any more",
        "Its function was taken out of qmail.",
        "Use virtualdomains, and remove the file.",
    ),
    Check(
        "Q2e", _C, "qmail's users cannot read the file",
        "qmail's programs do not run as root: qmail-send then does not start, SMTP is refused for the time "
        "being and remote mail waits.",
        "chmod 644.",
    ),
    Check(
        "Q2f", _W, "everyone may write the file",
        "Any user of this host can redirect its mail.",
        "chmod 644.",
    ),
    Check(
        "Q2g", _W, "nothing is delivered locally",
        "locals is there and names no domain: mail for this host's own name goes out by its MX.",
        "Write the host's name into locals, or remove the file.",
    ),
    Check(
        "Q30", _W, "changed after qmail-send started, and not in force",
        "qmail-send reads it only when it starts: what it does now is not what the file says.",
        "Restart qmail-send when it suits; deliveries that run are waited for.",
    ),
    Check(
        "Q31", _N, "changed after qmail-send started",
        "It is in force only if qmail-send got a HUP since; that cannot be seen from here.",
        "Send qmail-send a HUP (svc -h) if that was not done.",
    ),
    Check(
        "Q40", _U, "could not be read",
        "Nothing is known of what it says.",
        "Log in as root or as a user who may read it.",
    ),
    Check(
        "Q41", _U, "only its beginning was read",
        "What comes after it was not checked.",
        "Look at the rest on the node.",
    ),
    Check(
        "Q50", _W, "the nodes do not agree",
        "After a failover the other node's file holds, and mail is treated differently.",
        "Make the files the same, or see that the difference is meant.",
    ),
    Check(
        "Q51", _N, "the nodes differ, as is usual for this file",
        "It names the node itself. After a failover the other node's name is used.",
        "Nothing, unless both nodes are to speak under one name.",
    ),
    Check(
        "Q52", _N, "the nodes' files differ, but not in what counts",
        "Comments, order, blanks, or a default that is written out.",
        "Nothing.",
    ),
)  # fmt: skip

_LONGEST = 120
"""Characters of what a file says that are repeated."""
CHECKS = {check.id: check for check in _CHECKS}


def complain(
    id: str, file: str, detail: str = "", line: int | None = None, severity: Severity | None = None
) -> Complaint:
    """A complaint of the table about a place; `detail` says in what respect."""
    check = CHECKS[id]
    if len(detail) > _LONGEST:
        detail = f"{detail[: _LONGEST - 1]}…"
    what = f"{check.what}: {detail}" if detail else check.what
    return Complaint(check.id, severity or check.severity, file, line, what, check.why, check.todo)
