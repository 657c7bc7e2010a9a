import os
import time
from collections.abc import Iterator

import pytest

from tests.waiting import idle


@pytest.fixture(autouse=True)
def _still_surroundings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The same time zone and colours wherever the tests run, however busy the machine is."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    for module in ("textual.pilot", "textual.app"):
        monkeypatch.setattr(f"{module}.wait_for_idle", idle)
    yield
    os.environ.pop("TZ", None)
    time.tzset()
