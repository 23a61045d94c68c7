"""The one model layer: a noun a file."""

from broker.models.access import IngestKey, IngestKeyMeter, Invitation, SessionToken, TokenPurpose
from broker.models.allocation import AllocationRule, AllocationShare
from broker.models.baseline import BillBaseline
from broker.models.challenge import ChallengeRun, RunOutcome
from broker.models.database import Base, db, engine_settings, writer
from broker.models.disaggregation import (
    Appliance,
    ApplianceCorrection,
    ApplianceRun,
    Disaggregation,
    DisaggregationSource,
    DisaggregationState,
)
from broker.models.group import Group
from broker.models.hint import HintRead
from broker.models.inexogy import InexogyEnergy, InexogyMeter
from broker.models.meter import (
    DEFAULT_MAX_POWER_W,
    PRODUCTION,
    Meter,
    MeterEvent,
    MeterEventKind,
    MeterRole,
    MeterUse,
    Register,
)
from broker.models.notice import Notice, NoticeKind
from broker.models.portable import Earlier, JsonList, Later, among
from broker.models.prepared import Prepared
from broker.models.readers import dispose_engines
from broker.models.reading import QuarantinedReading, QuarterHour, Reading
from broker.models.silence import KnownSilence
from broker.models.tariff import GridRate, RateKind, Tariff
from broker.models.user import AccountState, Avatar, HouseholdSize, User

__all__ = [
    "DEFAULT_MAX_POWER_W",
    "PRODUCTION",
    "AccountState",
    "AllocationRule",
    "AllocationShare",
    "Appliance",
    "ApplianceCorrection",
    "ApplianceRun",
    "Avatar",
    "Base",
    "BillBaseline",
    "ChallengeRun",
    "Disaggregation",
    "DisaggregationSource",
    "DisaggregationState",
    "Earlier",
    "GridRate",
    "Group",
    "HintRead",
    "HouseholdSize",
    "InexogyEnergy",
    "InexogyMeter",
    "IngestKey",
    "IngestKeyMeter",
    "Invitation",
    "JsonList",
    "KnownSilence",
    "Later",
    "Meter",
    "MeterEvent",
    "MeterEventKind",
    "MeterRole",
    "MeterUse",
    "Notice",
    "NoticeKind",
    "Prepared",
    "QuarantinedReading",
    "QuarterHour",
    "RateKind",
    "Reading",
    "Register",
    "RunOutcome",
    "SessionToken",
    "Tariff",
    "TokenPurpose",
    "User",
    "among",
    "db",
    "dispose_engines",
    "engine_settings",
    "writer",
]
