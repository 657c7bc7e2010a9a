"""gzip of the lab, and the throttle that stands for a migration's."""

from console.lab.running import run_text
from console.lab.world import World


async def test_what_was_packed_is_unpacked_whole_or_refused() -> None:
    node = World().nodes["a"]
    node.fs.write_file("/tmp/odd", bytes(range(256)) * 9000)
    text = """
    cd /tmp && sha256 -q odd && gzip -1 <odd >odd.packed && gzip -d <odd.packed | sha256
    gzip -k odd && rm odd && gunzip odd.gz && sha256 -q odd
    head -c 300 odd.packed | gzip -d >/dev/null || echo cut
    gzip -d <odd >/dev/null || echo none
    """
    ran = await run_text(node, text)
    first, *rest = ran.out.splitlines()
    assert rest == [first, first, "cut", "none"], ran.err
    assert "unexpected end of file" in ran.err
    assert "not in gzip format" in ran.err


async def test_a_throttled_pipe_takes_its_time_and_loses_nothing() -> None:
    node = World().nodes["a"]
    node.fs.write_file("/tmp/odd", bytes(range(256)) * 1000)
    begun = node.clock.now()
    ran = await run_text(
        node,
        "pace() {\nwhile dd; do :; done\n}\nsha256 -q /tmp/odd; cat /tmp/odd | { pace 1000; } | sha256\n",
    )
    first, second = ran.out.split()
    assert first == second, ran.err
    assert node.clock.now() - begun >= 0.25
