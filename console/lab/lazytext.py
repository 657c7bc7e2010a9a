"""Shell text that looks at files which exist only when somebody looks (`lazyfiles`), and at descriptor 4.

bashkit's own words do not see such files: a test, a glob or tar(1) of them is turned into one of the lab's
commands. And of descriptors it knows three: `A=$(B 2>&1 >&4 4>&- | tail …)`, which keeps what B complains of
and lets through what it prints, goes by way of a file.
"""

import re
from functools import lru_cache

_SIGN = "mess/"
"""Only text that has this looks at a queue."""
_TEST = re.compile(r'\[ (?P<no>! )?(?P<test>-[defrsx]) (?P<path>"[^"\n]*"|\$\w+) \]')
_GLOB = re.compile(r'(?<= in )(?P<words>(?:[a-z]+/\*/"\$\w+" ?)+)(?=;)')
_ENTER = re.compile(r'(?<![\w/])cd (?P<path>"\$qmail/queue")')
_TAR = re.compile(r"\btar (?=-cf - -T -)")
_ASIDE = re.compile(r"(?P<name>\w+)=\$\((?P<work>[^\n]*?) 2>&1 >&4 4>&- \| (?P<last>tail -c \d+)\)")
_OPENED = re.compile(r"\} 4>&1\b")
_KEPT = "/var/run/.lab-said"


@lru_cache(64)
def with_lazy_words(text: str) -> str:
    """Rewrite text that looks at a queue."""
    if _SIGN not in text:
        return text
    text = _TEST.sub(r"\g<no>__test \g<test> \g<path>", text)
    text = _GLOB.sub(r"$(__glob \g<words>)", text)
    text = _ENTER.sub(r"__enter \g<path> && cd \g<path>", text)
    text = _TAR.sub("__tar ", text)
    if _OPENED.search(text):
        text = _ASIDE.sub(rf"\g<work> 2> {_KEPT}; \g<name>=$(\g<last> {_KEPT})", text)
        text = _OPENED.sub("}", text)
    return text
