"""Files that exist only when somebody looks: a directory tree whose files are made from what the lab knows.

The shell's own words (`[ -e`, `<`, globs) see the directories and not these files; the lab's commands see
them. Contents cost nothing until they are read, so a hundred thousand of them are no burden.
"""

from typing import TYPE_CHECKING, Protocol
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from console.lab.files import Entry
    from console.lab.world import Node


class LazyFiles(Protocol):
    """A tree of such files."""

    root: str
    """The directory that they are below."""

    def entry(self, path: str) -> "Entry | None":
        """The file at an absolute path, if there is one."""
        ...

    def entries(self, directory: str) -> "list[Entry]":
        """The files in a directory, by name."""
        ...

    def content(self, path: str) -> bytes:
        """What is in a file; b"" when it has gone."""
        ...

    def inode(self, path: str) -> int | None:
        """Its number; None when it is not one of these files."""
        ...


_TREES: "WeakKeyDictionary[Node, LazyFiles]" = WeakKeyDictionary()


def install_lazy(node: "Node", tree: LazyFiles) -> None:
    """Give a node such files."""
    _TREES[node] = tree


def lazy_at(node: "Node", path: str) -> LazyFiles | None:
    """The tree that a path is in or below; none on a node that moves whole disks, which hold real files."""
    tree = _TREES.get(node)
    if tree is None or node.system is not None or not path.startswith(tree.root):
        return None
    return tree
