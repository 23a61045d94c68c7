"""What a resident chose: language, what pages show first, which mails they want."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, after_this_request
from flask_login import current_user
from marshmallow import Schema, fields, pre_load, validate

from broker.api import languages
from broker.api.attempts import attempts, token_bucket
from broker.api.profile import Consent
from broker.api.representation import FormFields, gives, takes, tell, wants_page
from broker.api.schemas import Nothing
from broker.api.session import login_required, proved_by_link, public, settings
from broker.models import NoticeKind
from broker.services import preferences, unsubscribing

bp = Blueprint("preferences", __name__)

TRUTH = {"true": True, "false": False}
MONEY_FIRST = "Whether pages show what electricity costs before how much it is, where it is known."
HIDES_CO2 = "Whether pages leave the CO2 out."
MAILS = {
    NoticeKind.CHALLENGE: "Whether a mail tells that a challenge was won or lost.",
    NoticeKind.SILENCE: "Whether a mail tells that the flat's meter has been silent for a day.",
    NoticeKind.WEEK: "Whether a mail tells every Monday how much was used in the last week.",
}


class Preferences(Schema):
    """What a resident chose."""

    language = fields.String(
        allow_none=True,
        validate=validate.OneOf(list(languages.NAMES)),
        metadata={
            "description": "The language of pages and mails; null is that of the browser.",
            "example": "de",
        },
    )
    money_first = Consent(data_key="moneyFirst", metadata={"description": MONEY_FIRST})
    hides_co2 = Consent(data_key="hideCo2", metadata={"description": HIDES_CO2})
    mails_challenge = Consent(
        data_key="mailChallenge", metadata={"description": MAILS[NoticeKind.CHALLENGE]}
    )
    mails_silence = Consent(
        data_key="mailSilence", metadata={"description": MAILS[NoticeKind.SILENCE]}
    )
    mails_week = Consent(data_key="mailWeek", metadata={"description": MAILS[NoticeKind.WEEK]})


class ChangedPreferences(Preferences):
    """Any subset of what a resident may choose."""

    @pre_load
    def read_form(self, data: Any, **_: Any) -> Any:
        """A form has text only; its language that is none is that of the browser."""
        if not isinstance(data, FormFields):
            return data
        return {
            name: (value or None) if name == "language" else TRUTH.get(value)
            for name, value in data.items()
        }


@bp.get("/profile/settings")
@login_required
@gives(Preferences)
def show_preferences() -> dict[str, Any]:
    """What the resident chose."""
    return preferences.of_user(current_user.id)


@bp.route("/profile/settings", methods=["PUT", "POST"])
@login_required
@takes(ChangedPreferences)
@gives(Nothing, then="profile.show_profile", back="profile.show_profile")
def change_preferences(**chosen: Any) -> dict[str, Any]:
    """Changes what is sent, all of it or nothing."""
    preferences.choose(current_user.id, languages.chosen(), **chosen)
    if wants_page() and "language" in chosen:

        @after_this_request
        def forget_switch(response: Response) -> Response:
            """What was chosen now is meant, and not what the switch in the footer once said."""
            response.delete_cookie(languages.COOKIE)
            return response

    tell("Saved.")
    return {}


class Unsubscribing(Schema):
    """Which mails a link is about, and whether they are ended."""

    kind = fields.String(
        validate=validate.OneOf([kind.value for kind in NoticeKind]),
        metadata={"description": "The kind of mail.", "example": "week"},
    )
    ended = fields.Boolean(metadata={"description": "Whether such mails are sent no more."})


@bp.get("/unsubscribe/<token>")
@public
@gives(Unsubscribing, page="profile/unsubscribe.html", errors=(400, 429))
def show_unsubscribe(token: str) -> dict[str, Any]:
    """The page of the link in a mail. It changes nothing: mail scanners open links too."""
    with attempts().guess(token_bucket()):
        _, kind = unsubscribing.read(settings().secret_key, token)
    return {"kind": kind.value, "ended": False}


@bp.post("/unsubscribe/<token>")
@public
@proved_by_link
@gives(Unsubscribing, page="profile/unsubscribe.html", errors=(400, 429))
def unsubscribe(token: str) -> dict[str, Any]:
    """Ends the mails of a kind, for whoever has the link, without logging in; again is no harm.

    Mail programs call it by themselves when one presses their button (RFC 8058).
    """
    with attempts().guess(token_bucket()):
        kind = unsubscribing.end(settings().secret_key, token)
    return {"kind": kind.value, "ended": True}


@bp.app_template_global()
def my_preferences() -> dict[str, Any]:
    """The caller's choices, for the form that changes them."""
    return preferences.of_user(current_user.id)


@bp.app_template_global()
def sends_mails() -> bool:
    """Whether a mail server is set; else mails lie in the outbox."""
    return bool(settings().smtp_url)
