"""The web application, made on demand: nothing happens at import."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import Engine

from gisgrid.settings import Settings
from web import answers, api, batch, errors, i18n, locating, lookup, maps, snapshots  # noqa: F401 - these add their routes to the API
from web.store import Store


def create_app(settings: Settings, bind: Engine | None = None) -> Flask:
    """The application over a store.

    Parameters
    ----------
    bind
        The store's engine; without one, it is opened from the settings at the first request, so that
        processes forked before then do not share connections.
    """
    app = Flask(__name__)
    app.config["SETTINGS"] = settings
    app.config["MAX_CONTENT_LENGTH"] = 1_000_000
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.extensions["gisgrid"] = Store(settings, bind)
    snapshots.init_app(app)
    i18n.init_app(app, settings.language)
    answers.init_app(app, settings.basemap_url)
    errors.init_app(app)
    app.register_blueprint(maps.blueprint)
    app.register_blueprint(lookup.blueprint)
    api.init_app(app)
    return app
