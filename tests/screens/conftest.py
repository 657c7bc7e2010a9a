import os
import time
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _still_surroundings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The same time zone and colours wherever the tests run."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    os.environ.pop("TZ", None)
    time.tzset()
