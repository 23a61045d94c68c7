"""Sonnenhof 12: a demo house in Landshut, its people and its plants."""

from collections.abc import Sequence
from dataclasses import dataclass

from broker.sources.simulator import households as live
from broker.sources.simulator.common_area import COMMON_AREA
from broker.sources.simulator.household import Household
from broker.sources.simulator.photovoltaics import PanelField, PhotovoltaicPlant
from broker.sources.simulator.sun import Location


@dataclass(frozen=True, slots=True)
class Flat:
    """A flat, the person who signs in for it, and how its people live."""

    key: str
    label: str
    first_name: str
    name: str
    nick: str
    flat_size_m2: float
    household_sizes: tuple[tuple[int, int], ...]
    """(days before now from which it holds, inhabitants), the oldest first."""
    kind: str
    household: Household
    meter_sends_power: bool = True

    @property
    def mail(self) -> str:
        """An address that can never belong to anybody (RFC 2606)."""
        return f"{self.first_name}.{self.name}@example.org".lower()


@dataclass(frozen=True, slots=True)
class HouseDescription:
    """A house: where it stands, who lives there, what is on its roof."""

    name: str
    street: str
    postal_code: str
    place: str
    zone: str
    country: str
    federal_state: str
    location: Location
    flats: tuple[Flat, ...]
    """The first is the demo's resident, the second its second resident."""
    common: Household
    first_production: PhotovoltaicPlant
    second_production: PhotovoltaicPlant

    @property
    def latitude(self) -> float:
        """Degrees north."""
        return self.location.latitude_deg

    @property
    def longitude(self) -> float:
        """Degrees east."""
        return self.location.longitude_deg


_LONG_AGO = 1200


def _flat(
    number: int,
    floor: str,
    person: tuple[str, str, str],
    size_m2: float,
    inhabitants: int | Sequence[tuple[int, int]],
    kind: str,
    household: Household,
    meter_sends_power: bool = True,
) -> Flat:
    sizes = ((_LONG_AGO, inhabitants),) if isinstance(inhabitants, int) else tuple(inhabitants)
    first_name, name, nick = person
    return Flat(
        f"flat-{number}", f"Wohnung {number}, {floor}", first_name, name, nick, size_m2, sizes,
        kind, household, meter_sends_power,
    )  # fmt: skip


SONNENHOF_12 = HouseDescription(
    name="Sonnenhof 12",
    street="Sonnenhof 12",
    postal_code="84028",
    place="Landshut",
    zone="Europe/Berlin",
    country="DE",
    federal_state="BY",
    location=Location(48.54, 12.15),
    flats=(
        _flat(
            1, "EG links", ("Maria", "Huber", "Mia"), 104.5, ((_LONG_AGO, 4), (140, 5)),
            "family with three children, the youngest a few months old",
            live.FAMILY_WITH_THREE_CHILDREN,
        ),
        _flat(
            2, "EG rechts", ("Jonas", "Becker", "jonas_b"), 78.0, 2,
            "couple working from home", live.COUPLE_WORKING_FROM_HOME,
        ),
        _flat(
            3, "1. OG links", ("Elfriede", "Wagner", "Frau Wagner"), 58.5, 1,
            "single senior", live.SENIOR, meter_sends_power=False,
        ),
        _flat(
            4, "1. OG rechts", ("Emre", "Yilmaz", "WG Sonnendeck"), 92.0, 4,
            "student flat share", live.STUDENT_FLAT_SHARE,
        ),
        _flat(
            5, "2. OG links", ("Katharina", "Vogel", "Kathi"), 110.0, 4,
            "family with an electric car and a wallbox of 11 kW", live.FAMILY_WITH_CAR,
        ),
        _flat(
            6, "2. OG rechts", ("Thomas", "Schneider", "Tom"), 66.0, 2,
            "couple with electric flow heaters", live.COUPLE_WITH_FLOW_HEATER,
        ),
        _flat(
            7, "3. OG links", ("Aylin", "Demir", "aylin"), 49.5, 1,
            "nurse on shifts", live.NURSE_ON_SHIFTS,
        ),
        _flat(
            8, "3. OG rechts", ("Frieda", "Lorenz", "Sparfuchs"), 44.0, 1,
            "frugal person", live.FRUGAL_PERSON, meter_sends_power=False,
        ),
        _flat(
            9, "4. OG links", ("Lukas", "Hartmann", "luk4s"), 52.0, 1,
            "night owl", live.NIGHT_OWL,
        ),
        _flat(
            10, "4. OG rechts", ("Paul", "Nguyen", "Paul"), 61.0, 1,
            "weekend commuter", live.WEEKEND_COMMUTER,
        ),
    ),
    common=COMMON_AREA,
    first_production=PhotovoltaicPlant((PanelField(9_800, 180, 33),), 9_000, 0.82),
    second_production=PhotovoltaicPlant(
        (PanelField(2_700, 90, 15), PanelField(2_700, 270, 15)), 4_600, 0.81
    ),
)  # fmt: skip
