"""Settings: `BROKER_*` from the environment, then `broker.toml` in the instance, then defaults.

Every field of `Settings` is one setting; its name in the environment is `BROKER_` and the field's
name in capitals, in the file it is the field's name. `docs/settings.md` explains them all.
"""

from __future__ import annotations

import os
import re
import secrets
import tomllib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

PREFIX = "BROKER_"
UTC = ZoneInfo("UTC")
PROJECT = Path(__file__).resolve().parent
MOST_CO2_G_PER_KWH = 5000
"""Several times that of the worst power plant."""
LOAD_PROFILES = ("h0", "h25", "p25", "s25")
FEDERAL_STATES = (
    *("BB", "BE", "BW", "BY", "HB", "HE", "HH", "MV"),
    *("NI", "NW", "RP", "SH", "SL", "SN", "ST", "TH"),
)
"""ISO 3166-2, without the country."""

STORAGE_PACKAGES = {
    "memory": "",
    **dict.fromkeys(("redis", "rediss", "redis+unix", "redis+sentinel", "redis+cluster"), "redis"),
    **dict.fromkeys(("valkey", "valkeys", "valkey+unix"), "valkey"),
    "memcached": "pymemcache",
    "mongodb": "pymongo",
}
"""Which Python package counts wrong passwords in which kind of storage."""


class InvalidSetting(Exception):
    """A setting has a value that can't be used; the message names it."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that an installation can choose."""

    instance: Path = PROJECT / "instance"
    database_url: str = ""
    bind: str = "127.0.0.1:8080"
    base_url: str = ""
    timezone: ZoneInfo = UTC
    term_start: tuple[int, int] = (3, 12)
    load_profile: str = "h0"
    federal_state: str = ""
    community_minimum: int = 1
    session_days: int = 30
    invitation_days: int = 14
    reset_hours: int = 2
    raw_retention_days: int = 0
    smtp_url: str = ""
    mail_from: str = "broker@localhost"
    trusted_proxies: int = 0
    rate_limit_storage: str = "memory://"
    web_workers: int = 1
    live_per_user: int = 20
    live_per_address: int = 500
    secret_key: str = ""
    currency: str = "EUR"
    grid_co2_g_per_kwh: Decimal | None = None
    pv_co2_g_per_kwh: Decimal = Decimal(0)
    offline_pages: bool = True
    inexogy_url: str = "https://api.inexogy.com/public/v1"
    inexogy_user: str = ""
    inexogy_password: str = ""

    def __post_init__(self) -> None:
        if not self.database_url:
            object.__setattr__(self, "database_url", f"sqlite:///{self.instance / 'broker.sqlite'}")
        if not self.base_url:
            object.__setattr__(self, "base_url", f"http://{self.bind}")

    @property
    def outbox(self) -> Path:
        """Where mails are written while no SMTP server is set."""
        return self.instance / "outbox"

    @property
    def is_https(self) -> bool:
        """Whether residents reach Broker by https, so that cookies can demand it."""
        return self.base_url.startswith("https://")


def _parsed_path(text: str) -> Path:
    return Path(text).expanduser().resolve()


def _parsed_database_url(text: str) -> str:
    """Accepts the two usual spellings of a PostgreSQL URL and picks psycopg 3."""
    url = re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", text)
    if url and not re.match(r"(sqlite|postgresql\+psycopg)://", url):
        raise ValueError("postgresql://user:password@host/name or sqlite:////folder/file")
    return url


def _parsed_term_start(text: str) -> tuple[int, int]:
    month, day = (int(part) for part in text.split("-"))
    if (month, day) == (2, 29) or not (1 <= month <= 12 and 1 <= day <= 31):
        raise ValueError("a month and day that every year has, such as 03-12")

    date(2023, month, day)
    return month, day


def _parsed_load_profile(text: str) -> str:
    name = text.strip().lower()
    if name not in LOAD_PROFILES:
        raise ValueError("one of " + ", ".join(LOAD_PROFILES))
    return name


def _parsed_federal_state(text: str) -> str:
    code = text.strip().upper().removeprefix("DE-")
    if code and code not in FEDERAL_STATES:
        raise ValueError("one of " + ", ".join(FEDERAL_STATES))
    return code


def _count_from(lowest: int) -> Callable[[str], int]:
    def parsed(text: str) -> int:
        if (number := int(text)) < lowest:
            raise ValueError(f"a number of {lowest} or more")
        return number

    return parsed


def _parsed_currency(text: str) -> str:
    if not re.fullmatch("[A-Z]{3}", text):
        raise ValueError("a currency's three capitals, such as EUR")
    return text


def _parsed_co2(text: str) -> Decimal:
    with suppress(ArithmeticError):
        if 0 <= (intensity := Decimal(text)) <= MOST_CO2_G_PER_KWH:
            return intensity
    raise ValueError("grams per kWh, such as 363")


def _parsed_switch(text: str) -> bool:
    switches = {"on": True, "true": True, "off": False, "false": False}
    if (switched := switches.get(text.strip().lower())) is None:
        raise ValueError("on or off")
    return switched


