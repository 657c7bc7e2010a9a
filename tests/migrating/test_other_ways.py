"""The answers that are given rarely, each to a machine that boots; and a run that is taken back."""

import pytest

from console.model.run import Choice, Question, RunState
from tests.migrating.on_disks import TREES, Disks, disks
from tests.migrating.test_a_disk_as_it_is import divided
from tests.playbooks.on_lab_b import Hand, states, told

pytestmark = pytest.mark.slow

_ROOM = """
mdconfig -a -t swap -s 64m -u 9 && newfs /dev/md9 >/dev/null && mkdir /dumps && mount /dev/md9 /dumps
"""
_FILE: dict[str, object] = {"way": "file", "work_directory": "/dumps"}
_PACKED: dict[str, object] = {"compress": True}
_LIMITED: dict[str, object] = {"rate_limit": "20m"}
_SIZES = ("/=100m", "swap=8m", "/usr=90m", "/var=rest", "/home=100m")


@pytest.mark.parametrize(
    ("answers", "mounted"),
    [
        pytest.param({**_FILE, "leave_out": ()}, 4, id="file"),
        pytest.param({**_FILE, **_PACKED}, 4, id="packed-file"),
        pytest.param(_LIMITED, 4, id="limited"),
        pytest.param({"layout": "one"}, 1, id="one"),
        pytest.param({"scheme": "gpt", "becomes": "ada1"}, 4, id="gpt"),
        pytest.param({"second_level": False, "layout": "keep", "check": "sample"}, 4, id="once"),
        pytest.param({"snapshots": "never"}, 4, id="live"),
        pytest.param({"layout": "custom", "sizes": _SIZES}, 4, id="custom"),
    ],
)
async def test_it_boots(answers: dict[str, object], mounted: int) -> None:
    async with disks() as d:
        # What is written in /var after a single round is missing from the copy, and nobody has stopped it.
        trees = tuple(tree for tree in TREES if tree != "/var" or answers.get("second_level", True))
        if answers.get("layout") == "one":
            trees = trees[1:]  # of / everything is on the same file system afterwards
        before = await d.sums("web-a", trees)
        await d.ok("web-a", _ROOM)
        await d.moved(target_disk="ada1", **answers)
        said = await d.boots("web-a", "ada1", "keep" if "becomes" in answers else "remove")
        assert "web-a booted from ada1" in said
        assert "another disk" not in said
        assert await d.ok("web-a", "mount -p | grep -c '^/dev/.*[[:space:]]ufs[[:space:]]'") == f"{mounted}\n"
        assert await d.sums("web-a", trees) == before


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param({"way": "console", **_PACKED}, id="console-packed"),
        pytest.param({"way": "console", **_LIMITED}, id="console-limited"),
        pytest.param({"way": "direct", **_PACKED}, id="direct-packed"),
        pytest.param({"way": "direct", **_PACKED, **_LIMITED}, id="direct-packed-limited"),
        pytest.param(_FILE, id="file"),
        pytest.param({**_FILE, **_PACKED}, id="file-packed"),
    ],
)
async def test_it_boots_elsewhere(answers: dict[str, object]) -> None:
    async with disks() as d:
        before = await d.sums("web-a")
        await d.ok("web-a", _ROOM)
        await d.moved(target="web-b", target_disk="ada1", **answers)
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


_OLD = """
gpart create -s MBR ada1 && gpart add -t freebsd -s 200m ada1 && gpart create -s BSD ada1s1 &&
gpart add -t freebsd-ufs -i 5 -s 100m ada1s1 && newfs -U /dev/ada1s1e
"""
_TABLE = "gpart show ada1 ada1s1; bsdlabel ada1s1"
_LEFT = (
    "mount -p | grep mirrorgate-copy; ls -d /mirrorgate-copy /var/db/mirrorgate/migrate-* 2>/dev/null; true"
)


@pytest.mark.parametrize("prepare", [True, False], ids=["divided", "as-it-is"])
async def test_a_run_taken_back_from_the_middle_leaves_the_table_as_it_was(prepare: bool) -> None:
    async with disks() as d:
        before = await d.sums("web-a")
        await (d.ok("web-a", _OLD) if prepare else divided(d))
        was = await d.ok("web-a", _TABLE)
        d.operator = _Stops(d, "all-stopped")
        record = await d.applied(await d.planned(target_disk="ada1", prepare=prepare))
        assert states(record)["move-var"] == "done", told(record)
        record = await d.runner().undo(record.id)
        assert record.state is RunState.UNDONE, told(record)
        assert await d.ok("web-a", _TABLE) == was
        assert await d.ok("web-a", _LEFT) == ""
        assert await d.ok("web-a", "find / /var /usr /home -flags +nodump -print") == ""
        assert await d.sums("web-a") == before
