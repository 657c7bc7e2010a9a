"""kern.geom.confxml, written as sys/geom/geom_dump.c writes it."""

from collections.abc import Iterable

from console.lab.geom.base import Config, Consumer, GeomClass, GeomObject, Provider


def write_mesh(classes: Iterable[GeomClass]) -> str:
    """The whole graph as XML."""
    lines = ["<mesh>"]
    for kind in classes:
        lines += [f'  <class id="{kind.xml_id}">', f"    <name>{kind.name}</name>"]
        for geom in kind.geoms:
            lines += _geom(geom)
        lines.append("  </class>")
    lines.append("</mesh>")
    return "\n".join(lines) + "\n"


def _geom(geom: GeomObject) -> Iterable[str]:
    yield f'    <geom id="{geom.xml_id}">'
    yield f'      <class ref="{geom.owner.xml_id}"/>'
    yield f"      <name>{_escape(geom.name)}</name>"
    yield f"      <rank>{geom.rank}</rank>"
    yield from _config("      ", geom.config() if geom.config is not None else None)
    for consumer in geom.consumers:
        yield from _consumer(consumer)
    for provider in geom.providers:
        yield from _provider(provider)
    yield "    </geom>"


def _consumer(consumer: Consumer) -> Iterable[str]:
    yield f'\t<consumer id="{consumer.xml_id}">'
    yield f'\t  <geom ref="{consumer.geom.xml_id}"/>'
    if consumer.provider is not None:
        yield f'\t  <provider ref="{consumer.provider.xml_id}"/>'
    yield f"\t  <mode>{consumer.mode}</mode>"
    yield from _config("\t  ", consumer.config() if consumer.config is not None else None)
    yield "\t</consumer>"


def _provider(provider: Provider) -> Iterable[str]:
    yield f'\t<provider id="{provider.xml_id}">'
    yield f'\t  <geom ref="{provider.geom.xml_id}"/>'
    yield f"\t  <mode>{provider.mode}</mode>"
    yield f"\t  <name>{_escape(provider.name)}</name>"
    yield f"\t  <mediasize>{provider.mediasize}</mediasize>"
    yield f"\t  <sectorsize>{provider.sectorsize}</sectorsize>"
    yield "\t  <stripesize>0</stripesize>"
    yield f"\t  <stripeoffset>{provider.stripeoffset}</stripeoffset>"
    yield from _config("\t  ", provider.config() if provider.config is not None else ())
    yield "\t</provider>"


def _config(indent: str, config: Config | None) -> Iterable[str]:
    if config is None:
        return
    inner = "\t" if indent.startswith(" ") else "\t    "
    yield f"{indent}<config>"
    for key, value in config:
        yield f"{inner}<{key}>{_escape(value)}</{key}>"
    yield f"{indent}</config>"


def _escape(text: str) -> str:
    safe = "".join(char if char.isprintable() else f"&#x{ord(char):x};" for char in text)
    return safe.replace("&", "&amp;").replace("&amp;#x", "&#x").translate({60: "&lt;", 62: "&gt;"})
