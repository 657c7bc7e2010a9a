"""The shell texts that only provisioning needs: each looks at what is there before it writes over it."""

from posixpath import dirname

from playbooks.parts.building import q
from playbooks.parts.site import Site
from playbooks.provisioning.leftovers import nobodys, tear_down

_FAIL = """\
fail() {
	echo "$*" >&2
	exit 1
}
"""
_ZEROS = """\
# The first MiB holds any UFS superblock, the last sector gmirror's metadata.
zeros() {
	dd if=/dev/zero bs="$1" count=1 2>/dev/null | sha256
}
"""


def make_image(path: str, size: int, preallocate: bool) -> str:
    """Make an image of `size` bytes unless it is there; one of another size is refused.

    A file IMAGE.unused beside it says that nothing but provisioning has written to it, until `to_be_mounted`
    calls it IMAGE.new: then only its superblock can prove that it was not (`nobodys`). `in_use` removes it.
    """
    lines = [
        f"image={q(path)} directory={q(dirname(path))} want={size}",
        _FAIL.rstrip(),
        'if [ -e "$image" ]; then',
        '	have=$(stat -f %z "$image") || exit 1',
        '	[ "$have" -eq "$want" ] ||',
        '		fail "$image has $have bytes, not $want: move it away or answer its size"',
        '	echo "$image is there with $have bytes: kept"',
        "	exit 0",
        "fi",
        'mkdir -p "$directory" || exit 1',
        "free=$(df -k \"$directory\" | awk 'NR == 2 { print $4 }')",
        '[ -n "$free" ] || fail "df says nothing about $directory"',
        'if [ "$free" -lt $((want / 1024)) ]; then',
    ]
    if preallocate:
        lines += ['	fail "$directory has $free KiB free, $((want / 1024)) are needed"', "fi"]
    else:
        lines += ['	echo "warning: only $free KiB are free: this sparse image can run out of disk"', "fi"]
    lines += ['truncate -s "$want" "$image" || exit 1']
    if preallocate:
        lines += [
            f'if ! dd if=/dev/zero of="$image" bs=1048576 count={size >> 20} conv=notrunc; then',
            '	rm -f "$image"',
            '	fail "$image could not be filled and was removed"',
            "fi",
        ]
    return "\n".join([*lines, 'chmod 600 "$image" && : >"$image".unused || exit 1', 'ls -ls "$image"']) + "\n"


def remove_blank_image(path: str, size: int) -> str:
    """The undo of `make_image`: removes the image as long as nothing but provisioning wrote to it."""
    return (
        f"{_FAIL}{_blank_file(path, size)}{nobodys(path)}"
        'nobodys || blank || fail "$image is no longer blank: kept"\n'
        'rm -f "$image" "$image".unused "$image".new\n'
    )


def to_be_mounted(path: str) -> str:
    """From here on an image may hold data; only the provisioning that made it attaches it again."""
    unused, new = q(f"{path}.unused"), q(f"{path}.new")
    return f"[ ! -e {unused} ] || mv -f {unused} {new}\n"


def in_use(path: str) -> str:
    """From here on its lineage tells what an image holds."""
    return q("rm", "-f", f"{path}.new") + "\n"


def _blank_file(path: str, size: int) -> str:
    return (
        f"{_ZEROS}image={q(path)}\n"
        "blank() {\n"
        '	[ "$(dd if="$image" bs=1048576 count=1 2>/dev/null | sha256)" = "$(zeros 1048576)" ] &&\n'
        f'		[ "$(dd if="$image" bs=512 skip={size // 512 - 1} count=1 2>/dev/null | sha256)" = '
        '"$(zeros 512)" ]\n'
        "}\n"
    )


def attach_blank(path: str, size: int, unit: int, where: str) -> str:
    """Attach the master's image, only if it holds nothing: a half of some mirror would be tasted at once.

    One that an unfinished provisioning made the half of this mirror is tasted, and joins it again.
    """
    return (
        f"{_FAIL}{_blank_file(path, size)}"
        '[ -e "$image".unused ] || [ -e "$image".new ] || blank ||\n'
        f"	fail {q(f'{where} holds data (a file system or gmirror metadata): refused')}\n"
        f'mdconfig -a -t vnode -f "$image" -u {unit}\n'
    )


def _blank_device(device: str, where: str, image: str | None = None) -> str:
    """Stops the text unless the device is blank; `$dev` is its name afterwards.

    Args:
        device: without /dev/.
        where: what to call it.
        image: the file behind it; while that is nobody's, what is on the device goes, and `$mirror` waits
            for it no more.
    """
    wiped = (
        f"{nobodys(image or '')}if nobodys; then\n"
        '	gmirror clear "$dev" 2>/dev/null && gmirror forget "$mirror"\n'
        '	dd if=/dev/zero of="/dev/$dev" bs=1048576 count=1 2>/dev/null || exit 1\n'
        "fi\n"
    )
    return (
        f"{_FAIL}{_ZEROS}dev={q(device)} where={q(where)}\n"
        f"{wiped if image else ''}"
        '! gmirror dump "$dev" >/dev/null 2>&1 ||\n'
        '	fail "$where carries gmirror metadata: it is half of a mirror, nothing was written"\n'
        '[ "$(dd if="/dev/$dev" bs=1048576 count=1 2>/dev/null | sha256)" = "$(zeros 1048576)" ] ||\n'
        '	fail "$where is not blank: nothing was written"\n'
    )


