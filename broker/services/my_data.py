"""Everything that Broker holds about a resident, as the files of an archive."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import Row, Select, select

from broker.models import (
    AllocationShare,
    Avatar,
    BillBaseline,
    ChallengeRun,
    Group,
    HintRead,
    HouseholdSize,
    Invitation,
    Notice,
    SessionToken,
    User,
    db,
)
from broker.services import (
    appliance_corrections,
    challenge_runs,
    hint_catalogue,
    my_meter_data,
    preferences,
    tariffs,
)
from broker.services.archive import File, table
from broker.services.my_meter_data import iso, kwh
from broker.units import ALL_PPM, PPM_PER_PERCENT, units_from_micros


def files(
    user_id: int, now_s: int, zone: ZoneInfo, *, instance: Path, currency: str, language: str
) -> Iterator[File]:
    """The files of a resident's archive; times are local ones with their distance to UTC.

    Neither passwords nor tokens are in it, nor anything about others. Each file asks the database
    when it is read, bit by bit, so that no connection waits for a slow reader.
    """
    yield File("profile.json", [_json(_profile(user_id, zone))])
    for image in _column(select(Avatar.image).where(Avatar.user_id == user_id)):
        yield File("avatar.webp", [image])
    yield table("household-sizes.csv", ("valid_from", "inhabitants"), _sizes(user_id))
    yield from my_meter_data.files(user_id, now_s, zone)
    yield table(
        "appliance-corrections.csv", ("label", "really_was", "begin", "end"), _said(user_id, zone)
    )
    yield table(
        "bill-baselines.csv", ("term_begins_in", "energy_kwh", "entered"), _bills(user_id, zone)
    )
    yield table("tariffs.csv", TARIFF_TITLES, _tariffs(user_id, currency))
    yield table("roof-shares.csv", ("valid_from", "share_percent"), _shares(user_id))
    yield table("challenges.csv", CHALLENGE_TITLES, _challenges(user_id, zone, language))
    read = _hints(user_id, zone, instance, language)
    yield table("hints-read.csv", ("hint", "headline", "read"), read)
    yield table("sessions.csv", ("opened", "expires"), _sessions(user_id, zone))
    yield table("mails.csv", ("kind", "about", "sent"), _mails(user_id, zone))
    yield table("mailed-links.csv", ("purpose", "sent", "expires", "used"), _links(user_id, zone))


def _rows(statement: Select[Any]) -> Sequence[Row[Any]]:
    with db.engine.connect() as connection:
        return connection.execute(statement).all()


def _column(statement: Select[Any]) -> Iterable[Any]:
    return [row[0] for row in _rows(statement)]


def _json(document: dict[str, Any]) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_INDENT_2)


def _profile(user_id: int, zone: ZoneInfo) -> dict[str, Any]:
    statement = select(User, Group.name.label("house")).join(Group, Group.id == User.group_id)
    with db.engine.connect() as connection:
        row = connection.execute(statement.where(User.id == user_id)).one()
    return {
        "id": row.id,
        "mail": row.mail,
        "first_name": row.first_name,
        "name": row.name,
        "nick": row.nick,
        "house": row.house,
        "flat_size_m2": row.flat_size_m2,
        "in_ranking": row.in_ranking,
        "is_operator": row.is_operator,
        **{name: getattr(row, name) for name in preferences.NAMES},
        "registered": datetime.fromtimestamp(row.registered_us / 1e6, zone).isoformat(),
    }


def _sizes(user_id: int) -> Iterator[tuple[object, ...]]:
    statement = select(HouseholdSize.valid_from, HouseholdSize.inhabitants)
    mine = statement.where(HouseholdSize.user_id == user_id).order_by(HouseholdSize.valid_from)
    yield from map(tuple, _rows(mine))


def _said(user_id: int, zone: ZoneInfo) -> Iterator[tuple[object, ...]]:
    for said in appliance_corrections.listed(user_id):
        times = iso(said["begin"], zone), iso(said["end"], zone)
        yield said["label"], said["appliance"] or "–", *times


def _bills(user_id: int, zone: ZoneInfo) -> Iterator[tuple[object, ...]]:
    mine = (
        select(BillBaseline.term_year, BillBaseline.energy_tenth_uwh, BillBaseline.entered_s)
        .where(BillBaseline.user_id == user_id)
        .order_by(BillBaseline.term_year)
    )
    for year, energy, entered_s in _rows(mine):
        yield year, kwh(energy), iso(entered_s, zone)


TARIFF_TITLES = (
    "begin",
    "end",
    "kind",
    "work_price_per_kwh",
    "base_price",
    "base_price_per",
    "pv_price_per_kwh",
    "tax_percent",
    "currency",
)


def _tariffs(user_id: int, currency: str) -> Iterator[tuple[object, ...]]:
    [group_id] = _column(select(User.group_id).where(User.id == user_id))
    for one in tariffs.of_user(user_id, group_id):
        pv_price = one.pv_price_micros_per_kwh
        yield (
            one.begin,
            one.end,
            one.kind.value,
            units_from_micros(one.work_price_micros_per_kwh),
            units_from_micros(one.base_price_micros),
            one.base_period.value,
            None if pv_price is None else units_from_micros(pv_price),
            one.tax_ppm / PPM_PER_PERCENT,
            currency,
        )


def _shares(user_id: int) -> Iterator[tuple[object, ...]]:
    mine = (
        select(AllocationShare.valid_from, AllocationShare.share_ppm)
        .where(AllocationShare.user_id == user_id)
        .order_by(AllocationShare.valid_from)
    )
    for valid_from, share_ppm in _rows(mine):
        yield valid_from, share_ppm * 100 / ALL_PPM


CHALLENGE_TITLES = ("challenge", "started", "put_away", "outcome", "value", "target", "unit")


def _challenges(user_id: int, zone: ZoneInfo, language: str) -> Iterator[tuple[object, ...]]:
    mine = (
        select(ChallengeRun.__table__)
        .where(ChallengeRun.user_id == user_id)
        .order_by(ChallengeRun.started_s)
    )
    for run in _rows(mine):
        kept = challenge_runs.read(run.terms)
        yield (
            kept.name[language],
            iso(run.started_s, zone),
            iso(run.closed_s, zone),
            run.outcome,
            run.value,
            run.target,
            kept.terms.rule.unit,
        )


def _hints(
    user_id: int, zone: ZoneInfo, instance: Path, language: str
) -> Iterator[tuple[object, ...]]:
    offered = hint_catalogue.offered(instance)
    mine = (
        select(HintRead.hint_id, HintRead.read_s)
        .where(HintRead.user_id == user_id)
        .order_by(HintRead.read_s)
    )
    for hint_id, read_s in _rows(mine):
        hint = offered.get(hint_id)
        yield hint_id, hint.texts[language].headline if hint else None, iso(read_s, zone)


def _sessions(user_id: int, zone: ZoneInfo) -> Iterator[tuple[object, ...]]:
    mine = (
        select(SessionToken.created_s, SessionToken.expires_s)
        .where(SessionToken.user_id == user_id)
        .order_by(SessionToken.created_s)
    )
    for times_s in _rows(mine):
        yield tuple(iso(time_s, zone) for time_s in times_s)


def _mails(user_id: int, zone: ZoneInfo) -> Iterator[tuple[object, ...]]:
    mine = select(Notice.kind, Notice.about, Notice.sent_s).where(Notice.user_id == user_id)
    for kind, about, sent_s in _rows(mine.order_by(Notice.sent_s)):
        yield kind, about, iso(sent_s, zone)


def _links(user_id: int, zone: ZoneInfo) -> Iterator[tuple[object, ...]]:
    mine = (
        select(Invitation.purpose, Invitation.created_s, Invitation.expires_s, Invitation.used_s)
        .where(Invitation.user_id == user_id)
        .order_by(Invitation.created_s)
    )
    for purpose, *times_s in _rows(mine):
        yield purpose, *(iso(time_s, zone) for time_s in times_s)
