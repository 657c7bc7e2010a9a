"""Shell text for a node's md: a unit number is no identity, so the file behind it is always named too."""

from playbooks.parts.building import q


def is_ours(image: str, unit: int) -> str:
    """A test: this unit is backed by this image. Old releases cannot list by file, so the list is read."""
    file = f"mdconfig -lv | awk -F '\\t' '$1 == \"md{unit}\" {{ print $4 }}'"
    return f'[ "$({file})" = {q(image)} ]'


def attach(image: str, unit: int) -> str:
    """Attach the image as this unit, unless it is there already.

    mdconfig(8) shows the real path of a file: one that is reached by a link would look like another one's.
    """
    new = q("mdconfig", "-a", "-t", "vnode", "-f", image, "-u", str(unit))
    linked = f"{image} is reached by a link: configure the path that realpath shows"
    return (
        f'[ "$(realpath {q(image)})" = {q(image)} ] || {{ echo {q(linked)} >&2; exit 1; }}\n'
        f"{is_ours(image, unit)} || {new} || exit 1"
    )


def detach(image: str, unit: int, *, force: bool = False) -> str:
    """Detach this unit, which must be the image's."""
    how = ("-o", "force") if force else ()
    return f"{is_ours(image, unit)} && {q('mdconfig', '-d', *how, '-u', str(unit))}"


def nothing_mounted(mirror_device: str, unit: int) -> str:
    """Stops the text while the mirror, this unit, a part or another name of it is mounted at any place.

    The guards look at the pair's mount point; a detach by force takes the disk away from under `/mnt` too.
    """
    return (
        "table=$(mount -p) || exit 1\n"
        f'{{ glabel status -s 2>/dev/null | awk \'$3 == "md{unit}" {{ print "=", $1 }}\'\n'
        f"    printf '%s\\n' \"$table\"; }} | mirror={q(mirror_device)} awk '\n"
        '    $1 == "=" { ours["/dev/" $2] = 1; next }\n'
        f'    $1 == ENVIRON["mirror"] || $1 == "/dev/md{unit}" || index($1, "/dev/md{unit}p") == 1'
        ' || $1 in ours { print "still mounted: " $1 " at " $2; found = 1 }\n'
        "    END { exit found }' >&2 || exit 1"
    )
