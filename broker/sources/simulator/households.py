"""The households of the house: who lives how, and with what."""

from broker.sources.simulator import catalogue as has
from broker.sources.simulator.appliance import Fridge, Lighting, Standby
from broker.sources.simulator.household import Household, Vacation
from broker.sources.simulator.routine import Routine

_AUGUST = Vacation(7, 28, 16, 14)
_EARLY_SUMMER = Vacation(6, 8, 25, 14)
_CHRISTMAS = Vacation(12, 23, 1, 6)

FAMILY_WITH_THREE_CHILDREN = Household(
    appliances=(
        Fridge("Kühlschrank-1", 95, 0.36),
        Fridge("Gefriertruhe-1", 80, 0.34, 62),
        Standby("Grundlast-1", 84),
        Lighting("Licht-1", 190),
        has.kettle(0.9, 0.8),
        has.coffee_machine(1.2, 1.8),
        has.toaster(0.6),
        has.microwave(0.7),
        has.hob(1.1, 0.95, 18.2, 1.35),
        has.oven(4.5),
        has.washing_machine(9.0, 10.0),
        has.dryer(5.5),
        has.dishwasher(9.0, 20.0),
        has.television(160, 3.0, 0.9, 0.7),
        has.computer(140, 3.0, "clock", 16.5, 0.8, 0.9),
        has.hair_dryer(0.6),
        has.vacuum_cleaner(4),
    ),
    # One parent is at home with the smallest; the others leave and come back unnoticed.
    cycle=(Routine(6.1, 22.6, works=True),) * 5 + (Routine(7.2, 23.2), Routine(7.5, 22.6)),
    vacations=(_AUGUST,),
)

COUPLE_WORKING_FROM_HOME = Household(
    appliances=(
        Fridge("Kühlschrank-1", 85, 0.33),
        Standby("Grundlast-1", 66),
        Lighting("Licht-1", 105),
        has.kettle(0.6, 1.2),
        has.coffee_machine(3.4, 2.6),
        has.toaster(0.4),
        has.microwave(0.4),
        has.hob(1.1, 0.85, 19.0),
        has.oven(2.6),
        has.washing_machine(3.8, 12.5),
        has.dryer(2.0),
        has.dishwasher(4.5, 20.5),
        has.television(130, 2.6, 0.8),
        has.home_office(2, 0.9),
        has.computer(120, 2.0, "clock", 20.0, 0.3, 0.6),
        has.hair_dryer(0.4),
        has.vacuum_cleaner(2),
    ),
    cycle=(Routine(7.3, 23.4, works=True),) * 5 + (Routine(8.6, 24.0), Routine(8.8, 23.3)),
    vacations=(_EARLY_SUMMER, _CHRISTMAS),
)

SENIOR = Household(
    appliances=(
        Fridge("Kühlschrank-1", 100, 0.42, 40),
        Standby("Grundlast-1", 22),
        Lighting("Licht-1", 70),
        has.kettle(0.9, 1.0),
        has.coffee_machine(1.5, 1.6),
        has.toaster(0.5),
        has.hob(1.0, 0.2, 17.8, 0.85),
        has.oven(1.2, 11.0),
        has.washing_machine(1.6, 9.8),
        has.television(115, 3.2, 0.97, 0.8),
        has.vacuum_cleaner(2),
    ),
    cycle=(
        (Routine(6.6, 22.0),) * 2
        + (Routine(6.6, 22.0, 14.0, 17.0),)  # Wednesday afternoon: cards with friends.
        + (Routine(6.6, 22.0),) * 3
        + (Routine(7.0, 22.0, 9.5, 11.0),)  # Sunday: church.
    ),
    vacations=(Vacation(9, 1, 20, 10),),
)

STUDENT_FLAT_SHARE = Household(
    appliances=(
        Fridge("Kühlschrank-1", 105, 0.40),
        Fridge("Kühlschrank-2", 75, 0.30, 55),
        Standby("Grundlast-1", 80, 4.0),
        Lighting("Licht-1", 135),
        has.kettle(1.4, 1.8),
        has.coffee_machine(1.2, 1.6),
        has.toaster(0.7),
        has.microwave(1.0),
        has.hob(0.6, 1.5, 19.8),
        has.oven(3.6, 20.3),
        has.washing_machine(5.5, 17.5),
        has.dishwasher(4.5, 22.0),
        has.television(130, 2.4, 0.7),
        has.computer(190, 3.6, "clock", 19.0, 1.2, 1.2),
        has.computer(85, 3.0, "wake", 2.0, 0.7, 0.8),
        has.hair_dryer(0.7),
        has.vacuum_cleaner(1.5),
    ),
    cycle=(
        (Routine(8.0, 24.3, works=True),) * 3
        + (Routine(8.2, 25.2, works=True), Routine(8.6, 25.6, works=True))
        + (Routine(10.2, 26.0), Routine(10.4, 24.2))
    ),
    vacations=(Vacation(8, 5, 15, 14), Vacation(12, 22, 1, 11)),
)

FAMILY_WITH_CAR = Household(
    appliances=(
        Fridge("Kühlschrank-1", 90, 0.34),
        Standby("Grundlast-1", 68),
        Lighting("Licht-1", 150),
        has.wallbox(2.1),
        has.kettle(0.6, 0.6),
        has.coffee_machine(1.4, 2.2),
        has.toaster(0.5),
        has.microwave(0.5),
        has.hob(0.8, 0.9, 18.6, 1.2),
        has.oven(3.2),
        has.washing_machine(5.5, 18.3),
        has.dryer(3.4),
        has.dishwasher(6.0, 20.3),
        has.television(150, 2.6, 0.85, 0.3),
        has.computer(90, 1.6, "clock", 20.0, 0.6, 0.6),
        has.hair_dryer(0.5),
        has.vacuum_cleaner(3),
    ),
    cycle=(Routine(6.3, 22.8, 7.8, 16.8, works=True),) * 5
    + (Routine(7.8, 23.4), Routine(8.0, 22.7)),
    vacations=(_AUGUST,),
)

