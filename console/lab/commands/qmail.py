"""qmail's own tools and daemontools': qmail-qstat, qmail-qread, qmail-showctl, svstat, svc, tai64nlocal."""

import re
import time

from console.lab.call import Call, Command
from console.lab.multilog import unix_time
from console.lab.qmail import HOME, Mail, mail_of

_LISTS = {
    "badmailfrom": "{} not accepted in MAIL FROM.",
    "locals": "Messages for {} are delivered locally.",
    "percenthack": "The percent hack is allowed for user%host@{}.",
    "rcpthosts": "SMTP clients may send messages to recipients at {}.",
    "smtproutes": "SMTP route: {}",
    "virtualdomains": "Virtual domain: {}",
}
_SINGLES = {
    "bouncefrom": "Bounce user name is {}.",
    "bouncehost": "Bounce host name is {}.",
    "concurrencylocal": "Local concurrency is {}.",
    "concurrencyremote": "Remote concurrency is {}.",
    "databytes": "SMTP DATA limit is {} bytes.",
    "defaultdomain": "Default domain name is {}.",
    "defaulthost": "Default host name is {}.",
    "doublebouncehost": "2B recipient host: {}.",
    "doublebounceto": "2B recipient user: {}.",
    "envnoathost": "Presumed domain name is {}.",
    "helohost": "SMTP client HELO host name is {}.",
    "idhost": "Message-ID host name is {}.",
    "localiphost": "Local IP address becomes {}.",
    "me": "My name is {}.",
    "plusdomain": "Plus domain name is {}.",
    "queuelifetime": "Message lifetime in the queue is {} seconds.",
    "smtpgreeting": "SMTP greeting: 220 {}.",
    "timeoutconnect": "SMTP client connection timeout is {} seconds.",
    "timeoutremote": "SMTP client data timeout is {} seconds.",
    "timeoutsmtpd": "SMTP server data timeout is {} seconds.",
}


def _present(call: Call) -> Mail | None:
    mail = mail_of(call.node)
    return mail if mail is not None and call.node.fs.exists(HOME) else None


def _may_count(call: Call) -> bool:
    return call.uid == 0 or bool({"qmail"} & set(call.groups))


async def qmail_qstat(call: Call) -> int:
    """Count the messages in the queue, and those not yet preprocessed."""
    mail = _present(call)
    if mail is None or not _may_count(call):
        why = "No such file or directory" if mail is None else "Permission denied"
        call.complain(f"find: {HOME}/queue/mess/*: {why}\nfind: {HOME}/queue/todo: {why}")
    total, todo = (len(mail.queue), mail.todo) if mail is not None and _may_count(call) else (0, 0)
    call.say(f"messages in queue: {total}\nmessages in queue but not yet preprocessed: {todo}")
    return 0


async def qmail_qread(call: Call) -> int:
    """List the preprocessed messages and their recipients."""
    mail = _present(call)
    if mail is None or call.uid != 0:
        why = "file does not exist" if mail is None else "access denied"
        call.say(f"fatal: unable to chdir: {why}")
        return 111
    for message in sorted(mail.queue.values(), key=lambda m: (m.number % 23, m.number)):
        if not message.preprocessed:
            continue
        born = time.strftime("%d %b %Y %H:%M:%S", time.gmtime(message.born)).lstrip("0")
        bouncing = " bouncing" if message.bounced else ""
        call.say(f"{born} GMT  #{message.number}  {message.size}  <{message.sender}> {bouncing}")
        for recipient in message.recipients:
            done = "  done" if recipient.done else ""
            call.say(f"{done}\t{recipient.channel}\t{recipient.address}")
    return 0


