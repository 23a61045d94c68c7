from __future__ import annotations

import email
import email.policy
import re

import pytest
import time_machine
from argon2 import PasswordHasher
from sqlalchemy import select, update

from broker.api import background
from broker.clock import now_s
from broker.models import User, db, writer
from broker.services import invitations, passwords
from broker.services.mail import Postbox

NEW_PASSWORD = "twelve-blue-teapots"
WRONG = "not-the-password"


def log_in(client, mail, password, address="192.0.2.1"):
    return client.post(
        "/login",
        json={"user": mail, "password": password},
        environ_overrides={"REMOTE_ADDR": address},
    )


def is_logged_in(client, headers):
    return client.get("/profile", headers=headers).status_code == 200


class TestLogin:
    def test_a_session_is_opened_in_any_case_of_the_mail(self, client, resident):
        with time_machine.travel(1_795_000_000, tick=False):
            answer = log_in(client, resident.mail.upper(), resident.password)
            assert answer.status_code == 200
            # 30 days of 86400 s
            assert answer.json["expiredTimestamp"] == 1_795_000_000 + 2_592_000
            token = answer.json["sessionToken"]
            assert is_logged_in(client, {"Authorization": f"Bearer {token}"})
            assert is_logged_in(client, {"Authorization": token})
            # RFC 9110: the name of a scheme is the same in any case
            assert is_logged_in(client, {"Authorization": f"BEARER {token}"})

    def test_a_json_client_gets_no_session_cookie(self, client, resident):
        log_in(client, resident.mail, resident.password)
        assert client.get_cookie("broker_session") is None
        assert client.get("/profile").status_code == 401

    def test_unknown_mail_and_wrong_password_are_answered_alike(self, client, resident):
        wrong = log_in(client, resident.mail, WRONG)
        unknown = log_in(client, "nobody@example.org", WRONG)
        assert (wrong.status_code, wrong.data) == (unknown.status_code, unknown.data)
        assert wrong.status_code == 401
        assert set(wrong.json) == {"errorName", "errorDescription"}

    def test_unknown_mail_and_wrong_password_take_one_hash_each(
        self, client, resident, make_user, monkeypatch
    ):
        invited = make_user(state="invited", password_hash=None)
        hashes = []

        class Counting(PasswordHasher):
            def verify(self, hash, password):
                hashes.append(hash)
                return super().verify(hash, password)

        monkeypatch.setattr(passwords, "HASHER", Counting(2, 19 * 1024, 1))
        for mail in (resident.mail, "nobody@example.org", invited.mail):
            log_in(client, mail, WRONG)
        assert len(hashes) == 3

    def test_an_account_without_a_password_yet_is_not_activated(self, client, make_user):
        invited = make_user(state="invited", password_hash=None)
        refused = log_in(client, invited.mail, WRONG)
        assert refused.status_code == 403
        assert refused.json["errorDescription"] == "This account has not been activated yet."

    def test_only_its_owner_is_told_that_an_account_was_deactivated(self, client, make_user):
        user = make_user(state="deactivated")
        assert log_in(client, user.mail, user.password).status_code == 403
        assert log_in(client, user.mail, WRONG).status_code == 401
        assert not is_logged_in(client, user.headers)

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"user": "ada@example.org"},
            {"user": "ada@example.org", "password": 12345678},
            {"user": ["ada@example.org"], "password": WRONG},
            {"user": "a\0", "password": WRONG},
            {"user": "ada@example.org", "password": "x" * 1001},
            {"user": "ada@example.org", "password": WRONG, "admin": True},
            [],
        ],
    )
    def test_a_body_of_another_shape_is_refused(self, client, body):
        answer = client.post("/login", json=body)
        assert answer.status_code == 400
        assert answer.json["errorName"] == "InvalidInput"

    def test_a_hash_of_outdated_cost_is_renewed(self, client, make_user):
        outdated = PasswordHasher(1, 1024, 1).hash("eleven-green-kettles")
        user = make_user(password_hash=outdated)
        assert log_in(client, user.mail, user.password).status_code == 200
        with db.engine.connect() as connection:
            renewed = connection.scalar(select(User.password_hash))
        assert "m=19456,t=2,p=1" in renewed
        assert log_in(client, user.mail, user.password).status_code == 200


