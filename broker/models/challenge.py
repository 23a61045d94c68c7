"""Runs of challenges: what a resident set out to do, and what became of it."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import Float, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from broker.models.database import Base, Id, TimeS

IS_OPEN = text("closed_s IS NULL")


class RunOutcome(StrEnum):
    """What became of a run that was put away."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ABORTED = "aborted"
    VOID = "void"


class ChallengeRun(Base):
    """A run of a challenge by a resident.

    How it stands is computed from the readings as long as it is open. Once it is put away, its
    outcome stays. The index decides who is first when two devices start at the same moment.
    """

    __tablename__ = "challenge_run"
    __table_args__ = (
        Index(
            "challenge_run_open",
            "user_id",
            unique=True,
            sqlite_where=IS_OPEN,
            postgresql_where=IS_OPEN,
        ),
        Index("challenge_run_of_user", "user_id", "started_s"),
    )

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    challenge_id: Mapped[int] = mapped_column(Integer)
    """As in the files of challenges."""
    started_s: Mapped[TimeS]
    terms: Mapped[str] = mapped_column(Text)
    """Texts, rule, spans and target as of the start, as JSON."""
    closed_s: Mapped[TimeS | None]
    """When it was quit or made way for the next one; None while it is open."""
    outcome: Mapped[str | None] = mapped_column(String(16))
    value: Mapped[float | None] = mapped_column(Float)
    """What was measured, in the rule's unit, when it was put away."""
    target: Mapped[float | None] = mapped_column(Float)
