"""How the installation is: its database and the mails that nobody has taken."""

from __future__ import annotations

from email.parser import BytesHeaderParser
from email.policy import default
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, text

from broker.models import Meter, Reading, db
from broker.units import DAY_S

SHOWN_MAILS = 50


def database(now_s: int) -> dict[str, Any]:
    """Its kind, size in bytes, revision of the tables, and the readings of the last 24 hours.

    All readings aren't counted: on a large database that takes longer than a page may.
    """
    with db.engine.connect() as connection:
        kind = connection.dialect.name
        if kind == "sqlite":
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            size = pages * connection.exec_driver_sql("PRAGMA page_size").scalar_one()
        else:
            size = connection.scalar(select(func.pg_database_size(func.current_database())))
        lately = (
            select(func.count())
            .select_from(Meter)
            .join(Reading, Reading.meter_id == Meter.id)
            .where(Reading.time_s > now_s - DAY_S)
        )
        return {
            "kind": kind,
            "size_bytes": int(size or 0),
            "revision": connection.scalar(text("SELECT version_num FROM alembic_version")),
            "readings_of_last_day": connection.scalar(lately) or 0,
        }


def waiting_mails(outbox: Path) -> list[dict[str, Any]]:
    """The newest mails that no mail server has taken: to whom, about what and when, in POSIX s.

    Not what they say: the links in them open other people's accounts.
    """
    newest = sorted(outbox.glob("*.eml"), reverse=True)[:SHOWN_MAILS]
    return [_headers(path) for path in newest]


def _headers(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        headers = BytesHeaderParser(policy=default).parse(file)
    texts = {name.lower(): str(headers.get(name, "")) for name in ("To", "Subject")}
    return texts | {"written_s": int(headers["Date"].datetime.timestamp())}
