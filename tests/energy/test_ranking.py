"""Places by relative saving."""

from __future__ import annotations

import pytest

from broker.energy.ranking import places, saved_percent


@pytest.mark.parametrize(
    ("saving", "baseline", "percent"),
    [
        (125, 1000, 12.5),
        (-30, 1000, -3.0),
        (1, 3000, 0.0),
        (-1, 3000, 0.0),  # and not −0.0
        (1, 1500, 0.1),
    ],
)
def test_a_saving_is_told_in_percent_with_one_decimal(saving, baseline, percent):
    assert str(saved_percent(saving, baseline)) == str(percent)


def test_equal_savings_share_a_place():
    assert places([7.5, 3.0, 3.0, -1.0]) == [1, 2, 2, 4]
    assert places([]) == []
