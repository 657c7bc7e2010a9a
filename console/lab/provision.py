"""A working pair on two simulated nodes: configuration, scripts, images, mirror, files and mail."""

from collections.abc import Mapping
from pathlib import Path

from console.lab import fresh
from console.lab.files import set_owner
from console.lab.mailsettings import install_mail_files
from console.lab.rc import run_rc
from console.lab.running import run_text
from console.lab.users import add_user
from console.lab.world import Node, World
from console.model.lineage import LINEAGE_FILE, LINEAGE_IN_MOUNT
from playbooks import node as node_scripts

MIRROR = "remotemirror"
MOUNT = "/home/sites"
FLOATING = "192.168.1.102"
IMAGES: Mapping[str, str] = {
    "a": "/root/images/sitesprimary.img",
    "b": "/root/images/sitesbackup.img",
}
"""The image file of each node."""
PRIORITIES: Mapping[str, int] = {"a": 200, "b": 150}
IMAGE_SIZE = "500m"

_RC_FILES = Path(__file__).parent / "rcfiles"

_VRRP = """[VRID]
serverid = 1
interface = vtnet1
priority = {priority}
addr = {floating}/32
password = lab-only
masterscript = /usr/local/bin/master_script.sh
backupscript = /usr/local/bin/backup_script.sh
"""

_RC_CONF = """hostname="{hostname}"
ifconfig_vtnet0="DHCP"
ifconfig_vtnet1="inet {address} netmask 255.255.255.0"
sshd_enable="YES"
kld_list="ng_socket ng_ether ng_eiface ng_bridge"
"""

_SETTINGS = """# {hostname} of the lab's pair
home={home}
mirror={mirror}
mount={mount}
image={image}
md_unit=0
peer={peer}
peer_image={peer_image}
gate_unit=0
gate_timeout=10
floating={floating}
fsck=preen
promotion=auto
hooks=/usr/local/etc/mirrorgate.d
"""

_SITES = {
    "www.example.net/index.html": "<h1>example.net</h1>\n",
    "www.example.net/about.html": "<p>Two servers, one page.</p>\n",
    "shop.example/index.html": "<h1>Shop</h1>\n",
    "shop.example/orders.csv": "number,customer\n" + "".join(f"{n},customer{n}\n" for n in range(1, 400)),
    "README": "Served by whichever node holds the floating address.\n",
}


def install(world: World, hostnames: Mapping[str, str], spare: str = "web-c") -> None:
    """Write fresh systems, before their first boot: the pair's two nodes with mail, and the spare without."""
    nodes = [*world.nodes.values(), world.spare]
    for name, node in world.nodes.items():
        node.hostname = hostnames[name]
    world.spare.hostname = spare
    hosts = "127.0.0.1\tlocalhost\n" + "".join(f"{n.address}\t{n.hostname}\n" for n in nodes)
    for node in nodes:
        fresh.install(node)
        _install_base(node, hosts)
    for node in world.nodes.values():
        install_mail_files(node)
        node.after_boot.append(run_rc)


def _install_base(node: Node, hosts: str) -> None:
    """What both a bare node and one of a pair have: packages, accounts, network."""
    write = _Writer(node)
    write("/etc/hosts", hosts)
    write("/etc/rc.conf", _RC_CONF.format(hostname=node.hostname, address=node.address))
    write("/usr/share/bsdconfig/common.subr", "# sysrc(8) needs it\n")
    for path, file, mode in (
        ("/etc/rc.subr", "rc.subr.sh", 0o644),
        ("/etc/rc.d/ggated", "ggated.sh", 0o555),
        ("/usr/local/etc/rc.d/freevrrpd", "freevrrpd.sh", 0o555),
    ):
        write(path, _RC_FILES.joinpath(file).read_text(), mode)
    for directory in ("/var/db", "/usr/local/libexec"):
        node.fs.mkdir(directory, recursive=True)
    for user, groups in (("admin", ("wheel",)), ("monitor", ())):
        add_user(node, user, "/bin/sh", groups)
        node.fs.mkdir(f"/home/{user}", recursive=True)


