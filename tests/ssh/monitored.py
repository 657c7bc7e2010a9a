"""A real sshd with a monitor's key in front of a staged node, all of it as `authorize` installs it."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncssh

from console.model.config import NodeConfig, PairConfig, QmailConfig
from console.model.words import Home
from console.ssh.mail_channel import SCRIPT as MAIL
from playbooks import monitor_key
from playbooks.monitor_key import key_line
from playbooks.node import LIBEXEC
from tests.ssh.mail_script import Node
from tests.ssh.sshd import Sshd, write_key
from tests.ssh.stage import Stage


@dataclass
class Monitored:
    """The server, the node behind it, and the files that only root could write."""

    server: Sshd
    stage: Stage
    mail: Node
    libexec: Path
    conf: Path
    key: asyncssh.SSHKey

    @property
    def folder(self) -> Path:
        return self.stage.folder

    @property
    def owned(self) -> Path:
        """What comes into being when somebody got anything to run."""
        return self.folder / "owned"

    def ssh_config(self, extra: str = "") -> Path:
        """An ssh_config whose host `node` is reached with the monitor's key."""
        path = self.server.ssh_config("node", extra=extra)
        path.write_text(
            path.read_text().replace(str(self.server.key_file), str(self.server.folder / "monitor"))
        )
        return path

    def pair(self) -> PairConfig:
        node = NodeConfig(name="web-a", home=Home.MASTER, host="node", image="/sites.img")
        other = node.model_copy(update={"name": "web-b", "home": Home.SLAVE})
        qmail = QmailConfig(home=self.mail.settings["qmail"], log=self.mail.settings["qmaillog"])
        return PairConfig(name="pair", qmail=qmail, nodes=(node, other))

    def moved(self, text: str) -> str:
        """Text of a node's file, its places moved here."""
        return text.replace(LIBEXEC, str(self.libexec)).replace(monitor_key.CONF, str(self.conf))

    async def connect(self) -> asyncssh.SSHClientConnection:
        """Log in with the monitor's key."""
        return await asyncssh.connect("node", config=[str(self.ssh_config())])


def monitored(
    server: Sshd, folder: Path, *, release: str | None = None, line: str | None = None
) -> Monitored:
    """Install the gate as `authorize` would, but below `folder`; the key is the only one of the server."""
    stage = Stage(folder / "node")
    libexec = stage.folder / "libexec"
    libexec.mkdir(parents=True)
    mail = Node(stage.folder / "mail")
    mail.empty_queue()
    mail.log.write_text("@4000000065000000000000000 status: local 0/10 remote 0/20\n")
    here = Monitored(
        server, stage, mail, libexec, stage.folder / "monitor.conf", write_key(server.folder / "monitor")
    )
    (libexec / "sampler.sh").write_text(stage.script)
    (libexec / "mail.sh").write_text(MAIL)
    gate = here.moved(Path(monitor_key.__file__).with_name("node").joinpath("monitor.sh").read_text())
    (libexec / "monitor.sh").write_text(gate)
    for program in libexec.iterdir():
        program.chmod(0o755)
    pair = here.pair()
    here.conf.write_text(monitor_key.settings(pair, pair.nodes[0], "none"))
    public = here.key.export_public_key("openssh").decode()
    text = line.format(public=public) if line else here.moved(key_line(public, release))
    (server.folder / "authorized").write_text(f"{text.strip()}\n")
    return here


def program(name: str) -> str:
    """The path of a client of OpenSSH; fails where there is none."""
    found = shutil.which(name)
    assert found is not None, name
    return found


def client(here: Monitored, name: str, *words: str) -> Sequence[str]:
    """A command line of a stock client with the monitor's key."""
    return (program(name), "-F", str(here.ssh_config()), "-o", "BatchMode=yes", *words)
