"""Which mails somebody has been sent about what, so that nobody gets one twice."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from broker.models.database import Base, TimeS


class NoticeKind(StrEnum):
    """What residents may be told by mail, if they want to."""

    CHALLENGE = "challenge"
    SILENCE = "silence"
    WEEK = "week"


class Notice(Base):
    """A mail that has been sent: `about` names the run, the silence or the week."""

    __tablename__ = "notice"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    about: Mapped[str] = mapped_column(String(64), primary_key=True)
    sent_s: Mapped[TimeS]
