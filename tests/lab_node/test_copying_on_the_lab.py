"""A file copied from one simulated node to another."""

import asyncio
import tomllib

import pytest

from console.lab import pair
from console.lab.images import Image
from console.lab.lineinput import ENOUGH, LineInput
from console.model.config import Config
from console.model.job import HandsLost
from console.ssh.connecting import connect
from console.ssh.copying import ConsoleCopier, copy_file
from console.ssh.piping import Host
from tests.lab_node.conftest import Site


async def test_an_image_is_copied_in_pieces_and_goes_on_where_it_was() -> None:
    lab = await pair.serve(speed=20)
    try:
        nodes = Config.model_validate(tomllib.loads(lab.config_file.read_text())).pairs[0]
        a, b = lab.world.nodes["a"], lab.world.nodes["b"]
        data = bytes(range(256)) * 2000
        a.fs.write_file("/root/file", data)
        b.fs.write_file("/root/copy.part", data[:100_000])
        source = Host(await connect(nodes.master, ssh_config=lab.ssh_config), "web-a")
        target = Host(await connect(nodes.slave, ssh_config=lab.ssh_config), "web-b")
        copied = await copy_file(source, "/root/file", target, "/root/copy")
        assert (copied.bytes, copied.resumed_from) == (len(data), 100_000)
        assert b.fs.read_file("/root/copy") == data
        assert not b.fs.exists("/root/copy.part")
        copier = ConsoleCopier(lab.ssh_config, None)
        await copier.copy(nodes.master, "/root/file", "web-b", "/root/second", lambda done, size: None)
        assert b.fs.read_file("/root/second") == data
        source.connection.close()
        target.connection.close()
    finally:
        await lab.close()


async def test_an_image_larger_than_a_shell_prints_goes_over_a_cut_connection_whole() -> None:
    lab = await pair.serve(speed=20)
    try:
        nodes = Config.model_validate(tomllib.loads(lab.config_file.read_text())).pairs[0]
        source, target = lab.world.nodes["b"], lab.world.spare
        image = source.images.put("/root/large.img", _filled(40 << 20))
        copier = ConsoleCopier(lab.ssh_config, None)
        server = lab.server(source)

        def cut_in_the_middle(done: int, size: int) -> None:
            # What the console has sent may still be in a buffer: what is on the disk decides.
            if (target.images.size_of("/root/copy.img.part") or 0) > 0:
                server.hang_up()

        with pytest.raises(HandsLost):
            await copier.copy(nodes.slave, "/root/large.img", "web-c", "/root/copy.img", cut_in_the_middle)
        begun = target.images.size_of("/root/copy.img.part")
        assert begun is not None
        assert 0 < begun < image.size
        seen: list[int] = []
        await copier.copy(
            nodes.slave, "/root/large.img", "web-c", "/root/copy.img", lambda done, size: seen.append(done)
        )
        copy = target.images.at("/root/copy.img")
        assert copy is not None
        assert (copy.size, copy.digest()) == (image.size, image.digest())
        assert seen[0] >= begun
    finally:
        await lab.close()


def _filled(size: int) -> Image:
    """An image with a hole in its middle, and bytes that are no UTF-8 around it."""
    image = Image(size)
    image.write(0, bytes(range(256)) * 50_000)
    image.write(size - 12_800_001, bytes(reversed(range(256))) * 50_000)
    return image


@pytest.mark.parametrize(
    "text",
    [
        "cat /root/large.img",
        "exec cat </root/large.img",
        "dd if=/root/large.img bs=1m status=none",
        "{ tail -c +1 /root/large.img | head -c 104857600; exit; }",
        "tail -c +1 /root/large.img | dd of=/root/second.img bs=64k status=none; cat /root/second.img",
    ],
)
async def test_the_stock_client_reads_an_image_to_its_end(site: Site, text: str) -> None:
    image = site.world.nodes["a"].images.put("/root/large.img", _filled(26 << 20))
    ran = await site.ssh("web-a", text)
    assert (ran.status, ran.err) == (0, b"")
    assert ran.out == image.read(0, image.size)


@pytest.mark.parametrize(
    "text", ["cat >>/root/copy.img", "exec cat >/root/copy.img", "dd of=/root/copy.img status=none"]
)
async def test_the_stock_client_writes_an_image_whole(site: Site, text: str) -> None:
    image = _filled(26 << 20)
    ran = await site.ssh("web-a", text, feed=image.read(0, image.size))
    assert (ran.status, ran.err) == (0, b"")
    copy = site.world.nodes["a"].images.at("/root/copy.img")
    assert copy is not None
    assert copy.digest() == image.digest()


async def test_what_bashkit_does_not_pass_on_is_missed_aloud(site: Site) -> None:
    site.world.nodes["a"].images.put("/root/large.img", _filled(26 << 20))
    ran = await site.ssh("web-a", "f() { cat /root/large.img; }; f")
    assert len(ran.out) == 10 << 20
    assert b"lost" in ran.err


async def test_an_input_that_nobody_reads_stops_at_a_bound() -> None:
    live = LineInput()
    live.feed(bytes(ENOUGH))
    waiting = asyncio.get_running_loop().create_task(live.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    await live.read(1000)
    await asyncio.wait_for(waiting, 30)
