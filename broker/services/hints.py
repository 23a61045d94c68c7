"""What a resident can do next to save: hints chosen by their home's last weeks."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import NamedTuple

import orjson
from sqlalchemy import bindparam, select

from broker.clock import day_start_s, local_date
from broker.energy.comparison import STANDARD_YEARLY_KWH
from broker.energy.hints import Choice, ranked
from broker.energy.household_features import WINDOW_DAYS, Features, features
from broker.errors import NotFound
from broker.models import HintRead, JsonList, Prepared, User, db, writer
from broker.services import consumption, hint_catalogue, production
from broker.services.profiles import INHABITANTS_NOW
from broker.services.remembered import Remembered
from broker.services.standard_load_profile import StandardHousehold, years_between
from broker.store import rows

HOUSEHOLD = Prepared(
    select(
        User.flat_size_m2,
        INHABITANTS_NOW.label("inhabitants"),
        select(JsonList(HintRead.hint_id, HintRead.hint_id))
        .where(HintRead.user_id == User.id)
        .correlate(User)
        .scalar_subquery()
        .label("read"),
    ).where(User.id == bindparam("user_id"))
)

_features: Remembered[Features] = Remembered(most=2_000)
_choices: Remembered[tuple[Choice, ...]] = Remembered(most=500)


class Chosen(NamedTuple):
    """The hints of a resident, the best first."""

    key: Hashable
    """While this is the same, so are the choices."""
    choices: tuple[Choice, ...]


def of_home(
    user_id: int, group_id: int, now_s: int, standard: StandardHousehold, instance: Path
) -> Chosen:
    """The hints that suit a resident's home by its last 28 whole days, unread ones first.

    `standard` spreads what is usual over the year and has the house's zone; `instance` is where
    the operator's own hints are looked for.
    """
    zone = standard.zone
    end_s, begin_s = day_start_s(now_s, zone), day_start_s(now_s, zone, WINDOW_DAYS)
    household = HOUSEHOLD.first(user_id=user_id, today=local_date(now_s, zone).isoformat())
    home = (
        user_id,
        household.inhabitants,
        household.flat_size_m2,
        standard,
        begin_s,
        consumption.stamp_of_user(user_id, begin_s, end_s),
        production.stamp_of_group(group_id, begin_s, end_s),
    )
    key = (home, household.read, instance)
    month, read = local_date(now_s, zone).month, orjson.loads(household.read or "[]")

    def measure() -> Features:
        return features(
            consumption.of_user(user_id, begin_s, end_s),
            production.of_group(group_id, begin_s, end_s),
            zone,
            inhabitants=household.inhabitants,
            flat_size_m2=household.flat_size_m2,
            usual_day_kwh=_usual_day_kwh(household.inhabitants, begin_s, end_s, standard),
        )

    def choose() -> tuple[Choice, ...]:
        offered = hint_catalogue.offered(instance).values()
        return tuple(ranked(offered, _features.get(home, measure), month, frozenset(read)))

    return Chosen(key, _choices.get(key, choose))


def _usual_day_kwh(
    inhabitants: int | None, begin_s: int, end_s: int, standard: StandardHousehold
) -> float | None:
    """What so many people usually use on a day of this time, if that is known of so many."""
    yearly_kwh = STANDARD_YEARLY_KWH.get(inhabitants or 0)
    if yearly_kwh is None:
        return None
    return yearly_kwh * years_between(standard, begin_s, end_s) / WINDOW_DAYS


def mark_read(user_id: int, hint_id: int, now_s: int, instance: Path) -> None:
    """Notes that a resident has read a hint; again changes nothing. Raises NotFound."""
    if hint_id not in hint_catalogue.offered(instance):
        raise NotFound("There is no such hint.")
    with writer(db.engine).begin() as connection:
        rows.upsert(connection, HintRead.__table__, [(user_id, hint_id, now_s)])  # type: ignore[arg-type]
