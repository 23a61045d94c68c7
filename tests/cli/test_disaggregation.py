"""The operator sees how far the splitting by appliance is, and has it done anew."""

from __future__ import annotations

import json

import pytest

from broker.cli.collector import Splitting
from broker.clock import now_s
from broker.ingest.intake import take_in
from broker.ingest.registers import Columns
from broker.services import disaggregation_progress


@pytest.fixture
def fresh(resident, make_meter, assign) -> int:
    """Two days of minutes at 200 W up to now."""
    end_s = now_s() // 900 * 900
    times = list(range(end_s - 2 * 86_400, end_s + 1, 60))
    counters = [10**13 + 33_333_333 * n for n in range(len(times))]
    meter_id = make_meter("1EMH001")
    assign(meter_id, resident, times[0])
    nothing = [None] * len(times)
    take_in({meter_id: Columns(times, counters, nothing, nothing)}, now_s())
    return meter_id


@pytest.fixture
def meter_id(fresh) -> int:
    """The same, split."""
    while disaggregation_progress.catch_up(fresh):
        pass
    return fresh


def listed(runner) -> list[dict]:
    return json.loads(runner.invoke(args=["disaggregation", "list", "--json"]).output)["meters"]


def test_progress_is_listed_and_the_past_is_split_again(runner, meter_id):
    (before,) = listed(runner)
    assert before["meter"] == "1EMH001"
    assert before["until_s"] - before["from_s"] == 2 * 86_400
    assert before["until_s"] - before["settled_s"] == 3600
    done = runner.invoke(args=["disaggregation", "again"])
    assert done.output == "The collector splits the past of 1 meters anew.\n"
    (reset,) = listed(runner)
    assert reset["settled_s"] == before["from_s"]
    while disaggregation_progress.catch_up(meter_id):
        pass
    assert listed(runner) == [before]


def test_the_collector_splits_what_has_come(runner, fresh):
    assert listed(runner) == []
    Splitting().go_on(for_s=60)
    (done,) = listed(runner)
    assert done["until_s"] - done["from_s"] == 2 * 86_400


def test_an_unknown_meter_is_told(runner, app):
    failed = runner.invoke(args=["disaggregation", "again", "--meter", "NOBODY"])
    assert failed.exit_code == 1
    assert failed.output.startswith("Error: There is no meter 'NOBODY'.")
