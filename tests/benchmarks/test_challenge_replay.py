"""Each shipped challenge over the fifteen months of a real home: neither hopeless nor for free."""

from __future__ import annotations

import re

import pytest

import config
from benchmarks import challenge_replay

pytestmark = pytest.mark.skipif(
    not challenge_replay.READINGS.exists(), reason="the readings of the home are not here"
)


def test_every_challenge_is_won_sometimes_and_lost_sometimes():
    tallies = challenge_replay.replay()
    assert len(tallies) >= 12
    for id, tally in tallies.items():
        assert tally.won + tally.lost >= 40, id  # of 64 weeks; a month's doesn't end in the last
        assert 0.10 <= tally.share_won <= 0.80, id
    # The documented table is this one.
    page = (config.PROJECT / "docs" / "challenges.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| (\d+) \|.*\| (\d+) % \|$", page, re.MULTILINE)
    measured = [(str(id), f"{tally.share_won * 100:.0f}") for id, tally in tallies.items()]
    assert documented == measured
