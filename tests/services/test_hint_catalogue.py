"""The hints that ship and the operator's own: complete, safe to show, and told what is wrong."""

from __future__ import annotations

import logging
import re
from xml.etree import ElementTree

import pytest

from broker.energy.hints import Reason, ranked
from broker.energy.household_features import Feature
from broker.errors import InvalidInput
from broker.services import hint_catalogue

SHIPPED = hint_catalogue.shipped()
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
COORDINATE = re.compile(r"\d*\.\d+|\d+")
SVG = "{http://www.w3.org/2000/svg}"
FRAME = {
    "width": "24",
    "height": "24",
    "viewBox": "0 0 24 24",
    "fill": "none",
    "stroke": "currentColor",
    "stroke-width": "1.5",
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
    "aria-hidden": "true",
}
SHAPES = {
    "path": {"d"},
    "rect": {"x", "y", "width", "height", "rx"},
    "circle": {"cx", "cy", "r"},
}

OWN = """
[[hint]]
id = 1000
icon = "dryer"
saving_kwh = [10, 20]
fits = [{ feature = "base_load_w", from = 100, to = 200 }]
[hint.en]
headline = "Use the drying room"
description = "It is in the cellar, the key hangs beside the door."
assumption = "ten loads a year"
source = "Your house community"
[hint.de]
headline = "Nutzen Sie den Trockenraum"
description = "Er ist im Keller, der Schlüssel hängt neben der Tür."
assumption = "zehn Ladungen im Jahr"
source = "Ihre Hausgemeinschaft"
"""


def numbers(text):
    """The numbers of a text, written alike: 1,400 and 1.400, 0.5 and 0,5."""
    found = (number.replace(",", ".") for number in NUMBER.findall(text))
    return sorted(re.sub(r"\.(?=\d{3}(?:\.|$))", "", number) for number in found)


def test_there_are_at_least_forty_and_at_least_fifteen_icons():
    assert len(SHIPPED) >= 40
    assert len(hint_catalogue.icons()) >= 15
    assert {one.icon for one in SHIPPED.values()} == set(hint_catalogue.icons())


@pytest.mark.parametrize("one", SHIPPED.values(), ids=lambda one: f"hint-{one.id}")
def test_every_hint_says_the_same_in_both_languages(one):
    assert set(one.texts) == {"en", "de"}
    english, german = one.texts["en"], one.texts["de"]
    for field in english._fields:
        said, gesagt = getattr(english, field), getattr(german, field)
        # Whatever is counted is counted alike.
        assert numbers(said) == numbers(gesagt), field
        assert not said.endswith(" ") and "  " not in said + gesagt
    assert english.headline != german.headline
    assert english.description.endswith(".") and german.description.endswith(".")
    assert 0 < one.saving_kwh[0] < one.saving_kwh[1]
    assert "calculation" in english.source.lower() and "rechnung" in german.source.lower(), (
        "who computed the saving"
    )


def test_every_feature_chooses_some_hint():
    used = {condition.feature for one in SHIPPED.values() for condition in one.conditions}
    used |= {feature for one in SHIPPED.values() for feature in one.needs}
    assert used == set(Feature)


@pytest.mark.parametrize("name", hint_catalogue.icons())
def test_every_icon_is_plain_line_art(name):
    """No script, style, link or foreign thing: a strict policy lets it into any page."""
    icon = hint_catalogue.icons()[name]
    root = ElementTree.fromstring(icon)
    assert (root.tag, root.attrib) == (f"{SVG}svg", FRAME)
    assert len(list(root)) > 0
    for shape in root:
        assert set(shape.attrib) <= SHAPES[shape.tag.removeprefix(SVG)]
        assert not list(shape) and not shape.text
    # Well inside its square; numbers of arcs and relative moves are smaller anyway.
    assert all(float(number) <= 24 for number in COORDINATE.findall(icon.partition(">")[2]))
    assert "\n" not in icon


@pytest.fixture
def instance(tmp_path):
    def write(text):
        (tmp_path / "hints.toml").write_text(text, encoding="utf-8")
        return tmp_path

    return write


def test_an_operator_adds_replaces_and_leaves_out_hints(instance):
    folder = instance("without = [2, 3]\n" + OWN + OWN.replace("1000", "1"))
    catalogue = hint_catalogue.load(folder)
    assert catalogue.keys() == SHIPPED.keys() - {2, 3} | {1000}
    assert catalogue[1].texts["de"].headline == "Nutzen Sie den Trockenraum"
    assert catalogue[4] is SHIPPED[4]
    [condition] = catalogue[1000].conditions
    assert (condition.feature, condition.begin, condition.full) == (Feature.BASE_LOAD_W, 100, 200)


