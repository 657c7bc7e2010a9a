"""What gmirror(8) asks of the kernel: sys/geom/mirror/g_mirror_ctl.c."""

import errno

from console.lab.geom import metadata as meta
from console.lab.geom.base import Provider
from console.lab.geom.component import BUMP_SYNCID, Component
from console.lab.geom.mirror import Mirrors
from console.lab.geom.softc import Mirror


class Refusal(Exception):
    """Why the kernel does not do it: what stands after `gmirror: `."""


def device(mirrors: Mirrors, name: str) -> Mirror:
    """The mirror of that name; raises Refusal."""
    mirror = mirrors.mirrors.get(name)
    if mirror is None:
        raise Refusal(f"No such device: {name}.")
    return mirror


def component(mirror: Mirror, name: str) -> Component:
    """The component on that provider; raises Refusal."""
    name = name.removeprefix("/dev/")
    for known in mirror.components:
        if known.name == name:
            return known
    raise Refusal(f"No such provider: {name}.")


async def rebuild(mirror: Mirror, name: str) -> None:
    """Copy a component anew, from the start."""
    async with mirror.lock:
        disk = component(mirror, name)
        if disk.state == "ACTIVE" and mirror.active_count == 1:
            raise Refusal(f"Provider {disk.name} is the last active provider in {mirror.name}.")
        disk.flags |= meta.FORCE_SYNC
        await mirror.store(disk)
        if disk not in mirror.components:
            return
        mirror.sync.stop(disk)
        mirror.say(f"Device {mirror.name}: provider {disk.name} disconnected.")
        disk.offset = 0
        # The component comes back as a new one: last in every list.
        mirror.components.remove(disk)
        mirror.components.append(disk)
        mirror.geom.consumers.remove(disk.consumer)
        mirror.geom.consumers.insert(0, disk.consumer)
        await mirror.sync.begin(disk)


async def deactivate(mirror: Mirror, name: str) -> None:
    """Stamp a component INACTIVE and let go of it."""
    async with mirror.lock:
        disk = component(mirror, name)
        _keep_one(mirror, disk, "deactivate")
        disk.flags = (disk.flags | meta.INACTIVE) & ~(meta.FORCE_SYNC | meta.DIRTY)
        await mirror.store(disk)
        mirror.bump |= BUMP_SYNCID
        if disk in mirror.components:
            await mirror.disconnect(disk)


async def remove(mirror: Mirror, name: str) -> None:
    """Take a component out and wipe its metadata."""
    async with mirror.lock:
        if len(mirror.components) < mirror.all:
            raise Refusal("Not all disks connected.")
        disk = component(mirror, name)
        _keep_one(mirror, disk, "remove")
        await _wipe(mirror, disk.provider)
        mirror.all -= 1
        await mirror.disconnect(disk, "destroyed")
        await _store_all(mirror)


async def forget(mirror: Mirror) -> None:
    """Expect no more components than there are."""
    async with mirror.lock:
        if len(mirror.components) < mirror.all:
            mirror.all = len(mirror.components)
            await _store_all(mirror)


async def insert(
    mirror: Mirror, provider: Provider, *, priority: int, hardcode: bool, inactive: bool
) -> None:
    """Write a new component's metadata; tasting it does the rest."""
    kernel = mirror.kernel
    async with mirror.lock:
        if len(mirror.components) < mirror.all:
            raise Refusal("Not all disks connected.")
        if any(disk.consumer.provider is provider for disk in mirror.components):
            raise Refusal(f"Provider {provider.name} already inserted.")
        if provider.mediasize - meta.SIZE < mirror.mediasize:
            raise Refusal(f"Provider {provider.name} too small.")
        geom = kernel.new_geom(mirror.owner, mirror.name, 1)
        user = kernel.attach(geom, provider)
        try:
            kernel.access(user, 0, 1, 1)
        except OSError as error:
            kernel.remove_geom(geom)
            raise Refusal(f"Cannot access provider {provider.name}.") from error
        mirror.all += 1
        md = mirror.describe(None).but(
            priority=priority,
            dflags=meta.INACTIVE if inactive else 0,
            hcprovider=provider.name if hardcode else "",
            provsize=provider.mediasize,
        )
        try:
            await provider.write(provider.mediasize - meta.SIZE, md.encode())
        except OSError as error:
            mirror.all -= 1
            raise Refusal(f"Cannot store metadata on {provider.name}.") from error
        finally:
            kernel.remove_geom(geom)
        await _store_all(mirror)


