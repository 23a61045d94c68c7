"""Which hint comes first, by hand."""

from __future__ import annotations

import pytest

from broker.energy.hints import Condition, Hint, HintText, Reason, ranked
from broker.energy.household_features import Feature

TEXT = {"en": HintText("Do it", "Like this.", "as usual", "Own calculation")}
BASE_LOAD = Condition(Feature.BASE_LOAD_W, 100, 200)


def hint(number, *, saving=(10, 20), **given):
    return Hint(id=number, icon="sun", saving_kwh=saving, texts=TEXT, **given)


def order(hints, features=None, month=6, read=()):
    return [choice.hint.id for choice in ranked(hints, features or {}, month, read)]


@pytest.mark.parametrize(
    ("value", "fit"),
    [
        pytest.param(99, 0, id="below"),
        pytest.param(100, 0, id="at-the-beginning"),
        # half of the way from 100 to 200 W
        pytest.param(150, 0.5, id="half"),
        pytest.param(900, 1, id="beyond"),
    ],
)
def test_a_condition_fits_evenly_between_its_ends(value, fit):
    assert BASE_LOAD.fit(value) == fit


def test_a_condition_may_want_low_values_and_count_less():
    # 0.25 is half of the way from 0.35 down to 0.15, and that counts 0.8.
    condition = Condition(Feature.SUNNY_SHARE, 0.35, 0.15, weight=0.8)
    assert condition.fit(0.25) == pytest.approx(0.4)
    assert not condition.is_rising


def test_the_better_fit_comes_first_then_the_larger_saving_then_the_lower_id():
    hints = [
        hint(4, saving=(1, 5)),
        hint(3, saving=(30, 40)),
        hint(2, saving=(30, 40)),
        hint(1, conditions=(BASE_LOAD,)),
    ]
    assert order(hints, {Feature.BASE_LOAD_W: 120}) == [1, 2, 3, 4]
    assert order(hints) == [2, 3, 1, 4]  # 1 saves 10 to 20 kWh


def test_what_is_read_comes_last_but_stays():
    hints = [hint(1, general=0.9), hint(2, general=0.5), hint(3)]
    assert order(hints, read={1, 2}) == [3, 1, 2]
    assert [choice.is_read for choice in ranked(hints, {}, 6, {1})] == [False, False, True]


def test_out_of_season_is_behind_everything_even_if_it_would_suit():
    hints = [hint(1, conditions=(BASE_LOAD,), months=frozenset({12})), hint(2)]
    features = {Feature.BASE_LOAD_W: 300.0}
    assert order(hints, features, month=12) == [1, 2]
    assert order(hints, features, month=6) == [2, 1]


def test_the_reason_is_what_fits_most():
    sunny = Condition(Feature.SUNNY_SHARE, 0.4, 0.2, weight=0.9)
    one = hint(1, conditions=(BASE_LOAD, sunny), months=frozenset({6}))

    def reason(**features):
        return ranked([one], {Feature(name): value for name, value in features.items()}, 6)[
            0
        ].reason

    # 130 W: 0.3; a sunny share of 0.2: 0.9
    assert reason(base_load_w=130, sunny_share=0.2) == Reason(Feature.SUNNY_SHARE, 0.2, False)
    assert reason(base_load_w=200, sunny_share=0.2) == Reason(Feature.BASE_LOAD_W, 200, True)
    # What isn't known or doesn't fit is no reason; the season is one.
    assert reason(base_load_w=90) == Reason(None, 6)
    assert ranked([hint(2, general=0.5)], {}, 6)[0].reason is None


def test_what_needs_a_roof_is_kept_from_houses_without_one():
    hints = [hint(1, needs=frozenset({Feature.ROOF_DAY_KWH})), hint(2)]
    assert order(hints) == [2]
    assert order(hints, {Feature.ROOF_DAY_KWH: 12.0}) == [1, 2]
