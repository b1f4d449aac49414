"""Chinese and English: which one a request speaks, and the catalogue of messages.

Messages in code and templates are English; ``gisgrid/translations`` holds the Chinese.
"""

from __future__ import annotations

from babel.support import NullTranslations
from flask import Flask, Response, current_app, g, has_request_context, request
from flask_babel import Babel, Domain, get_locale

from gisgrid.core.messages import catalogue

LANGUAGES = {"zh": "中文", "en": "English"}
COOKIE = "language"


class Catalogue(Domain):  # type: ignore[misc]
    """The one catalogue there is."""

    def get_translations(self) -> NullTranslations:
        return catalogue("zh" if speaks_chinese() else "en")


class Messages(Babel):  # type: ignore[misc]
    """Flask-Babel over our catalogue."""

    domain_instance = Catalogue()


def init_app(app: Flask, first_language: str) -> None:
    app.config["LANGUAGE"] = first_language
    Messages(app, locale_selector=language)
    app.jinja_env.globals.update(get_locale=get_locale, languages=LANGUAGES)

    @app.after_request
    def remember(response: Response) -> Response:
        if request.args.get("lang") in LANGUAGES:
            response.set_cookie(COOKIE, request.args["lang"], samesite="Lax", httponly=True)
        return response


def language() -> str:
    """``zh`` or ``en``: of the address, else as chosen before, else the first one of the settings.

    Looked for once a request: a page says a hundred things.
    """
    if "language" not in g:
        choices = (request.args.get("lang"), request.cookies.get(COOKIE))
        known = (choice for choice in choices if choice in LANGUAGES)
        g.language = next(known, current_app.config["LANGUAGE"])
    return str(g.language)


def speaks_chinese() -> bool:
    """Whether the request at hand does; outside of one nothing is translated."""
    # Babel's own answer reads the locale's file list from the disk each time.
    return has_request_context() and language() == "zh"
