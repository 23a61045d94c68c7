"""Appliances as found in German homes: powers and durations of common devices.

Orders of magnitude follow type plates and EU energy labels. "Per week" is how often a household
uses something; habits spread it over working days and free days.
"""

from broker.sources.simulator.appliance import Phase, ProgrammedAppliance
from broker.sources.simulator.routine import Anchor, Habit


def kettle(mornings: float, later: float) -> ProgrammedAppliance:
    """Water for coffee and tea: `mornings` after waking, `later` over the rest of a free day."""
    return ProgrammedAppliance(
        "Wasserkocher-1",
        (Phase(2000, 2, 4),),
        (
            Habit("wake", 0.3, 0.15, mornings, mornings),
            Habit("clock", 15.5, 2.5, later * 0.6, later),
        ),
    )


def coffee_machine(workday: float, free_day: float) -> ProgrammedAppliance:
    """An automatic machine: heats for a minute, brews, keeps itself warm."""
    return ProgrammedAppliance(
        "Kaffeemaschine-1",
        (Phase(1400, 1, 1.5), Phase(1250, 0.5, 1), Phase(700, 12, 20, duty=0.1, period_s=200)),
        (
            Habit("wake", 0.35, 0.2, workday * 0.7, free_day * 0.6),
            Habit("clock", 14.5, 1.5, workday * 0.3, free_day * 0.4),
        ),
    )


def toaster(per_day: float) -> ProgrammedAppliance:
    """A toaster at breakfast."""
    return ProgrammedAppliance(
        "Toaster-1", (Phase(900, 2, 4),), (Habit("wake", 0.45, 0.15, per_day * 0.8, per_day),)
    )


def microwave(per_day: float) -> ProgrammedAppliance:
    """Lunch or dinner warmed up."""
    return ProgrammedAppliance(
        "Mikrowelle-1",
        (Phase(1250, 2, 6),),
        (
            Habit("clock", 12.6, 0.8, per_day * 0.5, per_day * 0.5, patience_h=0.3),
            Habit("clock", 18.8, 1.0, per_day * 0.5, per_day * 0.5),
        ),
    )


def hob(
    lunches: float, dinners: float, dinner_h: float = 18.6, size: float = 1.0
) -> ProgrammedAppliance:
    """Brings pots to the boil and simmers; more people, larger pots."""
    return ProgrammedAppliance(
        "Kochfeld-1",
        (
            Phase(2100 * size, 5, 9),
            Phase(1500 * size, 10, 26, duty=0.42, period_s=50),
        ),
        (
            Habit("clock", 12.2, 0.4, lunches * 0.45, lunches, patience_h=0.3),
            Habit("clock", dinner_h, 0.5, dinners, dinners, patience_h=2.5),
        ),
    )


def oven(per_week: float, dinner_h: float = 18.3) -> ProgrammedAppliance:
    """Heats up for ten minutes, then holds its temperature by a thermostat."""
    return ProgrammedAppliance(
        "Backofen-1",
        (Phase(2500, 8, 12), Phase(2500, 20, 50, duty=0.3, period_s=150)),
        (
            Habit("clock", dinner_h, 0.6, per_week / 9, per_week / 7, patience_h=2.0),
            Habit("clock", 11.3, 0.8, 0.0, per_week / 6),
        ),
    )


def washing_machine(per_week: float, workday_h: float = 17.5) -> ProgrammedAppliance:
    """Heats its water, turns the drum for an hour, spins."""
    return ProgrammedAppliance(
        "Waschmaschine-1",
        (
            Phase(120, 3, 6, flicker=0.2),
            Phase(2050, 9, 20),
            Phase(210, 35, 60, duty=0.7, period_s=40, flicker=0.15),
            Phase(480, 7, 11, flicker=0.2),
        ),
        (
            Habit("clock", workday_h, 1.5, per_week / 10, 0.0, patience_h=4),
            Habit("clock", 11.0, 1.8, 0.0, per_week / 4),
        ),
    )


def dishwasher(per_week: float, hour: float = 20.0) -> ProgrammedAppliance:
    """Heats twice: for the main wash and for the last rinse."""
    return ProgrammedAppliance(
        "Spülmaschine-1",
        (
            Phase(70, 10, 15),
            Phase(1950, 10, 14),
            Phase(75, 25, 40, flicker=0.1),
            Phase(1950, 8, 12),
            Phase(15, 15, 25),
        ),
        (Habit("clock", hour, 0.7, per_week / 7, per_week / 7, patience_h=3),),
    )


