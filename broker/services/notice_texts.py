"""The words of mails that residents asked for, in each language; all plain text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from babel import dates, numbers

from broker.models import NoticeKind
from broker.services.notices import Letter
from broker.units import kwh_from

SOURCE_LANGUAGE = "en"
SAME_PERCENT = 1
"""Less of a difference is none to speak of."""


class Mail(NamedTuple):
    """A subject and a plain text."""

    subject: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Words:
    """What mails say in one language."""

    greeting: str
    end: str
    won: str
    lost: str
    at_most: str
    at_least: str
    silent_subject: str
    silent: str
    week_subject: str
    week: str
    before: str
    usual: str
    less: str
    more: str
    same: str


WORDS = {
    "en": Words(
        greeting="Hello {name},",
        end="All about it: {page}\n\n"
        "You get this mail because you asked for it in your profile. To end such mails:\n"
        "{unsubscribe}",
        won="Challenge won: {challenge}",
        lost="Challenge not won: {challenge}",
        at_most="Measured were {value}, and at most {target} were the goal.",
        at_least="Measured were {value}, and at least {target} were the goal.",
        silent_subject="Your meter has been silent for a day",
        silent="nothing has come from your meter {number} since {since}. What you use is lost for\n"
        "the curves until it sends again; the counter itself goes on counting. The operator\n"
        "of your house sees this too. If something was changed in your fuse box or your\n"
        "internet access lately, tell them.",
        week_subject="Your week: {used}",
        week="from {begin} to {end} you used {used}.",
        before="The week before it was {energy}: {difference}.",
        usual="At the pace of your last year it would have been {energy}: {difference}.",
        less="{percent} less",
        more="{percent} more",
        same="about as much",
    ),
    "de": Words(
        greeting="Guten Tag {name},",
        end="Alles dazu: {page}\n\n"
        "Sie bekommen diese Mail, weil Sie sie in Ihrem Profil bestellt haben. Solche Mails\n"
        "abbestellen: {unsubscribe}",
        won="Herausforderung geschafft: {challenge}",
        lost="Herausforderung nicht geschafft: {challenge}",
        at_most="Gemessen: {value}. Das Ziel: höchstens {target}.",
        at_least="Gemessen: {value}. Das Ziel: mindestens {target}.",
        silent_subject="Ihr Zähler schweigt seit einem Tag",
        silent="seit {since} ist von Ihrem Zähler {number} nichts mehr gekommen. Was Sie\n"
        "verbrauchen, fehlt in den Kurven, bis er wieder sendet; der Zähler selbst zählt\n"
        "weiter. Die Verwaltung Ihres Hauses sieht das auch. Wenn sich an Ihrem\n"
        "Sicherungskasten oder Internetanschluss etwas geändert hat, sagen Sie es ihr.",
        week_subject="Ihre Woche: {used}",
        week="von {begin} bis {end} haben Sie {used} verbraucht.",
        before="In der Woche davor waren es {energy}: {difference}.",
        usual="Im Tempo Ihres letzten Jahres wären es {energy} gewesen: {difference}.",
        less="{percent} weniger",
        more="{percent} mehr",
        same="etwa gleich viel",
    ),
}
PAGES = {
    NoticeKind.CHALLENGE: "/challenges/status",
    NoticeKind.SILENCE: "/individual-consumption-history",
    NoticeKind.WEEK: "/individual-consumption-history",
}


def written(letter: Letter, base_url: str, unsubscribe: str, zone: ZoneInfo) -> Mail:
    """A letter in its reader's language; times are those of the house."""
    language = letter.language if letter.language in WORDS else SOURCE_LANGUAGE
    assert language is not None
    words = WORDS[language]
    say = {
        NoticeKind.CHALLENGE: _challenge,
        NoticeKind.SILENCE: _silence,
        NoticeKind.WEEK: _week,
    }[letter.kind]
    subject, text = say(words, letter.facts, language, zone)
    greeting = words.greeting.format(name=letter.first_name)
    end = words.end.format(page=base_url + PAGES[letter.kind], unsubscribe=unsubscribe)
    return Mail(subject, f"{greeting}\n\n{text}\n\n{end}\n")


def _challenge(words: Words, facts: Mapping[str, Any], language: str, _: ZoneInfo) -> Mail:
    subject = (words.won if facts["is_won"] else words.lost).format(
        challenge=facts["names"][language]
    )
    value, target = (
        f"{numbers.format_decimal(facts[name], '#,##0.0', language)} {facts['unit']}"
        for name in ("value", "target")
    )
    goal = words.at_most if facts["is_limit"] else words.at_least
    return Mail(subject, f"{subject}.\n{goal.format(value=value, target=target)}")


def _silence(words: Words, facts: Mapping[str, Any], language: str, zone: ZoneInfo) -> Mail:
    since = datetime.fromtimestamp(facts["since_s"], zone)
    written = f"{dates.format_date(since, 'long', language)}, {since:%H:%M}"
    return Mail(words.silent_subject, words.silent.format(number=facts["number"], since=written))


def _week(words: Words, facts: Mapping[str, Any], language: str, zone: ZoneInfo) -> Mail:
    used = facts["used_tenth_uwh"]
    begin, end = (
        dates.format_date(datetime.fromtimestamp(time_s, zone), "long", language)
        for time_s in (facts["begin_s"], facts["end_s"] - 1)
    )
    lines = [words.week.format(begin=begin, end=end, used=_energy(used, language))]
    for sentence, other in (
        (words.before, facts["before_tenth_uwh"]),
        (words.usual, facts["usual_tenth_uwh"]),
    ):
        if other:
            difference = _difference(words, used, other, language)
            lines.append(sentence.format(energy=_energy(other, language), difference=difference))
    return Mail(words.week_subject.format(used=_energy(used, language)), "\n".join(lines))


def _energy(energy_tenth_uwh: float, language: str) -> str:
    return numbers.format_decimal(kwh_from(energy_tenth_uwh), "#,##0.0", language) + " kWh"


def _difference(words: Words, used: float, other: float, language: str) -> str:
    ratio = used / other - 1
    if abs(ratio) * 100 < SAME_PERCENT:
        return words.same
    percent = numbers.format_percent(abs(ratio), locale=language)
    return (words.less if ratio < 0 else words.more).format(percent=percent)
