"""ssh(1), scp(1), ssh-keygen(1) and ssh-keyscan(1) of the lab's machines."""

import asyncio
import posixpath

import asyncssh

from console.lab.arguments import read_options
from console.lab.bytestream import FileSink, pieces
from console.lab.call import Call, Command
from console.lab.catalogue import commands
from console.lab.commands.base_identity import full_name
from console.lab.files import entry, resolve, set_mode
from console.lab.network import resolve as address_of
from console.lab.remote.connection import FAILED, Connection, Refused, cut_off, machine_at
from console.lab.remote.keys import host_keys, known_for, public_in, text_of, write_pair
from console.lab.remote.settings import FLAGS, VALUED, Settings, Usage, aim, read_settings
from console.lab.users import user_named

_USAGE = (
    "usage: ssh [-46AaCfGgKkMNnqsTtVvXxYy] [-B bind_interface] [-b bind_address]\n"
    "           [-c cipher_spec] [-D [bind_address:]port] [-E log_file]\n"
    "           [-e escape_char] [-F configfile] [-I pkcs11] [-i identity_file]\n"
    "           [-J destination] [-L address] [-l login_name] [-m mac_spec]\n"
    "           [-O ctl_cmd] [-o option] [-p port] [-Q query_option] [-R address]\n"
    "           [-S ctl_path] [-W host:port] [-w local_tun[:remote_tun]]\n"
    "           destination [command [argument ...]]"
)
_SCP_USAGE = (
    "usage: scp [-346ABCOpqRrsTv] [-c cipher] [-D sftp_server_path] [-F ssh_config]\n"
    "           [-i identity_file] [-J destination] [-l limit] [-o ssh_option]\n"
    "           [-P port] [-S program] [-X sftp_option] source ... target"
)


async def ssh(call: Call) -> int:
    """Run a command on another machine of the lab."""
    try:
        settings = read_settings(call)
    except Usage as usage:
        call.complain(str(usage))
        call.complain(_USAGE)
        return FAILED
    if "V" in settings.flags:
        call.complain("OpenSSH_9.3p1, OpenSSL 1.1.1t-freebsd  7 Feb 2023")
        return 0
    if not settings.command:
        call.complain(_USAGE)
        return FAILED
    aim(settings, settings.command.pop(0))
    table = call.node.processes
    process = table.spawn(" ".join(call.argv), call.parent, user=call.user)
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def deliver(number: int) -> None:
        if not ended.done():
            ended.set_result(number)

    async def err(data: bytes) -> None:
        call.complain(data.decode("utf-8", "surrogateescape"), end="")
        await call.flush()

    async def work() -> int:
        connection = Connection(call, settings)
        try:
            await connection.open()
            await call.flush()
        except Refused as refused:
            if "q" not in settings.flags:
                for line in refused.args:
                    call.complain(line)
            return FAILED
        return await connection.run(settings.command, commands(), call.send, err)

    process.on_signal = deliver
    running = asyncio.ensure_future(work())
    try:
        await asyncio.wait({running, ended}, return_when=asyncio.FIRST_COMPLETED)
        return running.result() if running.done() else 128 + ended.result()
    finally:
        running.cancel()
        ended.cancel()
        table.exit(process)


async def scp(call: Call) -> int:
    """Copy files from or to another machine of the lab."""
    try:
        settings = read_settings(call, FLAGS + "3BOpRr", VALUED.replace("p:", "P:"))
    except Usage as usage:
        call.complain(str(usage))
        call.complain(_SCP_USAGE)
        return 1
    names = settings.command
    if len(names) < 2:
        call.complain(_SCP_USAGE)
        return 1
    status = 0
    for source in names[:-1]:
        try:
            why = await _copy(call, settings, source, names[-1])
        except Refused as refused:
            for line in (*refused.args, "scp: Connection closed"):
                call.complain(line)
            return FAILED
        if why:
            call.complain(f"scp: {why}")
            status = 1
    return status


async def _copy(call: Call, settings: Settings, source: str, target: str) -> str:
    """Copy one file; returns why not, or "". Raises Refused."""
    ends = []
    for name in (source, target):
        host, colon, path = name.partition(":")
        if not colon or "/" in host:
            ends.append((call, name))
            continue
        aim(settings, host)
        connection = Connection(call, settings)
        await connection.open()
        account = user_named(connection.there, settings.user)
        home = account.home if account is not None else "/"
        ends.append((Call(connection.there, ["scp"], cwd=home, user=settings.user), path or "."))
    (here, name), (there, goal) = ends
    known = entry(here.node, resolve(here, name), follow=True)
    into = entry(there.node, resolve(there, goal), follow=True)
    if into is not None and into.kind == "directory":
        goal = posixpath.join(goal, posixpath.basename(name))
    if known is None:
        return f"{name}: No such file or directory"
    if known.kind == "directory":
        return f"{name}: not a regular file"
    sink = await FileSink.open(there, goal)
    if isinstance(sink, str):
        return f"{goal}: {sink}"
    try:
        async for data in pieces(here, name):
            while cut_off(here.node, there.node):
                await call.node.clock.sleep(0.5)
            await sink.write(data)
    except OSError as why:
        return f"{name}: {why}"
    finally:
        sink.flush()
    path = resolve(there, goal)
    set_mode(there.node, path, known.mode if "p" in settings.flags else known.mode & 0o755)
    return ""


