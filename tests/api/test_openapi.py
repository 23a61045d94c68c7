from __future__ import annotations

import pytest
import schemathesis

from broker.api.openapi import documented

FILES = {"GET /profile/export": "application/zip"}
"""Calls that answer a file and nothing else."""


@pytest.fixture
def document(client):
    answer = client.get("/openapi.json")
    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    return answer.json


@pytest.fixture
def operations(document):
    return {
        f"{method.upper()} {path}": operation
        for path, of_path in document["paths"].items()
        for method, operation in of_path.items()
    }


def test_it_is_a_valid_document_of_openapi_3_1(document):
    assert document["openapi"].startswith("3.1.")
    schemathesis.openapi.from_dict(document).validate()


def test_every_reference_leads_somewhere(document):
    def references(node):
        if isinstance(node, dict):
            yield from [node["$ref"]] if "$ref" in node else []
            node = list(node.values())
        if isinstance(node, list):
            for inner in node:
                yield from references(inner)

    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) <= known


def test_every_operation_says_what_it_does_and_has_a_name_of_its_own(operations):
    assert all(operation["summary"].endswith(".") for operation in operations.values())
    names = [operation["operationId"] for operation in operations.values()]
    assert len(set(names)) == len(names)


def test_every_status_has_a_text_and_only_204_has_no_body(operations):
    for call, operation in operations.items():
        for status, answer in operation["responses"].items():
            assert answer["description"], (call, status)
            kinds = set(answer.get("content", {}))
            if status == "200" and call in FILES:
                assert kinds == {FILES[call]}
            else:
                assert ("application/json" in kinds) == (status != "204"), call


def test_every_error_is_the_error_object(document, operations):
    error_object = {"$ref": "#/components/schemas/ErrorObject"}
    for call, operation in operations.items():
        for status, answer in operation["responses"].items():
            if int(status) >= 400:
                assert answer["content"]["application/json"]["schema"] == error_object, call
    assert set(document["components"]["schemas"]["ErrorObject"]["required"]) == {
        "errorName",
        "errorDescription",
    }


def test_everything_needs_a_session_but_what_strangers_may_call(operations):
    strangers = {call for call, operation in operations.items() if not operation["security"]}
    assert strangers == {
        "GET /",
        "GET /community-global-challenge",
        "POST /login",
        "POST /set-password",
        "POST /password/request-reset-token",
        "POST /password/reset/{token}",
        "GET /unsubscribe/{token}",
        "POST /unsubscribe/{token}",
    }
    assert operations["POST /readings"]["security"] == [{"ingest_key": []}]
    assert operations["GET /profile"]["security"] == [{"session": []}]


def test_what_needs_a_secret_documents_401(operations):
    for call, operation in operations.items():
        assert not operation["security"] or "401" in operation["responses"], call


FOR_SENDERS = {"POST /readings", "POST /prices", "POST /co2-intensities"}


def test_bodies_come_as_json_or_form_but_of_senders_only_as_json(operations):
    forms = {"application/x-www-form-urlencoded", "multipart/form-data"}
    for call, operation in operations.items():
        if "requestBody" in operation:
            others = set() if call in FOR_SENDERS else forms
            assert set(operation["requestBody"]["content"]) == {"application/json"} | others
            assert {"400", "413", "415"} <= set(operation["responses"]), call


def test_histories_document_their_query_and_the_empty_answer(operations):
    for path in ("/individual-consumption-history", "/group-consumption-history"):
        operation = operations[f"GET {path}"]
        kinds = {of["name"]: of["schema"]["type"] for of in operation["parameters"]}
        asked = {"begin": "integer", "end": "integer", "resolution": "string"}
        assert kinds == asked | ({"include": "string"} if "include" in kinds else {})
        assert not any(of["required"] for of in operation["parameters"])
        assert {"200", "206", "400", "401"} <= set(operation["responses"])


def test_every_documented_path_is_a_route_and_pages_without_data_are_left_out(app, operations):
    assert len(operations) == len(list(documented(app)))
    assert "POST /login" in operations
    assert "GET /login" not in operations
