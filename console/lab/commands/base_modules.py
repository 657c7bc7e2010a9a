"""Kernel modules: kldstat(8), kldload(8), kldunload(8)."""

from console.lab import modules
from console.lab.arguments import read_options
from console.lab.call import Call, Command


async def kldstat(call: Call) -> int:
    """List loaded files, or ask for one module by name (-n file, -m module)."""
    read = read_options(
        call,
        "dhi:m:n:qv",
        "usage: kldstat [-dhqv] [-i id] [-n filename]\n       kldstat [-dhqv] [-m modname]",
    )
    if read is None:
        return 1
    options, _ = read
    wanted = options.get("n", options.get("m", "")).removesuffix(".ko").removeprefix("g_")
    if (
        wanted
        and wanted not in call.node.modules
        and f"geom_{wanted}" not in call.node.modules
        and wanted != "kernel"
    ):
        if "q" not in options:
            call.complain(
                f"kldstat: can't find file {options.get('n') or options.get('m')}: No such file or directory"
            )
        return 1
    if "q" in options:
        return 0
    call.say("Id Refs Address                Size Name")
    for number, refs, address, size, name in _files(call):
        if not wanted or wanted in name:
            call.say(f"{number:2d} {refs:4d} 0x{address:x} {size:8x} {name}")
    return 0


def _files(call: Call) -> list[tuple[int, int, int, int, str]]:
    kernel = (1, modules.kernel_references(call.node), modules.KERNEL_ADDRESS, modules.KERNEL_SIZE, "kernel")
    loaded = sorted(call.node.modules.values(), key=lambda module: module.number)
    return [
        kernel,
        *(
            (
                known.number,
                modules.references(call.node, known.name),
                known.address,
                known.size,
                f"{known.name}.ko",
            )
            for known in loaded
        ),
    ]


async def kldload(call: Call) -> int:
    """Load modules; -n accepts those that are there already."""
    read = read_options(call, "nqv", "usage: kldload [-nqv] file ...")
    if read is None:
        return 1
    options, names = read
    status = 0
    for name in names:
        short = name.rsplit("/", 1)[-1].removesuffix(".ko")
        if call.uid != 0:
            trouble = "Operation not permitted"
        elif "n" in options and modules.is_loaded(call.node, short):
            trouble = ""
        else:
            trouble = modules.load_module(call.node, short)
        if trouble:
            call.complain(f"kldload: can't load {name}: {trouble}")
            status = 1
        elif "v" in options and modules.is_loaded(call.node, short):
            call.say(f"Loaded {name}, id={call.node.modules[short].number}")
    return status


async def kldunload(call: Call) -> int:
    """Unload modules by name or, with -i, by number."""
    read = read_options(
        call, "finv", "usage: kldunload [-fv] [-n] name ...\n       kldunload [-fv] -i id ..."
    )
    if read is None:
        return 1
    status = 0
    for name in read[1]:
        short = name.rsplit("/", 1)[-1].removesuffix(".ko")
        if "i" in read[0]:
            short = next(
                (known.name for known in call.node.modules.values() if str(known.number) == name), name
            )
        if not modules.is_loaded(call.node, short):
            call.complain(f"kldunload: can't find file {name}")
            status = 1
            continue
        trouble = "Operation not permitted" if call.uid != 0 else modules.unload_module(call.node, short)
        if trouble:
            call.complain(f"kldunload: can't unload file: {trouble}")
            status = 1
    return status


COMMANDS: dict[str, Command] = {"kldstat": kldstat, "kldload": kldload, "kldunload": kldunload}
