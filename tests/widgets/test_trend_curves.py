"""Trends as they are drawn: what stands below the columns can be read."""

import pytest

from console.model.trends import Trends
from widgets.trend_curves import TrendCurves

BEGIN = 1_795_474_800.0


@pytest.mark.parametrize("room", range(20, 121))
@pytest.mark.parametrize("lasting", [180.0, 3600.0, 86400.0 * 7])
def test_no_time_runs_into_the_next(room: int, lasting: float) -> None:
    line = TrendCurves()._times(Trends("lab", BEGIN, BEGIN + lasting), room).plain
    times = line.split()
    assert len(times) >= 2
    assert len({len(time) for time in times}) == 1
