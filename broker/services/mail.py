"""Mail to residents: by SMTP, or as files in the outbox folder while no server is set."""

from __future__ import annotations

import logging
import os
import secrets
import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import default
from email.utils import format_datetime, make_msgid
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

log = logging.getLogger(__name__)

SMTP_TIMEOUT_S = 20
DEFAULT_PORTS = {"smtp": 587, "smtps": 465}
OWN_MACHINE = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True)
class Postbox:
    """Where mails go. An empty `smtp_url` means: into the outbox folder."""

    smtp_url: str
    sender: str
    outbox: Path

    def send(self, to: str, subject: str, text: str, now_us: int, *, unsubscribe: str = "") -> bool:
        """Sends a plain text; whether a server took it. `now_us` are POSIX microseconds.

        `unsubscribe` is where one gets rid of such mails: mail programs show it as a button.

        A mail is never lost: it lies in the outbox until the server has taken it, so also when
        Broker is stopped meanwhile. What the server refuses is logged.
        """
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self.sender, to, subject
        mail["Date"] = format_datetime(datetime.fromtimestamp(now_us // 1_000_000, UTC))
        mail["Message-ID"] = make_msgid(domain=self.sender.rpartition("@")[2].strip("<> "))
        if unsubscribe:
            mail["List-Unsubscribe"] = f"<{unsubscribe}>"
            mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
            mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(text)
        kept = _keep(mail, self.outbox, now_us)
        if not self.smtp_url:
            return False
        try:
            _deliver(mail, urlsplit(self.smtp_url))
        except (smtplib.SMTPException, OSError, ValueError) as error:
            log.error("Mail to %s not delivered, kept in %s: %s", to, self.outbox, error)
            return False
        kept.unlink(missing_ok=True)
        return True

    def forget(self, to: str) -> None:
        """Removes what lies in the outbox for somebody."""
        for path in self.outbox.glob("*.eml"):
            with suppress(FileNotFoundError), path.open("rb") as file:
                if BytesHeaderParser(policy=default).parse(file)["To"] == to:
                    path.unlink()


def _deliver(mail: EmailMessage, url: SplitResult) -> None:
    host, port = url.hostname or "localhost", url.port or DEFAULT_PORTS[url.scheme]
    trust = ssl.create_default_context()
    server: smtplib.SMTP
    if url.scheme == "smtps":
        server = smtplib.SMTP_SSL(host, port, timeout=SMTP_TIMEOUT_S, context=trust)
    else:
        server = smtplib.SMTP(host, port, timeout=SMTP_TIMEOUT_S)
    with server:
        server.ehlo()
        is_private = url.scheme == "smtps"
        if not is_private and server.has_extn("starttls"):
            server.starttls(context=trust)
            is_private = True
        if url.username:
            if not is_private and host not in OWN_MACHINE:
                raise smtplib.SMTPException("the server offers no TLS, so it gets no password")
            server.login(unquote(url.username), unquote(url.password or ""))
        server.send_message(mail)


def _keep(mail: EmailMessage, outbox: Path, now_us: int) -> Path:
    outbox.mkdir(parents=True, exist_ok=True, mode=0o700)
    written = datetime.fromtimestamp(now_us / 1e6, UTC).strftime("%Y%m%dT%H%M%S.%f")
    path = outbox / f"{written}-{secrets.token_hex(4)}.eml"
    unfinished = path.with_suffix(".part")
    # Only the owner may read it: the links inside open accounts.
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(mail.as_bytes())
    return unfinished.replace(path)
