"""kern.geom.confxml as a tree, walked from consumers to providers (sys/geom/geom_dump.c)."""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from console.parse.lines import whole

_LONGEST = 16 * 1024 * 1024
"""Characters. The largest real one seen is under 1 MB."""
_PREFIX = "kern.geom.confxml:"
_ENTITY = re.compile(r"&#(?:x([0-9A-Fa-f]{1,8})|([0-9]{1,8}));")
_BYTES = re.compile(r"(?:&#x[89A-Fa-f][0-9A-Fa-f];)+")
_UNPRINTED = dict.fromkeys((*range(0x20), 0x7F, *range(0x80, 0xA0), *range(0x202A, 0x202F)), 0xFFFD)
_UNPRINTED |= dict.fromkeys((*range(0x2066, 0x206A), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF), 0xFFFD)
for _kept in (0x09, 0x0A, 0x0D):
    del _UNPRINTED[_kept]


class Mesh:
    """The parsed tree and its providers by id: a consumer names its provider by id only."""

    def __init__(self, root: Element) -> None:
        self._geoms: dict[str, list[Element]] = {}
        self._origin: dict[str, tuple[str, Element, Element]] = {}
        for group in root.iterfind("class"):
            name = text_of(group, "name") or ""
            for geom in group.iterfind("geom"):
                self._geoms.setdefault(name, []).append(geom)
                for provider in geom.iterfind("provider"):
                    self._origin[provider.get("id", "")] = (name, geom, provider)
        self.classes = tuple(text_of(group, "name") or "" for group in root.iterfind("class"))

    def geoms(self, group: str) -> list[Element]:
        """The geoms of a class."""
        return self._geoms.get(group, [])

    def providers(self, group: str) -> Iterator[tuple[Element, Element]]:
        """Geom and provider for every provider of a class."""
        for geom in self.geoms(group):
            for provider in geom.iterfind("provider"):
                yield geom, provider

    def under(self, consumer: Element) -> tuple[str, Element, Element] | None:
        """Class, geom and provider that a consumer is attached to."""
        reference = consumer.find("provider")
        return None if reference is None else self._origin.get(reference.get("ref", ""))

    def device(self, consumer: Element) -> tuple[str | None, str | None]:
        """The device under a consumer and its class; names that GEOM_LABEL gave it are followed down."""
        found = self.under(consumer)
        seen: set[int] = set()
        while found is not None and found[0] == "LABEL" and id(found[1]) not in seen:
            seen.add(id(found[1]))
            below = found[1].find("consumer")
            lower = None if below is None else self.under(below)
            if lower is None:
                break
            found = lower
        return (None, None) if found is None else (text_of(found[2], "name"), found[0])


def mesh_of(text: str) -> tuple[Mesh | str, tuple[str, ...]]:
    """The tree and the lines around it, or in one sentence why there is none."""
    start, end = text.find("<mesh>"), text.rfind("</mesh>")
    if start < 0:
        return "kern.geom.confxml: no <mesh> in the answer", ()
    if end < start:
        return "kern.geom.confxml: the answer breaks off before its end", ()
    if end - start > _LONGEST:
        return "kern.geom.confxml: the answer is too large to be one", ()
    before, after = text[:start].strip(), text[end + len("</mesh>") :].strip()
    around = (*before.removeprefix(_PREFIX).split("\n"), *after.split("\n"))
    outside = tuple(line for line in around if line.strip())
    body = text[start : end + len("</mesh>")].translate(_UNPRINTED)
    if "&#" in body:
        body = _ENTITY.sub(_entity, _BYTES.sub(_bytes, body))
    try:
        return Mesh(fromstring(body, forbid_dtd=True)), outside
    except DefusedXmlException:
        return "kern.geom.confxml: the answer declares XML entities, which the kernel never does", ()
    except (ParseError, ValueError) as odd:
        return f"kern.geom.confxml: not well-formed XML ({odd})", ()


def _bytes(found: re.Match[str]) -> str:
    """Each byte above 0x7e is printed as an entity of its own: together they are UTF-8, or odd bytes."""
    codes = bytes.fromhex(found[0].replace("&#x", "").replace(";", ""))
    return codes.decode("utf-8", "backslashreplace").translate(_UNPRINTED)


def _entity(found: re.Match[str]) -> str:
    code = int(found[1], 16) if found[1] else int(found[2])
    if code > 0x10FFFF or _UNPRINTED.get(code) == 0xFFFD:
        return "\ufffd"
    return found[0]


def text_of(element: Element, tag: str) -> str | None:
    """The text of a child, if it has that child."""
    found = element.find(tag)
    return None if found is None or found.text is None else found.text.strip()


def config_of(element: Element) -> dict[str, str]:
    """What a class says of its own geom, consumer or provider."""
    config = element.find("config")
    return {} if config is None else {key.tag: (key.text or "").strip() for key in config}


def number_of(word: str | None) -> int | None:
    """A whole number, if there is one."""
    return None if word is None else whole(word)
