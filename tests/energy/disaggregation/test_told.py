"""Labels of others are ours, and their energies add up to the meter's exactly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.energy.disaggregation.kinds import LABELS, Kind
from broker.energy.disaggregation.labels import read, written
from broker.energy.disaggregation.told import by_appliance, fitted, named

OTHER = (Kind.OTHER, 1)


@pytest.mark.parametrize(
    ("label", "ours"),
    [
        # These are in answers that others have published.
        ("Backofen-2", "Backofen-2"),
        ("Durchlauferhitzer-3", "Durchlauferhitzer-3"),
        ("Elektromobilität-1", "Elektroauto-1"),
        ("Grundlast-1", "Grundlast-1"),
        ("Kühlschrank-3", "Kühlschrank-3"),
        ("Spülmaschine-1", "Spülmaschine-1"),
        ("Waschmaschine-1", "Waschmaschine-1"),
        # These might be.
        ("Geschirrspüler", "Spülmaschine-1"),
        ("Trockner-1", "Wäschetrockner-1"),
        ("Gefriertruhe-2", "Kühlschrank-2"),
        ("Washing machine 2", "Waschmaschine-2"),
        ("tumble_dryer_1", "Wäschetrockner-1"),
        ("EV", "Elektroauto-1"),
        ("HeatPump-1", "Wärmepumpe-1"),
        ("KUEHLSCHRANK-1", "Kühlschrank-1"),
        ("Ku\u0308hlschrank-1", "Kühlschrank-1"),
        # Of these there is one each.
        ("Grundlast-2", "Grundlast-1"),
        ("Always on", "Grundlast-1"),
        ("Aquarium-4", "Sonstiges-1"),
        ("", "Sonstiges-1"),
        ("\n7", "Sonstiges-1"),
        ("Backofen-0", "Backofen-1"),
        ("Backofen-123456789", "Backofen-1"),
        ("Backofen-²", "Sonstiges-1"),
    ],
)
def test_labels_in_german_and_english_are_ours(label, ours):
    assert written(*named(label)) == ours


@given(st.text())
def test_any_text_is_a_label_that_can_be_read_back(label):
    assert read(written(*named(label))) == named(label)


@pytest.mark.parametrize("kind", Kind)
def test_our_own_labels_stay(kind):
    assert named(f"{LABELS[kind]}-1") == (kind, 1)


def test_labels_of_one_appliance_add_up():
    assert by_appliance({"EV-1": 3, "Elektroauto-1": 4, "Aquarium": 5, "Sauna-2": 6}) == {
        (Kind.ELECTRIC_CAR, 1): 7,
        OTHER: 11,
    }


KEYS = st.tuples(st.sampled_from(Kind), st.integers(1, 3))


@given(st.dictionaries(KEYS, st.integers(0, 10**13)), st.integers(0, 10**13))
def test_parts_always_add_up_to_the_meter(energies, energy):
    parts = fitted(energies, energy)
    assert sum(parts.values()) == energy
    assert min(parts.values()) >= 0
    assert parts.keys() <= energies.keys() | {OTHER, (Kind.BASE_LOAD, 1)}
    if sum(energies.values()) > energy:
        total = sum(energies.values())
        assert all(abs(parts.get(k, 0) - e * energy / total) < 2 for k, e in energies.items())


def test_what_is_lacking_is_other_and_what_fits_stays():
    oven, base = (Kind.OVEN, 2), (Kind.BASE_LOAD, 1)
    assert fitted({oven: 60, base: 30}, 100) == {oven: 60, base: 30, OTHER: 10}
    assert fitted({oven: 60, base: 40}, 100) == {oven: 60, base: 40}


def test_too_much_is_scaled_down():
    oven, base, fridge = (Kind.OVEN, 1), (Kind.BASE_LOAD, 1), (Kind.FRIDGE, 1)
    # 3 : 3 : 3 of 10 is 3 1/3 each: the one left over goes to the first of them.
    assert fitted({oven: 30, base: 30, fridge: 30}, 10) == {fridge: 4, oven: 3, base: 3}


def test_nothing_at_all_is_base_load_of_nothing():
    assert fitted({(Kind.OVEN, 1): 0}, 0) == {(Kind.BASE_LOAD, 1): 0}
    assert fitted({(Kind.OVEN, 1): 5}, 0) == {(Kind.BASE_LOAD, 1): 0}
    assert fitted({}, 5) == {OTHER: 5}
