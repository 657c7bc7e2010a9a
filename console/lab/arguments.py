"""Reading a command's options the way getopt(3) of FreeBSD does."""

import getopt

from console.lab.call import Call

Options = dict[str, str]


def read_options(call: Call, letters: str, usage: str) -> tuple[Options, list[str]] | None:
    """Split the arguments; after an unknown option complain with `usage` and return None.

    A repeated option keeps its last value; an option without value maps to "".
    """
    try:
        pairs, rest = getopt.getopt(call.arguments, letters)
    except getopt.GetoptError as error:
        wrong = "option requires an argument" if "requires" in error.msg else "illegal option"
        call.complain(f"{call.name}: {wrong} -- {error.opt}")
        call.complain(usage)
        return None
    return {name.lstrip("-"): value for name, value in pairs}, rest


UNITS = {"b": 512, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}


def read_size(text: str) -> int | None:
    """Read a size such as 48m, 10G or 512 (expand_number(3)); None when it is none."""
    digits, unit = (text[:-1], text[-1].lower()) if text and text[-1].isalpha() else (text, "")
    if not digits.isdigit() or (unit and unit not in UNITS):
        return None
    return int(digits) * UNITS.get(unit, 1)