def test_without_a_file_there_are_the_shipped_ones(tmp_path):
    assert hint_catalogue.load(tmp_path) == SHIPPED


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("id = 1000", ""), "hint 1: id: missing."),
        (("id = 1000", "id = 0"), "hint 1: id: must be from 1 to 2147483647."),
        (("id = 1000", "id = true"), "hint 1: id: must be a whole number."),
        (("id = 1000", "id = 99999999999999999999"), "hint 1: id: must be from 1 to"),
        (('"dryer"', '"drier"'), "hint 1: icon: must be one of bath, battery,"),
        (('"dryer"', "[]"), "hint 1: icon: must be one of"),
        (("[10, 20]", "[20, 10]"), "hint 1: saving_kwh: the least is more than the most."),
        (("[10, 20]", "10"), "hint 1: saving_kwh: must be a list of two numbers"),
        (("[10, 20]", "[nan, 20]"), "hint 1: saving_kwh: must be a number."),
        (("base_load_w", "baseload"), "hint 1: fits: 'baseload' is no feature. There are base_lo"),
        (('"base_load_w"', "[1]"), "hint 1: fits: [1] is no feature."),
        (("to = 200", "to = 100"), "hint 1: fits: from and to must differ."),
        (("to = 200", "until = 200"), "hint 1: fits: each must be a table of feature, from, to"),
        (("to = 200", "to = 200, weight = 2"), "hint 1: weight: must be from 0.01 to 1."),
        (("[hint.de]", "[hint.fr]"), "hint 1: de: missing."),
        (('assumption = "zehn', 'annahme = "zehn'), "hint 1: de: must be a table of headline,"),
        (('"Use the drying room"', '" "'), "hint 1: en.headline: must be a line of text."),
        (('"Use the drying room"', "7"), "hint 1: en.headline: must be a line of text."),
        (('"Use the', '"' + 80 * "x"), "hint 1: en.headline: has more than 80 characters."),
        (("id = 1000", "id = 1000\nmonths = [13]"), "hint 1: months: must be from 1 to 12."),
        (("id = 1000", "id = 1000\nneeds = 'x'"), "hint 1: months, needs and fits must be lists."),
        (("id = 1000", "id = 1000\nprize = 3"), "hint 1: prize: unknown."),
        (("[[hint]]", "[hint]"), "Write [[hint]] tables"),
        (("[[hint]]", "[[hints]]"), "Write [[hint]] tables"),
        (("[[hint]]", "without = 3\n[[hint]]"), "without: must be a list of ids."),
        (("[[hint]]", "without = [998]\n[[hint]]"), "without: There is no hint 998."),
        (("[[hint]]", "[[hint"), "Expected"),
    ],
    ids=str,
)
def test_a_wrong_file_is_told_what_is_wrong(instance, change, complaint):
    assert change[0] in OWN
    with pytest.raises(InvalidInput) as raised:
        hint_catalogue.load(instance(OWN.replace(*change, 1)))
    assert raised.value.description.startswith("hints.toml: ")
    assert complaint in raised.value.description


def test_all_that_is_wrong_is_told_at_once_and_ids_are_unique(instance):
    wrong = OWN.replace("dryer", "drier") + OWN + OWN
    with pytest.raises(InvalidInput) as raised:
        hint_catalogue.load(instance(wrong))
    first, second = raised.value.description.splitlines()
    assert first.startswith("hints.toml: hint 1: icon:")
    assert second == "hints.toml: hint 3: id: 1000 is taken by another hint of this file."


def test_a_file_that_is_no_text_is_told(tmp_path):
    (tmp_path / "hints.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidInput, match=r"^hints\.toml: 'utf-8'"):
        hint_catalogue.load(tmp_path)


def test_residents_still_get_the_shipped_hints_and_the_log_tells(instance, caplog):
    folder = instance(OWN.replace("dryer", "drier"))
    with caplog.at_level(logging.ERROR):
        assert hint_catalogue.offered(folder) == SHIPPED
    assert "hints.toml is left out: hints.toml: hint 1: icon:" in caplog.text


class TestTheShippedHints:
    """By what a real home would see."""

    def best(self, month=11, count=1, **features):
        named = {Feature(name): float(value) for name, value in features.items()}
        return ranked(hint_catalogue.shipped().values(), named, month)[:count]

    def test_250_w_of_base_load_lead_to_the_socket_strip(self):
        [first] = self.best(base_load_w=250, peak_kw=1.5, night_share=0.3, evening_share=0.3)
        assert first.hint.icon == "socket-strip"
        assert first.reason == Reason(Feature.BASE_LOAD_W, 250, True)

    def test_an_instantaneous_water_heater_leads_to_the_shower(self):
        # 7.5 kW in a quarter hour can hardly be anything else.
        choices = self.best(count=2, base_load_w=70, peak_kw=7.5, evening_share=0.3)
        assert [choice.hint.icon for choice in choices] == ["shower", "shower"]
        assert choices[0].reason == Reason(Feature.PEAK_KW, 7.5, True)

    def test_under_a_roof_with_evenings_full_of_use_noon_is_advised_in_summer_only(self):
        features = {"roof_day_kwh": 40, "sunny_share": 0.18, "evening_share": 0.4}
        [first] = self.best(month=7, **features)
        assert first.reason == Reason(Feature.SUNNY_SHARE, 0.18, False)
        assert first.hint.needs == {Feature.ROOF_DAY_KWH}
        assert all(choice.hint.icon != "sun" for choice in self.best(12, count=20, **features))

    def test_who_lives_alone_is_told_to_fill_the_machines(self):
        [first] = self.best(inhabitants=1, base_load_w=60)
        assert first.reason == Reason(Feature.INHABITANTS, 1, False)

    @pytest.mark.parametrize("month", range(1, 13))
    def test_a_new_home_gets_general_hints_and_no_reason_but_the_season(self, month):
        choices = self.best(month, count=10)
        assert all(choice.reason in (None, Reason(None, month)) for choice in choices)
        # Cheap habits come first, and the first ten have at least four subjects.
        assert choices[0].hint.general > 0
        assert len({choice.hint.icon for choice in choices}) >= 4
        assert all(not choice.hint.months or month in choice.hint.months for choice in choices)

    def test_winter_and_summer_differ(self):
        winter, summer = (
            {choice.hint.id for choice in self.best(month, count=12)} for month in (1, 7)
        )
        icons = {one.id: one.icon for one in hint_catalogue.shipped().values()}
        assert {icons[number] for number in winter - summer} >= {"snowflake"}
        assert {icons[number] for number in summer - winter} >= {"clothes-line", "fan"}
