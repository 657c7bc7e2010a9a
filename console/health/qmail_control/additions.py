"""Control files that patches, other distributions and common run scripts add to qmail's own."""

from console.health.qmail_control.setting import Effect, Kind, Setting

_SMTPD, _REMOTE = "qmail-smtpd", "qmail-remote"
_TLS, _QREGEX, _SPF, _LWQ = "STARTTLS patch", "qregex patch", "SPF patch", "run scripts after Life with qmail"


def _smtpd(
    name: str, origin: str, purpose: str, kind: Kind = Kind.LINES, default: str | None = None
) -> Setting:
    return Setting(name, kind, _SMTPD, Effect.AT_ONCE, purpose, default=default, origin=origin)


def _key(name: str, purpose: str, reader: str = _SMTPD) -> Setting:
    return Setting(name, Kind.CLOSED, reader, Effect.AT_ONCE, purpose, origin=_TLS, own=True)


ADDITIONS: tuple[Setting, ...] = (
    _smtpd("badhelo", _QREGEX, "Patterns of greetings that are not accepted."),
    _smtpd("badmailfromnorelay", _QREGEX, "Patterns of senders refused from clients that may not relay."),
    _smtpd("badmailto", _QREGEX, "Patterns of recipients that are not accepted."),
    _smtpd("badmailtonorelay", _QREGEX, "Patterns of recipients refused from clients that may not relay."),
    _smtpd("badrcptto", "badrcptto patch or qmail-rcptcheck", "Recipients that are not accepted over SMTP."),
    _smtpd("badloadertypes", "SPAMCONTROL", "Beginnings of attachments that are refused."),
    _smtpd("badmimetypes", "SPAMCONTROL", "Encoded beginnings of attachments that are refused."),
    Setting("badloadertypes.cdb", Kind.CLOSED, _SMTPD, Effect.AT_ONCE, "The database made of badloadertypes.",
            origin="SPAMCONTROL"),
    Setting("badmimetypes.cdb", Kind.CLOSED, _SMTPD, Effect.AT_ONCE, "The database made of badmimetypes.",
            origin="SPAMCONTROL"),
    _smtpd("maxrcpt", "maxrcpt patch", "How many recipients one SMTP message may have.", Kind.NUMBER),
    _smtpd("mfcheck", "mfcheck patch", "Whether the sender's domain must exist.", Kind.NUMBER, "0"),
    _smtpd("relaymailfrom", "relaymailfrom patch", "Senders who may relay: anyone can claim to be them."),
    _smtpd("smtpplugins", "qmail-spp", "Programs that are asked during an SMTP conversation."),
    _smtpd("spfbehavior", _SPF, "What is done with the result of an SPF check, 0 nothing to 6 strict.",
           Kind.NUMBER, "0"),
    _smtpd("spfexp", _SPF, "What a sender hears who fails the SPF check.", Kind.LINE),
    _smtpd("spfguess", _SPF, "The rule guessed for domains without an SPF record.", Kind.LINE),
    _smtpd("spfrules", _SPF, "SPF rules that are tried before those of the sender's domain.", Kind.LINE),
    _smtpd("tarpitcount", "tarpit patch", "Recipients after which each further one waits.", Kind.NUMBER),
    _smtpd("tarpitdelay", "tarpit patch", "Seconds that each further recipient has to wait.", Kind.NUMBER),
    _smtpd("tlsclients", _TLS, "Addresses in client certificates whose owners may relay."),
    _smtpd("tlsserverciphers", _TLS, "Ciphers offered to SMTP clients.", Kind.LINE),
    Setting("tlsclientciphers", Kind.LINE, _REMOTE, Effect.AT_ONCE, "Ciphers used with other mail servers.",
            origin=_TLS),
    _key("servercert.pem", "The certificate shown to SMTP clients, with its key."),
    _key("clientca.pem", "The authorities that client certificates are checked against."),
    _key("clientcrl.pem", "Client certificates that are revoked."),
    _key("rsa512.pem", "A temporary RSA key, made regularly."),
    _key("rsa1024.pem", "A temporary RSA key, made regularly."),
    _key("rsa2048.pem", "A temporary RSA key, made regularly."),
    _key("dh512.pem", "Diffie-Hellman parameters, made regularly."),
    _key("dh1024.pem", "Diffie-Hellman parameters, made regularly."),
    _key("dh2048.pem", "Diffie-Hellman parameters, made regularly."),
    _key("clientcert.pem", "The certificate shown to other mail servers, with its key.", _REMOTE),
    _key("tlshosts", "Authorities that some mail servers must be vouched by (a directory).", _REMOTE),
    _key("notlshosts", "Mail servers that are not asked for TLS (a directory).", _REMOTE),
    Setting("authsenders", Kind.CLOSED, _REMOTE, Effect.AT_ONCE, "Names and passwords for other servers.",
            origin="s/qmail"),
    Setting("outgoingip", Kind.ADDRESS, _REMOTE, Effect.AT_ONCE,
            "The address that mail leaves from; in a pair it must exist on the node that serves.",
            own=True, origin="outgoingip patch"),
    Setting("bouncemaxbytes", Kind.NUMBER, "qmail-send", Effect.RESTART,
            "How much of a message is sent back in its bounce.", origin="bouncecontrol patch", unit="bytes"),
    Setting("simcontrol", Kind.LINES, "simscan's simscanmk", Effect.SERVICE,
            "Which domains are scanned for what; only the database made of it counts.", origin="simscan"),
    Setting("simcontrol.cdb", Kind.CLOSED, "simscan", Effect.AT_ONCE, "The database made of simcontrol.",
            origin="simscan"),
    Setting("simversions.cdb", Kind.CLOSED, "simscan", Effect.AT_ONCE, "Versions of the scanners.",
            origin="simscan"),
    Setting("concurrencyincoming", Kind.NUMBER, "the run script of qmail-smtpd", Effect.SERVICE,
            "How many SMTP clients are served at once.", origin=_LWQ, unit="connections"),
    Setting("defaultdelivery", Kind.LINES, "/var/qmail/rc", Effect.SERVICE,
            "How mail is delivered to users without a .qmail file.", origin=_LWQ),
    Setting("recipientmap", Kind.LINES, "nothing since qmail 1.02", Effect.NEVER,
            "Rewrote recipients in qmail up to 1.01.", origin="qmail up to 1.01"),
)  # fmt: skip
"""They are told of only where they exist: qmail itself knows nothing of them."""
