"""To the other disk of the same machine, under a console that is killed."""

from collections import Counter

from tests.migrating.on_disks import disks

_JOBS = "/var/db/mirrorgate/jobs"


async def test_after_a_killed_console_the_machine_boots_from_the_new_disk_and_from_the_old_one() -> None:
    async with disks() as d:
        before = await d.sums("web-a")
        await d.killed_in("/dev/ada0s1f", "web-a:ada1", "target_disk=ada1")
        assert d.dumping("/dev/ada0s1f")()

        await d.resumed("go", "go")

        jobs = [item["name"].partition(".")[2] for item in d.node("web-a").fs.read_dir(_JOBS)]
        assert [name for name, times in Counter(jobs).items() if times > 1 or "." in name] == []
        assert "move-usr" in jobs
        said = await d.boots("web-a", "ada1", "remove")
        assert said == "web-a booted from ada1, called ada0 now: / is /dev/ada0s1a"
        assert await d.sums("web-a") == before
        left = await d.ok("web-a", "ls /mirrorgate-copy /restoresymtable /usr/restoresymtable 2>&1; true")
        assert left.count("No such file") == 3

        said = await d.boots("web-a", "removed")
        assert said == "web-a booted from removed, called ada0 now: / is /dev/ada0s1a"
        assert await d.sums("web-a") == before
