"""Mails that residents asked for: whom there is something to tell, each thing once.

A mail is noted before it is sent, in a transaction of its own: of two who look at the same time
only one sends it, and none is sent twice. What a mail server didn't take lies in the outbox; only
a process that is killed between the note and the outbox leaves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Exists,
    Row,
    Select,
    String,
    Table,
    cast,
    false,
    func,
    insert,
    or_,
    select,
)
from sqlalchemy.exc import IntegrityError

from broker.clock import local_date, midnight_s
from broker.energy.challenges import Status
from broker.models import (
    AccountState,
    ChallengeRun,
    Meter,
    MeterRole,
    MeterUse,
    Notice,
    NoticeKind,
    User,
    db,
    writer,
)
from broker.services import challenge_runs, meters, preferences, savings, whole_days
from broker.services.baselines import Terms
from broker.services.standard_load_profile import StandardHousehold, term_share
from broker.units import DAY_S, HOUR_S

NOTICE: Table = Notice.__table__  # type: ignore[assignment]
NEWS_FOR_S = 7 * DAY_S
"""What was decided longer ago is none, as for somebody who wants mails only now."""
SILENT_S = DAY_S
SILENCE_AGAIN_S = 7 * DAY_S
"""A meter whose readings come once a day must not be a mail a day."""
MONDAY_MORNING_S = 6 * HOUR_S
"""Late readings of Sunday have come by then."""
WEEK_DAYS = 7


class House(NamedTuple):
    """How this installation counts terms, and whom it compares homes with."""

    term_start: tuple[int, int]
    household: StandardHousehold


class Found(NamedTuple):
    """Something to tell: what it is about, and the facts for the text."""

    about: str
    facts: Mapping[str, Any]


class Letter(NamedTuple):
    """Something to tell somebody."""

    user_id: int
    mail: str
    first_name: str
    language: str | None
    kind: NoticeKind
    about: str
    facts: Mapping[str, Any]


class Finder(NamedTuple):
    """How news of a kind are found."""

    may_be_news: Callable[[int, House], ColumnElement[bool]]
    """Which rows of `User` are worth a look."""
    find: Callable[[Row[Any], int, House], Found | None]


def due(now_s: int, house: House) -> Iterator[Letter | None]:
    """What hasn't been told yet to those who want to know it; None whenever somebody was looked at
    in vain, so that the caller can do something else before the next one.

    The database picks whom there may be news for: of a hundred thousand residents that is a few.
    """
    for kind, finder in FINDERS.items():
        for user in _readers(kind, finder.may_be_news(now_s, house)):
            found = finder.find(user, now_s, house)
            if found is None:
                yield None
                continue
            language = user.language or user.mail_language
            yield Letter(user.id, user.mail, user.first_name, language, kind, *found)


def claim(letter: Letter, now_s: int) -> bool:
    """Notes that a letter is being sent; False if it has been, or isn't wanted any more."""
    values = {
        "user_id": letter.user_id,
        "kind": letter.kind.value,
        "about": letter.about,
        "sent_s": now_s,
    }
    wanted = getattr(User, preferences.MAILS[letter.kind])
    try:
        with writer(db.engine).begin() as connection:
            # Locked, so that nobody who has just deleted the account gets a mail.
            is_active = User.state == AccountState.ACTIVE.value
            reader = select(User.id).where(User.id == letter.user_id, is_active, wanted)
            reader = reader.with_for_update()
            if connection.scalar(reader) is None:
                return False
            connection.execute(insert(NOTICE).values(values))
    except IntegrityError:
        return False
    return True


def _readers(kind: NoticeKind, may_be_news: ColumnElement[bool]) -> Sequence[Row[Any]]:
    statement = select(
        User.id, User.group_id, User.mail, User.first_name, User.language, User.mail_language
    ).where(
        User.state == AccountState.ACTIVE.value, getattr(User, preferences.MAILS[kind]), may_be_news
    )
    with db.engine.connect() as connection:
        return connection.execute(statement.order_by(User.id)).all()


def _told(kind: NoticeKind, *which: ColumnElement[bool]) -> Exists:
    """Whether the `User` of the statement around was sent such a mail."""
    told = select(NOTICE.c.sent_s).where(
        NOTICE.c.user_id == User.id, NOTICE.c.kind == kind.value, *which
    )
    return told.correlate_except(NOTICE).exists()


def _has_untold_run(_now_s: int, _: House) -> ColumnElement[bool]:
    untold = ~_told(NoticeKind.CHALLENGE, NOTICE.c.about == cast(ChallengeRun.id, String))
    run = select(ChallengeRun.id).where(
        ChallengeRun.user_id == User.id, ChallengeRun.closed_s.is_(None), untold
    )
    return run.correlate(User).exists()


