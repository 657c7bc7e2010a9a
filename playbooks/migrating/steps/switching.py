"""From a copy to a disk that boots: fstab and loader.conf of the copy, its label, its boot code."""

from console.model.disks import Scheme
from console.model.plan import Change, Step
from playbooks.migrating.steps.dividing import (
    by_gpart,
    label_tool,
    labelled,
    put_label,
    unused_line,
    writable,
)
from playbooks.migrating.steps.dumping import files_at, mounted_at, reopen_lines, unmount_lines
from playbooks.migrating.steps.naming import COPIES, new_device, opened, root_of, step, taken_back
from playbooks.migrating.work import Content, Work
from playbooks.parts.building import no_undo, q

_BOOT_FILES = ("mbr", "boot", "boot1", "boot2", "pmbr", "gptboot")
_COPY_ONLY = "it is on the copy only"


def switched(work: Work, mark: str) -> tuple[Step, ...]:
    """Everything between the last byte copied and a disk that can be started from."""
    return (
        _opened_again(work, mark),
        *_files(work, mark),
        _tidied(work, mark),
        *_labelled(work, mark),
        *_bootable(work, mark),
    )


def _opened_again(work: Work, mark: str) -> Step:
    return step(
        "mount-copies",
        f"See that the copies are mounted on {work.target.name}",
        "Where the power was lost since they were made, they are not, and are checked first.",
        work.target.name,
        opened(work.target.name, mark, *reopen_lines(work)),
        undo=taken_back(*opened(work.target.name, mark, *unmount_lines(work)).rstrip("\n").split("\n")),
        timeout=3600.0,
    )


def _written(path: str, content: str) -> tuple[str, ...]:
    """Shell text: the file is this, or as it was."""
    end = "END"
    while end in content.splitlines():
        end += "_"
    new = f"{path}.mirrorgate"
    return (
        f"cat >{q(new)} <<'{end}' || exit 1",
        content.rstrip("\n"),
        end,
        f"{q('chmod', '644', new)} && {q('mv', '-f', new, path)}",
    )


def _files(work: Work, mark: str) -> tuple[Step, ...]:
    root, host = root_of(work), work.target.name
    if root is None:
        return ()
    # Not below the mount point, where the power was lost since it was mounted.
    reopen = q("reopen", new_device(root), mounted_at(work, root))
    files = [("fstab", "/etc/fstab", work.source.fstab, work.fstab_after)]
    if work.loader_after is not None:
        files.append(("loader-conf", "/boot/loader.conf", work.source.loader_conf, work.loader_after))
    return tuple(
        step(
            id,
            f"Write {path} of the copy",
            "The copy has to find its own partitions under the names they will have.",
            host,
            opened(host, mark, reopen, *_written(f"{files_at(work, root)}{path}", content)),
            undo=no_undo(_COPY_ONLY),
            change=Change(what=f"{path} of the copy", before=before or "", after=content),
        )
        for id, path, before, content in files
    )


def _tidied(work: Work, mark: str) -> Step:
    root, host = root_of(work), work.target.name
    tables = tuple(f"{files_at(work, move)}/restoresymtable" for move in work.moves)
    kept: tuple[str, ...] = ()
    if root is not None:
        at = files_at(work, root)
        kept = (
            f"for name in {' '.join(_BOOT_FILES)}; do",
            f'    [ ! -f {q(at)}/boot/"$name" ] || cp {q(at)}/boot/"$name" "$s/$name" || exit 1',
            "done",
            f"rmdir {q(at + COPIES)}/* {q(at + COPIES)} 2>/dev/null",
        )
    return step(
        "unmount-copies",
        f"Finish and unmount the copies on {host}",
        "restoresymtable belongs to restore; and the label can be written only when nothing is open.",
        host,
        opened(host, mark, *reopen_lines(work), *kept, q("rm", "-f", *tables), *unmount_lines(work)),
        undo=no_undo(_COPY_ONLY),
        timeout=600.0,
    )


def _labelled(work: Work, mark: str) -> tuple[Step, ...]:
    host = work.target.name
    if work.label_after is None or work.label_before is None:
        return ()
    back = opened(host, mark, unused_line(work), *put_label(work, work.label_before, "label.before"))
    return (
        step(
            "label",
            f"Write the label with which {work.target_disk} boots",
            "The loader takes the root from partition a; the sizes stay, only letters change.",
            host,
            opened(
                host,
                mark,
                unused_line(work),
                f'{label_tool(work.target)} {q(labelled(work))} >"$s/label.found" || exit 1',
                *put_label(work, work.label_after, "label.after"),
                f"{label_tool(work.target)} {q(labelled(work))}",
            ),
            undo=taken_back(*back.rstrip("\n").split("\n")),
            change=Change(
                what=f"label of {labelled(work)}",
                before=writable(work, work.label_before),
                after=writable(work, work.label_after),
            ),
        ),
    )


def _bootable(work: Work, mark: str) -> tuple[Step, ...]:
    if root_of(work) is None:
        return ()
    host, disk = work.target.name, work.target_disk
    # Of the copy itself, which its loader and kernel go with; else of the system that runs.
    find = 'code() { if [ -f "$s/$1" ]; then echo "$s/$1"; else echo "/boot/$1"; fi; }'
    return (
        step(
            "boot-code",
            f"Write the boot code onto {disk}",
            "A copy of files has no boot code: it stands outside the file systems.",
            host,
            opened(host, mark, unused_line(work), find, *_code_lines(work)),
            undo=no_undo("boot code starts nothing as long as the old disk is the first"),
        ),
    )


def _code_lines(work: Work) -> tuple[str, ...]:
    disk, number = work.target_disk, str(work.slice)
    if work.scheme is Scheme.GPT:
        place = next((place for place in work.places if place.content is Content.BOOT), None)
        loader = f'-p "$(code gptboot)" -i {place.index}' if place and place.index else ""
        return (f'gpart bootcode -b "$(code pmbr)" {loader} {q(disk)} || exit 1'.replace("  ", " "),)
    if by_gpart(work.target):
        inner = f'gpart bootcode -b "$(code boot)" {q(labelled(work))} || exit 1'
        if work.scheme is Scheme.BSD:
            return (inner,)
        return (
            inner,
            f'gpart bootcode -b "$(code mbr)" {q(disk)} || exit 1',
            f"{q('gpart', 'set', '-a', 'active', '-i', number, disk)} || exit 1",
        )
    inner = (
        f'disklabel -B -b "$(code boot1)" -s "$(code boot2)" {q(labelled(work))} || exit 1'
        if (work.target.major or 5) < 5
        else f'{label_tool(work.target)} -B -b "$(code boot)" {q(labelled(work))} || exit 1'
    )
    if work.scheme is Scheme.BSD:
        return (inner,)
    return (
        inner,
        # fdisk -B asks. The code is the first 446 bytes; behind it in the same sector is the table.
        'dd if="$(code mbr)" of="$s/sector" bs=2 count=223 2>/dev/null || exit 1',
        f"dd if=/dev/{q(disk)} bs=512 count=1 2>/dev/null |",
        '    dd bs=2 skip=223 count=33 >>"$s/sector" 2>/dev/null',
        '[ "$(wc -c <"$s/sector")" -eq 512 ] || fail \'the boot sector could not be put together\'',
        f'dd if="$s/sector" of=/dev/{q(disk)} bs=512 count=1 || exit 1',
        f"printf 'a {number}\\n' | fdisk -f - {q(disk)} || exit 1",
    )
