"""Shell text for a node's md: a unit number is no identity, so the file behind it is always named too."""

from playbooks.parts.building import q


def is_ours(image: str, unit: int) -> str:
    """A test: this unit is backed by this image. Old releases cannot list by file, so the list is read."""
    file = f"mdconfig -lv | awk -F '\\t' '$1 == \"md{unit}\" {{ print $4 }}'"
    return f'[ "$({file})" = {q(image)} ]'


def attach(image: str, unit: int) -> str:
    """Attach the image as this unit, unless it is there already."""
    new = q("mdconfig", "-a", "-t", "vnode", "-f", image, "-u", str(unit))
    return f"{is_ours(image, unit)} || {new} || exit 1"


def detach(image: str, unit: int, *, force: bool = False) -> str:
    """Detach this unit, which must be the image's."""
    how = ("-o", "force") if force else ()
    return f"{is_ours(image, unit)} && {q('mdconfig', '-d', *how, '-u', str(unit))}"