def label(mirror: str, gate: str, where: str) -> str:
    """Make the mirror of one half, the slave's, left free so that a promoted slave can run it (R10).

    The half of an unfinished provisioning starts its mirror by itself some seconds after it was attached.
    """
    name = f"sed -n 's/^ *name: //p' | grep -qxF {q(mirror)}"
    return (
        f"mirror={q(mirror)} gate={q(gate)}\n"
        "appears() {\n"
        "	n=0\n"
        '	while [ ! -e "/dev/mirror/$mirror" ]; do\n'
        '		[ "$n" -lt 20 ] || return 1\n'
        "		n=$((n + 1))\n"
        "		sleep 1\n"
        "	done\n"
        '	gmirror status "$mirror"\n'
        "}\n"
        f'if gmirror dump "$gate" 2>/dev/null | {name}; then\n'
        "	if appears; then exit; fi\n"
        "	# Without a file system on it nothing was ever in it; with one, what follows refuses.\n"
        f'	[ "$(fstyp "/dev/$gate" 2>/dev/null)" = ufs ] || gmirror clear "$gate" || exit 1\n'
        "fi\n"
        f"{_blank_device(gate, where)}"
        '[ ! -e "/dev/mirror/$mirror" ] || fail "a mirror $mirror is there already"\n'
        'gmirror label -n -b prefer "$mirror" "$dev" || exit 1\n'
        'appears || fail "no /dev/mirror/$mirror after 20 s"\n'
    )


def unlabel(site: Site) -> str:
    """The undo of `label`: the mirror and its metadata are removed, as long as it holds nobody's data."""
    return (
        f"{_FAIL}{nobodys(site.master.image)}{tear_down(site)}"
        "if nobodys; then\n"
        "	tear_down\n"
        "	exit\n"
        "fi\n"
        '[ "$(fstyp "/dev/mirror/$mirror" 2>/dev/null)" != ufs ] ||\n'
        '	fail "mirror $mirror holds a file system: not removed"\n'
        '[ ! -e "/dev/mirror/$mirror" ] || gmirror destroy "$mirror"\n'
    )


def insert_half(mirror: str, device: str, where: str, image: str) -> str:
    """Insert the master's blank half, hard-coded and preferred (R4, R10)."""
    return (
        f"mirror={q(mirror)}\n"
        f"{_blank_device(device, where, image)}"
        'gmirror insert -h -p 100 "$mirror" "$dev" && gmirror status "$mirror"\n'
    )


def take_out(site: Site) -> str:
    """The undo of `insert_half`; it may be in no mirror (after a reboot), or all that is left of one.

    A mirror of unused images goes as a whole: with the slave lost its half cannot be taken out.
    """
    return (
        f"{nobodys(site.master.image)}{tear_down(site)}dev={q(f'md{site.master_md}')}\n"
        "if nobodys; then\n"
        "	tear_down\n"
        "	exit\n"
        "fi\n"
        'if gmirror status "$mirror" 2>/dev/null | grep -qw "$dev"; then\n'
        '	gmirror remove "$mirror" "$dev" || exit 1\n'
        "fi\n"
    )


def first_copy(mirror: str, device: str) -> str:
    """Copy the slave's blank half over the master's, unless the mirror holds a file system already."""
    return (
        f"{_FAIL}mirror={q(mirror)} dev={q(device)}\n"
        '[ "$(fstyp "/dev/mirror/$mirror" 2>/dev/null)" != ufs ] ||\n'
        '	fail "mirror $mirror holds a file system: copying a half is the job recover-slave or fail-back"\n'
        'gmirror rebuild "$mirror" "$dev" && gmirror status "$mirror"\n'
    )


def make_file_system(mirror: str) -> str:
    """A new UFS with soft updates, unless there is one: that one is kept."""
    return (
        f"{_FAIL}{_ZEROS}mirror={q(mirror)}\n"
        'dev=/dev/mirror/"$mirror"\n'
        'if [ "$(fstyp "$dev" 2>/dev/null)" = ufs ]; then\n'
        '	echo "$dev holds a UFS already: kept, nothing was made"\n'
        "	exit 0\n"
        "fi\n"
        '[ "$(dd if="$dev" bs=1048576 count=1 2>/dev/null | sha256)" = "$(zeros 1048576)" ] ||\n'
        '	fail "$dev is not blank and holds no UFS: nothing was written"\n'
        'newfs -U "$dev"\n'
    )


def add_lines(path: str, lines: tuple[str, ...]) -> str:
    """Append lines that a file does not have yet; the rest of it is not touched."""
    text = f'file={q(path)}\n[ -e "$file" ] || : >"$file" || exit 1\n'
    # A last line without a line end would swallow the first one appended.
    text += '[ -z "$(tail -c 1 "$file")" ] || echo >>"$file" || exit 1\n'
    for line in lines:
        word = q(line)
        text += (
            f'if grep -qxF -e {word} "$file"; then\n'
            f'	echo "$file: "{word}" is there"\n'
            "else\n"
            f"	printf '%s\\n' {word} >>\"$file\" || exit 1\n"
            f'	echo "$file: "{word}" added"\n'
            "fi\n"
        )
    return text
