"""`flask user`: the accounts of residents and operators."""

from __future__ import annotations

import time

import click
from flask.cli import AppGroup

from broker.cli.command import Report, reports, settings, table
from broker.clock import now_s
from broker.services import community, invitations, users
from broker.services.mail import Postbox

user = AppGroup("user", help="Accounts of residents and operators.")


@user.command("invite")
@click.argument("mail")
@click.option("--group", "group_name", required=True, help="Name of the group to belong to.")
@click.option("--first-name", required=True)
@click.option("--name", required=True, help="Family name.")
@click.option("--operator", is_flag=True, help="May run the installation.")
@reports
def invite_user(mail: str, group_name: str, first_name: str, name: str, operator: bool) -> Report:
    """Invite the owner of MAIL: they get a link to set their password.

    Inviting again replaces an invitation that hasn't been followed yet.

    Example: flask --app app user invite ada@example.org --group "Sonnenhof 12"
    --first-name Ada --name Lovelace
    """
    given = settings()
    invited = invitations.invite(
        community.named(group_name),
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
        where = "is on its way"
    elif given.smtp_url:
        where = f"could not be delivered and lies in {given.outbox}"
    else:
        where = f"was written to {given.outbox}, as BROKER_SMTP_URL is not set"
    return Report(
        f"{mail} is invited; the link is good for {given.invitation_days} days.\n"
        f"The mail {where}.\n{invited.link}",
        {"mail": mail.strip().lower(), "link": invited.link, "mailed": invited.is_mailed},
    )


@user.command("list")
@reports
def list_users() -> Report:
    """Show all accounts.

    Example: flask --app app user list
    """
    accounts = users.listed(now_s())
    rows = [
        (
            row["mail"],
            f"{row['first_name']} {row['name']}",
            row["group"],
            row["state"],
            "operator" if row["is_operator"] else "",
            ", ".join(row["meters"]),
        )
        for row in accounts
    ]
    titles = ("Mail", "Name", "Group", "State", "Role", "Meter")
    return Report(table(titles, rows), {"users": accounts})


@user.command("deactivate")
@click.argument("mail")
@reports
def deactivate_user(mail: str) -> Report:
    """Close the account of MAIL at once: all its sessions end. Its readings stay.

    Example: flask --app app user deactivate ada@example.org
    """
    ended = users.deactivate(mail)
    return Report(
        f"{mail} is deactivated; {ended} sessions ended.",
        {"mail": mail.strip().lower(), "sessions_ended": ended},
    )
