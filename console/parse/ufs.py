"""What dumpfs(8) and `tunefs -p` tell of a UFS file system."""

import re
from dataclasses import dataclass, field, replace

from console.parse.lines import filled, whole
from console.parse.reading import Reading


@dataclass(frozen=True, slots=True)
class SuperBlock:
    """The super block as dumpfs(8) prints it; sizes in fragments unless said otherwise."""

    ufs: int | None = None
    """1 or 2."""
    last_mounted: str | None = None
    last_modified: str | None = None
    id: str | None = None
    """As in the name under /dev/ufsid: both words, 16 hex digits."""
    bsize: int | None = None
    fsize: int | None = None
    size: int | None = None
    blocks: int | None = None
    ncg: int | None = None
    nbfree: int | None = None
    nifree: int | None = None
    nffree: int | None = None
    minfree: int | None = None
    """Percent."""
    fmod: int | None = None
    ronly: int | None = None
    clean: bool | None = None
    """False while mounted read-write, or after a crash."""
    flags: tuple[str, ...] = ()
    soft_updates: bool = False
    journal: bool = False
    fsmnt: str | None = None
    """Where it was last mounted."""
    volname: str | None = None
    providersize: int | None = None
    values: dict[str, int | str] = field(default_factory=dict)
    """Every other key, as printed."""
    errors: tuple[str, ...] = ()


_MAGIC = re.compile(r"magic\s+([0-9a-f]{1,8}) \((UFS([12])|[^)]*)\)(?:\s+(?:format|time)\s+.*)?")
_TIME = re.compile(r"(last mounted time|last modified time|time|superblock location)\s+(.+)")
_ID = re.compile(r"\bid\s+\[ ([0-9a-f]{1,8}) ([0-9a-f]{1,8}) \]")
_PAIR = re.compile(r"([a-z]{2,16})\s+(0x[0-9a-f]{1,16}|-?[0-9]{1,20}%?|time|space)(?=\s|$)")
_CYLINDER = re.compile(
    r"cs\[\]\.cs_\(.*|\([0-9, ]+\).*|blocks in last group .*|.* in last group.*|cg [0-9]+:"
)


def read_dumpfs(text: str) -> Reading[SuperBlock]:
    """Read the super-block part of dumpfs(8); the part per cylinder group is left out."""
    unread: list[str] = []
    texts: dict[str, str] = {}
    values: dict[str, int | str] = {}
    flags: tuple[str, ...] = ()
    ufs: int | None = None
    errors: list[str] = []
    in_groups = False
    for line in filled(text, unread):
        bare = line.strip()
        if in_groups or re.match(r"cg [0-9]+:", bare):
            in_groups = True
        elif bare.startswith("dumpfs: "):
            errors.append(bare)
        elif found := _MAGIC.fullmatch(bare):
            ufs = int(found[3]) if found[3] else None
        elif found := _TIME.match(bare):
            if named := _ID.search(bare):
                texts["id"] = named[1].rjust(8, "0") + named[2].rjust(8, "0")
            texts[found[1]] = found[2]
        elif bare.startswith("flags"):
            flags = tuple(bare.split()[1:])
        elif bare.startswith(("fsmnt", "volname", "check hashes")):
            _named(bare, texts, values)
        elif pairs := _PAIR.findall(bare):
            values |= {key: _value(value) for key, value in pairs}
        elif not _CYLINDER.fullmatch(bare):
            unread.append(line)
    block = _super_block(ufs, texts, values, flags)
    return Reading(replace(block, errors=tuple(errors)), tuple(unread))


def _named(bare: str, texts: dict[str, str], values: dict[str, int | str]) -> None:
    key, _, rest = bare.partition("\t")
    if key == "volname":
        name, _, rest = rest.partition("\t")
        texts[key] = name.strip()
        values |= {key: _value(value) for key, value in _PAIR.findall(rest)}
    else:
        texts[key] = rest.strip()


def _value(word: str) -> int | str:
    number = whole(word.removesuffix("%"))
    return word if number is None else number


