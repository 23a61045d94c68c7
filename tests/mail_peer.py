"""A mail server for tests: as much of SMTP (RFC 5321) as a client needs to deliver a mail."""

from __future__ import annotations

import email
import email.policy
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

CERTIFICATE = Path(__file__).parent / "localhost.pem"
"""Signed by itself, for localhost, with its key: whoever is to trust it names it SSL_CERT_FILE."""


class Conversation(socketserver.StreamRequestHandler):
    """One client. Nobody takes mails for unknown@…; with a certificate STARTTLS is offered."""

    server: Peer

    def handle(self) -> None:
        self.is_private = False
        self.wfile.write(b"220 peer\r\n")
        while line := self.rfile.readline():
            word = line.split()[0].upper() if line.split() else b""
            self.server.heard.append((self.is_private, line.strip()))
            if word == b"EHLO":
                offered = b"" if self.is_private or not self.server.trust else b"250-STARTTLS\r\n"
                self.wfile.write(b"250-peer\r\n" + offered + b"250-AUTH PLAIN\r\n250 8BITMIME\r\n")
            elif word == b"STARTTLS":
                self.wfile.write(b"220 go on\r\n")
                if not self._became_private():
                    return
            elif word == b"AUTH":
                self.wfile.write(b"235 welcome\r\n")
            elif word == b"RCPT" and b"unknown@" in line:
                self.wfile.write(b"550 nobody here\r\n")
            elif word == b"DATA":
                self.server.before_each_mail()
                self.wfile.write(b"354 go on\r\n")
                self.server.mails.append(self._mail())
                self.wfile.write(b"250 taken\r\n")
            elif word == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 ok\r\n")

    def _became_private(self) -> bool:
        assert self.server.trust
        try:
            self.connection = self.server.trust.wrap_socket(self.connection, server_side=True)
        except (ssl.SSLError, OSError):  # the client doesn't trust us
            return False
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
        self.is_private = True
        return True

    def _mail(self) -> EmailMessage:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b"."))
        return email.message_from_bytes(b"".join(lines), policy=email.policy.default)

    def finish(self) -> None:
        super().finish()
        self.connection.close()


class Peer(socketserver.ThreadingTCPServer):
    """What it heard, each line with whether it came encrypted, and the mails that it took."""

    allow_reuse_address = True

    def __init__(self, trust: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.heard: list[tuple[bool, bytes]] = []
        self.mails: list[EmailMessage] = []
        self.trust = trust
        self.before_each_mail: Callable[[], object] = lambda: None

    @property
    def port(self) -> int:
        return self.server_address[1]


@contextmanager
def serving(*, offers_tls: bool = False) -> Iterator[Peer]:
    """A running server on a port of its own."""
    trust = None
    if offers_tls:
        trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trust.load_cert_chain(CERTIFICATE)
    with Peer(trust) as peer:
        thread = threading.Thread(target=peer.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield peer
        peer.shutdown()
        thread.join()
