"""Scripts write numbers as the server does, so that a value that goes on looks the same."""

from __future__ import annotations

import random

import pytest
from flask import url_for

from broker.api import formats
from broker.units import TENTH_UWH_PER_KWH, mw_from_w

pytestmark = pytest.mark.slow

EDGES = (0, 0.4, 0.5, 1.5, 2.5, 9.994, 9.995, 99.95, 999.4, 999.5, 999.95, 1000, 1234.5, 98765)
WRITE = """async ([module, watts, kwhs, ratios]) => {
  const { power, energy, percent } = await import(module);
  return {
    power: watts.map((one) => power(one)), shortPower: watts.map((one) => power(one, true)),
    energy: kwhs.map((one) => energy(one)), shortEnergy: kwhs.map((one) => energy(one, true)),
    percent: ratios.map((one) => percent(one)),
  };
}"""


@pytest.mark.parametrize("language", ["en", "de"])
def test_scripts_and_server_write_the_same(app, serve, browse, language):
    any_sizes = random.Random(7)
    numbers = [None, *EDGES, *(-edge for edge in EDGES)]
    numbers += [round(10 ** any_sizes.uniform(-2, 5), 3) for _ in range(200)]
    ratios = [0, 0.004, 0.005, 0.425, 0.99, 0.994, 0.9999, 1, *(one / 173 for one in range(173))]
    page = browse(serve().settings.bind, locale={"en": "en-GB", "de": "de-DE"}[language])
    page.goto("/login")
    with app.test_request_context():
        module = url_for("static", filename="formats.js")
    shown = page.evaluate(WRITE, [module, numbers, numbers, ratios])

    def mw(watts):
        return None if watts is None else mw_from_w(watts)

    def energy(kwh):
        return None if kwh is None else kwh * TENTH_UWH_PER_KWH

    written = {
        "power": [formats.power(mw(one), language) for one in numbers],
        "shortPower": [formats.power(mw(one), language, True) for one in numbers],
        "energy": [formats.energy(energy(one), language) for one in numbers],
        "shortEnergy": [formats.energy(energy(one), language, True) for one in numbers],
        "percent": [formats.percent(one, language) for one in ratios],
    }
    assert shown.keys() == written.keys()
    for name, texts in written.items():
        values = ratios if name == "percent" else numbers
        told = zip(values, shown[name], texts, strict=True)
        assert [one for one in told if one[1] != one[2]] == [], name
