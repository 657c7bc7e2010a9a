"""A freshly installed node: the files of a minimal 13.2 system, its first processes and its boot messages."""

from collections.abc import Iterator

from console.lab import bootcode
from console.lab.catalogue import commands
from console.lab.files import set_owner
from console.lab.network import interfaces_of
from console.lab.remote.keys import host_key_of
from console.lab.stubs import install_stubs
from console.lab.users import ACCOUNTS, FRESH_ACCOUNTS, FRESH_GROUP, GROUP
from console.lab.world import Node

KERNEL_PROCESSES = (
    (0, "kernel", "DLs"), (2, "crypto", "DL"), (3, "cam", "DL"), (4, "rand_harvestq", "DL"),
    (5, "pagedaemon", "DL"), (6, "vmdaemon", "DL"), (7, "bufdaemon", "DL"), (8, "vnlru", "DL"),
    (9, "syncer", "DL"), (10, "audit", "DL"), (11, "idle", "RNL"), (12, "intr", "WL"), (13, "geom", "DL"),
)  # fmt: skip

DAEMONS = (
    (396, "/sbin/devd", "Ss"),
    (569, "/usr/sbin/syslogd -ss", "Ss"),
    (623, "/usr/sbin/cron -s", "Ss"),
    (647, "sshd: /usr/sbin/sshd [listener] 0 of 10-100 startups (sshd)", "Ss"),
)

FILES: dict[str, str] = {
    ACCOUNTS: FRESH_ACCOUNTS,
    GROUP: FRESH_GROUP,
    "/etc/fstab": (
        "# Device\tMountpoint\tFStype\tOptions\tDump\tPass#\n"
        "/dev/gpt/rootfs\t/\tufs\trw\t1\t1\n/dev/gpt/swap\tnone\tswap\tsw\t0\t0\n"
    ),
    "/etc/rc": "#!/bin/sh\n# System startup script run by init(8).\nstty status '^T' 2> /dev/null\nexit 0\n",
    "/boot/loader.conf": (
        'console="comconsole"\ncomconsole_speed="115200"\nautoboot_delay="0"\nbeastie_disable="YES"\n'
        'loader_logo="none"\nloader_brand="none"\n'
        'kern.geom.label.disk_ident.enable="0"\nkern.geom.label.gptid.enable="0"\n'
    ),
    "/usr/local/etc/freevrrpd.conf.sample": "# FreeVRRPd sample configuration file\n".ljust(4148, "#") + "\n",
    "/usr/local/etc/rc.d/freevrrpd.sh": "#!/bin/sh\n",
    "/COPYRIGHT": "# Copyright (c) 1992-2023 The FreeBSD Project.\n",
}

DIRECTORIES = (
    "/root", "/home", "/mnt", "/var/run", "/var/log", "/usr/local/bin", "/usr/local/sbin",
    "/usr/local/etc/rc.d", "/boot/kernel", "/etc/rc.d", "/usr/home", "/proc", "/media", "/dev",
)  # fmt: skip

DEVICES = ("null", "zero", "tty", "random", "urandom", "console", "geom.ctl", "mdctl", "xpt0", "fd/0")

PROGRAMS: dict[str, tuple[str, ...]] = {
    "/bin": (
        "cat", "chflags", "chmod", "cp", "date", "dd", "df", "echo", "hostname", "kenv", "kill",
        "ln", "ls", "mkdir", "mv", "pgrep", "pkill", "ps", "pwd", "rm", "rmdir", "sh", "sleep",
        "stty", "sync", "test", "timeout",
    ),
    "/sbin": (
        "bsdlabel", "camcontrol", "devd", "disklabel", "dmesg", "dump", "dumpfs", "fdisk", "fsck",
        "fsck_ffs", "geom", "ggatec", "ggated", "gmirror", "gpart", "growfs", "ifconfig", "init",
        "kldload", "kldstat", "kldunload", "md5", "mdconfig", "mount", "newfs", "ping", "reboot",
        "restore", "sha1", "sha256", "sha512", "shutdown", "swapinfo", "swapoff", "swapon",
        "sysctl", "tunefs", "umount",
    ),
    "/usr/bin": (
        "awk", "basename", "chgrp", "cmp", "cut", "du", "env", "find", "fstat", "fsync", "getent", "grep",
        "head", "id", "jot", "killall", "less", "lockf", "logger", "mkfifo", "mktemp", "netstat",
        "printf", "procstat", "scp", "sed", "sockstat", "sort", "ssh", "ssh-keygen", "ssh-keyscan",
        "stat", "su", "tail", "top", "touch", "tr", "truncate", "uname", "uptime", "vmstat", "wc",
        "which", "whoami", "xargs",
    ),
    "/usr/sbin": (
        "arp", "chown", "cron", "daemon", "diskinfo", "fstyp", "gstat", "iostat", "mtree", "pw",
        "service", "sshd", "sysrc", "syslogd", "tunefs",
    ),
    "/usr/local/sbin": ("freevrrpd",),
}  # fmt: skip
"""Where 13.2 keeps its programs."""

