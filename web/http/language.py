"""Chinese and English: which one a request speaks, and the catalogue of messages.

Messages in code and templates are English; ``web/translations/zh/LC_MESSAGES/messages.po`` holds the
Chinese. It is read as it is when the application starts, so that no compiled file can be out of date.
"""

from __future__ import annotations

import io
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, Response, current_app, has_request_context, request
from flask_babel import Babel, Domain, get_locale

LANGUAGES = {"zh": "中文", "en": "English"}
COOKIE = "language"
CATALOGUE = Path(__file__).parents[1] / "translations" / "zh" / "LC_MESSAGES" / "messages.po"


class Catalogue(Domain):  # type: ignore[misc]
    """The one catalogue there is; English needs none."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        compiled = io.BytesIO()
        with path.open("rb") as file:
            write_mo(compiled, read_po(file, locale="zh"))
        compiled.seek(0)
        self.chinese = Translations(compiled)

    def get_translations(self) -> NullTranslations:
        return self.chinese if speaks_chinese() else NullTranslations()


class Messages(Babel):  # type: ignore[misc]
    """Flask-Babel over our catalogue."""

    domain_instance = Catalogue(CATALOGUE)


def say(message: str) -> str:
    """Marks a message that is translated when it is shown."""
    return message


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
    """``zh`` or ``en``: of the address, else as chosen before, else the first one of the settings."""
    for choice in (request.args.get("lang"), request.cookies.get(COOKIE)):
        if choice in LANGUAGES:
            return choice
    return str(current_app.config["LANGUAGE"])


def speaks_chinese() -> bool:
    """Whether the request at hand does; outside of one nothing is translated."""
    # Babel's own answer reads the locale's file list from the disk each time.
    return has_request_context() and language() == "zh"
