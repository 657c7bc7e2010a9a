"""qmail's own tools and daemontools': qmail-qstat, qmail-qread, qmail-showctl, svstat, svc, tai64nlocal."""

import re
import time

from console.lab.call import Call, Command
from console.lab.multilog import unix_time
from console.lab.qmail import Mail, mail_of
from console.lab.qmailsend import HOME


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
                mail.restart()
            elif letter == "u":
                mail.start()
    return 0


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
    "qmail-tcpto": qmail_tcpto,
    "svstat": svstat,
    "svc": svc,
    "tai64nlocal": tai64nlocal,
}
