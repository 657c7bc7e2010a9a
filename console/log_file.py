"""`--log-file`: what the console did and met, in a file of its own; never on the screen, never a secret."""

import logging
import re
from pathlib import Path

_SECRET = re.compile(r"(?i)(pass(?:word|phrase|wd)?\s*[=:]\s*)(\S+)")


class _WithoutSecrets(logging.Filter):
    """Masks anything that looks like a password before it is written."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = _SECRET.sub(r"\1********", record.getMessage())
        record.args = ()
        return True


def log_to(path: Path) -> None:
    """Log to `path` (0600), asyncssh's warnings included. Raises OSError when it cannot be written."""
    path.touch(mode=0o600)
    handler = logging.FileHandler(path, encoding="utf-8", errors="backslashreplace")
    handler.addFilter(_WithoutSecrets())
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger("mirrorgate").setLevel(logging.INFO)
    logging.getLogger("asyncssh").setLevel(logging.WARNING)
    for name in ("mirrorgate", "asyncssh", "asyncio"):
        logging.getLogger(name).addHandler(handler)
        logging.getLogger(name).propagate = False


def stay_quiet() -> None:
    """Without a log file nothing may write over the screen."""
    for name in ("mirrorgate", "asyncssh", "asyncio"):
        logging.getLogger(name).addHandler(logging.NullHandler())
        logging.getLogger(name).propagate = False
