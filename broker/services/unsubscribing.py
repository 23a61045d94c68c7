"""Links in mails by which their reader ends such mails without logging in."""

from __future__ import annotations

from itsdangerous import BadData, URLSafeSerializer

from broker import errors
from broker.models import NoticeKind
from broker.services import preferences


def token(secret_key: str, user_id: int, kind: NoticeKind) -> str:
    """What proves that somebody has had a mail of a kind. It doesn't expire: old mails are kept."""
    return str(_signer(secret_key).dumps([user_id, kind.value]))


def read(secret_key: str, given: str) -> tuple[int, NoticeKind]:
    """Whose mails of which kind a token ends. Raises WrongSecret if it isn't one of ours."""
    try:
        user_id, kind = _signer(secret_key).loads(given)
        return int(user_id), NoticeKind(kind)
    except (BadData, ValueError, TypeError):
        raise errors.WrongSecret("token: This link is not whole. Copy all of it.") from None


def end(secret_key: str, given: str) -> NoticeKind:
    """Ends the mails that a token is about, and says which. Raises WrongSecret."""
    user_id, kind = read(secret_key, given)
    preferences.refuse_mails(user_id, kind)
    return kind


def _signer(secret_key: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret_key, salt="unsubscribe")
