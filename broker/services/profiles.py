"""What Broker knows about a resident and their home, and changing it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    bindparam,
    delete,
    exists,
    insert,
    or_,
    select,
    update,
)

from broker import clock
from broker.energy import baseline
from broker.models import (
    Avatar,
    Group,
    HouseholdSize,
    Meter,
    MeterRole,
    MeterUse,
    Prepared,
    QuarterHour,
    User,
    db,
    writer,
)
from broker.services import avatars, baselines
from broker.services.baselines import OWN_QUARTER_HOURS, Terms

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

METER_NOW = (
    select(Meter.number)
    .join(MeterUse, MeterUse.meter_id == Meter.id)
    .where(
        MeterUse.user_id == User.id,
        MeterUse.role == MeterRole.FLAT.value,
        MeterUse.begin_s <= bindparam("now_s"),
        or_(MeterUse.end_s.is_(None), MeterUse.end_s > bindparam("now_s")),
    )
    .order_by(MeterUse.begin_s.desc())
    .limit(1)
    .correlate(User)
    .scalar_subquery()
)
INHABITANTS_NOW = (
    select(HouseholdSize.inhabitants)
    .where(HouseholdSize.user_id == User.id, HouseholdSize.valid_from <= bindparam("today"))
    .order_by(HouseholdSize.valid_from.desc())
    .limit(1)
    .correlate(User)
    .scalar_subquery()
)
FIRST_OF_USE = (
    select(QuarterHour.start_s)
    .where(OWN_QUARTER_HOURS, QuarterHour.start_s >= MeterUse.begin_s)
    .order_by(QuarterHour.start_s)
    .limit(1)
    .correlate(User, MeterUse)
    .scalar_subquery()
)
"""In order and the first alone: whether there is any, PostgreSQL finds out by collecting all."""
HAS_READINGS = (
    exists().where(MeterUse.user_id == User.id, FIRST_OF_USE.is_not(None)).correlate(User)
)
PROFILE = Prepared(
    select(
        User.id,
        User.name,
        User.first_name,
        User.nick,
        User.flat_size_m2,
        INHABITANTS_NOW.label("inhabitants"),
        Group.name.label("group_address"),
        User.mail,
        Avatar.image,
        METER_NOW.label("meter_id"),
        User.in_ranking,
        User.registered_us,
        HAS_READINGS.label("has_readings"),
        *baselines.KNOWN_FROM,
    )
    .join(Group, Group.id == User.group_id)
    .outerjoin(Avatar, Avatar.user_id == User.id)
    .where(User.id == bindparam("user_id"))
)
"""One statement of index seeks: this is asked for at every start of the mobile client."""


def profile(
    user_id: int, now_s: int, zone: ZoneInfo, term_start: tuple[int, int]
) -> dict[str, Any]:
    """A resident's profile under the contract's names; what is not known is None.

    flatSize in m², registration_date in UTC, baseline_state as in `energy.baseline`.
    """
    terms = Terms.at(now_s, term_start, zone)
    asked = {
        "user_id": user_id,
        "now_s": now_s,
        "today": clock.local_date(now_s, zone).isoformat(),
        "previous_s": terms.previous_s,
        "begin_s": terms.begin_s,
        "previous_year": terms.previous_year,
    }
    row = PROFILE.first(**asked)
    known_from = baselines.source(row)
    return {
        "id": row.id,
        "name": row.name,
        "firstName": row.first_name,
        "nick": row.nick,
        "flatSize": row.flat_size_m2,
        "inhabitants": row.inhabitants,
        "groupAddress": row.group_address,
        "mail": row.mail,
        "avatar": avatars.as_base64(row.image),
        "meterId": row.meter_id,
        "ranking": bool(row.in_ranking),
        "registration_date": _written(row.registered_us),
        "baseline_state": baseline.state(
            known_from=known_from,
            registered_s=row.registered_us // 1_000_000,
            now_s=now_s,
            has_readings=bool(row.has_readings),
        ).value,
        "baselineSource": known_from.value,
    }


def change(
    user_id: int,
    today: date,
    *,
    nick: str | None = None,
    flat_size_m2: float | None = None,
    inhabitants: int | None = None,
    avatar: bytes | None = None,
    in_ranking: bool | None = None,
) -> None:
    """Changes what is given, all of it or nothing; `inhabitants` counts from `today` on.

    Raises InvalidInput if the avatar is not an image.
    """
    image = avatars.square(avatar) if avatar is not None else None
    own = {"nick": nick, "flat_size_m2": flat_size_m2, "in_ranking": in_ranking}
    own = {name: value for name, value in own.items() if value is not None}
    with writer(db.engine).begin() as connection:
        if own:
            connection.execute(update(User).where(User.id == user_id).values(**own))
        if inhabitants is not None:
            connection.execute(
                delete(HouseholdSize).where(
                    HouseholdSize.user_id == user_id, HouseholdSize.valid_from == today
                )
            )
            connection.execute(
                insert(HouseholdSize).values(
                    user_id=user_id, valid_from=today, inhabitants=inhabitants
                )
            )
        if image is not None:
            connection.execute(delete(Avatar).where(Avatar.user_id == user_id))
            connection.execute(insert(Avatar).values(user_id=user_id, image=image))


def mail_of(user_id: int) -> str:
    """The mail address of an account."""
    with db.engine.connect() as connection:
        return connection.execute(select(User.mail).where(User.id == user_id)).scalar_one()


def _written(registered_us: int) -> str:
    registered = EPOCH + timedelta(microseconds=registered_us)
    return registered.replace(tzinfo=None).isoformat(" ", "microseconds")
