"""What a file's mode allows everybody; both `-rw-r--r--` and `644` are understood."""


def _others(mode: str) -> int | None:
    word = mode.strip()
    if word.isascii() and word.isdigit() and len(word) >= 3 and set(word) <= set("01234567"):
        return int(word[-1])
    if len(word) >= 10 and word[0] in "-dlpsbc":
        return sum(bit for letter, bit in zip(word[7:10], (4, 2, 1), strict=False) if letter not in "-T")
    return None


def may_all_read(mode: str) -> bool | None:
    """Whether everybody may read the file; None where the mode is not known."""
    others = _others(mode)
    return None if others is None else bool(others & 4)


def may_all_write(mode: str) -> bool:
    """Whether it is known that everybody may write the file."""
    return bool((_others(mode) or 0) & 2)
