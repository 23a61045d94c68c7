"""Runs as they are kept, and the quarter hours that their rules look at."""

from __future__ import annotations

import pytest

from broker.energy.challenge_rules import (
    BaseLoad,
    CommunityGoal,
    Consumption,
    Peak,
    Rule,
    SunnyShare,
)
from broker.energy.challenge_times import Span
from broker.energy.challenges import Terms
from broker.ingest.intake import Columns, take_in
from broker.models import MeterRole
from broker.services import challenge_runs

QH = 900
BEGIN_S = 1_795_000_500
WH = 10**7
ROOF = (MeterRole.FIRST_PRODUCTION, MeterRole.SECOND_PRODUCTION)


@pytest.mark.parametrize(
    "rule",
    [
        Consumption(),
        Peak(),
        BaseLoad(quietest=8),
        SunnyShare(from_w=812.5),
        CommunityGoal(usual_kwh={7: 41.5, 12: 3.25}),
    ],
    ids=lambda rule: type(rule).__name__,
)
def test_what_is_kept_is_what_was_agreed(rule: Rule):
    spans = (Span(0, 900), Span(900, 2700))
    terms = Terms(rule, 1, spans, (1.5, 0.1 + 0.2))
    name = {"en": "Quiet", "de": "Müßig"}
    assert challenge_runs.read(challenge_runs.written(name, terms)) == (name, terms)


def say(meter_id: int, first: int, *energies_wh: int | None) -> None:
    """Wh of quarter hours from the first one on after BEGIN_S; None ends what is told."""
    counter, times_s, counters = 0, [BEGIN_S + first * QH], [0]
    for number, energy in enumerate(energies_wh, first + 1):
        if energy is None:
            break
        counter += energy * WH
        times_s.append(BEGIN_S + number * QH)
        counters.append(counter)
    nothing = [None] * len(times_s)
    take_in({meter_id: Columns(times_s, counters, nothing, nothing)}, BEGIN_S + 90 * QH)


def roof_wh(resident, count: int) -> list[int | None]:
    seen = challenge_runs.seen(
        SunnyShare(), resident.id, resident.group_id, BEGIN_S, BEGIN_S + count * QH
    )
    assert seen.roof is not None
    return [
        energy // WH if known else None
        for energy, known in zip(seen.roof.energies.tolist(), seen.roof.known.tolist(), strict=True)
    ]


def test_plants_add_up_and_count_from_when_they_are_there(resident, make_meter, assign):
    first, second = make_meter(), make_meter()
    house = {"group_id": resident.group_id}
    assign(first, begin_s=BEGIN_S, role=ROOF[0].value, **house)
    assign(second, begin_s=BEGIN_S + 2 * QH, role=ROOF[1].value, **house)
    say(first, 0, 100, 200, 300, 400, 500)
    say(second, 2, 30, 40)
    # Alone for two quarter hours, then together; the last one isn't known of the second plant.
    assert roof_wh(resident, 5) == [100, 200, 330, 440, None]


def test_a_house_without_plants_has_no_roof(resident, make_meter, assign):
    assign(make_meter(), resident, BEGIN_S)
    assert roof_wh(resident, 2) == [None, None]


def test_a_house_is_seen_with_all_its_flats(resident, make_user, make_meter, assign):
    neighbour, strangers = make_user(resident.group_id), make_user()
    for owner, energy in ((resident, 100), (neighbour, 70), (strangers, 900)):
        meter_id = make_meter()
        assign(meter_id, owner, BEGIN_S)
        say(meter_id, 0, energy, energy)
    seen = challenge_runs.seen(
        CommunityGoal(), resident.id, resident.group_id, BEGIN_S, BEGIN_S + 2 * QH
    )
    assert seen.home.total_tenth_uwh == 200 * WH
    assert {member: series.total_tenth_uwh for member, series in seen.members.items()} == {
        resident.id: 200 * WH,
        neighbour.id: 140 * WH,
    }
