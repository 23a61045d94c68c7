from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from broker.errors import InvalidInput
from broker.services import passwords


@pytest.mark.parametrize(
    "password",
    [
        pytest.param("seven77", id="7 characters"),
        pytest.param("x9!" * 43, id="129 characters"),
        pytest.param("Passwort123", id="common, in capitals"),
        pytest.param("qwertzuiop", id="a row of a German keyboard"),
        pytest.param(" password ", id="common with blanks around"),
        pytest.param("77777777", id="one digit"),
        pytest.param("Ada.Lovelace@Example.org", id="the own mail address"),
    ],
)
def test_a_weak_password_is_refused(password):
    with pytest.raises(InvalidInput, match="password"):
        passwords.require_good(password, "ada.lovelace@example.org")


@pytest.mark.parametrize("password", ["8 chars!", "straßenbahn-im-regen", "x9!" * 42 + "ab"])
def test_a_good_password_is_accepted(password):
    passwords.require_good(password, "ada@example.org")


def test_the_list_of_common_passwords_is_written_as_it_is_compared():
    common = passwords._common()
    assert len(common) > 1000
    assert all(8 <= len(password) <= 128 and password == password.lower() for password in common)


def test_a_hash_is_argon2id_with_the_recommended_cost(password_hash):
    # 19 MiB = 19456 KiB
    assert password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_only_the_same_password_matches(password_hash):
    assert passwords.matches("eleven-green-kettles", password_hash)
    assert not passwords.matches("Eleven-green-kettles", password_hash)
    assert not passwords.matches("eleven-green-kettles", "not a hash")


def test_without_a_hash_nothing_matches_but_as_much_is_computed(monkeypatch):
    hashes = []

    class Counting(PasswordHasher):
        def verify(self, hash, password):
            hashes.append(hash)
            return super().verify(hash, password)

    monkeypatch.setattr(passwords, "HASHER", Counting(2, 19 * 1024, 1))
    assert not passwords.matches("of no account", None)
    assert hashes == [passwords.NOBODYS_HASH]
    assert not passwords.is_outdated(passwords.NOBODYS_HASH)
