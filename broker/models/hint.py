"""Which hints a resident has read. The hints themselves are files."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Integer
from sqlalchemy.orm import Mapped, mapped_column

from broker.models.database import Base, TimeS


class HintRead(Base):
    """A resident has marked a hint as read; once is enough."""

    __tablename__ = "hint_read"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
    hint_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    read_s: Mapped[TimeS]
