"""To a disk of another machine, by the source's own ssh and through the console."""

from tests.migrating.on_disks import disks


async def test_over_the_source_s_own_ssh_and_no_key_is_left() -> None:
    async with disks() as d:
        before = await d.sums("web-a")
        keys = "cat /root/.ssh/authorized_keys /root/.ssh/known_hosts 2>/dev/null; true"
        had = [await d.ok(name, keys) for name in ("web-a", "web-b")]

        await d.moved(target="web-b", target_disk="ada1", way="direct")

        assert [await d.ok(name, keys) for name in ("web-a", "web-b")] == had
        left = await d.ok("web-a", "ls /var/db/mirrorgate/migrate-*")
        assert not {"key", "key.pub", "known_hosts"} & set(left.split())
        assert await d.boots("web-b", "ada1") == "web-b booted from ada1: / is /dev/ada1s1a"
        assert await d.sums("web-b") == before
        assert await d.sums("web-a") == before


async def test_through_a_console_that_is_killed_and_resumed() -> None:
    async with disks() as d:
        before = await d.sums("web-a")
        words = ("target=web-b", "target_disk=ada1", "way=console")
        await d.killed_in("/dev/ada0s1f", "web-b:ada1", *words)

        said = await d.resumed("retry", "go", "go")

        assert "ended with the console" in said
        assert await d.boots("web-b", "ada1") == "web-b booted from ada1: / is /dev/ada1s1a"
        assert await d.sums("web-b") == before
        assert await d.sums("web-a") == before
