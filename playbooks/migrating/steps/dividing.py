"""The target disk: its old table kept in files, then divided as the plan says, or given up as it is."""

from console.model.disks import HostDisks, Scheme
from console.model.plan import Change, Risk, Step
from playbooks.migrating.labels import acceptable
from playbooks.migrating.steps.dumping import unmount_lines
from playbooks.migrating.steps.naming import new_device, opened, step, taken_back
from playbooks.migrating.work import Content, Place, Work
from playbooks.parts.building import no_undo, q

_TYPES = {Content.UFS: "freebsd-ufs", Content.SWAP: "freebsd-swap", Content.BOOT: "freebsd-boot"}


def by_gpart(host: HostDisks) -> bool:
    """Whether gpart does it; it exists from 7 on, and is trusted from 9 on."""
    return (host.major or 0) >= 9 and "gpart" in host.tools


def label_tool(host: HostDisks) -> str:
    """What reads and writes BSD labels."""
    return "bsdlabel" if "bsdlabel" in host.tools else "disklabel"


def labelled(work: Work) -> str:
    """What carries the BSD label: the FreeBSD slice, or a dedicated disk itself."""
    return f"{work.target_disk}s{work.slice}" if work.scheme is Scheme.MBR else work.target_disk


def unused_line(work: Work) -> str:
    """Shell text: fails while anything of the target disk is mounted or swapped on."""
    return q("unused", work.target_disk)


def writable(work: Work, label: str) -> str:
    """A label's text as the target's tool takes it; 4.x wants every line, and made it itself."""
    return label if (work.target.major or 5) < 5 else acceptable(label)


def put_label(work: Work, label: str, file: str) -> tuple[str, ...]:
    """Shell text: keep a label as a file of the migration, check it without writing, then write it."""
    tool, where = label_tool(work.target), labelled(work)
    old = work.target.major is not None and work.target.major < 5
    # disklabel of 4.x writes the one in memory only, without -r; it cannot try without writing.
    restore = (tool, "-R", "-r") if old else (tool, "-R")
    tried = (
        ()
        if old
        else (f"{q(*restore, '-n', where)} \"$s/{file}\" >/dev/null || fail 'the label is refused'",)
    )
    return (
        f"cat >\"$s/{file}\" <<'LABEL'",
        writable(work, label).rstrip("\n"),
        "LABEL",
        *tried,
        f'{q(*restore, where)} "$s/{file}" || fail {q(f"the label of {where} could not be written")}',
    )


def divided(work: Work, mark: str) -> tuple[Step, ...]:
    """Keep what the disk's first sectors say, then the step that takes everything on it away."""
    return (_kept(work, mark), _divide(work, mark) if work.prepare else _given_up(work, mark))


def _kept(work: Work, mark: str) -> Step:
    disk, host = work.target_disk, work.target
    known = host.disk(disk)
    slices = [one.name for one in known.slices if one.label is not None] if known else []
    return step(
        "keep-table",
        f"Keep the table of {disk} on {host.name}",
        "With it the division can be taken back, as long as nothing was written into the new one.",
        host.name,
        opened(
            host.name,
            mark,
            f'dd if=/dev/{q(disk)} bs=512 count=64 of="$s/{disk}.head" 2>/dev/null || exit 1',
            *(
                (f'gpart backup {q(disk)} >"$s/{disk}.table" 2>/dev/null || : >"$s/{disk}.table"',)
                if by_gpart(host)
                else ()
            ),
            *(f'{label_tool(host)} {q(name)} >"$s/{name}.label" || exit 1' for name in slices),
            f'ls -l "$s/{disk}."*',
        ),
        undo=no_undo("these are files only"),
    )


def _divide(work: Work, mark: str) -> Step:
    disk, host = work.target_disk, work.target
    known = host.disk(disk)
    slices = known.slices if known else ()
    lines = _gpart_lines(work) if by_gpart(host) else _fdisk_lines(work)
    back = (
        *unmount_lines(work),
        unused_line(work),
        *_forget_table(work),
        f'if [ -s "$s/{disk}.table" ]; then',
        f'    gpart restore -F {q(disk)} <"$s/{disk}.table" || exit 1',
        "else",
        f'    dd if="$s/{disk}.head" of=/dev/{q(disk)} bs=512 || exit 1',
        "fi",
        *(
            f'[ ! -e "$s/{one.name}.label" ] || {label_tool(host)} -R {q(one.name)} "$s/{one.name}.label"'
            for one in slices
        ),
    )
    return step(
        "divide",
        f"Divide {disk} on {host.name} anew",
        "Everything that is on this disk now is lost.",
        host.name,
        opened(host.name, mark, unused_line(work), *lines, *_there(work), ': >"$s/may-erase"'),
        undo=taken_back(*opened(host.name, mark, *back).rstrip("\n").split("\n")),
        risk=Risk.DESTROYS,
        confirm=f"{host.name}:{disk}",
        timeout=300.0,
        change=_new_label(work),
    )


