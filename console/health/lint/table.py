"""Every check of the set-up in one table: id, how bad, what, why it bites, what to do, the pitfall behind it.

G-0x is freevrrpd.conf, G-1x gg.exports, paths and hosts, G-2x and G-3x the scripts, G-5x the boot.
"""

from dataclasses import dataclass

from console.model.snapshot import Finding, NodeView
from console.model.words import Severity

_C, _W, _N = Severity.CRITICAL, Severity.WARNING, Severity.NOTICE


@dataclass(frozen=True, slots=True)
class Check:
    """One check of the set-up."""

    id: str
    severity: Severity
    title: str
    why: str
    todo: str
    pitfall: str


_CHECKS = (
    Check(
        "G-01", _C, "freevrrpd.conf has keys before any [VRID] line",
        "The daemon detaches, then exits: the start looks fine and nobody takes over.",
        "Put [VRID] on a line of its own before the first key.", "P29",
    ),
    Check(
        "G-02", _C, "the nodes have different serverids",
        "They are two groups: each becomes master of the same address and runs its master script.",
        "Use the same serverid on both nodes.", "P28",
    ),
    Check(
        "G-03", _W, "priority 255",
        "The node claims the address at its start without listening, also after a reboot with old data.",
        "Use less than 255, for example 200 and 150.", "P31",
    ),
    Check(
        "G-04", _C, "the interface in freevrrpd.conf does not exist on the node",
        "A name copied from an example: VRRP has nothing to talk on.",
        "Name the interface of the replication or service network, as ifconfig lists it.", "P34",
    ),
    Check(
        "G-05", _N, "the VRRP password is longer than 8 characters",
        "Only the first 8 count, and they travel in clear text.",
        "Choose 8 good characters, and do not use them anywhere else.", "P34",
    ),
    Check(
        "G-06", _N, "keys that freevrrpd ignores",
        "They are only mentioned in syslog; the set-up does not do what it seems to say.",
        "Remove them.", "P29",
    ),
    Check(
        "G-07", _C, "the nodes disagree on floating addresses or password",
        "Adverts that do not agree are discarded, and both become master.",
        "Make `addr` and `password` the same on both nodes.", "P34",
    ),
    Check(
        "G-08", _W, "a VRRP script is missing",
        "The role changes, and nothing happens to the data; freevrrpd logs no failure that anyone sees.",
        "Install the script, or correct its path.", "P33",
    ),
    Check(
        "G-09", _C, "freevrrpd has no configuration it can use",
        "No VRRP runs on the node: it neither takes the address nor gives it back.",
        "Write /usr/local/etc/freevrrpd.conf with one [VRID] section.", "P29",
    ),
    Check(
        "G-10", _W, "paths of the image do not agree",
        "ggated compares byte by byte and refuses; ggatec then exits 1 without a word.",
        "Use one spelling in gg.exports, in the scripts and in the console's configuration.", "P07 P08",
    ),
    Check(
        "G-11", _W, "the peer is given by name",
        "The name may not resolve when it is needed, or lead to the floating address.",
        "Write the peer's own replication address.", "P12",
    ),
    Check(
        "G-12", _C, "the floating address is used to reach the peer",
        "Whoever serves holds it, so the node dials itself.",
        "Write the peer's own replication address.", "P12",
    ),
    Check(
        "G-13", _W, "the image is exported to more than one address",
        "ggated trusts the source address and nothing else.",
        "Name the peer's replication address only.", "P09",
    ),
    Check(
        "G-14", _W, "a line of gg.exports cannot be read",
        "The listener ends at the first connection after the table is read again.",
        "Three fields: host, RW, path.", "P08",
    ),
    Check(
        "G-20", _C, "ggatec create -d: there is no such option",
        "It prints its usage and exits 1, and a loop around it never ends.",
        "The timeout is -t.", "P02",
    ),
    Check(
        "G-21", _W, "ggatec create without -t",
        "Without a timeout every writer blocks for ever when the peer vanishes.",
        "Give -t 10 to 30.", "P01",
    ),
    Check(
        "G-22", _C, "a loop that waits for a device without a limit",
        "If the device never comes the script never ends, and while it runs no adverts are sent.",
        "Count the turns, and give up with a message.", "P30",
    ),
    Check(
        "G-23", _C, "the output of mdconfig -l is compared with one unit",
        "It lists all units on one line with a blank after each: the test never holds, and the image is "
        "attached twice.",
        "Attach with -u N, and ask `mdconfig -l -u N` or resolve the unit by its file.", "P11",
    ),
    Check(
        "G-24", _W, "both components are deactivated",
        "The last one is refused, so the mirror stays up; the other one stays marked INACTIVE on the disk.",
        "To let go: umount, gmirror stop and mdconfig -d in one breath, then look again after 6 s.", "P19",
    ),
    Check(
        "G-25", _C, "a VRRP script labels the mirror",
        "The labelled half becomes the source of everything, whatever is on it; if the old mirror still "
        "runs, the label "
        "says Done and changes nothing.",
        "Label once, when the pair is built. A fail-back attaches the gate, waits, attaches its own "
        "half, rebuilds it.",
        "P15 P20",
    ),
    Check(
        "G-26", _W, "a component is inserted without -p",
        "With equal priorities the half attached last is read, and is the source after a crash.",
        "`gmirror insert -h -p 100` for the local half.", "P22",
    ),
    Check(
        "G-27", _C, "a VRRP script rebuilds without a look at which half is newer",
        "The half that is named is overwritten, and nothing proved that it is the older one.",
        "Compare gmirror dump of both halves and the last promotion; a person confirms the direction.", "P15",
    ),
    Check(
        "G-28", _C, "an unquoted loop compares gmirror status with COMPLETE",
        "An empty answer is a test error that ends the loop: the mount goes on. COMPLETE may also be 1 of 1.",
        "Quote it, bound it, and count two ACTIVE components.", "P13 P30",
    ),
    Check(
        "G-29", _C, "slow work inside a VRRP script",
        "No adverts are sent until the script returns; after about 3 s the peer takes over as well.",
        "Let the script start a background job and return at once.", "P30",
    ),
    Check(
        "G-30", _C, "ggated is killed and the script goes on at once",
        "pkill returns before the connections' processes are gone: two writers on one image.",
        "Wait until no ggated process and no connection on port 3080 is left.", "P41",
    ),
    Check(
        "G-31", _C, "the bare half is mounted",
        "No counter of the mirror moves: later both halves may be joined as equal, with different contents.",
        "Wait for the mirror device (4 to 5 s), and mount only that.", "P17 P18",
    ),
    Check(
        "G-32", _W, "a fixed sleep in place of waiting for a device",
        "The mirror device of a lone half comes only after its timeout of 4 s; ggatec returns before "
        "its device is usable.",
        "Wait for the device, with a limit.", "P17",
    ),
    Check(
        "G-33", _W, "fsck -y on the bare half",
        "It agrees to every deletion, and on a half that a mirror holds it may repair nothing at all.",
        "fsck -p on the mirror device; anything more is for a person.", "P40",
    ),
    Check(
        "G-34", _C, "umount is not checked",
        "When it fails (busy) the script goes on with a mounted image.",
        "Stop the services first, test umount's exit status, and stop there if it failed.", "P39",
    ),
    Check(
        "G-35", _C, "ggated is started while the image stays attached",
        "The file is exported and attached at once: two writers that do not see each other.",
        "Detach the md, look again after 6 s, then start ggated.", "P10",
    ),
    Check(
        "G-36", _N, "md units are attached without a number",
        "The next free unit is taken: the script then works on whatever md0 is.",
        "Give -u.", "P11",
    ),
    Check(
        "G-37", _N, "a script lacks a safeguard",
        "Roles can flip within seconds at boot: two scripts overlap, and nobody sees what failed.",
        "set -e, logger(1), and lockf(1) or mkdir as a lock.", "P37 P39",
    ),
    Check(
        "G-38", _N, "a script that mounts or unmounts touches no service",
        "Services that hold files open make umount fail; services that start before the mount see an "
        "empty directory.",
        "Stop them before umount, start them after mount.", "P39",
    ),
    Check(
        "G-39", _N, "proof by ps | grep or plain df",
        "grep finds itself, and df may hang on a frozen mount.",
        "pgrep -x, mount -p, df -n.", "P05",
    ),
    Check(
        "G-50", _W, "geom_mirror is not loaded at boot",
        "After a reboot, or on the slave at a promotion, an attached half starts no mirror.",
        'geom_mirror_load="YES" in /boot/loader.conf.', "P16",
    ),
    Check(
        "G-51", _N, "geom_gate is not loaded at boot",
        "ggatec loads it when it can; without the module the gate cannot be made.",
        'geom_gate_load="YES" in /boot/loader.conf.', "P16",
    ),
    Check(
        "G-52", _W, "freevrrpd is not started at boot on the slave",
        "After a reboot of the slave nobody is there to take over.",
        'freevrrpd_enable="YES" in /etc/rc.conf.', "P31",
    ),
    Check(
        "G-53", _W, "nothing starts ggated on the slave at boot",
        "After a reboot of the slave the master's gate finds nobody.",
        "mirrorgate_enable with our rc script, or ggated_enable if the node cannot be serving.", "P16",
    ),
    Check(
        "G-54", _W, "fstab mounts the mirror at boot",
        "The node mounts whatever half it has, before anybody knows which one is newer.",
        "Add noauto.", "P16",
    ),
    Check(
        "G-55", _W, "freevrrpd starts at boot on the home master and outranks the slave",
        "After a reboot it takes the service back before its half has been rebuilt.",
        "Start it by hand after the fail-back.", "P31",
    ),
)  # fmt: skip

TABLE = {check.id: check for check in _CHECKS}
"""Every check by id."""


def spot(id: str, node: NodeView | None, where: str, raw: str = "") -> Finding:
    """A finding of a check; `where` names the place."""
    check = TABLE[id]
    return Finding(
        id=id,
        severity=check.severity,
        what=f"{where}: {check.title}",
        why=f"{check.why} ({check.pitfall})",
        todo=check.todo,
        node=node.name if node else None,
        raw=raw.strip(),
    )