async def ssh_keygen(call: Call) -> int:
    """Make a key (-t TYPE -f FILE -N ""), show its public half (-y) or fingerprint (-l), forget a host."""
    usage = (
        "usage: ssh-keygen [-q] [-a rounds] [-b bits] [-C comment] [-f output_keyfile] [-N new_passphrase]"
    )
    read = read_options(call, "a:b:C:E:F:f:HlN:P:pqR:t:vy", usage)
    if read is None:
        return 1
    options, _ = read
    home = call.env.get("HOME", "/root")
    if "R" in options or "F" in options:
        return _of_hosts(call, options, resolve(call, options.get("f", f"{home}/.ssh/known_hosts")))
    kind = options.get("t", "ed25519")
    path = resolve(call, options.get("f", f"{home}/.ssh/id_{kind}"))
    if "y" in options or "l" in options:
        return _show_key(call, path, options)
    kinds = {"ed25519": "ssh-ed25519", "rsa": "ssh-rsa", "ecdsa": "ecdsa-sha2-nistp256"}
    if kind not in kinds:
        call.complain(f"unknown key type {kind}")
        return 1
    if "q" not in options:
        call.say(f"Generating public/private {kind} key pair.")
    if entry(call.node, path) is not None:
        call.say(f"{path} already exists.\nOverwrite (y/n)? ", end="")
        if not (await call.stdin.read(2)).startswith(b"y"):
            call.say("")
            return 1
    above = entry(call.node, posixpath.dirname(path), follow=True)
    if above is None or above.kind != "directory":
        call.complain(f'Saving key "{path}" failed: No such file or directory')
        return 1
    comment = options.get("C", f"{call.user}@{full_name(call)}")
    bits = {"key_size": int(options.get("b", "2048"))} if kind == "rsa" else {}
    key = await asyncio.to_thread(asyncssh.generate_private_key, kinds[kind], comment, **bits)
    write_pair(call.node, path, key, call.user)
    if "q" not in options:
        call.say(f"Your identification has been saved in {path}")
        call.say(f"Your public key has been saved in {path}.pub")
        call.say(f"The key fingerprint is:\n{key.get_fingerprint()} {comment}")
    return 0


def _show_key(call: Call, path: str, options: dict[str, str]) -> int:
    text = text_of(call.node, path)
    if text is None:
        call.complain(f"{path}: No such file or directory")
        return 255
    try:
        key = asyncssh.import_private_key(text) if "PRIVATE" in text else asyncssh.import_public_key(text)
    except asyncssh.KeyImportError:
        call.complain(
            f"{path} is not a public key file." if "l" in options else f'Load key "{path}": invalid format'
        )
        return 255
    public = key.export_public_key("openssh").decode().strip()
    if "y" in options:
        call.say(public)
        return 0
    known = public_in(public)
    comment = public.split(" ", 2)[2] if public.count(" ") > 1 else "no comment"
    bits = 256 if known is None or known.kind != "ssh-rsa" else 2048
    call.say(f"{bits} {key.get_fingerprint()} {comment} ({known.title if known else ''})")
    return 0


def _of_hosts(call: Call, options: dict[str, str], path: str) -> int:
    name = options.get("R", options.get("F", ""))
    text = text_of(call.node, path)
    if text is None:
        call.complain(f"Cannot stat {path}: No such file or directory")
        return 255
    lines = text.splitlines(keepends=True)
    found = [line for line in lines if known_for(line, name)]
    if "F" in options:
        for line in found:
            call.say(f"# Host {name} found: line {lines.index(line) + 1}\n{line}", end="")
        return 0 if found else 1
    if not found:
        call.complain(f"Host {name} not found in {path}")
        return 0
    call.node.fs.write_file(path, "".join(line for line in lines if line not in found).encode())
    call.say(f"# Host {name} found: line {lines.index(found[0]) + 1}\n{path} updated.")
    return 0


async def ssh_keyscan(call: Call) -> int:
    """Print the host keys of machines."""
    read = read_options(
        call, "46cDHvf:p:T:t:", "usage: ssh-keyscan [-46cDHv] [-f file] [-p port] [-T timeout] host ..."
    )
    if read is None:
        return 1
    options, names = read
    wanted = options.get("t", "ed25519,rsa,ecdsa").split(",")
    status = 0
    for name in names:
        there = machine_at(call.node, address_of(call.node, name) or name)
        if there is None or not there.ready or cut_off(call.node, there):
            await call.node.clock.sleep(float(options.get("T", "5")))
            status = 1
            continue
        call.complain(f"# {name}:22 SSH-2.0-OpenSSH_9.3 FreeBSD-20230719")
        for key in host_keys(there):
            if any(kind in key.kind for kind in wanted):
                call.say(f"{name} {key.kind} {key.data}")
    return status


COMMANDS: dict[str, Command] = {
    "ssh": ssh, "scp": scp, "ssh-keygen": ssh_keygen, "ssh-keyscan": ssh_keyscan,
}  # fmt: skip