class TestGuessing:
    def test_after_ten_wrong_passwords_even_the_right_one_waits(self, client, resident):
        for _ in range(10):
            assert log_in(client, resident.mail, WRONG).status_code == 401
        refused = log_in(client, resident.mail.title(), resident.password)
        assert refused.status_code == 429
        # 15 minutes since the first of them
        assert 800 < int(refused.headers["Retry-After"]) <= 900

    def test_a_stranger_elsewhere_does_not_lock_the_owner_out(self, client, resident):
        for _ in range(11):
            log_in(client, resident.mail, WRONG, "203.0.113.9")
        assert log_in(client, resident.mail, WRONG, "203.0.113.9").status_code == 429
        assert log_in(client, resident.mail, resident.password, "192.0.2.1").status_code == 200

    def test_a_stranger_in_the_same_network_does_not_lock_a_known_device_out(
        self, app, client, resident
    ):
        stranger = app.test_client()
        assert log_in(client, resident.mail, resident.password).status_code == 200
        for _ in range(11):
            log_in(stranger, resident.mail, WRONG)
        assert log_in(stranger, resident.mail, resident.password).status_code == 429
        assert log_in(client, resident.mail, resident.password).status_code == 200

    def test_a_known_device_may_not_guess_on_for_ever(self, client, resident):
        log_in(client, resident.mail, resident.password)
        for _ in range(10):
            assert log_in(client, resident.mail, WRONG).status_code == 401
        assert log_in(client, resident.mail, WRONG).status_code == 429

    def test_a_device_is_known_for_its_own_account_only(self, client, resident, make_user):
        neighbour = make_user()
        log_in(client, resident.mail, resident.password)
        for _ in range(10):
            log_in(client, neighbour.mail, WRONG)
        # The neighbour's bucket is that of the address, as for any other device there.
        other = client.application.test_client()
        assert log_in(other, neighbour.mail, WRONG).status_code == 429

    def test_an_invented_device_is_a_stranger(self, client, resident):
        client.set_cookie("broker_device", "WyJkZXZpY2UiLFsiYSJdXQ.aaaa.bbbb", path="/login")
        for _ in range(10):
            log_in(client, resident.mail, WRONG)
        assert log_in(client, resident.mail, resident.password).status_code == 429

    def test_one_address_may_not_try_many_mails(self, client):
        for number in range(60):
            assert log_in(client, f"{number}@example.org", WRONG).status_code == 401
        assert log_in(client, "one-more@example.org", WRONG).status_code == 429

    def test_successful_logins_are_not_counted(self, client, resident):
        for _ in range(12):
            client.delete_cookie("broker_device", path="/login")
            assert log_in(client, resident.mail, resident.password).status_code == 200

    def test_mailed_tokens_may_not_be_guessed(self, client):
        for _ in range(15):
            body = {"token": "guess", "password": NEW_PASSWORD}
            assert client.post("/set-password", json=body).status_code == 400
            assert client.get("/password/reset/guess").status_code == 400
        assert client.post("/set-password", json=body).status_code == 429
        assert client.get("/password/reset/guess").status_code == 429
        body = {"password": NEW_PASSWORD}
        assert client.post("/password/reset/guess", json=body).status_code == 429

    def test_the_present_password_may_not_be_guessed(self, client, resident):
        body = {"password": NEW_PASSWORD, "oldPassword": WRONG}
        for _ in range(10):
            answer = client.put("/update-password", json=body, headers=resident.headers)
            assert answer.status_code == 400
        answer = client.put("/update-password", json=body, headers=resident.headers)
        assert answer.status_code == 429


class TestLogout:
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_it_ends_this_session_only(self, client, resident, method):
        token = log_in(client, resident.mail, resident.password).json["sessionToken"]
        headers = {"Authorization": f"Bearer {token}"}
        answer = client.open("/logout", method=method, headers=headers)
        assert (answer.status_code, answer.json) == (200, {})
        assert not is_logged_in(client, headers)
        assert is_logged_in(client, resident.headers)

    def test_without_a_session_it_is_refused(self, client):
        assert client.get("/logout").status_code == 401


