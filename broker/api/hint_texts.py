"""Hints in words: what a hint saves, and why it suits this home."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from babel import dates, numbers
from flask_babel import gettext

from broker.api import formats
from broker.energy.hints import Hint, Reason
from broker.energy.household_features import Feature
from broker.units import mw_from_w, tenth_uwh_from_kwh


def _(text: str, **values: object) -> str:
    return str(gettext(text, **values))


class Sentences(NamedTuple):
    """Why, for a high and for a low value; `%(value)s` is that with its unit."""

    high: Callable[[str], str]
    low: Callable[[str], str]


SENTENCES = {
    Feature.BASE_LOAD_W: Sentences(
        lambda value: _("because your base load is %(value)s", value=value),
        lambda value: _("because your base load is only %(value)s", value=value),
    ),
    Feature.NIGHT_SHARE: Sentences(
        lambda value: _(
            "because you use %(value)s of your electricity from 22 to 6 o'clock", value=value
        ),
        lambda value: _(
            "because you use only %(value)s of your electricity from 22 to 6 o'clock", value=value
        ),
    ),
    Feature.EVENING_SHARE: Sentences(
        lambda value: _(
            "because you use %(value)s of your electricity from 17 to 22 o'clock", value=value
        ),
        lambda value: _(
            "because you use only %(value)s of your electricity from 17 to 22 o'clock", value=value
        ),
    ),
    Feature.SUNNY_SHARE: Sentences(
        lambda value: _(
            "because you use %(value)s of your electricity while the roof produces", value=value
        ),
        lambda value: _(
            "because you use only %(value)s of your electricity while the roof produces",
            value=value,
        ),
    ),
    Feature.PEAK_KW: Sentences(
        lambda value: _("because you draw up to %(value)s for a quarter of an hour", value=value),
        lambda value: _("because you hardly ever draw more than %(value)s", value=value),
    ),
    Feature.PERSON_DAY_KWH: Sentences(
        lambda value: _("because you use %(value)s per person and day", value=value),
        lambda value: _("because you use only %(value)s per person and day", value=value),
    ),
    Feature.ROOF_DAY_KWH: Sentences(
        lambda value: _("because the roof makes %(value)s a day", value=value),
        lambda value: _("because the roof makes only %(value)s a day", value=value),
    ),
}
SHARES = {Feature.NIGHT_SHARE, Feature.EVENING_SHARE, Feature.SUNNY_SHARE}


def reason(why: Reason | None, language: str) -> str | None:
    """Why a hint suits, as the end of a sentence; None if it suits everybody."""
    if why is None:
        return None
    if why.feature is None:
        month = dates.get_month_names("wide", locale=language)[int(why.value)]
        return _("because it is %(month)s", month=month)
    if why.feature is Feature.WEEKEND_RATIO:
        return _of_weekends(why.value, language)
    if why.feature is Feature.USUAL_RATIO:
        return _beside_the_usual(why.value, language)
    if why.feature is Feature.INHABITANTS:
        count = int(why.value)
        if count == 1:
            return _("because you live alone")
        return _("because %(count)s people live in your flat", count=count)
    if why.feature is Feature.FLAT_SIZE_M2:
        size = numbers.format_decimal(why.value, "#,##0.#", language)
        return _("because your flat has %(size)s m²", size=size)
    sentences = SENTENCES[why.feature]
    return (sentences.high if why.is_high else sentences.low)(_value(why, language))


def saving(hint: Hint, language: str) -> str:
    """What a hint saves in a year, and under which assumption."""
    least, most = (numbers.format_decimal(kwh, "#,##0", language) for kwh in hint.saving_kwh)
    assumption = hint.texts[language].assumption
    if least == most:
        return _("%(most)s kWh a year: %(assumption)s", most=most, assumption=assumption)
    return _(
        "%(least)s to %(most)s kWh a year: %(assumption)s",
        least=least,
        most=most,
        assumption=assumption,
    )


def _of_weekends(ratio: float, language: str) -> str:
    share = _percent(abs(ratio - 1), language)
    if ratio >= 1:
        return _("because a weekend day takes %(share)s more than a working day", share=share)
    return _("because a weekend day takes %(share)s less than a working day", share=share)


def _beside_the_usual(ratio: float, language: str) -> str:
    share = _percent(abs(ratio - 1), language)
    if ratio >= 1:
        return _("because you use %(share)s more than is usual for so many people", share=share)
    return _("because you use %(share)s less than is usual for so many people", share=share)


def _value(why: Reason, language: str) -> str:
    if why.feature in SHARES:
        return _percent(why.value, language)
    if why.feature is Feature.BASE_LOAD_W:
        return formats.power(mw_from_w(why.value), language)
    if why.feature is Feature.PEAK_KW:
        return formats.power(mw_from_w(why.value * 1000), language)
    return formats.energy(tenth_uwh_from_kwh(why.value), language)


def _percent(share: float, language: str) -> str:
    return str(numbers.format_percent(share, locale=language))
