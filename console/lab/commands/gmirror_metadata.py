"""gmirror(8): the verbs that work on metadata without the kernel's class (label, clear, activate, dump)."""

import errno

from console.lab.arguments import Options
from console.lab.call import Call
from console.lab.errors import reason
from console.lab.geom import metadata as meta
from console.lab.geom.base import Provider, failure
from console.lab.geom.metadata import Metadata


async def label(call: Call, options: Options, words: list[str]) -> int:
    """Write the metadata of a new mirror on every provider."""
    if len(words) < 2:
        return _fail(call, "Too few arguments.")
    balance = options.get("b", "load")
    if balance not in meta.BALANCES:
        return _fail(call, "Invalid balance algorithm.")
    name, *names = words
    providers: list[tuple[str, Provider]] = []
    for given in names:
        provider = call.node.geom.find(given)
        if provider is None:
            return _fail(call, f"Can't get informations about {given}: No such file or directory.")
        providers.append((given, provider))
    dice = call.node.world.random
    md = Metadata(
        name=name,
        mid=dice.getrandbits(32),
        did=0,
        all=len(providers),
        genid=0,
        syncid=1,
        priority=0,
        slice=int(options.get("s", 4096)),
        balance=balance,
        mediasize=min(provider.mediasize for _, provider in providers) - meta.SIZE,
        mflags=(meta.NOAUTOSYNC if "n" in options else 0) | (meta.NOFAILSYNC if "F" in options else 0),
    )
    # gmirror(8) wipes all of them first, so that a mirror they belonged to lets go.
    for given, provider in providers:
        try:
            await _write(call, provider, bytes(meta.SIZE))
        except OSError as error:
            return _fail(call, f"Can't store metadata on {given}: {reason(error)}.")
    await call.node.geom.idle()
    for position, (given, provider) in enumerate(providers):
        sector = md.but(
            did=dice.getrandbits(32),
            priority=position,
            provsize=provider.mediasize,
            hcprovider=provider.name if "h" in options else "",
        )
        try:
            await _write(call, provider, sector.encode())
        except OSError as error:
            return _fail(call, f"Can't store metadata on {given}: {reason(error)}.")
        if "v" in options:
            call.say(f"Metadata value stored on {given}.")
    await call.node.geom.idle()
    return _done(call, options)


async def clear(call: Call, options: Options, words: list[str]) -> int:
    """Wipe the metadata of providers."""
    if not words:
        return _fail(call, "Too few arguments.")
    clean = True
    for given in words:
        try:
            provider = _find(call, given)
            await _read(call, provider)
            await _write(call, provider, bytes(meta.SIZE))
        except OSError as error:
            call.complain(f"Can't clear metadata on {given}: {reason(error)}.")
            clean = False
            continue
        if "v" in options:
            call.say(f"Metadata cleared on {given}.")
    await call.node.geom.idle()
    return _done(call, options) if clean else _fail(call, "Not fully done.")


async def activate(call: Call, options: Options, words: list[str]) -> int:
    """Take the INACTIVE stamp off components, which are tasted again then."""
    if len(words) < 2:
        return _fail(call, "Too few arguments.")
    name, *names = words
    clean = True
    for given in names:
        try:
            provider = _find(call, given)
            md = await _read(call, provider)
        except OSError as error:
            call.complain(f"Cannot read metadata from {given}: {reason(error)}.")
            clean = False
            continue
        if md.name != name:
            call.complain(f"Provider {given} is not the mirror {name} component.")
            clean = False
            continue
        try:
            await _write(call, provider, md.but(dflags=md.dflags & ~meta.INACTIVE).encode())
        except OSError as error:
            call.complain(f"Cannot write metadata from {given}: {reason(error)}.")
            clean = False
            continue
        if "v" in options:
            call.say(f"Provider {given} activated.")
    await call.node.geom.idle()
    return _done(call, options) if clean else _fail(call, "Not fully done.")


async def dump(call: Call, options: Options, words: list[str]) -> int:
    """Print the metadata of providers."""
    if not words:
        return _fail(call, "Too few arguments.")
    clean = True
    for given in words:
        try:
            if call.uid != 0 and "operator" not in call.groups:
                raise failure(errno.EACCES)
            md = await _read(call, _find(call, given))
        except OSError as error:
            call.complain(f"Can't read metadata from {given}: {reason(error)}.")
            clean = False
            continue
        call.say(f"Metadata on {given}:\n{_text(md)}")
    return 0 if clean else _fail(call, "Not fully done.")


def _text(md: Metadata) -> str:
    flags = meta.flag_words(md.dflags, meta.DISK_FLAGS)
    rows = (
        ("magic", meta.MAGIC.decode()),
        ("version", md.version),
        ("name", md.name),
        ("mid", md.mid),
        ("did", md.did),
        ("all", md.all),
        ("genid", md.genid),
        ("syncid", md.syncid),
        ("priority", md.priority),
        ("slice", md.slice),
        ("balance", md.balance),
        ("mediasize", md.mediasize),
        ("sectorsize", md.sectorsize),
        ("syncoffset", md.syncoffset),
        ("mflags", meta.flag_words(md.mflags, meta.DEVICE_FLAGS)),
        ("dflags", flags),
        ("hcprovider", md.hcprovider),
        ("provsize", md.provsize),
        ("MD5 hash", md.digest),
    )
    return "".join(f"{key:>10}:{_value(key, value)}\n" for key, value in rows)


def _value(key: str, value: object) -> str:
    # Flags are printed one by one, each with its own blank: none that it knows, no blank.
    return "" if key == "dflags" and value == "" else f" {value}"


def _find(call: Call, given: str) -> Provider:
    provider = call.node.geom.find(given)
    if provider is None:
        raise failure(errno.ENOENT)
    return provider


async def _read(call: Call, provider: Provider) -> Metadata:
    with call.node.geom.dev.opened(provider, write=False):
        md = meta.decode(await provider.read(provider.mediasize - meta.SIZE, meta.SIZE))
    if md is None:
        raise failure(errno.EINVAL)
    return md


async def _write(call: Call, provider: Provider, sector: bytes) -> None:
    if call.uid != 0:
        raise failure(errno.EACCES)
    with call.node.geom.dev.opened(provider, write=True):
        await provider.write(provider.mediasize - meta.SIZE, sector)


def _done(call: Call, options: Options) -> int:
    if "v" in options:
        call.say("Done.")
    return 0


def _fail(call: Call, text: str) -> int:
    call.complain(f"gmirror: {text}")
    return 1
