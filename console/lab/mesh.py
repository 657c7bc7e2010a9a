"""The GEOM graph as its readers see it: kern.geom.confxml, and the other texts the kernel makes of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring

from console.lab.world import Node


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider: which class and geom offer it, and its element in the mesh."""

    kind: str
    geom: str
    rank: int
    element: Element

    def text(self, path: str, otherwise: str = "") -> str:
        """The text of a child, such as `config/fwheads`."""
        return (self.element.findtext(path) or otherwise).strip()

    @property
    def name(self) -> str:
        """Its name below /dev."""
        return self.text("name")

    @property
    def size(self) -> int:
        """Bytes."""
        return int(self.text("mediasize", "0"))


def mesh(node: Node) -> Element:
    """The graph, parsed."""
    return fromstring(node.geom.confxml())


def providers(node: Node, kind: str = "") -> Iterator[Provider]:
    """All providers in the order of the mesh, or those of one class."""
    for group in mesh(node).findall("class"):
        name = group.findtext("name", "")
        if kind in ("", name):
            for geom in group.findall("geom"):
                rank = int(geom.findtext("rank", "1"))
                for element in geom.findall("provider"):
                    yield Provider(name, geom.findtext("name", ""), rank, element)


def disks(node: Node) -> str:
    """kern.disks."""
    return " ".join(provider.name for provider in providers(node, "DISK"))


def conftxt(node: Node) -> str:
    """kern.geom.conftxt: each bottom provider, and below it what is made of it."""
    root = mesh(node)
    geoms = [
        (group.findtext("name", ""), geom)
        for group in root.findall("class")
        for geom in group.findall("geom")
    ]
    lines: list[str] = []

    def below(provider: Element, kind: str, depth: int) -> None:
        lines.append(f"{depth} {kind} {_facts(provider, kind)}")
        for upper, geom in geoms:
            if any(_uses(consumer, provider) for consumer in geom.findall("consumer")):
                for made in geom.findall("provider"):
                    below(made, upper, depth + 1)

    for kind, geom in geoms:
        if not geom.findall("consumer"):
            for provider in geom.findall("provider"):
                below(provider, kind, 0)
    return "".join(f"{line}\n" for line in lines)


def _uses(consumer: Element, provider: Element) -> bool:
    ref = consumer.find("provider")
    return ref is not None and ref.get("ref") == provider.get("id")


def _facts(provider: Element, kind: str) -> str:
    def config(key: str, otherwise: str = "0") -> str:
        return provider.findtext(f"config/{key}", otherwise)

    facts = f"{provider.findtext('name')} {provider.findtext('mediasize')} {provider.findtext('sectorsize')}"
    if kind == "DISK":
        return f"{facts} hd {config('fwheads')} sc {config('fwsectors')}"
    if kind == "PART":
        parts = f"i {config('index')} o {config('offset')} ty {config('type')}"
        return f"{facts} {parts} xs GPT xt {config('rawtype')}"
    if kind == "LABEL":
        return f"{facts} i {config('index')} o {config('offset')}"
    if kind == "MD":
        text = f"{facts} u {config('unit')} s {config('sectorsize')} f 0 fs 0 l {config('length')}"
        text += f" t {config('type')}"
        return f"{text} file {config('file')}" if config("file", "") else text
    return facts


def confdot(node: Node) -> str:
    """kern.geom.confdot: the graph in the language of graphviz."""
    lines = ["digraph geom {"]
    for group in mesh(node).findall("class"):
        for geom in group.findall("geom"):
            kind, name, rank = group.findtext("name"), geom.findtext("name"), geom.findtext("rank")
            own = f"z{geom.get('id')}"
            lines.append(f'{own} [shape=box,label="{kind}\\n{name}\\nr#{rank}"];')
            for consumer in geom.findall("consumer"):
                link = f"z{consumer.get('id')}"
                lines.append(f'{link} [label="{consumer.findtext("mode")}"];')
                used = consumer.find("provider")
                if used is not None:
                    lines.append(f"{link} -> z{used.get('ref')};")
                lines.append(f"{own} -> {link};")
            for provider in geom.findall("provider"):
                link = f"z{provider.get('id')}"
                facts = f"sector={provider.findtext('sectorsize')}\\nstripe={provider.findtext('stripesize')}"
                label = f"{provider.findtext('name')}\\n{provider.findtext('mode')}\\nerr#0\\n{facts}"
                lines += [f'{link} [shape=hexagon,label="{label}"];', f"{link} -> {own};"]
    return "\n".join([*lines, "}"]) + "\n"
