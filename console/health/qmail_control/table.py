"""Every control file of qmail 1.03 and notqmail, and the common additions of patches.

Readers, defaults and effects follow the manual pages (qmail-control(5), qmail-send(8), qmail-smtpd(8),
qmail-remote(8), qmail-inject(8)) and what the programs do at their start: qmail-send keeps what it read, and
takes only locals and virtualdomains again at a HUP.
"""

from console.health.qmail_control.additions import ADDITIONS
from console.health.qmail_control.setting import Effect, Kind, Setting

_SEND, _SMTPD, _REMOTE, _INJECT = "qmail-send", "qmail-smtpd", "qmail-remote", "qmail-inject"
_WEEK, _MONTH = 604_800, 30 * 86_400

QMAIL: tuple[Setting, ...] = (
    Setting(
        "me", Kind.NAME, "all programs", Effect.RESTART,
        "The full name of this host; other files that hold a host name fall back to it.",
        absent="none: qmail-smtpd and qmail-remote do not run, bounces are from “bouncehost”", own=True,
    ),
    Setting(
        "badmailfrom", Kind.SENDERS, _SMTPD, Effect.AT_ONCE,
        "Senders from whom no mail is taken over SMTP.", absent="every sender is accepted",
    ),
    Setting(
        "bouncefrom", Kind.WORD, _SEND, Effect.RESTART,
        "The user name that bounces are from.", default="MAILER-DAEMON",
    ),
    Setting(
        "bouncehost", Kind.NAME, _SEND, Effect.RESTART,
        "The host name that bounces are from.", from_me=True, own=True,
    ),
    Setting(
        "concurrencylocal", Kind.NUMBER, _SEND, Effect.RESTART,
        "How many local deliveries may run at once.", default="10", unit="deliveries",
    ),
    Setting(
        "concurrencyremote", Kind.NUMBER, _SEND, Effect.RESTART,
        "How many remote deliveries may run at once.", default="20", unit="deliveries",
    ),
    Setting(
        "databytes", Kind.NUMBER, f"{_SMTPD}, qmail-qmtpd", Effect.AT_ONCE,
        "The biggest message that is taken over SMTP; 0 sets no limit.", default="0", unit="bytes",
    ),
    Setting(
        "defaultdomain", Kind.NAME, _INJECT, Effect.AT_ONCE,
        "What is put behind a host name without a dot in mail that is written on this host.", from_me=True,
    ),
    Setting(
        "defaulthost", Kind.NAME, _INJECT, Effect.AT_ONCE,
        "What is put behind an address without a host in mail that is written on this host.", from_me=True,
    ),
    Setting(
        "doublebouncehost", Kind.NAME, _SEND, Effect.RESTART,
        "The host of the mailbox that gets bounces of bounces.", from_me=True, own=True,
    ),
    Setting(
        "doublebounceto", Kind.WORD, _SEND, Effect.RESTART,
        "The user who gets bounces of bounces.", default="postmaster",
    ),
    Setting(
        "envnoathost", Kind.NAME, _SEND, Effect.RESTART,
        "What is put behind an envelope recipient without an @.", from_me=True, own=True,
    ),
    Setting(
        "helohost", Kind.NAME, _REMOTE, Effect.AT_ONCE,
        "The name this host says to other mail servers; they may compare it with its address.",
        from_me=True, own=True,
    ),
    Setting(
        "idhost", Kind.NAME, _INJECT, Effect.AT_ONCE,
        "The host in Message-IDs that are made here.", from_me=True, own=True,
    ),
    Setting(
        "localiphost", Kind.NAME, _SMTPD, Effect.AT_ONCE,
        "What takes the place of one of this host's own IP addresses in user@[address].",
        from_me=True, own=True,
    ),
    Setting(
        "locals", Kind.DOMAINS, _SEND, Effect.HUP,
        "Domains whose mailboxes are users of this host.", from_me=True,
    ),
    Setting(
        "morercpthosts", Kind.HOSTS, "qmail-newmrh", Effect.COMPILED,
        "More domains for rcpthosts; only the database that qmail-newmrh makes of it counts.",
        absent="no more than rcpthosts",
    ),
    Setting(
        "morercpthosts.cdb", Kind.CLOSED, _SMTPD, Effect.AT_ONCE,
        "The database made of morercpthosts.", absent="no more than rcpthosts",
    ),
    Setting(
        "percenthack", Kind.DOMAINS, _SEND, Effect.RESTART,
        "Domains at which user%host@domain means user@host.", absent="a % is a letter like others",
    ),
    Setting(
        "plusdomain", Kind.NAME, _INJECT, Effect.AT_ONCE,
        "What takes the place of a + at the end of a host name in mail that is written on this host.",
        from_me=True,
    ),
    Setting(
        "qmqpservers", Kind.SERVERS, "qmail-qmqpc", Effect.AT_ONCE,
        "The queue servers that a host without a queue of its own hands its mail to.", absent="none",
    ),
    Setting(
        "queuelifetime", Kind.NUMBER, _SEND, Effect.RESTART,
        "How long a message may wait in the queue before it bounces.",
        default=str(_WEEK), unit="seconds", least=3600, most=_MONTH,
    ),
    Setting(
        "rcpthosts", Kind.HOSTS, f"{_SMTPD}, qmail-qmtpd", Effect.AT_ONCE,
        "Domains to which anyone may send mail over SMTP.", absent="mail to every domain: an open relay",
    ),
    Setting(
        "smtpgreeting", Kind.LINE, _SMTPD, Effect.AT_ONCE,
        "What SMTP clients are greeted with; its first word is this host's name.", from_me=True, own=True,
    ),
    Setting(
        "smtproutes", Kind.ROUTES, _REMOTE, Effect.AT_ONCE,
        "Servers that mail for some domains goes to instead of their MX.", absent="every domain by its MX",
    ),
    Setting(
        "timeoutconnect", Kind.NUMBER, _REMOTE, Effect.AT_ONCE,
        "How long another mail server may take to accept a connection; the kernel gives up by itself after "
        "about 75 seconds.", default="60", unit="seconds", least=5,
    ),
    Setting(
        "timeoutremote", Kind.NUMBER, _REMOTE, Effect.AT_ONCE,
        "How long another mail server may take for each answer; a delivery slot is held that long.",
        default="1200", unit="seconds", least=10,
    ),
    Setting(
        "timeoutsmtpd", Kind.NUMBER, _SMTPD, Effect.AT_ONCE,
        "How long an SMTP client may be silent.", default="1200", unit="seconds", least=30,
    ),
    Setting(
        "virtualdomains", Kind.VIRTUAL, _SEND, Effect.HUP,
        "Domains and addresses that belong to a user of this host: prepend- is put in front of the address.",
        absent="no virtual domains",
    ),
)  # fmt: skip
"""The files of qmail itself: `me` first, then by name."""

SETTINGS: dict[str, Setting] = {one.name: one for one in (*QMAIL, *ADDITIONS)}
"""Everything that is known, by the name of the file."""
OPEN_NAMES: frozenset[str] = frozenset(name for name, one in SETTINGS.items() if not one.closed)
"""Names whose text may be read and shown; all others may hold keys or passwords."""