def dryer(per_week: float) -> ProgrammedAppliance:
    """A dryer with a heat pump."""
    return ProgrammedAppliance(
        "Trockner-1",
        (Phase(480, 8, 14), Phase(720, 60, 95, flicker=0.04), Phase(220, 4, 7)),
        (
            Habit("clock", 19.2, 1.2, per_week / 10, 0.0, patience_h=3),
            Habit("clock", 14.0, 1.8, 0.0, per_week / 4),
        ),
    )


def television(
    power_w: float, before_bed_h: float, per_day: float, afternoons: float = 0.0
) -> ProgrammedAppliance:
    """The evening's film, and perhaps an afternoon's programme."""
    shortest_min = before_bed_h * 60 * 0.65
    return ProgrammedAppliance(
        "Fernseher-1",
        (Phase(power_w, shortest_min, before_bed_h * 60, flicker=0.08),),
        (
            Habit("clock", 14.5, 0.8, afternoons, afternoons, patience_h=0.5),
            Habit("bed", -before_bed_h, 0.3, per_day, per_day, patience_h=2),
        ),
    )


def computer(
    power_w: float, hours: float, anchor: Anchor, offset_h: float, workday: float, free_day: float
) -> ProgrammedAppliance:
    """A computer with its screen for a leisure session of about `hours`."""
    return ProgrammedAppliance(
        f"Computer-{1 if anchor != 'wake' else 2}",
        (Phase(power_w, hours * 42, hours * 75, flicker=0.15),),
        (Habit(anchor, offset_h, 0.6, workday, free_day, patience_h=2),),
    )


def home_office(places: int, share_of_workdays: float) -> ProgrammedAppliance:
    """Laptops and screens from nine to five, with a break at noon."""
    return ProgrammedAppliance(
        "Arbeitsplatz-1",
        (
            Phase(105 * places, 190, 235, flicker=0.08),
            Phase(18 * places, 35, 65),
            Phase(105 * places, 200, 270, flicker=0.08),
        ),
        (Habit("clock", 8.5, 0.3, share_of_workdays, 0.0),),
    )


def hair_dryer(per_day: float) -> ProgrammedAppliance:
    """After the shower in the morning."""
    return ProgrammedAppliance(
        "Föhn-1", (Phase(1700, 2, 6),), (Habit("wake", 0.5, 0.15, per_day, per_day),)
    )


def vacuum_cleaner(per_week: float) -> ProgrammedAppliance:
    """Mostly on free days."""
    return ProgrammedAppliance(
        "Staubsauger-1",
        (Phase(650, 10, 30),),
        (Habit("clock", 11.5, 2.0, per_week / 14, per_week / 4),),
    )


def wallbox(per_week: float, arrival_offset_h: float = 0.3) -> ProgrammedAppliance:
    """Charges a car with three phases; tapers when the battery is nearly full."""
    return ProgrammedAppliance(
        "Wallbox-1",
        (Phase(11_000, 55, 220), Phase(6_800, 3, 5), Phase(3_200, 3, 6)),
        (
            Habit("back", arrival_offset_h, 0.25, per_week / 7, 0.0),
            Habit("clock", 13.5, 1.5, 0.0, per_week / 7),
        ),
    )


def shower_heater(power_w: float, mornings: float, evenings: float) -> ProgrammedAppliance:
    """An electric flow heater under the shower: full power as long as the water runs."""
    return ProgrammedAppliance(
        "Durchlauferhitzer-1",
        (Phase(power_w, 2, 9),),
        (
            Habit("wake", 0.3, 0.2, mornings, mornings),
            Habit("bed", -1.4, 0.6, evenings, evenings),
        ),
    )


def tap_heater(power_w: float, per_day: float) -> ProgrammedAppliance:
    """A small flow heater at the kitchen's basin, which never reaches its full temperature."""
    return ProgrammedAppliance(
        "Durchlauferhitzer-2",
        (Phase(power_w, 0.5, 3),),
        (
            Habit("wake", 0.5, 0.3, per_day * 0.25, per_day * 0.25),
            Habit("clock", 12.8, 0.8, per_day * 0.25, per_day * 0.25, patience_h=0.3),
            Habit("clock", 19.4, 0.7, per_day * 0.5, per_day * 0.5, patience_h=0.5),
        ),
    )
