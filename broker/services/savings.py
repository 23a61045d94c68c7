"""Am I, are we saving: prognoses against the last term, from what is stored when asked for."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import Connection

from broker.energy.baseline import NEAR_S, BaselineSource
from broker.energy.savings import Saving, prognosis_tenth_uwh
from broker.models import db
from broker.services import baselines
from broker.services.baselines import Terms
from broker.services.remembered import Remembered
from broker.services.standard_load_profile import StandardHousehold, term_share
from broker.store import cumulated, term_stands
from broker.store.cumulated import Covered
from broker.store.meter_uses import Use
from broker.store.term_stands import TermStand
from broker.units import MINUTE_S, QUARTER_HOUR_S

LONGEST_REMEMBERED_S = MINUTE_S
"""A community's saving is at most so old: a correction shows by then."""


class CommunitySaving(NamedTuple):
    """The sum of known savings in 0.1 µWh and the time of the newest reading in it."""

    time_s: int
    saving_tenth_uwh: float
    members: int


class _Followed(NamedTuple):
    """What is known of a home but for its newest readings; energies in 0.1 µWh."""

    measured: int | None
    """The energy of the previous term."""
    from_s: int
    """From when on the home's consumption in this term is known."""
    begun: dict[int, int]
    """C(t) of each use where it begins to count in this term, by its id."""
    ended: dict[int, int]
    """C(t) at the end of the uses that are over."""


_followed: Remembered[_Followed] = Remembered(4096)
_communities: Remembered[dict[str | None, CommunitySaving]] = Remembered(8)


def of_user(
    user_id: int, now_s: int, term_start: tuple[int, int], household: StandardHousehold
) -> Saving | None:
    """A resident's saving at their newest reading; None without a baseline or readings."""
    terms = Terms.at(now_s, term_start, household.zone)
    stands = term_stands.of_user(
        user_id, terms.previous_s, terms.begin_s, now_s, terms.previous_year
    )
    return _saving(stands, terms, household) if stands else None


