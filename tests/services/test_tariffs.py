"""Entering tariffs: one at a time for each payer, and none that changes what has been shown."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest

from broker.energy.tariffs import BasePeriod, Tariff, TariffKind
from broker.errors import Conflict, InvalidInput, NotFound
from broker.services import tariffs

TODAY = date(2026, 7, 1)
CT = 10_000


def a_tariff(begin: date = TODAY, end: date | None = None, **chosen) -> Tariff:
    given = {"kind": TariffKind.FIXED, "work_price_micros_per_kwh": 30 * CT} | chosen
    return Tariff(begin=begin, end=end, **given)


@pytest.fixture
def me(make_group, make_user):
    return make_user(make_group("H"), mail="ada@example.org")


def test_what_is_entered_is_what_holds(me):
    entered = a_tariff(
        kind=TariffKind.DYNAMIC,
        base_price_micros=9_900_000,
        base_period=BasePeriod.MONTH,
        pv_price_micros_per_kwh=20 * CT,
        tax_ppm=190_000,
    )
    tariffs.add(entered, TODAY, group="H")
    assert tariffs.of_user(me.id, me.group_id) == [entered]


def test_a_flat_s_own_tariff_comes_after_its_group_s_and_is_nobody_else_s(me, make_user):
    tariffs.add(a_tariff(), TODAY, mail="Ada@example.org")
    own = tariffs.of_user(me.id, me.group_id)
    tariffs.add(a_tariff(TODAY + timedelta(days=9)), TODAY, group="H")
    ours = tariffs.of_user(make_user(me.group_id).id, me.group_id)
    assert [tariff.begin.day for tariff in ours] == [10]
    assert tariffs.of_user(me.id, me.group_id) == [*ours, *own]
    assert tariffs.of_user(make_user().id, make_user().group_id) == []


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        pytest.param(date(2026, 7, 5), None, id="begins-within"),
        pytest.param(date(2026, 7, 1), date(2026, 7, 6), id="ends-within"),
        pytest.param(date(2026, 7, 9), date(2026, 7, 11), id="on-its-last-day"),
    ],
)
def test_two_tariffs_never_hold_on_one_day(me, begin, end):
    tariffs.add(a_tariff(date(2026, 7, 5), date(2026, 7, 10)), TODAY, group="H")
    with pytest.raises(Conflict, match="2026-07-05 until 2026-07-10"):
        tariffs.add(a_tariff(begin, end), TODAY, group="H")
    tariffs.add(a_tariff(date(2026, 7, 10)), TODAY, group="H")
    tariffs.add(a_tariff(TODAY, date(2026, 7, 5)), TODAY, group="H")
    assert len(tariffs.listed("H")) == 3


def test_the_past_changes_only_when_it_is_corrected(me):
    yesterday = TODAY - timedelta(days=1)
    with pytest.raises(InvalidInput, match="--correct"):
        tariffs.add(a_tariff(yesterday), TODAY, group="H")
    number = tariffs.add(a_tariff(yesterday), TODAY, group="H", corrects=True)
    with pytest.raises(InvalidInput, match="--correct"):
        tariffs.end(number, yesterday, TODAY)
    # From today on the past is left alone.
    assert tariffs.end(number, TODAY, TODAY)
    # It has ended: tomorrow's residents have seen that.
    tomorrow = TODAY + timedelta(days=1)
    with pytest.raises(InvalidInput, match="2026-07-01 is over"):
        tariffs.end(number, tomorrow + timedelta(days=1), tomorrow)
    assert tariffs.listed("H")[0]["tariff"].end == TODAY


def test_a_tariff_that_ends_on_its_first_day_is_gone(me):
    number = tariffs.add(a_tariff(TODAY + timedelta(days=3)), TODAY, group="H")
    assert not tariffs.end(number, TODAY, TODAY)
    assert tariffs.listed("H") == []


def test_an_end_may_move_unless_another_tariff_begins_before(me):
    number = tariffs.add(a_tariff(TODAY, date(2026, 7, 5)), TODAY, group="H")
    tariffs.end(number, date(2026, 7, 8), TODAY)
    tariffs.add(a_tariff(date(2026, 7, 8)), TODAY, group="H")
    with pytest.raises(Conflict):
        tariffs.end(number, date(2026, 7, 9), TODAY)


@pytest.mark.parametrize(
    "chosen",
    [
        pytest.param({"end": TODAY}, id="no-day"),
        pytest.param({"work_price_micros_per_kwh": 10**8 + 1}, id="too-dear"),
        pytest.param({"pv_price_micros_per_kwh": -(10**8) - 1}, id="pv-too-cheap"),
        pytest.param({"base_price_micros": -1}, id="negative-base"),
        pytest.param({"tax_ppm": 1_000_001}, id="tax"),
    ],
)
def test_impossible_tariffs_are_refused(me, chosen):
    with pytest.raises(InvalidInput):
        tariffs.add(a_tariff(**chosen), TODAY, group="H")
    assert tariffs.listed(None) == []


def test_unknown_payers_and_numbers(me):
    with pytest.raises(NotFound):
        tariffs.add(a_tariff(), TODAY, group="X")
    with pytest.raises(NotFound):
        tariffs.add(a_tariff(), TODAY, mail="x@example.org")
    with pytest.raises(NotFound):
        tariffs.end(99, TODAY, TODAY)


def test_of_two_operators_at_the_same_moment_one_is_refused(app, me):
    def enter(ct: int) -> bool:
        with app.app_context():
            try:
                tariffs.add(a_tariff(work_price_micros_per_kwh=ct * CT), TODAY, group="H")
            except Conflict:
                return False
            return True

    with ThreadPoolExecutor(8) as threads:
        entered = list(threads.map(enter, range(24)))
    assert entered.count(True) == 1
    assert len(tariffs.listed("H")) == 1
