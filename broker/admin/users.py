"""Accounts: who has one, inviting and closing."""

from __future__ import annotations

import time
from typing import Any

from flask import Blueprint
from flask_login import current_user
from marshmallow import fields

from broker.admin.forms import Form, keeps_what_was_typed, show_once
from broker.api.representation import gives, takes, tell
from broker.api.schemas import Text
from broker.api.session import operator_required, settings
from broker.clock import now_s
from broker.services import community, invitations, users
from broker.services.mail import Postbox

bp = Blueprint("operator_users", __name__, url_prefix="/operator/users")


class Invitation(Form):
    """Whom to invite, or to invite again."""

    mail = Text(required=True)
    group = Text(required=True)
    first_name = Text(required=True)
    name = Text(required=True)
    operator = fields.Boolean(load_default=False)


class Account(Form):
    """One account."""

    mail = Text(required=True)


@bp.get("")
@operator_required
@gives(page="admin/users.html")
def show() -> dict[str, Any]:
    """All accounts."""
    return {"users": users.listed(now_s()), "groups": community.listed(now_s())}


@bp.post("/invite")
@operator_required
@gives(then="operator_users.show", back="operator_users.show", status=201)
@keeps_what_was_typed("invite")
@takes(Invitation)
def invite(mail: str, group: str, first_name: str, name: str, operator: bool) -> dict[str, Any]:
    """Invites somebody; the link is shown if no mail server has taken it."""
    given = settings()
    invited = invitations.invite(
        community.named(group),
        mail,
        first_name,
        name,
        is_operator=operator,
        now_us=time.time_ns() // 1000,
        days=given.invitation_days,
        base_url=given.base_url,
        postbox=Postbox(given.smtp_url, given.mail_from, given.outbox),
    )
    if invited.is_mailed:
        tell("The invitation is on its way by mail.")
    else:
        show_once(mail.strip().lower(), invited.link)
    return {"mail": mail.strip().lower(), "link": invited.link, "mailed": invited.is_mailed}


@bp.post("/deactivate")
@operator_required
@gives(then="operator_users.show", back="operator_users.show")
@takes(Account)
def deactivate(mail: str) -> dict[str, Any]:
    """Closes an account at once, but not one's own."""
    ended = users.deactivate(mail, current_user.id)
    tell("The account is closed, its readings stay.")
    return {"mail": mail.strip().lower(), "sessions_ended": ended}
