"""Which silences of meters the operator knows of."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from broker.models.database import Base, TimeS


class KnownSilence(Base):
    """The operator has seen that a meter has sent nothing since `since_s`; the next silence
    begins at another time and is news again."""

    __tablename__ = "known_silence"

    meter_id: Mapped[int] = mapped_column(ForeignKey("meter.id"), primary_key=True)
    since_s: Mapped[TimeS]
    seen_s: Mapped[TimeS]
