"""A file copied from one simulated node to another."""

import tomllib

from console.lab import pair
from console.model.config import Config
from console.ssh.connecting import connect
from console.ssh.copying import ConsoleCopier, copy_file
from console.ssh.piping import Host


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