class TestSetPassword:
    @pytest.fixture
    def token(self, make_group, settings):
        return self.invite(make_group(), settings).link.partition("token=")[2]

    @staticmethod
    def invite(group_id, settings):
        return invitations.invite(
            group_id,
            "ada@example.org",
            "Ada",
            "L",
            now_us=now_s() * 1_000_000,
            days=14,
            base_url="http://broker",
            postbox=Postbox("", "b@example.org", settings.outbox),
        )

    def test_an_invited_person_can_log_in_afterwards(self, client, token):
        body = {"token": token, "password": NEW_PASSWORD, "user": "Ada@example.org"}
        answer = client.post("/set-password", json=body)
        assert (answer.status_code, answer.json) == (200, {})
        assert log_in(client, "ada@example.org", NEW_PASSWORD).status_code == 200

    def test_unknown_used_expired_and_foreign_tokens_are_answered_alike(self, client, token):
        def answer(token, **body):
            return client.post(
                "/set-password", json={"token": token, "password": NEW_PASSWORD} | body
            )

        unknown = answer("unknown")
        foreign = answer(token, user="bob@example.org")
        with time_machine.travel(now_s() + 14 * 86_400):
            expired = answer(token)
        assert answer(token).status_code == 200
        used = answer(token)
        refused = [unknown, foreign, expired, used]
        assert {each.status_code for each in refused} == {400}
        assert len({each.data for each in refused}) == 1

    def test_a_weak_password_is_refused(self, client, token):
        answer = client.post("/set-password", json={"token": token, "password": "passwort"})
        assert answer.status_code == 400
        assert "password" in answer.json["errorDescription"]

    def test_a_browser_sets_it_by_the_mailed_page(self, browser, client, token):
        page = f"/set-password?token={token}"
        answer = browser.post(page, {"token": token, "password": NEW_PASSWORD})
        assert (answer.status_code, answer.location) == (303, "/login")
        # The mail address needn't be typed again, and is shown to nobody else afterwards.
        assert 'value="ada@example.org"' in browser.get("/login").text
        assert "ada@example.org" not in browser.get("/login").text
        assert log_in(client, "ada@example.org", NEW_PASSWORD).status_code == 200


class TestUpdatePassword:
    def update(self, client, resident, **body):
        return client.put("/update-password", json=body, headers=resident.headers)

    def test_the_new_one_counts_and_other_sessions_end(self, client, resident):
        other = log_in(client, resident.mail, resident.password).json["sessionToken"]
        answer = self.update(client, resident, password=NEW_PASSWORD)
        assert (answer.status_code, answer.json) == (200, {})
        assert is_logged_in(client, resident.headers)
        assert not is_logged_in(client, {"Authorization": other})
        assert log_in(client, resident.mail, resident.password).status_code == 401
        assert log_in(client, resident.mail, NEW_PASSWORD).status_code == 200

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param({"password": NEW_PASSWORD, "oldPassword": WRONG}, id="wrong old one"),
            pytest.param({"password": NEW_PASSWORD, "oldPassword": ""}, id="empty old one"),
            pytest.param({"password": "short"}, id="short"),
            pytest.param({"password": "Qwertz123456"}, id="common"),
            pytest.param({}, id="missing"),
            pytest.param({"password": "a\0" * 8}, id="not text"),
        ],
    )
    def test_a_refused_change_changes_nothing(self, client, resident, body):
        other = log_in(client, resident.mail, resident.password).json["sessionToken"]
        assert self.update(client, resident, **body).status_code == 400
        assert is_logged_in(client, {"Authorization": other})
        assert log_in(client, resident.mail, resident.password).status_code == 200

    def test_the_own_mail_address_is_refused(self, client, resident):
        assert self.update(client, resident, password=resident.mail).status_code == 400

    def test_the_right_old_password_is_accepted(self, client, resident):
        body = {"password": NEW_PASSWORD, "oldPassword": resident.password}
        assert self.update(client, resident, **body).status_code == 200

    def test_a_reset_link_of_before_is_void(self, client, resident, outbox):
        token = outbox.reset_token(client, resident.mail)
        self.update(client, resident, password=NEW_PASSWORD)
        answer = client.post(f"/password/reset/{token}", json={"password": "another-one-99"})
        assert answer.status_code == 400

    def test_strangers_are_refused(self, client):
        assert client.put("/update-password", json={"password": NEW_PASSWORD}).status_code == 401