async def stop(mirror: Mirror, *, force: bool) -> None:
    """Take a mirror down; its metadata stays."""
    if mirror.provider is not None and mirror.provider.in_use and not force:
        raise Refusal(f"Cannot destroy device {mirror.name} (error={errno.EBUSY}).")
    await mirror.stop()


async def destroy(mirror: Mirror, *, force: bool) -> None:
    """Take a mirror down and wipe the metadata of its components."""
    providers = [disk.provider for disk in mirror.components if disk.consumer.provider is not None]
    if mirror.provider is not None and mirror.provider.in_use and not force:
        raise Refusal(f"Cannot destroy device {mirror.name} (error={errno.EBUSY}).")
    async with mirror.lock:
        mirror.owner.mirrors.pop(mirror.name, None)
        for disk in list(mirror.components):
            mirror.sync.stop(disk)
        for provider in providers:
            await _wipe(mirror, provider)
        mirror.destroy()


async def configure(mirror: Mirror, changes: dict[str, str]) -> None:
    """Change flags (-a -n -f -F -h -d), balance (-b) or slice (-s)."""
    async with mirror.lock:
        if len(mirror.components) < mirror.all:
            raise Refusal("Not all disks connected. Try 'forget' command first.")
        before = (mirror.flags, mirror.balance, mirror.slice, [disk.flags for disk in mirror.components])
        for letter, bit, on in (
            ("a", meta.NOAUTOSYNC, False),
            ("n", meta.NOAUTOSYNC, True),
            ("f", meta.NOFAILSYNC, False),
            ("F", meta.NOFAILSYNC, True),
        ):
            if letter in changes:
                mirror.flags = mirror.flags | bit if on else mirror.flags & ~bit
        mirror.balance = changes.get("b", mirror.balance)
        mirror.slice = int(changes.get("s", mirror.slice))
        for disk in mirror.components:
            if "h" in changes:
                disk.flags |= meta.HARDCODED
            if "d" in changes:
                disk.flags &= ~meta.HARDCODED
        after = (mirror.flags, mirror.balance, mirror.slice, [disk.flags for disk in mirror.components])
        if before == after and not {"h", "d"} & set(changes):
            raise Refusal("Nothing has changed.")
        await _store_all(mirror)


async def set_priority(mirror: Mirror, name: str, priority: int) -> None:
    """Change one component's priority."""
    async with mirror.lock:
        disk = component(mirror, name)
        if disk.priority == priority:
            raise Refusal("Nothing has changed.")
        disk.priority = priority
        await mirror.store(disk)


async def resize(mirror: Mirror, size: int | None) -> None:
    """Make the mirror as large as its smallest component allows, or `size` bytes."""
    async with mirror.lock:
        room = min(disk.provider.mediasize for disk in mirror.components) - meta.SIZE
        wanted = room if size is None else min(size, room)
        if wanted < mirror.mediasize and mirror.provider is not None and mirror.provider.in_use:
            raise Refusal(f"Device {mirror.name} is busy.")
        mirror.mediasize = wanted
        if mirror.provider is not None:
            mirror.provider.mediasize = wanted
        await _store_all(mirror)


async def _wipe(mirror: Mirror, provider: Provider) -> None:
    try:
        await provider.write(provider.mediasize - meta.SIZE, bytes(meta.SIZE))
    except OSError as error:
        mirror.say(f"Cannot clear metadata on disk {provider.name} (error={error.errno}).")


async def _store_all(mirror: Mirror) -> None:
    for disk in list(mirror.components):
        await mirror.store(disk)


def _keep_one(mirror: Mirror, disk: Component, verb: str) -> None:
    if disk.state == "ACTIVE" and mirror.active_count == 1:
        raise Refusal(f"{mirror.name}: Can't {verb} the last ACTIVE component {disk.name}.")
