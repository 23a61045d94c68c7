"""Logging in and out, and everything that sets a password."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, after_this_request, request, session, url_for
from flask_login import current_user
from marshmallow import Schema, ValidationError, fields, post_load, validate

from broker import clock
from broker.api.attempts import (
    attempts,
    know_device,
    login_buckets,
    reset_bucket,
    reset_mail_bucket,
    token_bucket,
)
from broker.api.background import later
from broker.api.representation import gives, takes, takes_query, tell, wants_page
from broker.api.schemas import Nothing, Text
from broker.api.session import changes_state, forget, login_required, public, remember, settings
from broker.models import TokenPurpose
from broker.services import accounts, invitations, sessions
from broker.services.attempts import PRESENT_PASSWORDS, Bucket
from broker.services.mail import Postbox

bp = Blueprint("accounts", __name__)

MAX_SECRET_LENGTH = 1000
"""Longer ones are refused before anything is computed from them."""


def _secret(description: str, **kwargs: Any) -> Text:
    return Text(
        validate=validate.Length(max=MAX_SECRET_LENGTH),
        metadata={"description": description, "example": "eleven-green-kettles"},
        **kwargs,
    )


class Credentials(Schema):
    """What a person proves their identity by."""

    user = Text(
        required=True,
        validate=validate.Length(max=254),
        metadata={
            "description": "The account's mail address, in any case.",
            "example": "ada@example.org",
        },
    )
    password = _secret("The account's password.", required=True)


class OpenedSession(Schema):
    """A new session."""

    session_token = fields.String(
        data_key="sessionToken",
        metadata={
            "description": "Send it as `Authorization: Bearer <token>`.",
            "example": "q2Jt0s1cA0m9u7bq8T4lq0pZf6m1S0xXq3dA2x7yZ5k",
        },
    )
    expires_s = fields.Integer(
        data_key="expiredTimestamp",
        metadata={
            "description": "POSIX seconds at which the session ends unless it is used before.",
            "example": 1795435200,
        },
    )


class TokenQuery(Schema):
    """The link of an invitation."""

    token = _secret("The token of the mailed link.", load_default="")


class NewPassword(Schema):
    """A password to set."""

    password = _secret("8 to 128 characters; not one of the most common passwords.", required=True)


class FirstPassword(NewPassword):
    """What accepts an invitation."""

    token = _secret("The token of the invitation, not a session token.", required=True)
    user = Text(
        load_default=None,
        allow_none=False,
        metadata={
            "description": "The invited mail address; must match if sent.",
            "example": "ada@example.org",
        },
    )


class ChangedPassword(NewPassword):
    """What changes a password."""

    old_password = _secret(
        "The present password; checked if sent.",
        data_key="oldPassword",
        load_default=None,
        allow_none=False,
    )


class ForgottenPassword(Schema):
    """Whose password was forgotten; `user` is another name of `mail`."""

    mail = Text(
        validate=validate.Length(max=254),
        metadata={"description": "The mail address.", "example": "ada@example.org"},
    )
    user = Text(
        validate=validate.Length(max=254),
        metadata={"description": "The same as `mail`.", "example": "ada@example.org"},
    )

    @post_load
    def one_mail(self, data: dict[str, str], **_: Any) -> dict[str, str]:
        """Whichever of the two names was used."""
        mail = data.get("mail") or data.get("user")
        if not mail:
            raise ValidationError("Missing data for required field.", "mail")
        return {"mail": mail}


def next_page() -> str:
    """Where a browser goes on after login: the page it came for, if it is one of ours."""
    wish = request.args.get("next", "")
    # Browsers read a backslash as a slash and drop tabs and newlines, so `/\t/evil.example` and
    # `/\evil.example` would lead away.
    is_ours = wish.startswith("/") and not wish.startswith("//")
    is_ours = is_ours and wish.isprintable() and "\\" not in wish
    # Whoever clicked "log out" twice was sent here by the second click.
    return wish if is_ours and not wish.startswith(url_for("accounts.logout")) else "/"


def _lead_to_login(mail: str) -> None:
    """The page to log in says why it comes, and knows who has just proved to read this mail."""
    tell("Your password is set. You can log in now.")
    if wants_page():
        session["known_mail"] = mail


@bp.app_template_global()
def known_mail() -> str | None:
    """Whose password has just been set in this browser; None the second time."""
    mail: str | None = session.pop("known_mail", None)
    return mail


@bp.get("/login")
@public
@gives(Nothing, page="accounts/login.html")
def show_login() -> dict[str, Any]:
    """The page to log in."""
    return {}


@bp.post("/login")
@public
@takes(Credentials)
@gives(OpenedSession, then=next_page, errors=(401, 403, 429))
def login(user: str, password: str) -> dict[str, Any]:
    """Opens a session. A browser gets it as a cookie, everybody else as a token."""
    with attempts().guess(*login_buckets(user)):
        user_id = accounts.authenticate(user, password)
    token, expires_s = sessions.open_session(user_id, clock.now_s(), settings().session_days)

    @after_this_request
    def hand_out(response: Response) -> Response:
        if wants_page():
            remember(response, token)
        return know_device(response, user)

    return {"session_token": token, "expires_s": expires_s}


@bp.route("/logout", methods=["GET", "POST"])
@changes_state
@login_required
@gives(Nothing, then="accounts.login")
def logout() -> dict[str, Any]:
    """Ends the session of this token and no other."""
    sessions.end_session(current_user.session_id)

    @after_this_request
    def take_back(response: Response) -> Response:
        forget(response)
        return response

    return {}


@bp.get("/set-password")
@public
@takes_query(TokenQuery)
@gives(Nothing, page="accounts/set_password.html")
def show_set_password(token: str) -> dict[str, Any]:
    """The page that the link of an invitation opens."""
    return {"token": token}


@bp.post("/set-password")
@public
@takes(FirstPassword)
@gives(Nothing, then="accounts.login", errors=(429,))
def set_password(token: str, password: str, user: str | None) -> dict[str, Any]:
    """Accepts an invitation by setting the first password."""
    with attempts().guess(token_bucket()):
        mail = invitations.redeem(token, TokenPurpose.INVITATION, password, clock.now_s(), user)
    _lead_to_login(mail)
    return {}


@bp.get("/update-password")
@login_required
@gives(Nothing, page="accounts/update_password.html")
def show_update_password() -> dict[str, Any]:
    """The page to change the password."""
    return {}


@bp.route("/update-password", methods=["PUT", "POST"])
@login_required
@takes(ChangedPassword)
@gives(Nothing, then="profile.show_profile", errors=(429,))
def update_password(password: str, old_password: str | None) -> dict[str, Any]:
    """Sets a new password and ends all other sessions of the account."""
    if old_password is not None:
        with attempts().guess(Bucket.of(PRESENT_PASSWORDS, str(current_user.id))):
            accounts.require_password(current_user.id, old_password)
    accounts.change_password(current_user.id, current_user.session_id, password)
    tell("Your password is changed. All other devices are logged out.")
    return {}


@bp.get("/password/request-reset-token")
@public
@gives(Nothing, page="accounts/request_reset.html")
def show_request_reset() -> dict[str, Any]:
    """The page to ask for a new password."""
    return {}


@bp.post("/password/request-reset-token")
@public
@takes(ForgottenPassword)
@gives(Nothing, then="accounts.login", status=201, errors=(429,))
def request_reset(mail: str) -> dict[str, Any]:
    """Mails a link to set a new password; answers alike whether or not the mail is known."""
    attempts().require(reset_bucket())
    if attempts().allows(reset_mail_bucket(mail)):
        # Beside the request, so that the time of the answer doesn't tell who has an account.
        later(
            invitations.request_reset,
            mail,
            now_us=clock.now_s() * invitations.MICROSECONDS,
            hours=settings().reset_hours,
            base_url=settings().base_url,
            postbox=Postbox(settings().smtp_url, settings().mail_from, settings().outbox),
        )
    tell("If there is an account of this address, a mail is on its way.")
    return {}


@bp.get("/password/reset/<token>")
@public
@gives(Nothing, page="accounts/reset.html", errors=(400, 429))
def show_reset(token: str) -> dict[str, Any]:
    """The page that the mailed link opens; says at once if the link is void."""
    with attempts().guess(token_bucket()):
        invitations.require_valid(token, TokenPurpose.RESET, clock.now_s())
    return {"token": token}


@bp.post("/password/reset/<token>")
@public
@takes(NewPassword)
@gives(Nothing, then="accounts.login", errors=(429,))
def reset(token: str, password: str) -> dict[str, Any]:
    """Sets a new password by a mailed token and ends all sessions of the account."""
    with attempts().guess(token_bucket()):
        mail = invitations.redeem(token, TokenPurpose.RESET, password, clock.now_s())
    _lead_to_login(mail)
    return {}
