"""Kernel modules of a simulated node: loading with what they need, unloading, and kldstat(8)'s numbers."""

from collections.abc import Callable

from console.lab.world import Module, Node

KERNEL_ADDRESS = 0xFFFFFFFF80200000
KERNEL_SIZE = 0x9447F8
_FIRST_ADDRESS = 0xFFFFFFFF80D10000
_PAGE = 0x1000

SIZES = {
    "geom_mirror": 0xEEF0,
    "geom_gate": 0x4538,
    "netgraph": 0xAA28,
    "ng_socket": 0x3930,
    "ng_ether": 0x3180,
    "ng_eiface": 0x2180,
    "ng_bridge": 0x3210,
    "carp": 0xBB20,
}
"""Every module on disk, with the size of its code in memory."""

NEEDS = {name: "netgraph" for name in SIZES if name.startswith("ng_")}

_KERNEL_REFERENCES = {"geom_gate": 3}

busy: dict[str, Callable[[Node], bool]] = {
    "geom_mirror": lambda node: bool(node.geom.mirrors),
    "geom_gate": lambda node: bool(node.geom.gates),
}
"""Says for a module whether something still uses it."""


def is_loaded(node: Node, name: str) -> bool:
    """True when the module is in memory."""
    return name in node.modules


def load_module(node: Node, name: str, attempts: int = 1) -> str:
    """Load a module and what it needs; returns "" or the reason it cannot be.

    A loader that tries several names uses up a file number with each attempt.
    """
    if name not in SIZES:
        return "No such file or directory"
    if is_loaded(node, name):
        return "module already loaded or in kernel"
    number = _next_number(node) + attempts - 1
    node.modules[name] = Module(name, _free_address(node), SIZES[name], number)
    needed = NEEDS.get(name)
    if needed is not None and not is_loaded(node, needed):
        load_module(node, needed)
    node.geom.module_loaded(name)
    return ""


def unload_module(node: Node, name: str) -> str:
    """Unload a module; returns "" or the reason it cannot be."""
    if not is_loaded(node, name):
        return "No such file or directory"
    if any(NEEDS.get(other) == name for other in node.modules) or (name in busy and busy[name](node)):
        return "Device busy"
    del node.modules[name]
    node.geom.module_unloaded(name)
    needed = NEEDS.get(name)
    if needed is not None and not any(NEEDS.get(other) == needed for other in node.modules):
        del node.modules[needed]
    return ""


def kernel_references(node: Node) -> int:
    """How often the kernel itself is referred to: by itself and by the interfaces each module uses."""
    return 1 + sum(_KERNEL_REFERENCES.get(name, 2) for name in node.modules)


def references(node: Node, name: str) -> int:
    """How often a module is referred to: once for being loaded, or by those that need it."""
    return max(1, sum(NEEDS.get(other) == name for other in node.modules))


def _next_number(node: Node) -> int:
    return max([1, *(module.number for module in node.modules.values())]) + 1


def _free_address(node: Node) -> int:
    ends = [module.address + module.size for module in node.modules.values()]
    return max([_FIRST_ADDRESS, *(-(-end // _PAGE) * _PAGE for end in ends)])