class Outbox:
    def __init__(self, app, folder):
        self.app, self.folder = app, folder

    def mails(self):
        background.finish(self.app)
        return [
            email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            for path in sorted(self.folder.glob("*.eml"))
        ]

    def reset_token(self, client, mail):
        answer = client.post("/password/request-reset-token", json={"mail": mail})
        assert answer.status_code == 201
        return re.search(r"/password/reset/(\S+)", self.mails()[-1].get_content())[1]


@pytest.fixture
def outbox(app, settings):
    return Outbox(app, settings.outbox)


class TestReset:
    def test_a_forgotten_password_is_replaced(self, client, resident, outbox):
        token = outbox.reset_token(client, resident.mail)
        assert client.get(f"/password/reset/{token}").status_code == 200
        assert log_in(client, resident.mail, resident.password).status_code == 200
        answer = client.post(f"/password/reset/{token}", json={"password": NEW_PASSWORD})
        assert (answer.status_code, answer.json) == (200, {})
        assert log_in(client, resident.mail, resident.password).status_code == 401
        assert log_in(client, resident.mail, NEW_PASSWORD).status_code == 200
        assert not is_logged_in(client, resident.headers)
        answer = client.post(f"/password/reset/{token}", json={"password": "another-one-99"})
        assert answer.status_code == 400

    def test_the_link_lasts_two_hours(self, client, resident, outbox):
        token = outbox.reset_token(client, resident.mail)
        with time_machine.travel(now_s() + 7200):
            answer = client.post(f"/password/reset/{token}", json={"password": NEW_PASSWORD})
        assert answer.status_code == 400

    def test_known_and_unknown_mails_are_answered_alike(self, client, resident, outbox):
        def ask(**body):
            return client.post("/password/request-reset-token", json=body)

        known, unknown = ask(user=resident.mail.upper()), ask(user="nobody@example.org")
        assert (known.status_code, known.data) == (unknown.status_code, unknown.data)
        assert known.status_code == 201
        assert [mail["To"] for mail in outbox.mails()] == [resident.mail]

    @pytest.mark.parametrize("body", [{}, {"mail": ""}, {"mail": 5}, {"mail": "a@b.de\0"}])
    def test_without_a_mail_address_it_is_refused(self, client, body):
        answer = client.post("/password/request-reset-token", json=body)
        assert answer.status_code == 400
        assert "mail" in answer.json["errorDescription"]

    def test_nobody_is_flooded_with_mails(self, client, resident, outbox):
        for _ in range(5):
            answer = client.post("/password/request-reset-token", json={"mail": resident.mail})
            assert answer.status_code == 201
        assert len(outbox.mails()) == 3

    def test_one_address_may_not_ask_for_ever(self, client, outbox):
        for number in range(20):
            body = {"mail": f"{number}@example.org"}
            assert client.post("/password/request-reset-token", json=body).status_code == 201
        answer = client.post("/password/request-reset-token", json=body)
        assert answer.status_code == 429
        assert 0 < int(answer.headers["Retry-After"]) <= 3600
        outbox.mails()

    def test_a_browser_does_it_by_pages(self, browser, client, resident, outbox):
        path = "/password/request-reset-token"
        assert browser.post(path, {"mail": resident.mail}).location == "/login"
        token = re.search(r"/password/reset/(\S+)", outbox.mails()[0].get_content())[1]
        answer = browser.post(f"/password/reset/{token}", {"password": NEW_PASSWORD})
        assert (answer.status_code, answer.location) == (303, "/login")
        assert log_in(client, resident.mail, NEW_PASSWORD).status_code == 200


