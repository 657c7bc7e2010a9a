"""evacuate: only an image that nothing uses is copied, and the pair is whole again afterwards."""

import pytest

from console.model.facts import Geom
from console.model.plan import Transfer
from console.model.words import Home
from tests.health.building import MD, healthy, promoted, with_facts
from tests.playbooks.planning import ids, in_order, plan, refused, stopped

WHERE = {"host": "new.example.net", "target": "/srv/evacuated.img"}


def test_the_slave_s_half_is_taken_out_cleanly_copied_and_put_back() -> None:
    made = plan("evacuate", healthy(), **WHERE)
    assert in_order(
        made, "stop-services-master", "unmount-master", "release-gate", "stop-ggated", "mount-master",
        "start-services-master", "at-rest", "transfer", "serve-image",
        "make-gate", "join", "copied", "verify",
    )  # fmt: skip
    step = made.step("transfer")
    assert step.action == Transfer(
        source="/root/images/sitesbackup.img", host=WHERE["host"], target=WHERE["target"]
    )
    assert {"not master-gate-present", "not slave-image-attached", "not slave-ggated-runs"} <= set(
        step.guards
    )


def test_without_the_clean_moment_the_service_goes_on_and_the_plan_says_what_that_means() -> None:
    made = plan("evacuate", healthy(), clean=False, put_back=False, **WHERE)
    assert ids(made) == ["release-gate", "stop-ggated", "at-rest", "transfer"]
    assert made.outages == ()
    assert any("fsck" in line for line in made.unchecked)


@pytest.mark.parametrize("source", ["slave", "master"])
def test_a_stopped_pair_s_image_is_simply_copied(source: str) -> None:
    made = plan("evacuate", stopped(), source=source, **WHERE)
    assert ids(made) == ["at-rest", "transfer"]
    assert "nothing-mounted" in made.step("transfer").guards


def test_an_image_in_use_is_refused() -> None:
    assert "stop-pair" in refused("evacuate", healthy(), source="master", **WHERE)
    assert "stop-pair" in refused(
        "evacuate", with_facts(stopped(), Home.MASTER, geom=Geom(mds=(MD,))), source="master", **WHERE
    )
    assert "stop the pair" in refused("evacuate", promoted(), **WHERE)


@pytest.mark.parametrize("host", ["192.168.1.102", "web-b", "root@192.168.1.100"])
def test_a_copy_onto_the_pair_itself_is_no_evacuation(host: str) -> None:
    assert "another host" in refused("evacuate", healthy(), host=host, target="/srv/x.img")
