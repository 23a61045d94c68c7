from __future__ import annotations

import orjson
import pytest

from broker.services.written_series import WrittenSeries

NUMBERS = {"2026-01-20 00:15:00": 400_000.0, "2026-01-20 00:30:00": 0.1}


def written(data: object) -> bytes:
    return orjson.dumps(data, default=WrittenSeries.json)


def test_its_json_is_that_of_its_numbers():
    series = WrittenSeries(NUMBERS)
    assert series == NUMBERS
    assert written({"power": series}) == orjson.dumps({"power": NUMBERS})
    assert written(WrittenSeries({})) == b"{}"


@pytest.mark.parametrize("is_original", [True, False])
def test_a_change_shows_in_its_json_and_in_no_copy(is_original):
    series = WrittenSeries(NUMBERS)
    copy = series.copy()
    changed, other = (series, copy) if is_original else (copy, series)
    changed["2026-01-20 00:45:00"] = 5.0
    del changed["2026-01-20 00:15:00"]
    assert written(changed) == b'{"2026-01-20 00:30:00":0.1,"2026-01-20 00:45:00":5.0}'
    assert written(other) == orjson.dumps(NUMBERS)
    assert other.copy() == NUMBERS
    changed.clear()
    assert written(changed) == b"{}"
    assert len(other) == 2
