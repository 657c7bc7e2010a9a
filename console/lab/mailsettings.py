"""qmail as it is installed on the lab's nodes: accounts, programs, settings, and how the two nodes differ."""

from collections.abc import Mapping

from console.lab.files import set_modified, set_owner
from console.lab.qmail import install_mail
from console.lab.qmailsend import HOME
from console.lab.stubs import install_stubs
from console.lab.users import ACCOUNTS, GROUP
from console.lab.world import Node

_ACCOUNTS = """alias:*:81:81:QMail user:/var/qmail/alias:/usr/sbin/nologin
qmaild:*:82:81:QMail user:/var/qmail:/usr/sbin/nologin
qmaill:*:83:81:QMail user:/var/qmail:/usr/sbin/nologin
qmailp:*:84:81:QMail user:/var/qmail:/usr/sbin/nologin
qmailq:*:85:82:QMail user:/var/qmail:/usr/sbin/nologin
qmailr:*:86:82:QMail user:/var/qmail:/usr/sbin/nologin
qmails:*:87:82:QMail user:/var/qmail:/usr/sbin/nologin
"""
"""As the port makes them (ports/UIDs)."""
_GROUPS = "qnofiles:*:81:\nqmail:*:82:\n"

_OWN_DOMAINS = "localhost\nmx.example.net\nlocal.example"
CONTROL: Mapping[str, str] = {
    "me": "mx.example.net", "defaultdomain": "example.net", "plusdomain": "example.net",
    "defaulthost": "local.example", "locals": _OWN_DOMAINS,
    "rcpthosts": f"{_OWN_DOMAINS}\nlists.example", "concurrencylocal": "10",
    "concurrencyremote": "20", "concurrencyincoming": "40", "queuelifetime": "604800",
    "databytes": "20971520",
    "bouncefrom": "MAILER-DAEMON", "defaultdelivery": "./Maildir/",
    "doublebounceto": "postmaster", "smtpgreeting": "mx.example.net ESMTP", "timeoutconnect": "60",
    "timeoutremote": "1200", "helohost": "mx.example.net",
    "virtualdomains": "lists.example:alias-lists\nlocal.example:alias-old",
    "smtproutes": "partner.example:relay.partner.example\n.partner.example:relay.partner.example:2525",
}  # fmt: skip
"""local.example is in locals, so that what virtualdomains says of it never happens: left from a move."""
_SETTLED = 40 * 86400.0
"""Seconds since the settings were changed last."""
DIFFERENT: Mapping[str, Mapping[str, str]] = {
    "b": {
        "concurrencyremote": "30",
        "rcpthosts": _OWN_DOMAINS,
        "databytes": "10485760",
    }
}
"""What was forgotten on the slave: after a failover it refuses mail for the lists, and large mail."""


def install_mail_files(node: Node) -> None:
    """Write everything that qmail has on a node; it starts when the node boots."""
    for path, more in ((ACCOUNTS, _ACCOUNTS), (GROUP, _GROUPS)):
        node.fs.write_file(path, node.fs.read_file(path) + more.encode())
    for directory in ("/service/qmail-send/supervise", f"{HOME}/control", f"{HOME}/alias"):
        node.fs.mkdir(directory, recursive=True)
    for name, value in {**CONTROL, **DIFFERENT.get(node.name, {})}.items():
        path = f"{HOME}/control/{name}"
        node.fs.write_file(path, f"{value}\n".encode())
        set_owner(node, path, "root", "qmail")
        set_modified(node, path, node.clock.now() - _SETTLED)
    programs = ("qmail-qstat", "qmail-qread", "qmail-showctl", "qmail-tcpto")
    install_stubs(node.fs, {program: f"{HOME}/bin/{program}" for program in programs})
    install_stubs(
        node.fs, {program: f"/usr/local/bin/{program}" for program in ("svstat", "svc", "tai64nlocal")}
    )
    install_mail(node)