def install_pair(world: World) -> None:
    """Write what the job `provision` would: configuration and mirrorgate's scripts, on both nodes."""
    for name, node in world.nodes.items():
        write = _Writer(node)
        loader = node.fs.read_file("/boot/loader.conf").decode()
        for line in ('geom_mirror_load="YES"\n', 'geom_gate_load="YES"\n' if name == "a" else ""):
            loader += line if line not in loader else ""
        write("/boot/loader.conf", loader)
        write(
            "/usr/local/etc/freevrrpd.conf",
            _VRRP.format(priority=PRIORITIES[name], floating=FLOATING),
            mode=0o600,
        )
        for path, mode in node_scripts.INSTALLED.items():
            write(path, node_scripts.text(path), mode=int(mode, 8))
        settings = _SETTINGS.format(
            hostname=node.hostname, home="master" if name == "a" else "slave", mirror=MIRROR, mount=MOUNT,
            image=IMAGES[name], peer=node.peer.address, peer_image=IMAGES[node.peer.name], floating=FLOATING,
        )  # fmt: skip
        write(node_scripts.SETTINGS, settings)
        if name == "b":
            write("/etc/gg.exports", f"{world.nodes['a'].address} RW {IMAGES['b']}\n", mode=0o600)
        for directory in (MOUNT, "/usr/local/etc/mirrorgate.d", "/var/db"):
            node.fs.mkdir(directory, recursive=True)


class _Writer:
    def __init__(self, node: Node) -> None:
        self._node = node

    def __call__(self, path: str, text: str, mode: int = 0o644) -> None:
        self._node.fs.mkdir(path.rsplit("/", 1)[0], recursive=True)
        self._node.fs.write_file(path, text.encode())
        self._node.fs.chmod(path, mode)
        set_owner(self._node, path, "root", "wheel")


async def build_mirror(world: World) -> None:
    """Make both images, the mirror over them and its file system with some files; leave it unmounted."""
    a, b = world.nodes["a"], world.nodes["b"]
    await _must(
        b, f"mkdir -p /root/images; truncate -s {IMAGE_SIZE} {IMAGES['b']}; pgrep -q ggated || ggated"
    )
    await _must(
        a,
        f"mkdir -p /root/images; truncate -s {IMAGE_SIZE} {IMAGES['a']}\n"
        f"ggatec create -t 10 -u 0 {b.address} {IMAGES['b']} || exit 1\n"
        "n=0; while [ ! -e /dev/ggate0 ] && [ $n -lt 20 ]; do sleep 1; n=$((n+1)); done\n"
        f"gmirror label -n -b prefer {MIRROR} ggate0 || exit 1\n"
        f"mdconfig -a -t vnode -f {IMAGES['a']} -u 0 || exit 1\n"
        f"gmirror insert -h -p 100 {MIRROR} md0 || exit 1\n"
        f"gmirror rebuild {MIRROR} md0\n"
        "n=0; while [ $n -lt 300 ]; do\n"
        "  [ $(gmirror status -s | grep -c COMPLETE) -eq 2 ] && break\n"
        "  sleep 1; n=$((n+1))\n"
        "done\n"
        f"newfs -U /dev/mirror/{MIRROR} > /dev/null && mount /dev/mirror/{MIRROR} {MOUNT}",
    )
    for path, text in _SITES.items():
        a.fs.mkdir(f"{MOUNT}/{path}".rsplit("/", 1)[0], recursive=True)
        a.fs.write_file(f"{MOUNT}/{path}", text.encode())
    lineage = f"{world.random.getrandbits(64):016x} - {int(world.clock.now())} {a.hostname}\n"
    _Writer(a)(f"{MOUNT}/{LINEAGE_IN_MOUNT}", lineage)
    for node in (a, b):
        _Writer(node)(LINEAGE_FILE, lineage)
        node.fs.chmod(LINEAGE_FILE.rsplit("/", 1)[0], 0o755)
    await _must(a, f"sync; umount {MOUNT}")


async def start_services(world: World) -> None:
    """Start VRRP on both nodes, the home master first; its script then mounts the mirror.

    Only the home slave starts it at boot: the home master's half may be the older one after a reboot.
    """
    for node, vrrp in ((world.nodes["a"], "NO"), (world.nodes["b"], "YES")):
        await _must(node, f"sysrc mirrorgate_enable=YES freevrrpd_enable={vrrp}")
    for node in world.nodes.values():
        if not any(process.name == "freevrrpd" for process in node.processes):
            await run_text(node, "/usr/local/sbin/freevrrpd -f /usr/local/etc/freevrrpd.conf")


class NotProvisioned(RuntimeError):
    """A step of building the pair failed."""


async def _must(node: Node, text: str) -> None:
    ran = await run_text(node, text)
    if ran.status != 0:
        raise NotProvisioned(f"{node.hostname}: {text.splitlines()[-1]}: {ran.err or ran.out}")