def _new_label(work: Work) -> Change | None:
    if work.label_before is None:
        return None
    known = work.target.disk(work.target_disk)
    old = next((one.label for one in known.slices if one.name == labelled(work)), None) if known else None
    return Change(
        what=f"label of {labelled(work)}", before=old or "", after=writable(work, work.label_before)
    )


def _forget_table(work: Work) -> tuple[str, ...]:
    if not by_gpart(work.target):
        return ()
    slice = labelled(work)
    inner = (f"gpart destroy -F {q(slice)} 2>/dev/null",) if slice != work.target_disk else ()
    return (*inner, f"gpart destroy -F {q(work.target_disk)} 2>/dev/null")


def _sectors(work: Work, bytes: int) -> str:
    known = work.target.disk(work.target_disk)
    return str(bytes // (known.sector if known else 512))


def _gpart_lines(work: Work) -> tuple[str, ...]:
    disk = work.target_disk
    if work.scheme is Scheme.GPT:
        return (
            *_forget_table(work),
            f"{q('gpart', 'create', '-s', 'GPT', disk)} || exit 1",
            *(f"{_added(work, place, disk)} || exit 1" for place in work.places),
        )
    made: tuple[str, ...] = (f"{q('gpart', 'create', '-s', 'BSD', disk)} || exit 1",)
    if work.scheme is Scheme.MBR:
        start, size, number = (
            _sectors(work, work.slice_start),
            _sectors(work, work.slice_size),
            str(work.slice),
        )
        made = (
            f"{q('gpart', 'create', '-s', 'MBR', disk)} || exit 1",
            f"{q('gpart', 'add', '-i', number, '-b', start, '-s', size, '-t', 'freebsd', disk)} || exit 1",
            f"{q('gpart', 'set', '-a', 'active', '-i', number, disk)} || exit 1",
            f"{q('gpart', 'create', '-s', 'BSD', labelled(work))} || exit 1",
        )
    return (*_forget_table(work), *made, *put_label(work, work.label_before or "", "label.before"))


def _added(work: Work, place: Place, disk: str) -> str:
    label = ("-l", place.label) if place.label else ()
    start, size = _sectors(work, place.start), _sectors(work, place.size)
    index = ("-i", str(place.index)) if place.index else ()
    return q("gpart", "add", *index, "-b", start, "-s", size, "-t", _TYPES[place.content], *label, disk)


def _fdisk_lines(work: Work) -> tuple[str, ...]:
    disk = work.target_disk
    lines = [f"dd if=/dev/zero of=/dev/{q(disk)} bs=512 count=64 || exit 1"]
    if work.scheme is Scheme.MBR:
        start, size = _sectors(work, work.slice_start), _sectors(work, work.slice_size)
        lines += [
            "cat >\"$s/fdisk\" <<'TABLE'",
            f"p {work.slice} 165 {start} {size}",
            f"a {work.slice}",
            "TABLE",
            f"fdisk -f \"$s/fdisk\" {q(disk)} </dev/null || fail 'fdisk refused the table'",
        ]
    if (work.target.major or 5) < 5:
        lines.append(f"(cd /dev && sh MAKEDEV {q(labelled(work) + 'a')}) || exit 1")
    return (*lines, *put_label(work, work.label_before or "", "label.before"))


def _devices(work: Work) -> tuple[str, ...]:
    return tuple(dict.fromkeys(new_device(move) for move in work.moves))


def _there(work: Work) -> tuple[str, ...]:
    return tuple(f"[ -e {q(name)} ] || fail {q(f'{name} did not appear')}" for name in _devices(work))


def _given_up(work: Work, mark: str) -> Step:
    disk, host = work.target_disk, work.target
    return step(
        "give-up",
        f"Give up the file systems on {disk} on {host.name}",
        f"What {' '.join(_devices(work))} hold now is lost: each gets a new file system.",
        host.name,
        opened(
            host.name,
            mark,
            unused_line(work),
            *_there(work),
            *(f"{q('newfs', '-U', name)} || fail {q(f'newfs of {name} failed')}" for name in _devices(work)),
            ': >"$s/may-erase"',
        ),
        undo=no_undo("what was there is gone, as was confirmed; the old disk is as it was"),
        risk=Risk.DESTROYS,
        confirm=f"{host.name}:{disk}",
        timeout=600.0,
    )
