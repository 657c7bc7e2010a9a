"""qmail-showctl(8): every control file explained, those that do not exist by their default."""

from collections.abc import Mapping
from dataclasses import dataclass

from console.lab.call import Call, Command
from console.lab.qmailsend import HOME

_COMPILED_IN = (
    f"qmail home directory: {HOME}.\nuser-ext delimiter: -.\npaternalism (in decimal): 2.\n"
    "silent concurrency limit: 120.\nsubdirectory split: 23.\n"
    "user ids: 81, 82, 83, 0, 84, 85, 86, 87.\ngroup ids: 81, 82."
)


@dataclass(frozen=True, slots=True)
class _Single:
    """A file of one line: what is said of it, and its default, None being the contents of `me`."""

    says: str
    otherwise: str | None


@dataclass(frozen=True, slots=True)
class _List:
    """A file of lines: what is said of each, and what without it."""

    says: str
    otherwise: str


_FILES: Mapping[str, _Single | _List] = {
    "badmailfrom": _List("{} not accepted in MAIL FROM.", "Any MAIL FROM is allowed."),
    "bouncefrom": _Single("Bounce user name is {}.", "MAILER-DAEMON"),
    "bouncehost": _Single("Bounce host name is {}.", None),
    "concurrencylocal": _Single("Local concurrency is {}.", "10"),
    "concurrencyremote": _Single("Remote concurrency is {}.", "20"),
    "databytes": _Single("SMTP DATA limit is {} bytes.", "0"),
    "defaultdomain": _Single("Default domain name is {}.", None),
    "defaulthost": _Single("Default host name is {}.", None),
    "doublebouncehost": _Single("2B recipient host: {}.", None),
    "doublebounceto": _Single("2B recipient user: {}.", "postmaster"),
    "envnoathost": _Single("Presumed domain name is {}.", None),
    "helohost": _Single("SMTP client HELO host name is {}.", None),
    "idhost": _Single("Message-ID host name is {}.", None),
    "localiphost": _Single("Local IP address becomes {}.", None),
    "locals": _List("Messages for {} are delivered locally.", "Messages for {me} are delivered locally."),
    "me": _Single("My name is {}.", "undefined"),
    "percenthack": _List("The percent hack is allowed for user%host@{}.", "The percent hack is not allowed."),
    "plusdomain": _Single("Plus domain name is {}.", None),
    "qmqpservers": _List("QMQP server: {}.", "No QMQP servers."),
    "queuelifetime": _Single("Message lifetime in the queue is {} seconds.", "604800"),
    "rcpthosts": _List(
        "SMTP clients may send messages to recipients at {}.",
        "SMTP clients may send messages to any recipient.",
    ),
    "morercpthosts": _List("SMTP clients may send messages to recipients at {}.", "No effect."),
    "morercpthosts.cdb": _List("", "No effect."),
    "smtpgreeting": _Single("SMTP greeting: 220 {}.", None),
    "smtproutes": _List("SMTP route: {}", "No artificial SMTP routes."),
    "timeoutconnect": _Single("SMTP client connection timeout is {} seconds.", "60"),
    "timeoutremote": _Single("SMTP client data timeout is {} seconds.", "1200"),
    "timeoutsmtpd": _Single("SMTP server data timeout is {} seconds.", "1200"),
    "virtualdomains": _List("Virtual domain: {}", "No virtual domains."),
}


async def qmail_showctl(call: Call) -> int:
    """Explain the control files."""
    fs = call.node.fs
    if not fs.exists(f"{HOME}/control"):
        call.say(f"fatal: unable to chdir to {HOME}/control: file does not exist")
        return 111
    names = [str(item["name"]) for item in fs.read_dir(f"{HOME}/control")]
    texts = {name: fs.read_file(f"{HOME}/control/{name}").decode("utf-8", "replace") for name in names}
    me = texts.get("me", "").partition("\n")[0].strip()
    call.say(_COMPILED_IN)
    for name, known in _FILES.items():
        call.say("")
        text = texts.get(name)
        first = (text or "").partition("\n")[0].strip()
        if isinstance(known, _Single) and text is None:
            call.say(f"{name}: (Default.) {known.says.format(known.otherwise or me)}")
        elif isinstance(known, _Single):
            call.say(f"{name}: {known.says.format(first)}")
        elif text is None:
            call.say(f"{name}: (Default.) {known.otherwise.format(me=me)}")
        else:
            call.say(f"{name}: ")
            for line in text.splitlines():
                call.say(known.says.format(line))
    for name in sorted(set(names) - _FILES.keys()):
        call.say(f"\n{name}: I have no idea what this file does.")
    return 0


COMMANDS: dict[str, Command] = {"qmail-showctl": qmail_showctl}
