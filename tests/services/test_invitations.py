from __future__ import annotations

import email
import email.policy
import re

import pytest
from sqlalchemy import select, text

from broker.errors import Conflict, InvalidInput, NotFound, WrongSecret
from broker.models import Invitation, TokenPurpose, User, db
from broker.services import accounts, invitations
from broker.services.mail import Postbox

NOW_S = 1_795_000_000
PASSWORD = "twelve-blue-teapots"


@pytest.fixture
def postbox(tmp_path):
    return Postbox("", "broker@example.org", tmp_path / "outbox")


@pytest.fixture
def invite(make_group, postbox):
    """Invites Ada into one group, for 14 days unless said otherwise."""
    group_id = make_group()

    def inviting(mail="Ada@Example.org", *, now_s=NOW_S, first_name="Ada", days=14, **kwargs):
        given = {"group_id": group_id} | kwargs
        return invitations.invite(
            given.pop("group_id"),
            mail,
            first_name,
            "Lovelace",
            now_us=now_s * 1_000_000,
            days=days,
            base_url="https://broker.example.org",
            postbox=postbox,
            **given,
        )

    return inviting


def token_in(link):
    return link.partition("token=")[2]


def accept(link, password=PASSWORD, now_s=NOW_S, mail=None):
    invitations.redeem(token_in(link), TokenPurpose.INVITATION, password, now_s, mail)


def texts(postbox):
    return [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default).get_content()
        for path in sorted(postbox.outbox.glob("*.eml"))
    ]


def test_the_mailed_link_sets_the_first_password(invite, postbox):
    invited = invite()
    (text_of_mail,) = texts(postbox)
    assert invited.link in text_of_mail
    assert invited.link.startswith("https://broker.example.org/set-password?token=")
    accept(invited.link)
    assert accounts.authenticate("ada@example.org", PASSWORD) == invited.user_id


def test_a_token_has_256_bits_and_is_not_stored(invite):
    token = token_in(invite().link)
    assert len(token) == 43  # 256 bits, 6 to a letter
    with db.engine.connect() as connection:
        stored = connection.execute(text("SELECT * FROM invitation")).one()
    assert token not in repr(stored)


def test_a_link_works_once(invite):
    link = invite().link
    accept(link)
    with pytest.raises(WrongSecret):
        accept(link, "another-password-9")
    accounts.authenticate("ada@example.org", PASSWORD)


@pytest.mark.parametrize(("days_later", "works"), [(14 * 86_400 - 1, True), (14 * 86_400, False)])
def test_a_link_expires(invite, days_later, works):
    link = invite().link
    if works:
        accept(link, now_s=NOW_S + days_later)
    else:
        with pytest.raises(WrongSecret):
            accept(link, now_s=NOW_S + days_later)


def test_a_password_against_the_rule_does_not_use_the_link_up(invite):
    link = invite().link
    for weak in ("short", "ada@example.org"):
        with pytest.raises(InvalidInput):
            accept(link, weak)
    accept(link)


def test_a_link_belongs_to_its_mail(invite):
    link = invite().link
    with pytest.raises(WrongSecret):
        accept(link, mail="bob@example.org")
    accept(link, mail=" ADA@example.org")


def test_an_invitation_cannot_reset_and_a_reset_cannot_invite(invite):
    token = token_in(invite().link)
    with pytest.raises(WrongSecret):
        invitations.redeem(token, TokenPurpose.RESET, PASSWORD, NOW_S)


def test_inviting_again_replaces_the_link_and_the_name(invite):
    first = invite()
    second = invite("ada@example.org", first_name="Augusta")
    assert second.user_id == first.user_id
    with pytest.raises(WrongSecret):
        accept(first.link)
    accept(second.link)
    with db.engine.connect() as connection:
        assert connection.scalar(select(User.first_name)) == "Augusta"


def test_somebody_with_an_account_is_not_invited(invite):
    accept(invite().link)
    with pytest.raises(Conflict, match=r"ada@example\.org"):
        invite()


@pytest.mark.parametrize(
    "mail",
    [
        "",
        "ada",
        "@example.org",
        "ada@",
        "a b@example.org",
        "a@b\n.org",
        "a@b,c@d",
        "a" * 250 + "@b.de",
    ],
)
def test_an_impossible_mail_is_refused(invite, mail):
    with pytest.raises(InvalidInput):
        invite(mail)


@pytest.mark.parametrize("first_name", ["", "  ", "A\nBcc: x", "A" * 101, "A\0"])
def test_an_impossible_name_is_refused_and_nobody_is_invited(invite, postbox, first_name):
    with pytest.raises(InvalidInput, match="first_name"):
        invite(first_name=first_name)
    with db.engine.connect() as connection:
        assert connection.scalar(select(User.id)) is None
    assert texts(postbox) == []


def test_an_unknown_group_is_refused(invite):
    with pytest.raises(NotFound):
        invite(group_id=999)


def test_an_account_can_be_activated_without_a_mail(make_group):
    user_id = invitations.activate(
        make_group(), "Op@example.org", "Olga", "P", PASSWORD, is_operator=True, now_us=NOW_S
    )
    assert accounts.authenticate("op@example.org", PASSWORD) == user_id


def reset_token(resident, postbox, now_s=NOW_S):
    invitations.request_reset(
        resident.mail.upper(),
        now_us=now_s * 1_000_000,
        hours=2,
        base_url="https://broker.example.org",
        postbox=postbox,
    )
    return re.search(r"/password/reset/(\S+)", texts(postbox)[-1])[1]


def test_a_reset_sets_a_new_password(resident, postbox):
    token = reset_token(resident, postbox)
    accounts.authenticate(resident.mail, resident.password)  # stays good until then
    invitations.redeem(token, TokenPurpose.RESET, PASSWORD, NOW_S + 7199)
    assert accounts.authenticate(resident.mail, PASSWORD) == resident.id


def test_a_reset_link_expires(resident, postbox):
    token = reset_token(resident, postbox)
    with pytest.raises(WrongSecret):
        invitations.redeem(token, TokenPurpose.RESET, PASSWORD, NOW_S + 7200)


def test_a_strangers_request_does_not_spoil_the_owners_link(resident, postbox):
    owners = reset_token(resident, postbox)
    reset_token(resident, postbox, NOW_S + 60)
    invitations.redeem(owners, TokenPurpose.RESET, PASSWORD, NOW_S + 120)


def test_every_other_link_is_void_once_a_password_was_set(resident, postbox):
    first, second = (reset_token(resident, postbox, NOW_S + later) for later in (0, 60))
    invitations.redeem(second, TokenPurpose.RESET, PASSWORD, NOW_S + 120)
    with pytest.raises(WrongSecret):
        invitations.redeem(first, TokenPurpose.RESET, "another-password-9", NOW_S + 120)


@pytest.mark.parametrize("state", ["invited", "deactivated"])
def test_only_an_active_account_can_be_reset(make_user, postbox, state):
    user = make_user(state=state)
    with pytest.raises(IndexError):  # no mail
        reset_token(user, postbox)


def test_expired_links_are_swept(resident, postbox):
    reset_token(resident, postbox)
    reset_token(resident, postbox, NOW_S + 7200)
    with db.engine.connect() as connection:
        assert len(connection.execute(select(Invitation.id)).all()) == 1
