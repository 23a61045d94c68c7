"""Settings: where they come from, which one counts, and what is refused."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from threading import Barrier
from zoneinfo import ZoneInfo

import pytest

import config
from config import InvalidSetting, Settings


def loaded(instance: Path, file: str = "", **environment: str) -> Settings:
    """The settings of an installation with a broker.toml and an environment."""
    if file:
        instance.mkdir(exist_ok=True)
        (instance / "broker.toml").write_text(file, encoding="utf-8")
    given = {f"BROKER_{name.upper()}": value for name, value in environment.items()}
    return config.load(given | {"BROKER_INSTANCE": str(instance)})


def test_an_empty_environment_is_enough(tmp_path: Path) -> None:
    settings = loaded(tmp_path / "new")
    assert settings.database_url == f"sqlite:///{tmp_path}/new/broker.sqlite"
    assert settings.base_url == "http://127.0.0.1:8080"
    assert settings.timezone == ZoneInfo("UTC")
    assert settings.raw_retention_days == 0  # nothing is ever deleted unasked
    assert not settings.is_https


def test_the_environment_sets(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path,
        bind="0.0.0.0:5123",
        base_url="https://broker.example.org/",
        timezone="Europe/Berlin",
        term_start="04-01",
        session_days="7",
        trusted_proxies="1",
    )
    assert settings.bind == "0.0.0.0:5123"
    assert settings.base_url == "https://broker.example.org"
    assert settings.is_https
    assert settings.timezone == ZoneInfo("Europe/Berlin")
    assert settings.term_start == (4, 1)
    assert (settings.session_days, settings.trusted_proxies) == (7, 1)


def test_a_federal_state_may_be_written_as_iso_has_it(tmp_path: Path) -> None:
    given = loaded(tmp_path, load_profile="H25", federal_state="de-by")
    assert (given.load_profile, given.federal_state) == ("h25", "BY")
    assert (Settings().load_profile, Settings().federal_state) == ("h0", "")


@pytest.mark.parametrize("name", ["load_profile", "federal_state"])
def test_an_unknown_profile_or_state_names_those_there_are(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidSetting, match=f"BROKER_{name.upper()}='XX': one of .*(h0|BB), "):
        loaded(tmp_path, **{name: "XX"})


def test_the_file_sets_numbers_as_numbers_or_as_text(tmp_path: Path) -> None:
    file = 'timezone = "Europe/Berlin"\nsession_days = 7\nreset_hours = "3"\n'
    settings = loaded(tmp_path, file)
    assert settings.timezone == ZoneInfo("Europe/Berlin")
    assert (settings.session_days, settings.reset_hours) == (7, 3)


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "session_days = 7\nreset_hours = 3\n", session_days="9")
    assert (settings.session_days, settings.reset_hours) == (9, 3)


def test_variables_of_others_are_left_alone(tmp_path: Path) -> None:
    # The tests' own BROKER_TEST_DATABASE_URL is one of them.
    assert loaded(tmp_path, test_database_url="x", path="y").session_days == 30


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_is_reached_by_psycopg_however_its_url_is_written(
    tmp_path: Path, scheme: str
) -> None:
    settings = loaded(tmp_path, database_url=f"{scheme}://broker@127.0.0.1/broker")
    assert settings.database_url == "postgresql+psycopg://broker@127.0.0.1/broker"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("database_url", "broker.sqlite", id="a file's name for a URL"),
        pytest.param("database_url", "mysql://broker@127.0.0.1/broker", id="another database"),
        pytest.param("bind", "8080", id="no host"),
        pytest.param("bind", "127.0.0.1:http", id="port of letters"),
        pytest.param("bind", "127.0.0.1:70000", id="port too high"),
        pytest.param("timezone", "Europe/Sonnenhof", id="no such zone"),
        pytest.param("timezone", "../../etc/passwd", id="a path for a zone"),
        pytest.param("term_start", "12 March", id="no month-day"),
        pytest.param("term_start", "02-29", id="a day that few years have"),
        pytest.param("term_start", "02-30", id="a day that no year has"),
        pytest.param("session_days", "0", id="sessions that never begin"),
        pytest.param("session_days", "a month", id="no number"),
        pytest.param("invitation_days", "-1", id="negative"),
        pytest.param("reset_hours", "1.5", id="no whole number"),
        pytest.param("raw_retention_days", "-1", id="negative retention"),
        pytest.param("trusted_proxies", "yes", id="no count of proxies"),
        pytest.param("web_workers", "0", id="no worker"),
        pytest.param("rate_limit_storage", "gopher://127.0.0.1", id="no kind of storage"),
        pytest.param("rate_limit_storage", "memory", id="a storage without its ://"),
        pytest.param("currency", "euro", id="no currency"),
        pytest.param("grid_co2_g_per_kwh", "-1", id="negative CO2"),
        pytest.param("grid_co2_g_per_kwh", "nan", id="no number of g"),
        pytest.param("pv_co2_g_per_kwh", "363000", id="mg for g"),
        pytest.param("inexogy_url", "http://api.inexogy.com/public/v1", id="a password in clear"),
        pytest.param("inexogy_url", "https://api.inexogy.com/v1?x=1", id="an address with a query"),
        pytest.param("inexogy_url", "file:///etc/passwd", id="no address"),
        pytest.param("inexogy_url", "https://[::1/v1", id="half an address"),
        pytest.param("inexogy_url", "https://inexogy.example/ä", id="a path no request can have"),
        pytest.param("inexogy_url", f"https://{'x' * 64}.example", id="a host nobody can be"),
    ],
)
def test_a_bad_value_is_refused_by_name(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(InvalidSetting, match=f"BROKER_{name.upper()}"):
        loaded(tmp_path, **{name: value})
    with pytest.raises(InvalidSetting, match=f"BROKER_{name.upper()}"):
        loaded(tmp_path, f'{name} = "{value}"\n')


@pytest.mark.parametrize(
    ("url", "package"),
    [("redis://127.0.0.1:6379", "redis"), ("memcached://127.0.0.1:11211", "pymemcache")],
)
def test_a_storage_whose_package_is_missing_is_refused_at_the_start(
    tmp_path: Path, url: str, package: str
) -> None:
    # Broker itself needs neither, so its own environment has neither.
    with pytest.raises(InvalidSetting, match=f"RATE_LIMIT_STORAGE: .* pip install {package}$"):
        loaded(tmp_path, rate_limit_storage=url)
    assert loaded(tmp_path, rate_limit_storage="memory://").rate_limit_storage == "memory://"


def test_no_message_tells_a_password(tmp_path: Path) -> None:
    for name in ("database_url", "smtp_url", "rate_limit_storage", "inexogy_url"):
        with pytest.raises(InvalidSetting) as refused:
            loaded(tmp_path, **{name: "gopher://broker:sesame@example.org/broker"})
        assert "sesame" not in str(refused.value)


def test_inexogy_is_reached_where_it_is_or_on_the_own_machine(tmp_path: Path) -> None:
    assert Settings().inexogy_url == "https://api.inexogy.com/public/v1"
    for url in (
        "https://inexogy.example/v1/",
        "https://[::1]:8443",
        "http://127.0.0.1:9000/v1",
        "http://[::1]:80",
    ):
        assert loaded(tmp_path, inexogy_url=url).inexogy_url == url.rstrip("/")


def test_an_instance_folder_that_cannot_be_made_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(InvalidSetting, match="BROKER_INSTANCE"):
        loaded(file / "instance")


def test_a_name_that_is_none_is_refused_in_the_file(tmp_path: Path) -> None:
    # In the environment it may be somebody else's; in our own file it is a slip.
    with pytest.raises(InvalidSetting, match=r"broker\.toml: unknown setting time_zone"):
        loaded(tmp_path, 'time_zone = "Europe/Berlin"\n')


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match=r"broker\.toml"):
        loaded(tmp_path, "timezone = Europe/Berlin\n")


def test_every_term_start_that_is_taken_exists_every_year(tmp_path: Path) -> None:
    month, day = loaded(tmp_path, term_start="12-31").term_start
    assert all(date(year, month, day) for year in range(2023, 2031))


def test_the_secret_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    first = loaded(tmp_path)
    assert len(first.secret_key) == 43  # 256 random bits in base64
    assert loaded(tmp_path).secret_key == first.secret_key
    assert loaded(tmp_path / "other").secret_key != first.secret_key
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_a_secret_that_is_given_leaves_no_file(tmp_path: Path) -> None:
    assert loaded(tmp_path, secret_key="of my own").secret_key == "of my own"
    assert list(tmp_path.iterdir()) == []


def test_all_who_start_at_the_same_time_agree_on_the_secret(tmp_path: Path) -> None:
    together = 8
    for number in range(20):
        gate = Barrier(together)

        def start(instance: Path = tmp_path / str(number), gate: Barrier = gate) -> str:
            gate.wait()
            return loaded(instance).secret_key

        with ThreadPoolExecutor(together) as starters:
            started = [starters.submit(start) for _ in range(together)]
            [secret] = {each.result() for each in started}
        assert len(secret) == 43
        assert [path.name for path in (tmp_path / str(number)).iterdir()] == ["secret_key"]


def test_a_mail_server_without_its_scheme_is_refused(tmp_path):
    with pytest.raises(config.InvalidSetting, match="BROKER_SMTP_URL"):
        config.load({"BROKER_INSTANCE": str(tmp_path), "BROKER_SMTP_URL": "mail.example.org:25"})