def _decided_challenge(user: Row[Any], now_s: int, _: House) -> Found | None:
    """A run that was won or lost and hasn't been put away: who did that has seen it."""
    run = challenge_runs.open_run(user.id)
    if run is None:
        return None
    verdict = challenge_runs.verdict(run, user.id, user.group_id, now_s)
    if verdict.is_void or not verdict.is_over or now_s - verdict.end_s > NEWS_FOR_S:
        return None
    facts = {
        "names": run.kept.name,
        "is_won": verdict.status is Status.SUCCEEDED,
        "value": verdict.value,
        "target": verdict.target,
        "unit": run.kept.terms.rule.unit,
        "is_limit": run.kept.terms.rule.is_limit,
    }
    return Found(str(run.id), facts)


def _may_be_silent(now_s: int, _: House) -> ColumnElement[bool]:
    uses = _flats_now(now_s).where(
        MeterUse.user_id == User.id,
        MeterUse.begin_s <= now_s - SILENT_S,
        func.coalesce(meters.LAST_READING_S, 0) <= now_s - SILENT_S,
    )
    told_lately = _told(NoticeKind.SILENCE, NOTICE.c.sent_s > now_s - SILENCE_AGAIN_S)
    return uses.correlate(User).exists() & ~told_lately


def _flats_now(now_s: int) -> Select[Any]:
    return (
        select(
            MeterUse.meter_id,
            Meter.number,
            MeterUse.begin_s,
            meters.LAST_READING_S.label("last_s"),
        )
        .join(Meter, Meter.id == MeterUse.meter_id)
        .where(
            MeterUse.role == MeterRole.FLAT.value,
            MeterUse.begin_s <= now_s,
            or_(MeterUse.end_s.is_(None), MeterUse.end_s > now_s),
        )
    )


def _silent_meter(user: Row[Any], now_s: int, _: House) -> Found | None:
    """The meter of the flat, if nothing has come for a day since it became the flat's."""
    its = _flats_now(now_s).where(MeterUse.user_id == user.id)
    with db.engine.connect() as connection:
        use = connection.execute(its.order_by(MeterUse.begin_s.desc()).limit(1)).first()
    if use is None:
        return None
    since_s = max(use.last_s or 0, use.begin_s)
    about = f"{use.meter_id} {since_s}"
    if now_s - since_s < SILENT_S or _is_told(user.id, NoticeKind.SILENCE, about):
        return None
    return Found(about, {"number": use.number, "since_s": since_s})


def _is_told(user_id: int, kind: NoticeKind, about: str) -> bool:
    told = select(NOTICE.c.sent_s).where(
        NOTICE.c.user_id == user_id, NOTICE.c.kind == kind.value, NOTICE.c.about == about
    )
    with db.engine.connect() as connection:
        return connection.scalar(told) is not None


def _this_monday(now_s: int, house: House) -> date:
    today = local_date(now_s, house.household.zone)
    return today - timedelta(days=today.weekday())


def _has_untold_week(now_s: int, house: House) -> ColumnElement[bool]:
    monday = _this_monday(now_s, house)
    if now_s < midnight_s(monday, house.household.zone) + MONDAY_MORNING_S:
        return false()
    return ~_told(NoticeKind.WEEK, NOTICE.c.about == monday.isoformat())


def _last_week(user: Row[Any], now_s: int, house: House) -> Found | None:
    """Monday to Sunday before this week; nothing until the counter has told of all days."""
    zone, monday = house.household.zone, _this_monday(now_s, house)
    days = range(-2 * WEEK_DAYS, 1)
    midnights_s = [midnight_s(monday + timedelta(days=day), zone) for day in days]
    of_days = whole_days.of_user(user.id, midnights_s)
    known = [of_days.get(end_s) for end_s in midnights_s[1:]]
    used, before = _sum(known[WEEK_DAYS:]), _sum(known[:WEEK_DAYS])
    if used is None:
        return None
    begin_s, end_s = midnights_s[WEEK_DAYS], midnights_s[-1]
    facts = {
        "begin_s": begin_s,
        "end_s": end_s,
        "used_tenth_uwh": used,
        "before_tenth_uwh": before,
        "usual_tenth_uwh": _usual_tenth_uwh(user.id, begin_s, end_s, now_s, house),
    }
    return Found(monday.isoformat(), facts)


def _sum(energies: list[int | None]) -> int | None:
    known = [energy for energy in energies if energy is not None]
    return sum(known) if len(known) == len(energies) else None


def _usual_tenth_uwh(
    user_id: int, begin_s: int, end_s: int, now_s: int, house: House
) -> float | None:
    """The part of the baseline that falls into a time; None without a baseline."""
    saving = savings.of_user(user_id, now_s, house.term_start, house.household)
    if saving is None:
        return None
    terms = Terms.at(end_s - 1, house.term_start, house.household.zone)
    until, since = (
        term_share(house.household, terms.begin_s, terms.end_s, time_s)
        for time_s in (end_s, begin_s)
    )
    return saving.baseline_tenth_uwh * (until - since)


FINDERS = {
    NoticeKind.CHALLENGE: Finder(_has_untold_run, _decided_challenge),
    NoticeKind.SILENCE: Finder(_may_be_silent, _silent_meter),
    NoticeKind.WEEK: Finder(_has_untold_week, _last_week),
}
