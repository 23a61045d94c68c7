"""Whether the app does what its OpenAPI document and the contract of its clients say."""

from __future__ import annotations

import base64
import io

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as hypothesis_settings
from PIL import Image
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

import config
from app import create_app
from broker.api import openapi
from broker.clock import now_s
from broker.ingest.intake import Columns, take_in
from broker.models import MeterRole
from broker.services import invitations, keys, sessions
from broker.services.mail import Postbox

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 12
"""Of good and of bad input each, for every operation."""
PASSWORD = "twelve-blue-teapots"
METER = "1EMH0012345678"
ERROR = {"errorName": str, "errorDescription": str}
NUMBER = (int, float)
NOTHING = type(None)


def inputs():
    """Every documented operation with good and, if any input can be bad, with bad input.

    An app that is never asked anything is enough to know them.
    """
    app = create_app(config.Settings(secret_key="-"))
    with app.app_context():
        schema = schemathesis.openapi.from_dict(openapi.document(app))
    for operation in (found.ok() for found in schema.get_all_operations()):
        raw = operation.definition.raw
        parameters = [one for one in raw.get("parameters", []) if not takes_any_text(one)]
        can_be_bad = parameters or "requestBody" in raw or raw["security"]
        for mode in list(GenerationMode) if can_be_bad else [GenerationMode.POSITIVE]:
            yield pytest.param(operation, mode, id=f"{operation.label}, {mode.value}")


def takes_any_text(parameter):
    """Whether there is no bad one, as of a part of a path that is any text."""
    return parameter["in"] == "path" and parameter["schema"] == {"type": "string"}


@pytest.fixture
def home(make_user, make_meter, assign):
    """A resident whom the document's examples name, with a meter that has told two days."""
    resident = make_user(mail="ada@example.org")
    flat, roof = make_meter(METER), make_meter()
    assign(flat, resident)
    assign(roof, group_id=resident.group_id, role=MeterRole.FIRST_PRODUCTION.value)
    newest_s = now_s() // 900 * 900
    times_s = list(range(newest_s - 2 * 86_400, newest_s + 1, 900))
    # 400 W: 0.1 kWh, 1e9 units of 1e-10 kWh, in each quarter hour
    energies = [10**12 + 10**9 * place for place in range(len(times_s))]
    nothing = [None] * len(times_s)
    take_in(
        {meter: Columns(times_s, energies, nothing, nothing) for meter in (flat, roof)}, now_s()
    )
    return resident


@pytest.mark.parametrize(("operation", "mode"), list(inputs()))
def test_it_answers_as_documented(app, home, operation, mode):
    key = keys.make("test", [METER], now_s())

    def headers_of_call():
        [scheme] = operation.definition.raw["security"] or [{}]
        if "ingest_key" in scheme:
            return {"Authorization": f"Bearer {key}"}
        if "session" in scheme:  # of its own for each call: some calls end it
            return {"Authorization": f"Bearer {sessions.open_session(home.id, now_s(), 30)[0]}"}
        return {}

    @seed(1)
    @hypothesis_settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def call(case):
        app.extensions.pop("attempts", None)  # or strangers would soon be told 429 only
        case.headers.pop("Authorization", None)
        # The generator takes gzip by default and doesn't unpack what an app answers in-process.
        headers = headers_of_call() | {"Accept-Encoding": "identity"}
        response = case.call(headers=headers, app=app)
        case.validate_response(response, checks=CHECKS)
        if response.status_code >= 400:
            assert shape_of(response.json()) == ERROR

    call()


def shape_of(document):
    return {name: type(value) for name, value in document.items()}


def assert_shape(document, types):
    """The object has exactly these fields, and each is of its type or one of its types."""
    assert set(document) == set(types)
    for name, value in document.items():
        assert isinstance(value, types[name]), name
        assert isinstance(value, bool) == (types[name] is bool), name


def assert_series(document, types):
    """Numbers by times, and not none."""
    assert document
    for written, value in document.items():
        date, time = written.split(" ")
        assert (len(date), len(time)) == (len("2020-01-15"), len("00:15:00"))
        assert isinstance(value, types), written


