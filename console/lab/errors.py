"""The words of FreeBSD's strerror(3) where Linux has others."""

import errno
import os

_WORDS = {
    errno.ENXIO: "Device not configured",
    errno.EBUSY: "Device busy",
    errno.ETIMEDOUT: "Operation timed out",
    errno.EIO: "Input/output error",
    errno.EXDEV: "Cross-device link",
    errno.ENODEV: "Operation not supported by device",
}


def reason(error: OSError) -> str:
    """Why a system call failed, in FreeBSD's words."""
    number = error.errno or errno.EIO
    return _WORDS.get(number, os.strerror(number))
