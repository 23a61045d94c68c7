"""What a resident chose: language, what pages show first, which mails they want."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table, select, update

from broker.models import NoticeKind, User, db, writer

USER: Table = User.__table__  # type: ignore[assignment]
MAILS = {kind: f"mails_{kind.value}" for kind in NoticeKind}
"""The column that says whether somebody wants the mails of a kind."""
NAMES = ("language", "money_first", "hides_co2", *MAILS.values())


def of_user(user_id: int) -> dict[str, Any]:
    """A resident's choices by the columns of `User`; no language means that of the browser."""
    statement = select(*(USER.c[name] for name in NAMES)).where(USER.c.id == user_id)
    with db.engine.connect() as connection:
        return dict(connection.execute(statement).one()._mapping)


def choose(user_id: int, page_language: str, **chosen: Any) -> None:
    """Changes what is given.

    Mails go in the chosen language, else in that of the page on which they were chosen.
    """
    values = {name: chosen[name] for name in NAMES if name in chosen}
    values["mail_language"] = page_language
    with writer(db.engine).begin() as connection:
        connection.execute(update(USER).where(USER.c.id == user_id).values(values))


def refuse_mails(user_id: int, kind: NoticeKind) -> None:
    """Somebody doesn't want the mails of a kind any more."""
    with writer(db.engine).begin() as connection:
        connection.execute(update(USER).where(USER.c.id == user_id).values({MAILS[kind]: False}))
