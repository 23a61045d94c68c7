from __future__ import annotations

import email
import email.policy
import logging
import socketserver
import threading

import pytest

from broker.services.mail import Postbox

NOW_US = 1_795_000_000_123_456
TEXT = "Grüße!\n\nA link: http://127.0.0.1:8080/set-password?token=abc\n"


class Conversation(socketserver.StreamRequestHandler):
    """As much of an SMTP server (RFC 5321) as a client needs to deliver a mail."""

    def handle(self):
        self.wfile.write(b"220 peer\r\n")
        while line := self.rfile.readline():
            word = line.split()[0].upper() if line.split() else b""
            self.server.heard.append(line.strip())
            if word == b"EHLO":
                self.wfile.write(b"250-peer\r\n250-AUTH PLAIN\r\n250 8BITMIME\r\n")
            elif word == b"AUTH":
                self.wfile.write(b"235 welcome\r\n")
            elif word == b"RCPT" and b"unknown@" in line:
                self.wfile.write(b"550 nobody here\r\n")
            elif word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                self.server.mails.append(self._mail())
                self.wfile.write(b"250 taken\r\n")
            elif word == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 ok\r\n")

    def _mail(self):
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b"."))
        return email.message_from_bytes(b"".join(lines), policy=email.policy.default)


class Peer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Conversation)
        self.heard, self.mails = [], []


@pytest.fixture
def peer():
    with Peer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


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
    port = peer.server_address[1]
    postbox = Postbox(f"smtp://ada%40x:p%2Fw@127.0.0.1:{port}", "broker@example.org", tmp_path)
    postbox.send("ada@example.org", "Grüße", TEXT, NOW_US)
    (mail,) = peer.mails
    assert mail["Subject"] == "Grüße"
    assert mail.get_content().replace("\r\n", "\n") == TEXT
    # base64 of "\0ada@x\0p/w"
    assert b"AUTH PLAIN AGFkYUB4AHAvdw==" in peer.heard
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("to", ["unknown@example.org", "ada@example.org"])
def test_a_mail_that_cannot_be_delivered_is_kept_and_logged(peer, tmp_path, caplog, to):
    port = peer.server_address[1]
    if to.startswith("ada"):  # nobody listens on port 1
        port = 1
    with caplog.at_level(logging.ERROR):
        Postbox(f"smtp://127.0.0.1:{port}", "b@example.org", tmp_path).send(to, "s", TEXT, NOW_US)
    assert [mail["To"] for mail in kept(tmp_path)] == [to]
    assert to in caplog.text
    assert "token=abc" not in caplog.text
