"""Whether the new disk will boot: a checklist, read from the disk itself. Nothing is changed by it."""

from console.model.disks import Scheme
from console.model.plan import Risk, Step
from playbooks.migrating.steps.dividing import labelled
from playbooks.migrating.steps.dumping import files_at, mounted_at
from playbooks.migrating.steps.naming import opened, root_of, step
from playbooks.migrating.work import Content, Work
from playbooks.parts.building import q


def checklist(work: Work, mark: str) -> Step:
    """Lines `pass|warn|fail WHAT: why`; fails where one of them fails."""
    host = work.target.name
    return step(
        "ready-to-boot",
        f"Check that {work.target_disk} will boot",
        "A copy that is whole may still not start: what the machine needs on its way up is looked at.",
        host,
        opened(
            host,
            mark,
            "failed=",
            *_code(work),
            *_clean(work),
            *_tree(work),
            "[ -z \"$failed\" ] || fail 'the new disk would not boot: see the lines that say fail'",
        ),
        undo=None,
        risk=Risk.READ,
        timeout=3600.0,
    )


def _either(test: str, what: str, good: str, bad: str, otherwise: str = "fail") -> str:
    return f"if {test}; then {q('said', 'pass', what, good)}; else {q('said', otherwise, what, bad)}; fi"


def becomes_now(work: Work, name: str) -> str:
    """The device of a place after the label was written, while the disk still has its name of now."""
    place = next(place for place in work.places if place.name == name)
    if place.letter_then and place.letter and work.scheme is not Scheme.GPT:
        return f"/dev/{labelled(work)}{place.letter_then}"
    return f"/dev/{place.name}"


def _code(work: Work) -> tuple[str, ...]:
    disk = work.target_disk
    lines = [_either(f"holds_code {q('/dev/' + disk)} 1", "boot code", f"on {disk}", f"none on {disk}")]
    if work.scheme is Scheme.MBR:
        slice = labelled(work)
        active = (
            f"{{ gpart show {q(disk)} 2>/dev/null | grep -q '\\[active\\]'; }} || "
            f"{{ fdisk -s {q(disk)} 2>/dev/null | grep -q '0x80'; }}"
        )
        lines += [
            _either(f"holds_code {q('/dev/' + slice)} 1", "slice code", f"on {slice}", f"none on {slice}"),
            _either(active, "active slice", f"on {disk}", f"no slice of {disk} is active"),
        ]
    for place in work.places:
        if place.content is Content.BOOT:
            where = q("/dev/" + place.name)
            lines.append(
                _either(f"holds_code {where} 1", "loader", f"on {place.name}", f"none on {place.name}")
            )
    return tuple(lines)


def _clean(work: Work) -> tuple[str, ...]:
    names = dict.fromkeys(becomes_now(work, move.target.name) for move in work.moves)
    return tuple(
        line
        for name in names
        for line in (
            _either(
                f"dumpfs {q(name)} 2>/dev/null | grep -q 'clean[[:space:]]*1'",
                "superblock",
                f"{name} is clean",
                f"{name} is not clean",
            ),
            _either(
                f"fsck -n {q(name)} >/dev/null 2>&1",
                "fsck",
                f"{name} is whole",
                f"fsck -n {name} finds faults",
            ),
        )
    )


def _tree(work: Work) -> tuple[str, ...]:
    root = root_of(work)
    lines: list[str] = []
    for move in (move for move in work.moves if not move.below):
        device, at = becomes_now(work, move.target.name), mounted_at(work, move)
        inside = [other for other in work.moves if mounted_at(work, other) == at]
        # A power loss may have taken the mount point with it.
        lines.append(
            f"mkdir -p {q(at)} && mount -o ro {q(device, at)} || fail {q(f'{device} cannot be mounted')}"
        )
        for other in inside:
            table = f"{files_at(work, other)}/restoresymtable"
            lines.append(
                _either(
                    f"[ ! -e {q(table)} ]",
                    "restoresymtable",
                    f"not in {other.mount}",
                    f"left in {other.mount}",
                    "warn",
                )
            )
        if root in inside and root is not None:
            lines += _root(work, files_at(work, root))
        lines.append(f"umount {q(at)} || exit 1")
    return tuple(lines)


def _root(work: Work, at: str) -> tuple[str, ...]:
    places = " ".join(f"/dev/{place.becomes}" for place in work.places)
    labels = " ".join(f"/dev/gpt/{place.label}" for place in work.places if place.label)
    kernel = f"[ -s {q(at)}/boot/kernel/kernel ] || [ -s {q(at)}/kernel ]"
    ours = f"^/dev/({work.boots_as}(s|p|[a-h])|gpt/)"
    known = (
        f"awk -v places={q(f' {places} {labels} ')} -v ours={q(ours)} "
        '\'$1 ~ ours && ($3 == "ufs" || $3 == "swap") && !index(places, " " $1 " ") { print $1 }\' '
        f"{q(at)}/etc/fstab"
    )
    root_line = f'awk \'$2 == "/" && $3 == "ufs" {{ found = 1 }} END {{ exit !found }}\' {q(at)}/etc/fstab'
    return (
        _either(kernel, "kernel", "there", "neither /boot/kernel/kernel nor /kernel"),
        _either(f"[ -s {q(at)}/boot/loader ]", "loader program", "there", "no /boot/loader"),
        _either(root_line, "root in fstab", "there", "no line for / in fstab"),
        f"missing=$({known})",
        'if [ -z "$missing" ]; then said pass fstab "every line names a partition that will be there"',
        'else said fail fstab "not on the new disk: $missing"; fi',
        _either(
            f"grep -q '[[:space:]]swap[[:space:]]' {q(at)}/etc/fstab",
            "swap",
            "in fstab",
            "none in fstab",
            "warn",
        ),
    )
