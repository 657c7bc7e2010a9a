"""Whatever a mirror or a path is called: every text of these jobs is shell that means just that."""

import shutil
import subprocess
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.model.config import NodeConfig, PairConfig
from console.model.facts import Geom, ImageFile, Mount
from console.model.plan import Plan
from console.model.snapshot import PairSnapshot
from console.model.words import Home
from playbooks.parts.building import q
from tests.health.building import GATE, MD, MD_OF_SLAVE, ROOT, SIZE, component, healthy, mirror, with_facts
from tests.playbooks.planning import line_of, plan, texts
from tests.playbooks.test_provision import bare

SHELL = shutil.which("dash") or "sh"
ODD = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=20
)
WORDS = ODD.filter(lambda w: not any(c.isspace() for c in w) and w[0] not in "-." and "/" not in w)
NASTY = ("$(reboot)", "'; rm -rf ~ #", '"`id`"', "a b", "*", "\\", "-rf", "!!", "%s", "|&>")


def _named(pair: PairSnapshot, name: str, mount: str, image: str) -> PairSnapshot:
    """A pair whose mirror, mount point and images are called otherwise, in configuration and facts."""
    nodes = (
        NodeConfig(name="web-a", home=Home.MASTER, host="192.168.1.100", image=image),
        NodeConfig(name="web-b", home=Home.SLAVE, host="192.168.1.101", image=f"{image}.b"),
    )
    config = PairConfig(name="p", mount=mount, mirror=name, nodes=nodes)
    pair = replace(
        pair,
        config=config,
        master=replace(pair.master, config=config.master),
        slave=replace(pair.slave, config=config.slave),
    )
    geom = Geom(
        mirrors=(mirror(name=name),),
        gates=(replace(GATE, path=f"{image}.b"),),
        mds=(replace(MD, file=image),),
    )
    pair = with_facts(
        pair,
        Home.MASTER,
        geom=geom,
        mounts=(ROOT, Mount(f"/dev/mirror/{name}", mount, "ufs", ("rw",))),
        images=(ImageFile(image, SIZE, SIZE),),
    )
    exports = pair.slave.facts.exports.value
    assert exports
    line = replace(exports.exports[0], path=f"{image}.b")
    images = (ImageFile(f"{image}.b", SIZE, SIZE),)
    return with_facts(pair, Home.SLAVE, exports=replace(exports, exports=(line,)), images=images)


def _split(pair: PairSnapshot, name: str, image: str) -> PairSnapshot:
    alone = mirror(component("md0"), state="DEGRADED", name=name)
    pair = with_facts(
        pair,
        Home.MASTER,
        geom=Geom(mirrors=(alone,), mds=(replace(MD, file=image),)),
        lineage=line_of(("a", "web-a"), ("b", "web-a")),
    )
    return with_facts(
        pair,
        Home.SLAVE,
        geom=Geom(mirrors=(alone,), mds=(replace(MD_OF_SLAVE, file=f"{image}.b"),)),
        lineage=line_of(("a", "web-a"), ("c", "web-b")),
    )


def _is_shell(made: Plan) -> None:
    whole = "\n".join(texts(made))
    ran = subprocess.run([SHELL, "-n"], input=whole.encode(), capture_output=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr.decode()


def _all(name: str, mount: str, image: str) -> list[Plan]:
    whole = _named(healthy(), name, mount, image)
    jobs: list[tuple[str, PairSnapshot, dict[str, Any]]] = [
        ("recover-slave", whole, {"give_up": True}),
        ("slave-drill", whole, {}),
        ("grow", whole, {"size": "64m"}),
        ("evacuate", whole, {"host": "new.example.net", "target": mount}),
        ("keep", _split(whole, name, image), {"keep": "master"}),
        ("keep", _split(whole, name, image), {"keep": "slave"}),
    ]
    return [plan(job, pair, **answers) for job, pair, answers in jobs]


@given(name=WORDS, mount=ODD, image=ODD)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_odd_names_never_become_shell(name: str, mount: str, image: str) -> None:
    for made in _all(name, f"/{mount}", f"/{image}"):
        _is_shell(made)


@pytest.mark.parametrize("nasty", NASTY)
def test_names_made_to_break_out_stay_words(nasty: str) -> None:
    for made in _all("remotemirror", f"/{nasty}", f"/{nasty}.img"):
        _is_shell(made)
        assert q(f"/{nasty}.img.b") in "\n".join(texts(made))


@pytest.mark.parametrize("pair", [bare(), healthy()])
def test_every_text_of_provisioning_is_shell(pair: PairSnapshot) -> None:
    _is_shell(
        plan("provision", pair, size=f"{SIZE >> 20}m", preallocate=pair.master.facts.images.value != ())
    )
