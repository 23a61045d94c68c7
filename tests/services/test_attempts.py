from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine

from broker.errors import InvalidInput, TooManyAttempts, Unauthorized, WrongSecret
from broker.services.attempts import LOGINS_OF_ONE_ACCOUNT, Attempts, Bucket, network

ADA = Bucket.of(LOGINS_OF_ONE_ACCOUNT, "ada@example.org", "192.0.2.1")
BOB = Bucket.of(LOGINS_OF_ONE_ACCOUNT, "bob@example.org", "192.0.2.1")
WRONG = Unauthorized("no")


@pytest.fixture
def attempts():
    return Attempts("memory://")


def guess(attempts, *buckets, error=WRONG):
    with attempts.guess(*buckets):
        if error:
            raise error


def fail(attempts, times, *buckets, error=WRONG):
    for _ in range(times):
        with pytest.raises(type(error)):
            guess(attempts, *buckets, error=error)


@pytest.mark.parametrize("error", [Unauthorized("no"), WrongSecret("no")])
def test_the_eleventh_guess_is_refused(attempts, error):
    fail(attempts, 10, ADA, error=error)
    with pytest.raises(TooManyAttempts):
        guess(attempts, ADA, error=None)


def test_right_ones_and_other_mistakes_never_count(attempts):
    for _ in range(30):
        guess(attempts, ADA, error=None)
    fail(attempts, 30, ADA, error=InvalidInput("too short"))
    guess(attempts, ADA, error=None)


def test_buckets_are_apart(attempts):
    fail(attempts, 10, ADA)
    guess(attempts, BOB, error=None)


def test_one_full_bucket_of_several_is_enough(attempts):
    fail(attempts, 10, ADA)
    with pytest.raises(TooManyAttempts):
        guess(attempts, BOB, ADA, error=None)


def test_waiting_as_long_as_told_helps(attempts):
    with time_machine.travel(1_795_000_000, tick=False) as clock:
        fail(attempts, 10, ADA)
        clock.shift(300)
        with pytest.raises(TooManyAttempts) as refused:
            attempts.check(ADA)
        assert refused.value.retry_after_s == 600  # 15 minutes since the first guess
        clock.shift(599)
        with pytest.raises(TooManyAttempts):
            attempts.check(ADA)
        clock.shift(1)
        attempts.check(ADA)


def test_guesses_at_the_same_time_do_not_slip_through(attempts):
    checked = []

    def one(_):
        try:
            with attempts.guess(ADA):
                checked.append(1)
                raise Unauthorized("no")
        except (Unauthorized, TooManyAttempts):
            pass

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(one, range(64)))
    assert len(checked) == 10


def test_what_is_rationed_counts_each_use(attempts):
    assert [attempts.allows(ADA) for _ in range(11)] == [True] * 10 + [False]
    with pytest.raises(TooManyAttempts):
        attempts.require(ADA)


@pytest.mark.parametrize(
    ("address", "stands_for"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("", ""),
    ],
)
def test_an_address_stands_for_a_customer(address, stands_for):
    assert network(address) == stands_for
