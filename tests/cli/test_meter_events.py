"""The operator sees what a meter's readings gave away."""

from __future__ import annotations

import json

from broker.clock import now_s
from broker.ingest.intake import take_in
from broker.ingest.registers import Columns


def test_an_exchanged_register_is_listed(runner, make_meter):
    # 100 kWh, then 5 kWh an hour later: another register.
    meter_id, now = make_meter("1EMH0000000007"), now_s()
    counters = [100 * 10**10, 5 * 10**10]
    take_in({meter_id: Columns([now - 7200, now - 3600], counters, [None] * 2, [None] * 2)}, now)
    listed = runner.invoke(args=["meter", "events", "--meter", "1EMH0000000007", "--json"])
    (event,) = json.loads(listed.output)["events"]
    assert (event["kind"], event["time_s"]) == ("new_register", now - 3600)
    assert "100.000" in runner.invoke(args=["meter", "events"]).output


def test_an_unknown_meter_is_one_clear_line(runner):
    refused = runner.invoke(args=["meter", "events", "--meter", "nope"])
    assert refused.exit_code == 1
    assert "There is no meter 'nope'." in refused.output
