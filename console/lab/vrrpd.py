"""The freevrrpd process: its file, its signals, the carrier it watches and the scripts it runs."""

import asyncio
import signal

from console.lab.catalogue import commands
from console.lab.lineinput import LineInput
from console.lab.network import PPROMISC, PROMISC, RUNNING, UP, interfaces_of
from console.lab.processes import Process
from console.lab.shell import Shell
from console.lab.vrrp import Router, leave_wire
from console.lab.vrrpconf import read_configuration
from console.lab.world import Node

MOST_FAULTS = 5
"""Faults of an interface after which freevrrpd does not take it back."""


class Daemon:
    """One freevrrpd process."""

    def __init__(self, node: Node, command: str, file: str) -> None:
        self.node = node
        self._file = file
        self._last = ""
        self._routers: list[Router] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._faults: dict[str, int] = {}
        self._down: set[str] = set()
        node.syslog("freevrrpd", "launching daemon in background mode", node.processes.take_pid())
        self.process: Process = node.processes.spawn(command, stat="Ss", on_signal=self._on_signal)

    def log(self, text: str) -> None:
        """One line to syslog; syslogd(8) keeps repeated ones back."""
        if text != self._last:
            self._last = text
            self.node.syslog("freevrrpd", text, self.process.pid)

    def start(self) -> None:
        """Read the file and begin, or end when it cannot be used."""
        self.log("initializing threads and all VRID")
        self.log(f"reading configuration file {self._file}")
        text = ""
        if self.node.fs.exists(self._file):
            text = self.node.fs.read_file(self._file).decode("utf-8", "replace")
        configuration = read_configuration(text)
        for complaint in configuration.complaints:
            self.log(complaint)
        if configuration.fatal:
            self.log(configuration.fatal)
            self.node.processes.exit(self.process)
            return
        for section in configuration.sections:
            real = interfaces_of(self.node).get(section.interface)
            if real is not None:
                real.set_flags(PROMISC | PPROMISC)
            router = Router(self, section)
            self._routers.append(router)
            router.interface.set_flags(UP | RUNNING, on=False)
        self.log("monitored circuits engine initialized")
        self._tasks = [self.node.start(router.run()) for router in self._routers]
        self._tasks.append(self.node.start(self._watch_circuits()))

    async def run_script(self, path: str) -> None:
        """Run a script as system(3) does: until it returns, whatever it leaves in the background."""
        if not path:
            return
        node = self.node
        process = node.processes.spawn(f"/bin/sh {path}", ppid=self.process.pid, stat="S")

        async def nowhere(data: bytes) -> None:
            pass

        live = LineInput()
        live.end()
        shell = Shell(node, commands(), live, nowhere, nowhere)
        try:
            rest = await shell.foreground(path)
        finally:
            node.processes.exit(process)
        if not rest.done():
            node.tasks.add(rest)
            rest.add_done_callback(node.tasks.discard)

    async def _watch_circuits(self) -> None:
        """Notice a carrier that goes or comes back."""
        while True:
            await self.node.clock.sleep(0.25)
            for name in {r.section.interface for r in self._routers if r.section.monitored}:
                interface = interfaces_of(self.node).get(name)
                up = interface is not None and interface.carrier and interface.up
                concerned = [r for r in self._routers if r.section.interface == name and not r.disabled]
                if not up and name not in self._down:
                    self._down.add(name)
                    self._faults[name] = self._faults.get(name, 0) + 1
                    self.log(f"interface {name} is faulty, deactivated from VRRP VRIDs")
                    for router in concerned:
                        router.fail_interface()
                elif up and name in self._down:
                    self._down.discard(name)
                    await self._revive(name, concerned)

    async def _revive(self, name: str, concerned: list[Router]) -> None:
        if self._faults[name] > MOST_FAULTS:
            self.log(f"cannot reactivate interface {name}, too much errors on it !")
            return
        masters = [router for router in concerned if router.state == "master"]
        for router in masters:
            router.state = "backup"
            self.log(f"server state vrid {router.section.serverid}: backup")
        self.log(f"interface {name} is alive again, reactivate it on VRRP")
        for router in masters:
            await self.run_script(router.section.backupscript)
        for router in concerned:
            router.revive_interface()

    def _on_signal(self, number: int) -> bool:
        if number == signal.SIGHUP:
            for router in self._routers:
                router.interrupt()
            return True
        for router in self._routers:
            router.leave()
            if number != signal.SIGKILL:
                router.release()
                interfaces_of(self.node).pop(router.interface.name, None)
        for task in self._tasks:
            task.cancel()
        return False


def start_daemon(node: Node, arguments: list[str]) -> Daemon:
    """Start freevrrpd with these arguments, as its own process."""
    file = "/usr/local/etc/freevrrpd.conf"
    if "-f" in arguments[:-1]:
        file = arguments[arguments.index("-f") + 1]
    if leave_wire not in node.at_power_cut:
        node.at_power_cut.append(leave_wire)
    daemon = Daemon(node, " ".join(["/usr/local/sbin/freevrrpd", *arguments]), file)
    daemon.start()
    return daemon
