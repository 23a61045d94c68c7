"""Calls of the contract beside a trivial view: how many a second, how late, by how much history."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import cycle, repeat
from statistics import median

from benchmarks import load, report
from benchmarks.house import PASSWORD, House
from benchmarks.report import Table
from benchmarks.server import Server, serving
from broker.clock import now_s
from broker.units import DAY_S, QUARTER_HOUR_S

CONCURRENCY = 16
MODERATE_CONCURRENCY = 4
LOGINS_PER_S = 10
MOST_TIMES_LATER = 3.0
MOST_GROWTH = 0.10
MIB = 2**20
BUSY = 0.85
TOO_IDLE = "this machine had other work to do, so take the ratios for nothing and measure again."
WARM_UP = 0.25
"""Share of the measured time that goes before it."""


@dataclass(frozen=True)
class Call:
    """A GET of the contract and the least share of the trivial view's rate that it has to reach."""

    name: str
    target: str
    least: float | None = None
    series: tuple[str, ...] = ()
    """Where in the answer the series lies whose length is shown."""


CALLS = (
    Call("own history, 24 h", "/individual-consumption-history?begin={begin}", 0.50, ("power",)),
    Call("own history, today", "/individual-consumption-history", None, ("power",)),
    Call(
        "group history, 24 h",
        "/group-consumption-history?begin={begin}",
        0.25,
        ("produced_second_meter_power",),
    ),
    Call("group history, today", "/group-consumption-history", None, ("consumed_power",)),
    Call("profile", "/profile", 0.45),
    Call("hints", "/hints", 0.30),
    Call("challenge status", "/challenges/status", 0.35),
    Call("saving", "/individual-global-challenge", 0.35),
    Call("per capita", "/per-capita-consumption", 0.35),
)
OF_A_CROWD = (Call("community's saving", "/community-global-challenge", 0.80),)
BESIDE_LOGINS = ("own history, 24 h", "profile")


@dataclass
class Rounds:
    """A call's figures, one of each a round."""

    trivial_per_s: list[float] = field(default_factory=list)
    per_s: list[float] = field(default_factory=list)
    short_per_s: list[float] = field(default_factory=list)
    p50_ms: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    """How much of one processor the trivial server used: near 1 the client is fast enough."""
    trivial_cpu_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    """Processor time of the worker for one answer."""


@dataclass(frozen=True)
class Contender:
    """A house that is being served, with the sessions of its residents."""

    house: House
    server: Server
    tokens: list[str]

    def requests(self, target: str) -> Iterator[bytes]:
        """The same call by one resident after the other, for ever."""
        return cycle([load.request("GET", target, token) for token in self.tokens])


@contextmanager
def contenders(houses: Sequence[House]) -> Iterator[list[Contender]]:
    """Serves each house."""
    with ExitStack() as stack:
        served = []
        for house in houses:
            log = house.folder / "gunicorn.log"
            tokens = house.tokens()
            server = serving(house.described, "app:create_app()", house.environment, log)
            served.append(Contender(house, stack.enter_context(server), tokens))
        yield served


def trivial_server(house: House) -> AbstractContextManager[Server]:
    """The ceiling under the same configuration."""
    log = house.folder / "trivial.log"
    return serving("trivial", "benchmarks.trivial:app", house.environment, log)


def measure(
    served: list[Contender],
    trivial: Server,
    rounds: int,
    seconds: float,
    calls: Sequence[Call] = CALLS,
) -> Table:
    """Table of calls; the first house has the whole history, a second one a part of it."""
    table = Table(
        f"Calls at {CONCURRENCY} connections, {served[0].house.described}",
        ["call", "points", "trivial/s", "calls/s", "p50 ms", "p99 ms", "by CPU", "ratio", "target"],
    )
    if len(served) > 1:
        table.columns = [*table.columns, f"to {served[1].house.described}", "growth"]
    busy: list[float] = []
    for call in calls:
        target = call.target.format(begin=_begin_s())
        points = _points(call, target, served[0])
        figures = Rounds()
        for number in range(rounds):
            _one_round(figures, target, served, trivial, seconds, number % 2 == 1)
        table.rows.append(_row(call, points, figures))
        busy += figures.busy
    table.notes = [
        "“24 h” asks for the 96 quarter hours before now, so that its size doesn't depend on the"
        " time of day: the target is measured on it. “today” is the call without parameters.",
        "“by CPU” is that ratio by the workers' processor time an answer: what the ratio would"
        " be on a machine that does nothing else.",
        f"The trivial server's worker kept a processor busy for {report.spread(busy)} of the time: "
        + ("the client is not what limits." if median(busy) > BUSY else TOO_IDLE),
    ]
    return table


