from __future__ import annotations

import email
import email.policy
import logging

import pytest

from broker.services.mail import Postbox
from tests import mail_peer

NOW_US = 1_795_000_000_123_456
TEXT = "Grüße!\n\nA link: http://127.0.0.1:8080/set-password?token=abc\n"


@pytest.fixture
def peer():
    with mail_peer.serving() as running:
        yield running


def kept(folder):
    return [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for path in sorted(folder.glob("*.eml"))
    ]


def test_without_a_server_a_mail_is_a_file_of_the_outbox(tmp_path):
    postbox = Postbox("", "Broker <broker@example.org>", tmp_path / "outbox")
    postbox.send("ada@example.org", "Grüße", TEXT, NOW_US)
    postbox.send("bob@example.org", "Second", TEXT, NOW_US + 1)
    first, second = kept(tmp_path / "outbox")
    assert (first["To"], second["To"]) == ("ada@example.org", "bob@example.org")
    assert first["Subject"] == "Grüße"
    assert first["From"] == "Broker <broker@example.org>"
    assert first.get_content() == TEXT
    assert sorted(path.suffix for path in (tmp_path / "outbox").iterdir()) == [".eml", ".eml"]


def test_nobody_else_can_read_the_outbox(tmp_path):
    Postbox("", "broker@example.org", tmp_path / "outbox").send("a@b.org", "s", TEXT, NOW_US)
    (path,) = (tmp_path / "outbox").iterdir()
    assert path.stat().st_mode & 0o077 == 0


def test_a_server_gets_the_mail_and_the_credentials(peer, tmp_path):
    port = peer.port
    postbox = Postbox(f"smtp://ada%40x:p%2Fw@127.0.0.1:{port}", "broker@example.org", tmp_path)
    assert postbox.send("ada@example.org", "Grüße", TEXT, NOW_US)
    (mail,) = peer.mails
    assert mail["Subject"] == "Grüße"
    assert mail.get_content().replace("\r\n", "\n") == TEXT
    # base64 of "\0ada@x\0p/w"
    assert (False, b"AUTH PLAIN AGFkYUB4AHAvdw==") in peer.heard
    assert list(tmp_path.iterdir()) == []


def test_a_mail_lies_in_the_outbox_until_the_server_has_taken_it(peer, tmp_path):
    meanwhile = []
    peer.before_each_mail = lambda: meanwhile.extend(kept(tmp_path))
    postbox = Postbox(f"smtp://127.0.0.1:{peer.port}", "b@example.org", tmp_path)
    assert postbox.send("ada@example.org", "s", TEXT, NOW_US)
    assert [mail["To"] for mail in meanwhile] == ["ada@example.org"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("to", ["unknown@example.org", "ada@example.org"])
def test_a_mail_that_cannot_be_delivered_is_kept_and_logged(peer, tmp_path, caplog, to):
    port = peer.port
    if to.startswith("ada"):  # nobody listens on port 1
        port = 1
    postbox = Postbox(f"smtp://127.0.0.1:{port}", "b@example.org", tmp_path)
    with caplog.at_level(logging.ERROR):
        assert not postbox.send(to, "s", TEXT, NOW_US)
    assert [mail["To"] for mail in kept(tmp_path)] == [to]
    assert to in caplog.text
    assert "token=abc" not in caplog.text


@pytest.fixture
def private_peer():
    with mail_peer.serving(offers_tls=True) as running:
        yield running


def test_where_tls_is_offered_nothing_of_a_mail_goes_unencrypted(
    private_peer, tmp_path, monkeypatch
):
    monkeypatch.setenv("SSL_CERT_FILE", str(mail_peer.CERTIFICATE))
    url = f"smtp://ada:sesame@localhost:{private_peer.port}"
    assert Postbox(url, "b@example.org", tmp_path).send("ada@example.org", "s", TEXT, NOW_US)
    (mail,) = private_peer.mails
    assert mail.get_content().replace("\r\n", "\n") == TEXT
    unencrypted = [line.split()[0] for is_private, line in private_peer.heard if not is_private]
    assert unencrypted == [b"ehlo", b"STARTTLS"]


def test_a_mail_server_with_a_certificate_of_nobody_gets_neither_mail_nor_password(
    private_peer, tmp_path, caplog
):
    url = f"smtp://ada:sesame@localhost:{private_peer.port}"
    with caplog.at_level(logging.ERROR):
        sent = Postbox(url, "b@example.org", tmp_path).send("ada@example.org", "s", TEXT, NOW_US)
    assert not sent
    assert [mail["To"] for mail in kept(tmp_path)] == ["ada@example.org"]
    assert [line.split()[0] for _, line in private_peer.heard] == [b"ehlo", b"STARTTLS"]
    assert "certificate" in caplog.text