SHELL_KNOWS = (
    "awk", "basename", "cut", "echo", "env", "grep", "printf", "pwd", "sed", "sort", "test", "tr", "wc",
    "xargs",
)  # fmt: skip
"""Programs that the shell brings along."""

BOOT_MESSAGES = (
    "---<<BOOT>>---",
    "FreeBSD 13.2-RELEASE FBLAB amd64",
    "CPU: QEMU TCG CPU version 2.5+ (2000.00-MHz K8-class CPU)",
    "real memory  = 805306368 (768 MB)",
    "avail memory = 756326400 (721 MB)",
    "vtbd0: <VirtIO Block Adapter> on virtio_pci0",
    "vtbd0: 3584MB (7340032 512 byte sectors)",
    "ada0 at ahcich0 bus 0 scbus2 target 0 lun 0",
    "ada0: <QEMU HARDDISK 2.5+> ATA-7 SATA device",
    "ada0: 1024MB (2097152 512 byte sectors)",
    "random: unblocking device.",
    "lo0: link state changed to UP",
    "vtnet0: link state changed to UP",
    "vtnet1: link state changed to UP",
)


def install(node: Node) -> None:
    """Write the files of a fresh system and have its daemons start at every boot."""
    for directory in DIRECTORIES:
        node.fs.mkdir(directory, recursive=True)
    for path, text in FILES.items():
        node.fs.mkdir(path.rsplit("/", 1)[0] or "/", recursive=True)
        node.fs.write_file(path, text.encode())
        set_owner(node, path, "root", "wheel")
    for path, program in {**bootcode.FILES, **bootcode.SYSTEM_FILES}.items():
        node.fs.write_file(path, program)
        node.fs.chmod(path, 0o555 if path in bootcode.SYSTEM_FILES else 0o444)
    host_key_of(node)
    known = {**commands(), **dict.fromkeys(SHELL_KNOWS)}
    for place, names in PROGRAMS.items():
        install_stubs(node.fs, {name: f"{place}/{name}" for name in names if name in known})
        for name in names:
            if name not in known:
                node.fs.write_file(f"{place}/{name}", b"\x7fELF")
                node.fs.chmod(f"{place}/{name}", 0o555)
    node.before_services.append(_boot)


def _boot_messages(node: Node) -> Iterator[str]:
    """The usual machine's, or with the disks that are really there."""
    if node.system is None:
        yield from BOOT_MESSAGES
        return
    yield from (line for line in BOOT_MESSAGES if not line.startswith(("vtbd", "ada")))
    for number, (name, drive) in enumerate(node.drives.items()):
        yield f"{name} at ahcich{number} bus 0 scbus{2 + number} target 0 lun 0"
        yield f"{name}: <{drive.descr} 2.5+> ATA-7 SATA device"
        yield f"{name}: {drive.size >> 20}MB ({drive.size >> 9} 512 byte sectors)"
    yield f"Trying to mount root from ufs:{node.system.volumes[0].device} [rw]..."
    yield from node.system.console


async def _boot(node: Node) -> None:
    interfaces_of(node)
    for device in DEVICES:
        node.fs.mkdir(f"/dev/{device}".rsplit("/", 1)[0], recursive=True)
        node.fs.write_file(f"/dev/{device}", b"")
    for line in _boot_messages(node):
        node.kernel(line)
    for pid, name, state in KERNEL_PROCESSES:
        node.processes.spawn(f"[{name}]", ppid=0, stat=state, pid=pid)
    node.processes.spawn("/sbin/init", ppid=0, stat="ILs", pid=1)
    for pid, command, state in DAEMONS:
        node.processes.spawn(command, stat=state, pid=pid)
    while node.processes.take_pid() < DAEMONS[-1][0]:
        pass
    node.fs.write_file("/var/run/devd.pid", b"396")
    node.fs.chmod("/var/run/devd.pid", 0o600)
    for name in ("devd.pipe", "devd.seqpacket.pipe"):
        node.fs.write_file(f"/var/run/{name}", b"")
        node.fs.chmod(f"/var/run/{name}", 0o666)