PROFILE = {
    "id": int,
    "name": str,
    "firstName": str,
    "nick": (str, NOTHING),
    "flatSize": (float, int, NOTHING),
    "inhabitants": (int, NOTHING),
    "groupAddress": str,
    "mail": str,
    "avatar": (str, NOTHING),
    "meterId": (str, NOTHING),
    "ranking": bool,
    "registration_date": str,
    "baseline_state": str,
    "baselineSource": str,
}
HINT = {
    "id": int,
    "icon": str,
    "headline": str,
    "description": str,
    "saving": str,
    "source": str,
}
OUR_HISTORY = {
    "consumed_energy": dict,
    "consumed_power": dict,
    "group_users": dict,
    "produced_first_meter_energy": dict,
    "produced_first_meter_power": dict,
    "produced_second_meter_energy": dict,
    "produced_second_meter_power": dict,
}


class TestTheCallsOfTheContract:
    """Each as the clients of the contract know it, by name, type and status."""

    @pytest.mark.parametrize(
        ("call", "statuses"),
        [
            ("POST /login", {"200", "401"}),
            ("GET /logout", {"200", "401"}),
            ("POST /set-password", {"200", "400"}),
            ("PUT /update-password", {"200", "400", "401"}),
            ("GET /profile", {"200", "401"}),
            ("PUT /profile", {"200", "400", "401"}),
            ("GET /assets/group-profile-pictures", {"200", "401"}),
            ("GET /individual-consumption-history", {"200", "206", "401"}),
            ("GET /group-consumption-history", {"200", "206", "401"}),
            ("GET /live", {"200", "401"}),
            ("GET /hints", {"200", "401"}),
            ("POST /hint/mark-read/{hint_id}", {"202", "401", "404"}),
            ("GET /challenges", {"200", "204", "401"}),
            ("GET /challenges/start/{id}", {"200", "401", "404", "409", "422"}),
            ("GET /challenges/status", {"200", "204", "401"}),
            ("POST /challenges/quit", {"200", "400", "401", "404"}),
        ],
    )
    def test_each_is_documented(self, client, call, statuses):
        method, path = call.split()
        paths = client.get("/openapi.json").json["paths"]
        assert statuses <= set(paths[path][method.lower()]["responses"])

    def test_login(self, client, home):
        answer = client.post("/login", json={"user": home.mail, "password": home.password})
        assert answer.status_code == 200
        assert_shape(answer.json, {"sessionToken": str, "expiredTimestamp": int})
        wrong = client.post("/login", json={"user": home.mail, "password": "wrong"})
        assert wrong.status_code == 401
        assert shape_of(wrong.json) == ERROR

    def test_logout(self, client, home):
        answer = client.get("/logout", headers=home.headers)
        assert (answer.status_code, answer.json) == (200, {})
        again = client.get("/logout", headers=home.headers)
        assert again.status_code == 401
        assert shape_of(again.json) == ERROR

    def test_set_password(self, client, home, settings):
        invited = invitations.invite(
            home.group_id,
            "grace@example.org",
            "Grace",
            "Hopper",
            now_us=now_s() * 1_000_000,
            days=14,
            base_url=settings.base_url,
            postbox=Postbox("", settings.mail_from, settings.outbox),
        )
        token = invited.link.partition("token=")[2]
        call = {"path": "/set-password", "json": {"password": PASSWORD, "token": token}}
        answer = client.post(**call)
        assert (answer.status_code, answer.json) == (200, {})
        again = client.post(**call)
        assert again.status_code == 400
        assert shape_of(again.json) == ERROR

    def test_update_password(self, client, home):
        call = {"path": "/update-password", "headers": home.headers}
        answer = client.put(**call, json={"password": PASSWORD})
        assert (answer.status_code, answer.json) == (200, {})
        weak = client.put(**call, json={"password": "short"})
        assert weak.status_code == 400
        assert shape_of(weak.json) == ERROR

    def test_profile(self, client, home):
        answer = client.get("/profile", headers=home.headers)
        assert answer.status_code == 200
        assert_shape(answer.json, PROFILE)
        assert answer.json["meterId"] == METER

    def test_changed_profile(self, client, home):
        changes = {"flatSize": 72.5, "inhabitants": 2, "nick": "Countess", "avatar": picture()}
        answer = client.put("/profile", headers=home.headers, json=changes)
        assert (answer.status_code, answer.json) == (200, {})
        told = client.get("/profile", headers=home.headers).json
        assert (told["flatSize"], told["inhabitants"], told["nick"]) == (72.5, 2, "Countess")
        assert_shape(told, PROFILE | {"avatar": str})
        refused = client.put("/profile", headers=home.headers, json={"inhabitants": 0})
        assert refused.status_code == 400
        assert shape_of(refused.json) == ERROR

    def test_group_profile_pictures(self, client, home, make_user):
        make_user(home.group_id)
        client.put("/profile", headers=home.headers, json={"avatar": picture()})
        answer = client.get("/assets/group-profile-pictures", headers=home.headers)
        assert answer.status_code == 200
        mine, other = answer.json
        assert_shape(mine, {"id": int, "avatar": str})
        assert_shape(other, {"id": int, "avatar": NOTHING})

    def test_individual_consumption_history(self, client, home):
        path = f"/individual-consumption-history?begin={now_s() - 86_400}"
        answer = client.get(path, headers=home.headers)
        assert answer.status_code == 200
        assert_history(answer.json)

    def test_history_of_nothing(self, client, home):
        for path in ("/individual-consumption-history", "/group-consumption-history"):
            answer = client.get(f"{path}?begin=900&end=1800", headers=home.headers)
            assert (answer.status_code, answer.json) == (206, {})

    def test_group_consumption_history(self, client, home):
        path = f"/group-consumption-history?begin={now_s() - 86_400}"
        answer = client.get(path, headers=home.headers)
        assert answer.status_code == 200
        assert_shape(answer.json, OUR_HISTORY)
        assert_series(answer.json["produced_first_meter_energy"], int)
        assert_series(answer.json["produced_first_meter_power"], NUMBER)
        assert set(answer.json["group_users"]) == {str(home.id)}
        assert_history(answer.json["group_users"][str(home.id)])

    def test_live(self, client, home):
        answer = client.get("/live", headers=home.headers)
        assert answer.status_code == 200
        assert_shape(
            answer.json,
            {
                "date": int,
                "group_production": int,
                "group_production_power": int,
                "group_common_power": (int, NOTHING),
                "group_users": list,
            },
        )
        [member] = answer.json["group_users"]
        assert_shape(member, {"id": str, "meter_id": str, "consumption": int, "power": int})
        # 400 W in µW, and the counter after 2 · 96 quarter hours of 1e9 units
        assert (member["power"], member["consumption"]) == (400_000_000, 10**12 + 192 * 10**9)

    def test_challenges(self, client, home):
        answer = client.get("/challenges", headers=home.headers)
        assert answer.status_code == 200
        for challenge in answer.json:
            assert_shape(
                challenge,
                {"id": int, "name": str, "description": str, "total": int, "succeeded": int},
            )

    def test_hints(self, client, home):
        answer = client.get("/hints", headers=home.headers)
        assert answer.status_code == 200
        for hint in answer.json:
            assert hint["read"] is False
            assert_shape({name: hint[name] for name in HINT}, HINT)
            assert set(hint) == {*HINT, "read", "reason"}
        marked = client.post(f"/hint/mark-read/{answer.json[0]['id']}", headers=home.headers)
        assert (marked.status_code, marked.json) == (202, {})
        unknown = client.post("/hint/mark-read/0", headers=home.headers)
        assert unknown.status_code == 404
        assert shape_of(unknown.json) == ERROR


def assert_history(document):
    assert_shape(document, {"energy": dict, "power": dict})
    assert_series(document["energy"], int)
    assert_series(document["power"], NUMBER)


def picture():
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()