class TestBrowser:
    def test_it_is_logged_in_by_cookie(self, browser, resident):
        answer = browser.log_in(resident)
        assert (answer.status_code, answer.location) == (303, "/")
        cookie = browser.client.get_cookie("broker_session")
        assert cookie.http_only
        assert cookie.same_site == "Lax"
        assert browser.get("/update-password").status_code == 200

    def test_it_goes_on_where_it_wanted_to(self, browser, resident):
        sent_to = browser.get("/update-password")
        assert sent_to.status_code == 303
        form = {"user": resident.mail, "password": resident.password}
        assert browser.post(sent_to.location, form).location == "/update-password"

    @pytest.mark.parametrize(
        "elsewhere",
        [
            "https://evil.example",
            "//evil.example",
            "/%5Cevil.example",
            "%5C%5Cevil.example",
            "/%09/evil.example",
            "javascript:alert(1)",
            "evil.example",
            "%20//evil.example",
        ],
    )
    def test_it_is_never_led_to_another_site(self, browser, resident, elsewhere):
        assert browser.log_in(resident, f"?next={elsewhere}").location == "/"

    def test_logging_out_twice_does_not_spoil_the_next_login(self, browser, resident):
        assert browser.log_in(resident, "?next=/logout").location == "/"
        assert browser.get("/update-password").status_code == 200

    def test_a_wrong_password_shows_the_form_again(self, browser, resident):
        form = {"user": resident.mail, "password": WRONG}
        answer = browser.post("/login", form, follow_redirects=True)
        assert "do not match" in answer.text
        assert browser.client.get_cookie("broker_session") is None

    def test_it_logs_out_by_a_form(self, browser, client, resident):
        browser.log_in(resident)
        token = browser.client.get_cookie("broker_session").value
        answer = browser.post("/logout", {}, page="/update-password")
        assert (answer.status_code, answer.location) == (303, "/login")
        assert browser.client.get_cookie("broker_session") is None
        assert not is_logged_in(client, {"Authorization": token})

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("GET", "/logout", {}),
            ("POST", "/logout", {}),
            ("POST", "/update-password", {"password": NEW_PASSWORD}),
            ("PUT", "/update-password", {"password": NEW_PASSWORD}),
            ("PUT", "/profile", {"nick": "forged"}),
            ("POST", "/profile", {"nick": "forged"}),
        ],
    )
    @pytest.mark.parametrize("accept", ["text/html", "application/json"])
    def test_another_site_cannot_use_its_cookie(
        self, browser, client, resident, method, path, body, accept
    ):
        browser.log_in(resident)
        browser.client.open(path, method=method, data=body, headers={"Accept": accept})
        assert browser.get("/update-password").status_code == 200
        profile = browser.client.get("/profile")
        assert profile.json["nick"] is None
        assert log_in(client, resident.mail, resident.password).status_code == 200

    def test_another_site_cannot_log_it_in(self, browser, resident):
        form = {"user": resident.mail, "password": resident.password}
        browser.client.post("/login", data=form, headers=browser.headers)
        assert browser.client.get_cookie("broker_session") is None

    def test_it_changes_the_password_by_a_form(self, browser, client, resident):
        browser.log_in(resident)
        form = {"oldPassword": resident.password, "password": NEW_PASSWORD}
        assert browser.post("/update-password", form).location == "/profile"
        assert browser.get("/update-password").status_code == 200
        assert log_in(client, resident.mail, NEW_PASSWORD).status_code == 200


def test_a_deactivated_account_is_out_at_once(client, resident):
    with writer(db.engine).begin() as connection:
        connection.execute(update(User).values(state="deactivated"))
    assert not is_logged_in(client, resident.headers)


def test_a_form_without_its_token_is_told_to_be_sent_again(app, resident, browser):
    browser.log_in(resident)
    refused = browser.client.post("/profile", data={"nick": "x"})
    assert refused.status_code == 400
    assert refused.json["errorName"] == "CsrfFailed"
    assert "once more" in refused.json["errorDescription"]