COUPLE_WITH_FLOW_HEATER = Household(
    appliances=(
        Fridge("Kühlschrank-1", 85, 0.32),
        Standby("Grundlast-1", 46),
        Lighting("Licht-1", 110),
        has.shower_heater(20_500, 1.05, 0.5),
        has.tap_heater(5_700, 4.0),
        has.kettle(0.8, 0.6),
        has.coffee_machine(1.0, 1.4),
        has.toaster(0.3),
        has.hob(0.6, 0.8, 18.9),
        has.oven(2.0),
        has.washing_machine(3.2),
        has.dishwasher(2.8, 20.4),
        has.television(100, 2.3, 0.8),
        has.computer(90, 1.6, "clock", 20.2, 0.5, 0.6),
        has.hair_dryer(0.4),
        has.vacuum_cleaner(2),
    ),
    cycle=(Routine(6.4, 22.9, 7.6, 17.2, works=True),) * 5
    + (Routine(8.2, 23.6), Routine(8.4, 22.9)),
    vacations=(_EARLY_SUMMER,),
)

_EARLY_SHIFT = Routine(4.6, 21.2, 5.4, 14.6, works=True)
_LATE_SHIFT = Routine(8.6, 24.0, 12.6, 21.8, works=True)
_OFF_DUTY = Routine(7.6, 22.6)

NURSE_ON_SHIFTS = Household(
    appliances=(
        Fridge("Kühlschrank-1", 80, 0.31),
        Standby("Grundlast-1", 42),
        Lighting("Licht-1", 95),
        has.kettle(0.5, 0.8),
        has.coffee_machine(1.6, 2.0),
        has.toaster(0.5),
        has.microwave(0.5),
        has.hob(0.7, 0.75, 17.8, 0.95),
        has.oven(1.8, 17.5),
        has.washing_machine(2.8, 15.8),
        has.dishwasher(2.2, 19.0),
        has.television(100, 2.4, 0.8),
        has.computer(75, 1.6, "clock", 17.0, 0.5, 0.7),
        has.hair_dryer(0.5),
        has.vacuum_cleaner(1.5),
    ),
    cycle=(_EARLY_SHIFT,) * 4 + (_OFF_DUTY,) * 2 + (_LATE_SHIFT,) * 3 + (_OFF_DUTY,) * 2,
    vacations=(Vacation(9, 5, 20, 14),),
)

FRUGAL_PERSON = Household(
    appliances=(
        Fridge("Kühlschrank-1", 70, 0.32),
        Standby("Grundlast-1", 25, 0.8),
        Lighting("Licht-1", 60),
        has.kettle(0.9, 0.8),
        has.hob(0.8, 0.75, 18.3, 0.9),
        has.oven(1.2),
        has.washing_machine(1.5),
        has.computer(55, 3.0, "clock", 19.5, 0.9, 0.9),
        has.vacuum_cleaner(1),
    ),
    cycle=(Routine(6.8, 22.3, 8.0, 16.6, works=True),) * 5
    + (Routine(7.8, 22.8), Routine(8.0, 22.3)),
    vacations=(Vacation(7, 6, 30, 16),),
)

NIGHT_OWL = Household(
    appliances=(
        Fridge("Kühlschrank-1", 90, 0.35),
        Standby("Grundlast-1", 56, 3.0),
        Lighting("Licht-1", 75),
        has.coffee_machine(2.2, 2.4),
        has.kettle(0.3, 0.8),
        has.microwave(1.1),
        has.hob(0.0, 0.55, 20.6, 0.95),
        has.oven(2.0, 21.0),
        has.washing_machine(1.8, 20.5),
        has.dishwasher(1.6, 22.6),
        has.computer(340, 3.4, "clock", 20.0, 0.9, 0.95),
        has.computer(310, 1.3, "clock", 0.2, 0.8, 0.9),
        has.computer(110, 3.0, "wake", 2.0, 0.8, 0.5),
        has.vacuum_cleaner(0.7),
    ),
    cycle=(Routine(10.4, 26.2, works=True),) * 5 + (Routine(11.4, 26.8), Routine(11.2, 26.2)),
    vacations=(Vacation(8, 12, 20, 12),),
)

_COMMUTER_MONDAY = Routine(5.6, 23.0, 6.5, None, works=True)
_COMMUTER_FRIDAY = Routine(17.0, 23.8, None, 18.6, works=True)

WEEKEND_COMMUTER = Household(
    appliances=(
        Fridge("Kühlschrank-1", 80, 0.30),
        Standby("Grundlast-1", 30),
        Lighting("Licht-1", 90),
        has.coffee_machine(1.0, 2.2),
        has.toaster(0.7),
        has.hob(0.7, 0.85, 19.0),
        has.oven(2.4),
        has.washing_machine(4.6, 20.0),
        has.dryer(2.0),
        has.dishwasher(4.6, 20.6),
        has.television(115, 2.6, 0.85),
        has.computer(100, 2.2, "clock", 16.5, 0.4, 0.8),
        has.vacuum_cleaner(3),
    ),
    cycle=(
        _COMMUTER_MONDAY,
        *(None, None, None),
        _COMMUTER_FRIDAY,
        Routine(8.6, 24.0),
        Routine(8.8, 22.6),
    ),
    vacations=(_EARLY_SUMMER,),
)
