import pytest

from tests.replay.fake_recording import FakeRecording
from tests.replay.replaying_app import recorded
from tests.screens.conftest import _still_surroundings

__all__ = ["_still_surroundings"]


@pytest.fixture(scope="session")
def the_night() -> FakeRecording:
    """Made once; what a test changes of it, it changes on a copy."""
    return recorded()


@pytest.fixture
def night_recording(the_night: FakeRecording) -> FakeRecording:
    return FakeRecording(
        the_night.tapes, the_night.told, points=the_night.points, services=the_night.services
    )