def _super_block(
    ufs: int | None, texts: dict[str, str], values: dict[str, int | str], flags: tuple[str, ...]
) -> SuperBlock:
    def taken(key: str) -> int | None:
        value = values.pop(key, None)
        return value if isinstance(value, int) else None

    clean = taken("clean")
    for repeated in ("shift", "mask"):  # printed after bsize and again after fsize
        values.pop(repeated, None)
    return SuperBlock(
        ufs=ufs,
        last_mounted=texts.get("last mounted time"),
        last_modified=texts.get("last modified time", texts.get("time")),
        id=texts.get("id"),
        bsize=taken("bsize"),
        fsize=taken("fsize"),
        size=taken("size"),
        blocks=taken("blocks"),
        ncg=taken("ncg"),
        nbfree=taken("nbfree"),
        nifree=taken("nifree"),
        nffree=taken("nffree"),
        minfree=taken("minfree"),
        fmod=taken("fmod"),
        ronly=taken("ronly"),
        clean=None if clean is None else bool(clean),
        flags=flags,
        soft_updates="soft-updates" in flags or "soft-updates+journal" in flags,
        journal=any("journal" in flag for flag in flags),
        fsmnt=texts.get("fsmnt"),
        volname=texts.get("volname") or None,
        providersize=taken("providersize"),
        values=values,
    )


@dataclass(frozen=True, slots=True)
class Tuning:
    """`tunefs -p`: values by option letter under readable names."""

    acls: bool | None = None
    nfs4acls: bool | None = None
    multilabel: bool | None = None
    soft_updates: bool | None = None
    journal: bool | None = None
    gjournal: bool | None = None
    trim: bool | None = None
    maxbpg: int | None = None
    avgfilesize: int | None = None
    avgfpdir: int | None = None
    minfree: int | None = None
    """Percent."""
    metaspace: int | None = None
    optimization: str | None = None
    label: str | None = None
    errors: tuple[str, ...] = ()


_SETTING = re.compile(r"(?:tunefs: )?([A-Za-z0-9 .]{1,80}?): \(-([A-Za-z])\)(?:\s+(.*))?")
_SWITCHES = {
    "a": "acls",
    "N": "nfs4acls",
    "l": "multilabel",
    "n": "soft_updates",
    "j": "journal",
    "J": "gjournal",
    "t": "trim",
}
_COUNTS = {"e": "maxbpg", "f": "avgfilesize", "s": "avgfpdir", "m": "minfree", "k": "metaspace"}
_WORDS = {"o": "optimization", "L": "label"}


def read_tunefs(text: str) -> Reading[Tuning]:
    """Read `tunefs -p` (tunefs(8)), which prints on standard error."""
    unread: list[str] = []
    switches: dict[str, bool] = {}
    counts: dict[str, int] = {}
    words: dict[str, str] = {}
    errors: list[str] = []
    for line in filled(text, unread):
        found = _SETTING.fullmatch(line.strip())
        letter, value = (found[2], (found[3] or "").strip()) if found else ("", "")
        count = whole(value.removesuffix("%"))
        if letter in _SWITCHES and value in ("enabled", "disabled"):
            switches[_SWITCHES[letter]] = value == "enabled"
        elif letter in _COUNTS and count is not None:
            counts[_COUNTS[letter]] = count
        elif letter in _WORDS:
            words |= {_WORDS[letter]: value} if value else {}
        elif found is None and line.startswith("tunefs: "):
            errors.append(line.strip())
        else:
            unread.append(line)
    return Reading(
        Tuning(
            acls=switches.get("acls"),
            nfs4acls=switches.get("nfs4acls"),
            multilabel=switches.get("multilabel"),
            soft_updates=switches.get("soft_updates"),
            journal=switches.get("journal"),
            gjournal=switches.get("gjournal"),
            trim=switches.get("trim"),
            maxbpg=counts.get("maxbpg"),
            avgfilesize=counts.get("avgfilesize"),
            avgfpdir=counts.get("avgfpdir"),
            minfree=counts.get("minfree"),
            metaspace=counts.get("metaspace"),
            optimization=words.get("optimization"),
            label=words.get("label"),
            errors=tuple(errors),
        ),
        tuple(unread),
    )
