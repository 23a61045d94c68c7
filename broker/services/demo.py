"""The demo house: its group, residents, meters and key, everything but the readings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, insert, select
from sqlalchemy.orm import aliased

from broker.clock import day_start_s, local_date
from broker.energy.community import AllocationKind
from broker.energy.tariffs import BasePeriod, TariffKind
from broker.models import (
    AccountState,
    AllocationRule,
    Avatar,
    BillBaseline,
    Group,
    HouseholdSize,
    IngestKey,
    IngestKeyMeter,
    Meter,
    MeterRole,
    MeterUse,
    QuarterHour,
    Register,
    Tariff,
    User,
    db,
    writer,
)
from broker.services import avatars, passwords
from broker.services.sessions import digest
from broker.sources.simulated_readings import Anchor
from broker.sources.simulator import SimulatedHouse, SimulatedMeter
from broker.sources.simulator.portraits import portrait
from broker.units import (
    HOUR_S,
    MICROS_PER_HUNDREDTH,
    MICROS_PER_UNIT,
    MINUTE_S,
    QUARTER_HOUR_S,
    TENTH_UWH_PER_KWH,
    tenth_uwh_from_kwh,
)

OPERATOR = {"mail": "hausverwaltung@example.org", "first_name": "Sabine", "name": "Brandt"}
KEY_NAME = "Gateway of the demo house"

SWAPPED_FLAT = 6
"""The flat whose meter was exchanged, by its place in the house."""
SWAPPED_DAYS_AGO = 96
SWAPPED_AFTER_S = 10 * HOUR_S + 7 * MINUTE_S
OLD_METER = "1EMH0009876543"
NEW_METERS_COUNTER_TENTH_UWH = TENTH_UWH_PER_KWH // 5
"""A new meter has counted 0.2 kWh at the factory's test bench."""

WORK_PRICES_CT = (36, 34)
"""Per kWh, before and since the last new year."""
PV_PRICE_CT = 25
BASE_PRICE = 132
"""A year."""

IN_RANKING = {1, 4, 6, 8, 10}
"""The flats that show themselves in the ranking, by their places in the house."""

MOVED_FLAT = 7
"""The flat whose resident moved in within the last term: their last bill is the baseline."""
MOVED_IN_DAYS_AGO = 330
BILL_KWH = 950

SILENT_FLAT = 8
"""The flat whose meter once fell silent for five hours."""
SILENT_DAYS_AGO = 19
SILENT_FROM_S = 13 * HOUR_S
SILENT_FOR_S = 5 * HOUR_S


@dataclass(frozen=True)
class Story:
    """When the demo's readings begin, and what happened to its meters, in POSIX seconds."""

    begin_s: int
    swapped_s: int
    silent_from_s: int
    silent_until_s: int

    @classmethod
    def told_at(cls, now_s: int, begin_s: int, zone: ZoneInfo) -> Story:
        """The story as of the day on which the demo is built."""
        silent_from_s = day_start_s(now_s, zone, SILENT_DAYS_AGO) + SILENT_FROM_S
        return cls(
            begin_s=begin_s,
            swapped_s=day_start_s(now_s, zone, SWAPPED_DAYS_AGO) + SWAPPED_AFTER_S,
            silent_from_s=silent_from_s,
            silent_until_s=silent_from_s + SILENT_FOR_S,
        )


@dataclass(frozen=True)
class Installed:
    """A meter of the house and the stretch of time in which it stood there."""

    simulated: SimulatedMeter
    number: str
    begin: Anchor
    end_s: int | None


def installed(house: SimulatedHouse, story: Story) -> list[Installed]:
    """Every meter that ever stood in the house; of an exchange, both."""
    meters = []
    for meter in house.meters:
        begin = Anchor(story.begin_s, meter.start_counter_tenth_uwh)
        if meter.number == SWAPPED_FLAT:
            meters.append(Installed(meter, OLD_METER, begin, story.swapped_s))
            begin = Anchor(story.swapped_s, NEW_METERS_COUNTER_TENTH_UWH)
        meters.append(Installed(meter, meter.serial, begin, None))
    return meters


def is_furnished(house: SimulatedHouse) -> bool:
    """Whether the demo's group is there."""
    with db.engine.connect() as connection:
        known = select(Group.id).where(Group.name == house.description.name)
        return connection.scalar(known) is not None


def furnish(
    house: SimulatedHouse, story: Story, password: str, ingest_key: str, now_s: int, zone: ZoneInfo
) -> None:
    """Makes the demo's group, accounts, meters and key, all or nothing."""
    password_hash = passwords.hashed(password)
    portraits = [avatars.square(portrait(number)) for number in range(len(_flats(house)))]
    with writer(db.engine).begin() as connection:
        group_id = _inserted(
            connection, Group, name=house.description.name, created_s=story.begin_s
        )
        account = {
            "group_id": group_id,
            "password_hash": password_hash,
            "state": AccountState.ACTIVE.value,
            "registered_us": story.begin_s * 1_000_000,
        }
        _inserted(connection, User, **account, **OPERATOR, is_operator=True)
        residents = _move_in(connection, house, account, portraits, now_s, zone)
        moved_in_s = max(story.begin_s, day_start_s(now_s, zone, MOVED_IN_DAYS_AGO))
        meters = installed(house, story)
        meter_ids = _install(connection, meters, group_id, residents, moved_in_s)
        _bill(connection, residents[MOVED_FLAT], moved_in_s, zone)
        key = {"name": KEY_NAME, "digest": digest(ingest_key), "created_s": now_s}
        key_id = _inserted(connection, IngestKey, **key)
        opened = [{"key_id": key_id, "meter_id": meter_id} for meter_id in meter_ids]
        connection.execute(insert(IngestKeyMeter), opened)
        _price(connection, group_id, story, now_s, zone)