def _parsed_bind(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not 0 < int(port) < 65536:
        raise ValueError("host:port, such as 127.0.0.1:8080")
    return text


def _parsed_smtp_url(text: str) -> str:
    url = urlsplit(text)
    if text and (url.scheme not in ("smtp", "smtps") or not url.hostname):
        raise ValueError("smtp://user:password@host:port or smtps://…")
    return text


def _parsed_inexogy_url(text: str) -> str:
    """An address to which a password may be sent, and none in itself."""
    own = r"http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?"
    host = r"([a-zA-Z0-9-]{1,63}(\.[a-zA-Z0-9-]{1,63})*\.?|\[[0-9a-fA-F:]+\])(:[0-9]{1,5})?"
    if not re.fullmatch(rf"(https://{host}|{own})(/[!-~]*)?", text) or set("@?#") & set(text):
        raise ValueError("https://host/path, without a user and password")
    return text.rstrip("/")


def _parsed_rate_limit_storage(text: str) -> str:
    """A storage of the package `limits`, which itself looks for its client too late."""
    scheme, has_scheme, _ = text.partition("://")
    package = STORAGE_PACKAGES.get(scheme)
    if package is None or not has_scheme:
        raise ValueError(
            "memory:// or a URL that begins with " + ", ".join(list(STORAGE_PACKAGES)[1:])
        )
    if package and find_spec(package) is None:
        raise ValueError(f"{scheme}:// needs the Python package {package}: pip install {package}")
    return text


PARSERS: dict[str, Any] = {
    "instance": _parsed_path,
    "database_url": _parsed_database_url,
    "bind": _parsed_bind,
    "base_url": lambda text: text.rstrip("/"),
    "timezone": ZoneInfo,
    "smtp_url": _parsed_smtp_url,
    "rate_limit_storage": _parsed_rate_limit_storage,
    "term_start": _parsed_term_start,
    "load_profile": _parsed_load_profile,
    "federal_state": _parsed_federal_state,
    "community_minimum": _count_from(1),
    "session_days": _count_from(1),
    "invitation_days": _count_from(1),
    "reset_hours": _count_from(1),
    "raw_retention_days": _count_from(0),
    "trusted_proxies": _count_from(0),
    "web_workers": _count_from(1),
    "live_per_user": _count_from(1),
    "live_per_address": _count_from(1),
    "currency": _parsed_currency,
    "grid_co2_g_per_kwh": lambda text: _parsed_co2(text) if text else None,
    "pv_co2_g_per_kwh": _parsed_co2,
    "offline_pages": _parsed_switch,
    "inexogy_url": _parsed_inexogy_url,
}

WITH_PASSWORD = {"database_url", "smtp_url", "rate_limit_storage", "secret_key", "inexogy_password"}
"""What no log should hold."""


def load(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this installation; makes the instance folder and its secret if missing.

    Raises InvalidSetting for a value that can't be read and for an unknown name.
    """
    names = {field.name for field in fields(Settings)}
    given = {
        key.removeprefix(PREFIX).lower(): value
        for key, value in environment.items()
        if key.startswith(PREFIX) and key.removeprefix(PREFIX).lower() in names
    }
    instance = _parsed(given, "instance") if "instance" in given else Settings.instance
    try:
        instance.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidSetting(f"{PREFIX}INSTANCE: {error}") from error
    values = _from_file(instance / "broker.toml", names) | given
    settings = {name: _parsed(values, name) for name in values} | {"instance": instance}
    if not settings.get("secret_key"):
        settings["secret_key"] = _own_secret(instance / "secret_key")
    return Settings(**settings)


def load_or_exit() -> Settings:
    """The settings of this installation; ends the process with one clear line if one is wrong."""
    try:
        return load()
    except (InvalidSetting, OSError) as error:
        raise SystemExit(f"Error: {error}") from None


def _from_file(path: Path, names: set[str]) -> dict[str, str]:
    if not path.exists():
        return {}
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidSetting(f"{path.name}: {error}") from error
    if unknown := sorted(set(entries) - names):
        raise InvalidSetting(f"{path.name}: unknown setting {', '.join(unknown)}")
    return {name: str(value) for name, value in entries.items()}


def _parsed(values: Mapping[str, str], name: str) -> Any:
    try:
        return PARSERS.get(name, str)(values[name])
    except (ValueError, KeyError, OSError) as error:
        is_secret = name in WITH_PASSWORD or "@" in values[name]
        shown = "" if is_secret else f"={values[name]!r}"
        raise InvalidSetting(f"{PREFIX}{name.upper()}{shown}: {error}") from error


def _own_secret(path: Path) -> str:
    """A random secret of this installation, made once, readable by its owner only.

    It appears under its name with its whole content, so that of two processes that start at the
    same time both take the one that was first.
    """
    if not path.exists():
        unfinished = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.token_urlsafe(32))
            with suppress(FileExistsError):
                os.link(unfinished, path)
        finally:
            unfinished.unlink()
    return path.read_text(encoding="ascii").strip()