async def qmail_showctl(call: Call) -> int:
    """Explain the control files."""
    if not call.node.fs.exists(f"{HOME}/control"):
        call.say(f"fatal: unable to chdir to {HOME}/control: file does not exist")
        return 111
    call.say(
        f"qmail home directory: {HOME}.\nuser-ext delimiter: -.\npaternalism (in decimal): 2.\n"
        "silent concurrency limit: 120.\nsubdirectory split: 23.\n"
        "user ids: 1001, 1002, 1003, 0, 1004, 1005, 1006, 1007.\ngroup ids: 1001, 1002."
    )
    for name in sorted({**_LISTS, **_SINGLES}):
        path = f"{HOME}/control/{name}"
        call.say("")
        if not call.node.fs.exists(path):
            call.say(f"{name}: (Default.)")
            continue
        text = call.node.fs.read_file(path).decode("utf-8", "replace")
        if name in _SINGLES:
            call.say(f"{name}: {_SINGLES[name].format(text.splitlines()[0] if text else '')}")
        else:
            call.say(f"{name}: ")
            for line in text.splitlines():
                call.say(_LISTS[name].format(line))
    return 0


async def qmail_tcpto(call: Call) -> int:
    """List hosts that time out: none in the lab."""
    return 0


def _service(call: Call, path: str) -> tuple[str, Mail | None]:
    """What a service directory is: its trouble, or the mail system it looks after."""
    mail = mail_of(call.node)
    known = {"/service/qmail-send", "/var/qmail/supervise/qmail-send", "qmail-send"}
    if path.rstrip("/") not in known or mail is None:
        return f"{path}: unable to chdir: file does not exist", None
    if call.uid != 0:
        return f"{path}: unable to open supervise/ok: access denied", None
    return "", mail


async def svstat(call: Call) -> int:
    """Tell whether supervised services run, and since when."""
    for path in call.arguments:
        trouble, mail = _service(call, path)
        if mail is None:
            call.say(trouble)
        elif mail.process is not None:
            seconds = int(call.node.clock.now() - mail.started)
            call.say(f"{path}: up (pid {mail.process.pid}) {seconds} seconds")
        else:
            call.say(f"{path}: down {int(call.node.clock.now() - mail.started)} seconds, normally up")
    return 0


async def svc(call: Call) -> int:
    """Control a supervised service: -u up, -d down, -t TERM, -h HUP, -a ALRM, -k KILL."""
    letters = "".join(word[1:] for word in call.arguments if word.startswith("-"))
    for path in (word for word in call.arguments if not word.startswith("-")):
        trouble, mail = _service(call, path)
        if mail is None:
            call.complain(f"svc: warning: {trouble}")
            continue
        for letter in letters:
            if letter in "dt":
                mail.stop()
            elif letter == "a":
                mail.retry_now()
            elif letter == "k" and mail.process is not None:
                call.node.processes.kill(mail.process.pid, 9)
            if letter in "tk":
                call.node.start(_again(call, mail))
            elif letter == "u":
                mail.start()
    return 0


async def _again(call: Call, mail: Mail) -> None:
    """Supervise starts a service again a second after it ended."""
    while mail.running:
        await call.node.clock.sleep(0.5)
    await call.node.clock.sleep(1.0)
    mail.start()


async def tai64nlocal(call: Call) -> int:
    """Turn TAI64N labels at the beginning of lines into text."""
    text = (await call.stdin.read()).decode("utf-8", "surrogateescape")

    def plain(found: re.Match[str]) -> str:
        moment = unix_time(found[1])
        if moment is None:
            return found[0]
        day = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(moment))
        return f"{day}.{int(found[1][16:], 16):09d}"

    call.say(re.sub(r"^@([0-9a-f]{24})", plain, text, flags=re.M), end="")
    return 0


COMMANDS: dict[str, Command] = {
    "qmail-qstat": qmail_qstat,
    "qmail-qread": qmail_qread,
    "qmail-showctl": qmail_showctl,
    "qmail-tcpto": qmail_tcpto,
    "svstat": svstat,
    "svc": svc,
    "tai64nlocal": tai64nlocal,
}