def _price(connection: Connection, group_id: int, story: Story, now_s: int, zone: ZoneInfo) -> None:
    """Shares out what the roof makes by consumption, at prices that changed with the year."""
    begin, new_year = (
        local_date(story.begin_s, zone),
        local_date(now_s, zone).replace(month=1, day=1),
    )
    dynamic = {"group_id": group_id, "valid_from": begin, "kind": AllocationKind.DYNAMIC.value}
    connection.execute(insert(AllocationRule).values(dynamic))
    days = [begin, *([new_year] if begin < new_year else [])]
    for day, until, ct_per_kwh in zip(days, [*days[1:], None], WORK_PRICES_CT, strict=False):
        connection.execute(
            insert(Tariff).values(
                group_id=group_id,
                valid_from=day,
                valid_until=until,
                kind=TariffKind.FIXED.value,
                work_price_micros_per_kwh=ct_per_kwh * MICROS_PER_HUNDREDTH,
                base_price_micros=BASE_PRICE * MICROS_PER_UNIT,
                base_period=BasePeriod.YEAR.value,
                pv_price_micros_per_kwh=PV_PRICE_CT * MICROS_PER_HUNDREDTH,
                tax_ppm=0,
            )
        )


def last_readings(numbers: Sequence[str]) -> dict[str, Anchor]:
    """Time and counter of each meter's newest reading, for those that have any.

    Taken from the quarter hours, which stay when raw readings expire.
    """
    other = aliased(QuarterHour)
    newest = (
        select(func.max(other.start_s))
        .where(
            other.meter_id == Meter.id,
            other.register == int(Register.IMPORT),
            other.last_s.is_not(None),
        )
        .scalar_subquery()
    )
    statement = (
        select(Meter.number, QuarterHour.last_s, QuarterHour.last_counter_tenth_uwh)
        .join(QuarterHour, (QuarterHour.meter_id == Meter.id) & (QuarterHour.start_s == newest))
        .where(Meter.number.in_(numbers), QuarterHour.register == int(Register.IMPORT))
    )
    with db.engine.connect() as connection:
        return {
            number: Anchor(last_s, counter)
            for number, last_s, counter in connection.execute(statement)
            if last_s is not None and counter is not None
        }


def _flats(house: SimulatedHouse) -> list[SimulatedMeter]:
    return [meter for meter in house.meters if meter.flat is not None]


def _move_in(
    connection: Connection,
    house: SimulatedHouse,
    account: dict[str, Any],
    portraits: list[bytes],
    now_s: int,
    zone: ZoneInfo,
) -> dict[int, int]:
    """The residents; their account's id by the number of their meter."""
    residents = {}
    today = local_date(now_s, zone)
    for meter, image in zip(_flats(house), portraits, strict=True):
        flat = meter.flat
        assert flat is not None
        person = {"mail": flat.mail, "first_name": flat.first_name, "name": flat.name}
        home = {"nick": flat.nick, "flat_size_m2": flat.flat_size_m2, "is_operator": False}
        home["in_ranking"] = meter.number in IN_RANKING
        user_id = _inserted(connection, User, **account, **person, **home)
        sizes = [
            {
                "user_id": user_id,
                "valid_from": today - timedelta(days=days_ago),
                "inhabitants": inhabitants,
            }
            for days_ago, inhabitants in flat.household_sizes
        ]
        connection.execute(insert(HouseholdSize), sizes)
        connection.execute(insert(Avatar).values(user_id=user_id, image=image))
        residents[meter.number] = user_id
    return residents


def _bill(connection: Connection, user_id: int, moved_in_s: int, zone: ZoneInfo) -> None:
    """What the resident used where they lived before."""
    values = {"user_id": user_id, "energy_tenth_uwh": tenth_uwh_from_kwh(BILL_KWH)}
    year = local_date(moved_in_s, zone).year - 1
    connection.execute(insert(BillBaseline).values(**values, term_year=year, entered_s=moved_in_s))


def _install(
    connection: Connection,
    meters: list[Installed],
    group_id: int,
    residents: dict[int, int],
    moved_in_s: int,
) -> list[int]:
    """The meters with their uses, which both lie on quarter hours; the meters' ids."""
    meter_ids = []
    for meter in meters:
        meter_id = _inserted(connection, Meter, number=meter.number, created_s=meter.begin.time_s)
        user_id = residents.get(meter.simulated.number)
        begin_s = moved_in_s if meter.simulated.number == MOVED_FLAT else meter.begin.time_s
        role = MeterRole.FLAT if user_id is not None else MeterRole(meter.simulated.role)
        connection.execute(
            insert(MeterUse).values(
                meter_id=meter_id,
                group_id=group_id,
                user_id=user_id,
                role=role.value,
                begin_s=begin_s // QUARTER_HOUR_S * QUARTER_HOUR_S,
                end_s=None
                if meter.end_s is None
                else -(-meter.end_s // QUARTER_HOUR_S) * QUARTER_HOUR_S,
            )
        )
        meter_ids.append(meter_id)
    return meter_ids


def _inserted(connection: Connection, model: type[Any], **values: Any) -> int:
    made = connection.execute(insert(model).values(**values).returning(model.id))
    return int(made.scalar_one())
