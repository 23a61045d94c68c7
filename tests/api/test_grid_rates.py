"""`POST /prices` and `POST /co2-intensities`: who may send, and what is stored."""

from __future__ import annotations

import pytest

from broker.clock import now_s
from broker.models import RateKind
from broker.services import grid_rates, keys

BEGIN_S = 1769000400
QH = 900


@pytest.fixture
def key(app) -> dict[str, str]:
    made = keys.make("market", [], now_s(), opens_grid_rates=True)
    return {"Authorization": f"Bearer {made}"}


def prices(*values: int, step: int = QH) -> dict:
    entries = [{"time": BEGIN_S + step * n, "price": value} for n, value in enumerate(values)]
    return {"prices": entries, "step": step}


def stored(kind: RateKind = RateKind.PRICE, count: int = 8) -> list[int | None]:
    rates, known = grid_rates.between(kind, BEGIN_S, count)
    return [rate if is_known else None for rate, is_known in zip(rates, known, strict=True)]


def test_prices_are_stored_by_the_quarter_hour_and_known_when_sent_again(client, key):
    answer = client.post("/prices", json=prices(83_250, -5000, step=3600), headers=key)
    assert (answer.status_code, answer.json) == (200, {"stored": 8, "known": 0})
    assert stored() == [83_250] * 4 + [-5000] * 4
    again = client.post("/prices", json=prices(83_250, 83_250), headers=key)
    assert again.json == {"stored": 0, "known": 2}


def test_another_price_for_the_same_time_changes_nothing(client, key):
    client.post("/prices", json=prices(1, 2), headers=key)
    answer = client.post("/prices", json=prices(1, 3, 4), headers=key)
    assert answer.status_code == 409
    # 1769000400 + 900 s.
    assert "2026-01-21 13:15:00" in answer.json["errorDescription"]
    assert stored(count=3) == [1, 2, None]


def test_co2_intensities_are_apart_from_prices(client, key):
    sent = {"intensities": [{"time": BEGIN_S, "intensity": 363_000}]}
    answer = client.post("/co2-intensities", json=sent, headers=key)
    assert answer.json == {"stored": 1, "known": 0}
    assert stored(RateKind.CO2, 1) == [363_000]
    assert stored(count=1) == [None]


@pytest.mark.parametrize("path", ["/prices", "/co2-intensities"])
def test_who_may_not_send(client, path, resident, make_meter):
    make_meter("a")
    of_meter = keys.make("cellar", ["a"], now_s())
    assert client.post(path, json={}).status_code == 401
    assert client.post(path, json={}, headers=resident.headers).status_code == 401
    refused = client.post(path, json={}, headers={"Authorization": f"Bearer {of_meter}"})
    assert refused.status_code == 403
    revoked = keys.make("old", [], now_s(), opens_grid_rates=True)
    keys.revoke("old", now_s())
    headers = {"Authorization": f"Bearer {revoked}"}
    assert client.post(path, json={}, headers=headers).status_code == 401


def test_a_key_for_rates_opens_no_meter(client, key, make_meter):
    make_meter("a")
    sent = {"readings": [{"meter_id": "a", "time": BEGIN_S, "energy": 1}]}
    assert client.post("/readings", json=sent, headers=key).status_code == 403


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param({"data": b"{", "content_type": "application/json"}, 400, id="broken-json"),
        pytest.param({"data": {"prices": "1"}}, 415, id="form"),
        pytest.param({"json": {"prices": [{"time": 1, "price": 1}]}}, 400, id="odd-second"),
        pytest.param({"json": {"prices": [{"time": 2**70, "price": 1}]}}, 400, id="huge"),
    ],
)
def test_bad_input_is_the_contract_s_error(client, key, sent, status):
    answer = client.post("/prices", headers=key, **sent)
    assert answer.status_code == status
    assert answer.json["errorDescription"]
    assert stored(count=1) == [None]