def _one_round(
    figures: Rounds,
    target: str,
    served: list[Contender],
    trivial: Server,
    seconds: float,
    is_reversed: bool,
) -> None:
    """Loads ceiling and contenders one after the other, in alternating order."""
    steps: list[tuple[Server, Iterator[bytes]]] = [(trivial, repeat(load.request("GET", "/")))]
    steps += [(contender.server, contender.requests(target)) for contender in served]
    outcomes = {}
    for server, requests in reversed(steps) if is_reversed else steps:
        _steady(server, requests, CONCURRENCY, seconds * WARM_UP)
        cpu_s = server.cpu_s()
        outcome = _steady(server, requests, CONCURRENCY, seconds)
        outcomes[server.name] = outcome
        used_s = server.cpu_s() - cpu_s
        if server is trivial:
            figures.busy.append(used_s / outcome.seconds)
            figures.trivial_cpu_s.append(used_s / len(outcome.latencies_s))
        elif server is served[0].server:
            figures.cpu_s.append(used_s / len(outcome.latencies_s))
    figures.trivial_per_s.append(outcomes[trivial.name].per_s)
    full, *short = [outcomes[contender.server.name] for contender in served]
    figures.per_s.append(full.per_s)
    figures.p50_ms.append(full.percentile_ms(50))
    figures.p99_ms.append(full.percentile_ms(99))
    figures.short_per_s += [outcome.per_s for outcome in short]


def _steady(
    server: Server, requests: Iterator[bytes], connections: int, seconds: float
) -> load.Outcome:
    stream = load.Steady(server.name, server.port, [requests] * connections)
    return load.run([stream], seconds)[0]


def _row(call: Call, points: str, figures: Rounds) -> list[str]:
    ratios = report.ratios(figures.per_s, figures.trivial_per_s)
    row = [
        call.name,
        points,
        report.spread(figures.trivial_per_s, 0),
        report.spread(figures.per_s, 0),
        report.spread(figures.p50_ms, 1),
        report.spread(figures.p99_ms, 1),
        report.spread(report.ratios(figures.trivial_cpu_s, figures.cpu_s)),
        report.spread(ratios),
        report.at_least(ratios, call.least),
    ]
    if figures.short_per_s:
        growth = report.ratios(figures.per_s, figures.short_per_s)
        row += [report.spread(growth), report.within(growth, MOST_GROWTH)]
    return row


def _begin_s() -> int:
    return now_s() // QUARTER_HOUR_S * QUARTER_HOUR_S - DAY_S


def _points(call: Call, target: str, contender: Contender) -> str:
    """How many points the call answers now. Raises LoadError where there is nothing to measure."""
    request = urllib.request.Request(
        f"http://{load.HOST}:{contender.server.port}{target}",
        headers={"Authorization": f"Bearer {contender.tokens[0]}"},
    )
    try:
        with urllib.request.urlopen(request) as response:
            answer = json.loads(response.read() or "{}")
    except urllib.error.HTTPError as error:
        raise load.LoadError(f"{call.name}: {error}\n{error.read()!r}") from error
    if not answer:
        return "no data"
    if not call.series:
        return "–"
    for name in call.series:
        answer = answer.get(name, {})
    if "begin" in target and len(answer) < DAY_S // QUARTER_HOUR_S:
        raise load.LoadError(f"{call.name}: only {len(answer)} points in a day")
    return str(len(answer))


def measure_beside_logins(contender: Contender, rounds: int, seconds: float) -> Table:
    """Table of how much later calls are answered while people log in."""
    table = Table(
        f"Calls beside {LOGINS_PER_S} logins a second, at {MODERATE_CONCURRENCY} connections",
        [
            "call",
            "p99 ms without",
            "p99 ms beside logins",
            "times",
            "target",
            "login p50 ms",
            "p99 ms",
        ],
    )
    calls = [call for call in CALLS if call.name in BESIDE_LOGINS]
    for call in calls:
        target = call.target.format(begin=_begin_s())
        alone_ms, beside_ms, login_p50_ms, login_p99_ms = [], [], [], []
        for _ in range(rounds):
            requests = contender.requests(target)
            alone = _steady(contender.server, requests, MODERATE_CONCURRENCY, seconds)
            port, several = contender.server.port, [requests] * MODERATE_CONCURRENCY
            steady = load.Steady(call.name, port, several)
            logins = load.Paced("login", port, LOGINS_PER_S, _logins(contender))
            beside, login = load.run([steady, logins], seconds)
            alone_ms.append(alone.percentile_ms(99))
            beside_ms.append(beside.percentile_ms(99))
            login_p50_ms.append(login.percentile_ms(50))
            login_p99_ms.append(login.percentile_ms(99))
        times = report.ratios(beside_ms, alone_ms)
        figures = (alone_ms, beside_ms, times)
        row = [call.name, *(report.spread(values, 1) for values in figures)]
        row += [report.at_most(times, MOST_TIMES_LATER)]
        row += [report.spread(login_p50_ms, 0), report.spread(login_p99_ms, 0)]
        table.rows.append(row)
    return table


def _logins(contender: Contender) -> Iterator[bytes]:
    """One resident after the other logs in with the right password."""
    bodies = [
        json.dumps({"user": mail, "password": PASSWORD}).encode()
        for mail in contender.house.mails()
    ]
    return cycle([load.request("POST", "/login", body=body) for body in bodies])


def memory(contender: Contender, start_bytes: int) -> Table:
    """Table of the worker's resident memory."""
    return Table(
        "Memory of the worker",
        ["when", "MiB"],
        [
            ["after its start", f"{start_bytes / MIB:.0f}"],
            ["after all calls", f"{contender.server.memory_bytes() / MIB:.0f}"],
        ],
    )
