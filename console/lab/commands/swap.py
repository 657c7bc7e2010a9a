"""swapinfo(8), swapon(8), swapoff(8)."""

from console.lab.arguments import Options, read_options
from console.lab.call import Call, Command
from console.lab.commands.gpart_show import human
from console.lab.errors import reason
from console.lab.geom.base import Provider

_UNITS = {"k": ("1K-blocks", 10), "m": ("1M-blocks", 20), "g": ("1G-blocks", 30)}
_DEVICE = 15


async def swapinfo(call: Call) -> int:
    """List swap devices, with a total when there are several."""
    read = read_options(call, "ghkm", "usage: swapinfo [-ghkm]")
    if read is None:
        return 1
    options = read[0]
    header, shift = next((unit for letter, unit in _UNITS.items() if letter in options), _UNITS["k"])
    human_form = "h" in options
    header = f"{'Size':>8}" if human_form else header
    call.say(f"{'Device':<{_DEVICE}} {header} {'Used':>8} {'Avail':>8} Capacity")

    def row(name: str, size: int) -> None:
        total = human(size) if human_form else str(size >> shift)
        none = "0B" if human_form else "0"
        call.say(f"{name:<{_DEVICE}} {total:>{len(header)}} {none:>8} {total:>8}     0%")

    devices = call.node.geom.swap.devices()
    for device in devices:
        row(f"/dev/{device.name}", _usable(device))
    if len(devices) > 1:
        row("Total", sum(_usable(device) for device in devices))
    return 0


def _usable(device: Provider) -> int:
    """Bytes in whole pages."""
    return device.mediasize // 4096 * 4096


async def swapon(call: Call) -> int:
    """Begin to page to a device, or (-a) to all of fstab."""
    read = read_options(call, "aF:Lq", "usage: swapon [-F fstab] -aLq | file ...")
    if read is None:
        return 1
    options, names = read
    swap = call.node.geom.swap
    status = 0
    for name in _from_fstab(call) if "a" in options else names:
        device = f"/dev/{name.removeprefix('/dev/')}"
        provider = call.node.geom.find(device)
        if provider in swap.devices():
            if "a" not in options:
                call.complain(f"swapon: {device}: Device busy")
                status = 1
            continue
        why = _refusal(call, provider)
        if provider is not None and not why:
            try:
                swap.add(provider)
            except OSError as error:
                why = reason(error)
        if why:
            call.complain(f"swapon: {device}: {why}")
            status = 1
        else:
            _told(call, options, "add", device)
    return status


async def swapoff(call: Call) -> int:
    """Stop paging to a device, or (-a) to all."""
    read = read_options(call, "afF:Lq", "usage: swapoff [-F fstab] -afLq | file ...")
    if read is None:
        return 1
    options, names = read
    swap = call.node.geom.swap
    if "a" in options:
        names = [device.name for device in swap.devices()]
    status = 0
    for name in names:
        device = f"/dev/{name.removeprefix('/dev/')}"
        provider = call.node.geom.find(device)
        why = _refusal(call, provider)
        if provider is not None and not why and not swap.remove(provider):
            why = "Invalid argument"
        if why:
            call.complain(f"swapoff: {device}: {why}")
            status = 1
        else:
            _told(call, options, "remov", device)
    return status


def _refusal(call: Call, provider: Provider | None) -> str:
    if provider is None:
        return "No such file or directory"
    return "Operation not permitted" if call.uid != 0 else ""


def _told(call: Call, options: Options, word: str, device: str) -> None:
    if "q" not in options:
        call.say(f"{call.name}: {word}ing {device} as swap device")


def _from_fstab(call: Call) -> list[str]:
    fs = call.node.fs
    text = fs.read_file("/etc/fstab").decode("utf-8", "replace") if fs.exists("/etc/fstab") else ""
    rows = [line.split("#", 1)[0].split() for line in text.splitlines()]
    return [row[0] for row in rows if len(row) >= 4 and row[2] == "swap" and "noauto" not in row[3]]


COMMANDS: dict[str, Command] = {"swapinfo": swapinfo, "swapoff": swapoff, "swapon": swapon}
