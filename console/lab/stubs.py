"""What stands at the paths of the lab's commands, so that absolute names work and which(1) finds them."""

from collections.abc import Mapping

from bashkit import FileSystem


def make_callable(fs: FileSystem) -> None:
    """What the shell itself brings along works by its path as well."""
    for path in ("/bin/sh", "/bin/kill"):
        if not fs.exists(path) or fs.read_file(path).startswith(b"\x7fELF"):
            fs.mkdir("/bin", recursive=True)
            # A script knows nothing of the session's jobs: there, /bin/kill means the node's processes.
            name = "__kill" if path == "/bin/kill" else "sh"
            fs.write_file(path, f'#!/bin/sh\n{name} "$@"\n'.encode())
            fs.chmod(path, 0o555)


def install_stubs(fs: FileSystem, paths: Mapping[str, str]) -> None:
    """Write an executable for every command at its path, so that absolute names and which(1) work."""
    for directory in {path.rsplit("/", 1)[0] for path in paths.values()}:
        fs.mkdir(directory, recursive=True)
    for name, path in paths.items():
        if not fs.exists(path):
            fs.write_file(path, f'#!/bin/sh\n_CALLED={path} {name} "$@"\n'.encode())
            fs.chmod(path, 0o555)
