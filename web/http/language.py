"""Which language a request speaks, and the catalogue of messages.

Messages in code and templates are English; ``gisgrid/translations`` holds the other languages, a file each.
"""

from __future__ import annotations

from typing import Any

from babel import Locale
from babel.support import NullTranslations
from flask import Flask, Response, current_app, g, has_request_context, request
from flask_babel import Babel, Domain, get_locale

from gisgrid.core.errors import GisgridError
from gisgrid.core.messages import ENGLISH, Both, Message, catalogue, languages, unpacked


def found() -> dict[str, str]:
    """The languages that have a catalogue, and English, each by its own name."""
    return {
        each: (Locale.parse(each).get_display_name() or each).capitalize() for each in languages()
    }


LANGUAGES = found()
"""As at the start of the process; another one is a file more in ``gisgrid/translations``."""
COOKIE = "language"


class Catalogue(Domain):  # type: ignore[misc]
    """The one catalogue there is."""

    def get_translations(self) -> NullTranslations:
        return catalogue(spoken())


class Messages(Babel):  # type: ignore[misc]
    """Flask-Babel over our catalogue."""

    domain_instance = Catalogue()


def init_app(app: Flask, first_language: str) -> None:
    app.config["LANGUAGE"] = first_language
    Messages(app, locale_selector=language)
    app.jinja_env.globals.update(
        get_locale=get_locale,
        languages=LANGUAGES,
        said_again=said_again,
        worded=worded,
        own_name=own_name,
    )
    # A filter: as a global it would stand wherever a page was given no ``said`` of its own.
    app.jinja_env.filters["said"] = said

    @app.after_request
    def remember(response: Response) -> Response:
        if request.args.get("lang") in LANGUAGES:
            response.set_cookie(COOKIE, request.args["lang"], samesite="Lax", httponly=True)
        return response


def language() -> str:
    """One of `LANGUAGES`: of the address, else as chosen before, else the first one of the settings.

    Looked for once a request: a page says a hundred things.
    """
    if "language" not in g:
        choices = (request.args.get("lang"), request.cookies.get(COOKIE))
        known = (choice for choice in choices if choice in LANGUAGES)
        g.language = next(known, current_app.config["LANGUAGE"])
    return str(g.language)


def spoken() -> str:
    """The language of the request at hand; outside of one nothing is translated."""
    # Babel's own answer reads the locale's file list from the disk each time.
    return language() if has_request_context() else ENGLISH


def said(words: Message | Both | GisgridError) -> str:
    """A sentence of the domain, in the language of whoever asks."""
    return words.in_language(spoken())


def worded(named: Any) -> str:
    """What a row or a file names in English and Chinese alone, such as a step of a flow."""
    return str(named.zh if spoken() == "zh" else named.en)


def own_name(name: str | None, name_en: str | None) -> str:
    """What a community or a matter is called in the language of whoever asks; in Chinese where it has no other name."""
    return (name_en if spoken() == ENGLISH else None) or name or ""


def said_again(kept: str | None) -> str:
    """A sentence that the store keeps, packed, in the language of whoever asks; empty where there is none."""
    return said(unpacked(kept)) if kept else ""
