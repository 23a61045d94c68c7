"""What a flat used in a term before Broker measured it, as its last bill says."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Integer
from sqlalchemy.orm import Mapped, mapped_column

from broker.models.database import Base, TenthUwh, TimeS


class BillBaseline(Base):
    """The energy of one term, entered by the operator. What the meter has measured goes first."""

    __tablename__ = "bill_baseline"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
    term_year: Mapped[int] = mapped_column(Integer, primary_key=True)
    """The year in which the term begins."""
    energy_tenth_uwh: Mapped[TenthUwh]
    entered_s: Mapped[TimeS]