def of_community(
    name: str | None,
    now_s: int,
    term_start: tuple[int, int],
    household: StandardHousehold,
    minimum: int,
) -> CommunitySaving | None:
    """What the members of a community save together, those of all communities without a name.

    None where less than `minimum` members have a known saving; such communities aren't part of the
    whole sum either, or it would give them away. At most `LONGEST_REMEMBERED_S` old.
    """
    key = (db.engine, now_s // LONGEST_REMEMBERED_S, term_start, household, minimum)
    of_all = _communities.get(key, lambda: _of_all(now_s, term_start, household, minimum))
    return of_all.get(name)


def _of_all(
    now_s: int, term_start: tuple[int, int], household: StandardHousehold, minimum: int
) -> dict[str | None, CommunitySaving]:
    terms = Terms.at(now_s, term_start, household.zone)
    of_groups: dict[str, list[Saving]] = {}
    stands = term_stands.of_members(terms.previous_s, terms.begin_s, now_s, terms.previous_year)
    for _, of_home in groupby(stands, key=lambda stand: stand.use.user_id):
        home = list(of_home)
        saving = _saving(home, terms, household)
        if saving is not None:
            of_groups.setdefault(home[0].group, []).append(saving)
    sums: dict[str | None, CommunitySaving] = {
        name: _sum(savings) for name, savings in of_groups.items() if len(savings) >= minimum
    }
    if sums:
        sums[None] = CommunitySaving(
            max(one.time_s for one in sums.values()),
            sum(one.saving_tenth_uwh for one in sums.values()),
            sum(one.members for one in sums.values()),
        )
    return sums


def _sum(savings: Sequence[Saving]) -> CommunitySaving:
    return CommunitySaving(
        max(saving.time_s for saving in savings),
        sum(saving.saving_tenth_uwh for saving in savings),
        len(savings),
    )


def _saving(
    stands: Sequence[TermStand], terms: Terms, household: StandardHousehold
) -> Saving | None:
    followed = _by_boundaries(stands, terms) or _followed.get(
        _key(stands, terms), lambda: _looked_up(stands, terms)
    )
    bill = stands[0].bill_tenth_uwh
    baseline, source = followed.measured, BaselineSource.MEASURED
    if baseline is None:
        baseline, source = bill, BaselineSource.BILL
    newest_s = max(stand.last_s or 0 for stand in stands)
    if baseline is None or newest_s < followed.from_s or not followed.begun:
        return None
    used = 0
    for stand in stands:
        if (begun := followed.begun.get(stand.use.id)) is not None:
            until = followed.ended.get(stand.use.id, stand.last_energy)
            assert until is not None
            used += max(until - begun, 0)
    share = term_share(household, terms.begin_s, terms.end_s, newest_s)
    if followed.from_s > terms.begin_s:
        share -= term_share(household, terms.begin_s, terms.end_s, followed.from_s)
    return Saving(newest_s, prognosis_tenth_uwh(share, baseline, used), baseline, source)


def _by_boundaries(stands: Sequence[TermStand], terms: Terms) -> _Followed | None:
    """The usual case: C(t) is known at every boundary, so one statement has told everything."""
    measured, begun, ended = 0, {}, {}
    is_covered = stands[0].use.begin_s <= terms.previous_s, False
    for stand in stands:
        use = stand.use
        end = stand.at_end if use.end_s is not None else None
        if use.begin_s < terms.begin_s:
            low = stand.at_previous if use.begin_s <= terms.previous_s else stand.at_begin
            is_over = use.end_s is not None and use.end_s <= terms.begin_s
            high = end if is_over else stand.at_term
            if low is None or high is None:
                return None
            measured += high - low
        if use.end_s is None or use.end_s > terms.begin_s:
            covers = use.begin_s <= terms.begin_s
            low = stand.at_term if covers else stand.at_begin
            if low is None or (use.end_s is not None and end is None):
                return None
            begun[use.id] = low
            is_covered = is_covered[0], is_covered[1] or covers
            if end is not None:
                ended[use.id] = end
    return _Followed(measured, terms.begin_s, begun, ended) if all(is_covered) else None


def _key(stands: Sequence[TermStand], terms: Terms) -> tuple[object, ...]:
    """While this is the same, so is what `_looked_up` finds: see `meter_uses.Stamp`."""
    settled_s = terms.begin_s + NEAR_S + QUARTER_HOUR_S
    return (
        db.engine,
        terms,
        *(
            (
                stand.use,
                stand.past_revision,
                None
                if stand.newest_s is None
                else min(stand.newest_s, max(settled_s, stand.use.begin_s, stand.use.end_s or 0)),
            )
            for stand in stands
        ),
    )


def _looked_up(stands: Sequence[TermStand], terms: Terms) -> _Followed:
    """The same for homes whose meters came, went or were silent at a boundary."""
    user_id = stands[0].use.user_id
    assert user_id is not None
    is_measured = baselines.is_measured(user_id, terms)
    measured, from_s, begun, ended = 0, terms.end_s, {}, {}
    with db.engine.connect() as connection:
        for use in (stand.use for stand in stands):
            if is_measured and use.is_within(terms.previous_s, terms.begin_s):
                last_term = _counted(connection, use, terms.previous_s, terms.begin_s)
                measured += last_term.last_energy - last_term.first_energy if last_term else 0
            if use.is_within(terms.begin_s, terms.end_s):
                this_term = _counted(connection, use, terms.begin_s, terms.end_s)
                if this_term is not None:
                    from_s = min(from_s, this_term.first_s)
                    begun[use.id] = this_term.first_energy
                    if use.end_s is not None:
                        ended[use.id] = this_term.last_energy
    return _Followed(measured if is_measured else None, from_s, begun, ended)


def _counted(connection: Connection, use: Use, begin_s: int, end_s: int) -> Covered | None:
    """From where to where a meter tells what the flat took in [begin_s, end_s].

    From its edges where C(t) is known there, over gaps of any length, else from the first or until
    the last reading.
    """
    from_s, until_s = use.within(begin_s, end_s)
    stand = cumulated.at(connection, use, [from_s, until_s])
    read = cumulated.covered(connection, use, from_s, until_s)
    first = (read.first_s, read.first_energy) if read else None
    last = (read.last_s, read.last_energy) if read else None
    if from_s in stand:
        first = from_s, stand[from_s]
    if until_s in stand:
        last = until_s, stand[until_s]
    return Covered(*first, *last) if first and last else None
