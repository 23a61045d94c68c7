"""The languages of the pages: which one a request gets, and the catalogues.

English is the source. A catalogue is read from its `messages.po` when a process first needs it, so
there is no compiled file that could be forgotten or stale.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from io import BytesIO
from itertools import chain, zip_longest
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, Response, request, url_for
from flask_babel import Babel, Domain, get_babel, get_locale, get_translations
from flask_login import current_user
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

COOKIE = "broker_language"
COOKIE_S = 365 * 86_400
NAMES = {"en": "English", "de": "Deutsch"}
"""Each language in its own words, as the switch shows it."""


NUMBER = re.compile(r"[0-9]+")
FIELD = re.compile(r"[a-z][A-Za-z]*")
UNNAMED = ("token", "oldPassword")
"""Fields without which a sentence says all to a person."""


def with_numbers(text: str) -> str:
    """Marks a sentence of the domain for the catalogue; `%s` stands for its numbers."""
    return text


WITH_NUMBERS = {
    with_numbers("Too many attempts. Try again in %s minutes."),
    with_numbers("avatar: It has more than %s MB."),
    with_numbers("avatar: It has more than %s megapixels."),
    with_numbers("password: It needs at least %s and at most %s characters."),
}


_sentences: dict[re.Pattern[str], str] = {}


def know(sentences: Iterable[str]) -> None:
    """Lets pages translate sentences of services in which `%s` stands for names and numbers."""
    for sentence in sentences:
        _sentences[re.compile(re.escape(sentence).replace("%s", "(.+)"))] = sentence


class Catalogues(Domain):  # type: ignore[misc]
    """Flask-Babel's translations, straight from the `.po` files."""

    def get_translations(self) -> NullTranslations:
        """The catalogue of the request's language, read once in a process."""
        language = str(get_locale() or "en")
        if language not in self.cache:
            self.cache[language] = _read(language)
        catalogue: NullTranslations = self.cache[language]
        return catalogue


def register(app: Flask) -> None:
    """Gives templates `_()`, the language of the request and the switch between languages."""
    babel = Babel()
    babel.domain_instance = Catalogues()
    babel.init_app(app, locale_selector=chosen)
    app.jinja_env.globals.update(language=chosen, languages=NAMES, same_page_in=same_page_in)
    app.jinja_env.filters["translated"] = translated
    app.after_request(_remember)


def chosen() -> str:
    """The language of this request: `?lang=`, else that of the switch (a cookie), else what the
    resident chose in the profile, else what the browser prefers."""
    environ = request.environ
    if environ.get("QUERY_STRING") and (wish := request.args.get("lang")) in NAMES:
        return str(wish)
    if "HTTP_COOKIE" in environ and (wish := request.cookies.get(COOKIE)) in NAMES:
        return str(wish)
    # A program says by a header of its own in which language it wants its answer.
    if "HTTP_AUTHORIZATION" not in environ and "HTTP_COOKIE" in environ:
        wish = getattr(current_user, "language", None)
        if wish in NAMES:
            return str(wish)
    return _preferred(environ.get("HTTP_ACCEPT_LANGUAGE", ""))


@lru_cache(maxsize=512)
def _preferred(accepted: str) -> str:
    """The best of our languages for an Accept-Language; there are few of these headers."""
    wishes = parse_accept_header(accepted, LanguageAccept)
    return wishes.best_match(list(NAMES), "en") or "en"


def translated(text: str) -> str:
    """A sentence from Python, such as an error's description, if the catalogue knows it."""
    pattern = NUMBER.sub("%s", text)
    if pattern in WITH_NUMBERS:
        known = str(get_translations().ugettext(pattern)) % tuple(NUMBER.findall(text))
    else:
        known = str(get_translations().ugettext(text)) if text else text
    return _for_people(_with_names(text) if known == text else known)


def _for_people(text: str) -> str:
    """What names a field for programs first, in the words of the page."""
    field, is_there, sentence = text.partition(": ")
    if not is_there or not FIELD.fullmatch(field):
        return text
    return sentence if field in UNNAMED else f"{field.capitalize()}: {sentence}"


def _with_names(text: str) -> str:
    for pattern, sentence in _sentences.items():
        if found := pattern.fullmatch(text):
            parts = str(get_translations().ugettext(sentence)).split("%s")
            return "".join(chain(*zip_longest(parts, found.groups(), fillvalue="")))
    return text


def same_page_in(language: str) -> str:
    """The address of the page that is shown, in another language."""
    if request.endpoint is None:
        return "?lang=" + language
    arguments = request.args.to_dict() | (request.view_args or {}) | {"lang": language}
    return url_for(request.endpoint, **arguments)


def _read(language: str) -> NullTranslations:
    path = Path(_directory()) / language / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        return Translations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return Translations(compiled)


def _directory() -> str:
    directory: str = get_babel().translation_directories[0]
    return directory


def _remember(response: Response) -> Response:
    """Keeps a chosen language, and tells caches by what pages differ: by it and by who asks."""
    if response.mimetype != "text/html":
        return response
    response.vary.update(("Accept-Language", "Cookie", "Accept-Encoding"))
    response.content_language.add(chosen())
    if request.args.get("lang") in NAMES:
        response.set_cookie(
            COOKIE,
            request.args["lang"],
            max_age=COOKIE_S,
            httponly=True,
            samesite="Lax",
            secure=request.is_secure,
        )
    return response
