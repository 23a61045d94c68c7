"""The community: one house, one roof, one grid connection."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from broker.models.database import Base, Id, TimeS


class Group(Base):
    """A community of flats that shares production and a grid connection."""

    __tablename__ = "group"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(200), unique=True)
    """Shown to its members as their address."""
    created_s: Mapped[TimeS]
