"""Secrets in configuration text. The sampler masks them on the node; what it missed is masked here."""

import re

MASK = "********"
MASKED = re.compile(r"\*+ \(length (\d{1,9}), check (\d{1,12}|[0-9a-f]{1,40})\)")
"""A password as the sampler sends it: its length and a keyed checksum of what freevrrpd uses of it."""
_WORDS = ("passw", "presharedkey", "secret")
_CARP = re.compile(r"\bpass \S+")


def masked(text: str) -> str:
    """The text without what is set to a password word, and without carp passwords in rc.conf."""
    lower = text.lower()
    if not any(word in lower for word in (*_WORDS, "pass ")):
        return text
    return "\n".join(map(_masked, text.split("\n")))


def _masked(line: str) -> str:
    key, equals, value = line.partition("=")
    if equals and any(word in key.lower() for word in _WORDS):
        return line if MASKED.fullmatch(value.strip()) else f"{key}= {MASK}"
    return _CARP.sub(f"pass {MASK}", line) if "vhid" in line else line
