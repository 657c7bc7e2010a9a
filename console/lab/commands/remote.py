"""ssh(1), scp(1), ssh-keygen(1) and ssh-keyscan(1) of the lab's machines."""

import asyncio
import posixpath

import asyncssh

from console.lab.arguments import read_options
from console.lab.bytestream import FileSink, pieces
from console.lab.call import Call, Command
from console.lab.catalogue import commands
from console.lab.files import entry, resolve, set_mode
from console.lab.network import resolve as address_of
from console.lab.remote.connection import FAILED, Connection, Refused, cut_off, machine_at
from console.lab.remote.keys import host_keys, known_for, public_in, text_of, write_pair
from console.lab.remote.settings import FLAGS, VALUED, Usage, aim, read_settings

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
            why = await _copy(call, settings_copy(call), source, names[-1])
        except Refused as refused:
            for line in refused.args:
                call.complain(line)
            call.complain("scp: Connection closed")
            return FAILED
        if why:
            call.complain(f"scp: {why}")
            status = 1
    return status
