"""The answers that are given rarely, each to a machine that boots from the new disk; and a run that is taken back."""

import pytest

from console.model.run import Choice, Question, RunState
from tests.migrating.on_disks import Disks, disks
from tests.playbooks.on_lab_b import Hand, states, told

pytestmark = pytest.mark.slow

_MOUNTED = {"keep": 4, "one": 1, "gpt": 4}


@pytest.mark.parametrize(
    ("answers", "mounted"),
    [
        pytest.param({"way": "file", "work_directory": "/dumps", "leave_out": ()}, 4, id="file"),
        pytest.param({"layout": "one"}, 1, id="one"),
        pytest.param({"scheme": "gpt", "becomes": "ada1"}, 4, id="gpt"),
        pytest.param({"second_level": False, "layout": "keep", "check": "sample"}, 4, id="once"),
        pytest.param({"rate_limit": "4m", "snapshots": "never"}, 4, id="slowly"),
        pytest.param({"layout": "custom", "sizes": ("/=100m", "swap=8m", "/usr=90m", "/var=rest", "/home=100m")}, 4,
                     id="custom"),
    ],
)  # fmt: skip
async def test_it_boots(answers: dict[str, object], mounted: int) -> None:
    async with disks() as d:
        before = await d.sums("web-a")
        if answers.get("way") == "file":
            await d.ok("web-a", "mdconfig -a -t swap -s 64m -u 9 && newfs /dev/md9 >/dev/null && mkdir /dumps")
            await d.ok("web-a", "mount /dev/md9 /dumps")
        await d.moved(target_disk="ada1", **answers)
        keeps = "becomes" in answers
        said = await d.boots("web-a", "ada1", "keep" if keeps else "remove")
        assert "web-a booted from ada1" in said, said
        assert await d.ok("web-a", "mount -p | grep -c '^/dev/.*[[:space:]]ufs[[:space:]]'") == f"{mounted}\n"
        assert await d.sums("web-a") == before


@pytest.mark.parametrize("way", ["direct", "console", "file"])
async def test_it_boots_elsewhere_packed(way: str) -> None:
    async with disks() as d:
        before = await d.sums("web-a")
        more: dict[str, object] = {}
        if way == "file":
            await d.ok("web-a", "mdconfig -a -t swap -s 64m -u 9 && newfs /dev/md9 >/dev/null && mkdir /dumps")
            await d.ok("web-a", "mount /dev/md9 /dumps")
            more = {"work_directory": "/dumps"}
        await d.moved(target="web-b", target_disk="ada1", way=way, compress=True, **more)
        assert await d.boots("web-b", "ada1") == "web-b booted from ada1: / is /dev/ada1s1a"
        assert await d.sums("web-b") == before


class _Stops(Hand):
    """An operator who ends the run before one step."""

    def __init__(self, d: Disks, step: str) -> None:
        super().__init__(lab=d.lab)
        self.step = step

    async def decide(self, question: Question) -> Choice:
        """Cancel there."""
        if question.step == self.step:
            self.step = ""
            self.asked.append(question)
            return Choice.CANCEL
        return await super().decide(question)


_TABLE = "gpart show ada1 ada1s1; bsdlabel ada1s1; mount /dev/ada1s1e /mnt && cat /mnt/old; umount /mnt"
_LEFT = "mount -p | grep mirrorgate-copy; ls -d /mirrorgate-copy /var/db/mirrorgate/migrate-* 2>/dev/null; true"


@pytest.mark.parametrize("prepare", [True, False])
async def test_a_run_taken_back_from_the_middle_leaves_the_disk_as_it_was(prepare: bool) -> None:
    async with disks() as d:
        before = await d.sums("web-a")
        await d.ok("web-a", "gpart create -s MBR ada1 && gpart add -t freebsd -s 200m ada1 && gpart create -s BSD ada1s1")
        await d.ok("web-a", "gpart add -t freebsd-ufs -i 5 -s 100m ada1s1 && newfs -U /dev/ada1s1e")
        await d.ok("web-a", "mount /dev/ada1s1e /mnt && echo old >/mnt/old && umount /mnt")
        was = await d.ok("web-a", _TABLE)
        d.operator = _Stops(d, "all-stopped")
        record = await d.applied(await d.planned(target_disk="ada1", prepare=True))
        assert states(record)["move-var"] == "done", told(record)
        record = await d.runner().undo(record.id)
        assert record.state is RunState.UNDONE, told(record)
        # What stood in the new file systems is lost, as was confirmed; the table is the old one.
        assert (await d.ok("web-a", "gpart show ada1 ada1s1; bsdlabel ada1s1")) == was.rpartition("old\n")[0]
        assert await d.ok("web-a", _LEFT) == ""
        assert await d.ok("web-a", "find / /var /usr /home -flags +nodump -print") == ""
        assert await d.sums("web-a") == before
