"""The web application, made on demand: nothing happens at import."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from jinja2 import FileSystemLoader
from sqlalchemy import Engine
from werkzeug.middleware.proxy_fix import ProxyFix

import web.dispatch.api
import web.dispatch.emergency
import web.editor.jobs
import web.editor.plan_files
import web.editor.review
import web.figures.burden
import web.figures.register
import web.lookup.batch
import web.lookup.locate
import web.office.accounts.bulk
import web.office.accounts.programs
import web.office.accounts.slips
import web.phone.carry
import web.register.houses
import web.register.new_house
import web.report.tracking
import web.shell.components
import web.shell.find  # noqa: F401 - these add routes to the blueprints of their folder or the API
from gisgrid.core.settings import Settings
from web.api import views as api
from web.cases import notices, open_problems
from web.cases import views as cases
from web.collection import completeness, door
from web.collection import office as collections
from web.dispatch import streams, telephone
from web.dispatch import views as dispatch
from web.editor import shortage, states
from web.editor import store as editor_store
from web.editor import views as editor
from web.figures import views as figures
from web.home import views as home
from web.http import (
    bodies,
    errors,
    identity,
    language,
    limits,
    lists,
    modules,
    permissions,
    responses,
    slashes,
    towns,
)
from web.http.db import Store
from web.learning import documents, issuing, trainings
from web.loading import views as imports
from web.lookup import snapshots
from web.lookup import views as lookup
from web.map import studies
from web.map import views as maps
from web.matters import items, supplements, versions
from web.matters import views as matters
from web.messages import views as messages
from web.office import (
    audit,
    backups,
    calendar,
    channels,
    corrections,
    jobs,
    means,
    retention,
    subjects,
    teams,
    township,
    weights,
)
from web.office.accounts import views as accounts
from web.open311 import views as open311
from web.paper import grid_page
from web.paper import views as paper
from web.phone import views as phone
from web.practice import views as practice
from web.register import aliases, asked, due
from web.register import views as register
from web.report import views as report
from web.shell import header
from web.today import views as today

PAGES = (
    home, today, maps, studies, lookup, paper, grid_page, cases, notices, open_problems, dispatch, telephone, editor, shortage, register, aliases, asked, due, practice,
    door, completeness, collections,
    figures, matters, versions, items, supplements, documents, issuing, trainings, means, imports, messages, accounts, teams,
    corrections, subjects, township, calendar, weights, channels, audit, retention, backups, jobs,
)  # fmt: skip
"""Whoever brings pages, and the blueprint that they hang on."""


def create_app(settings: Settings, bind: Engine | None = None) -> Flask:
    """The application over a store.

    Parameters
    ----------
    bind
        The store's engine; without one, it is opened from the settings at the first request, so that
        processes forked before then do not share connections.
    """
    app = Flask(__name__)
    # Each family of pages holds its own; names are one for all, so that pages may share parts.
    home_of_pages = Path(__file__).parent
    app.jinja_loader = FileSystemLoader(
        [home_of_pages / "templates", *sorted(home_of_pages.glob("*/templates"))]
    )
    if settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies)  # type: ignore[method-assign]
    app.config["SETTINGS"] = settings
    app.url_map.merge_slashes = (
        False  # one address for one thing, and no redirect that names a host
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    # No view is a coroutine; looking each hook over for it took a tenth of a look-up's time.
    app.ensure_sync = lambda func: func  # type: ignore[method-assign]
    app.extensions["gisgrid"] = Store(settings, bind)
    snapshots.init_app(app)
    streams.init_app(app)
    language.init_app(app, settings.language)
    states.init_app(app)
    towns.init_app(app)
    responses.init_app(app, settings.basemap_url)
    modules.init_app(app)
    errors.init_app(app)
    identity.init_app(app, settings)
    limits.init_app(app)
    bodies.init_app(app)
    slashes.init_app(app)
    permissions.init_app(app)
    lists.init_app(app)
    header.init_app(app)
    editor_store.init_app(app)
    for page in PAGES:
        app.register_blueprint(page.blueprint)
    phone.init_app(app)
    report.init_app(app)
    open311.init_app(app, api.init_app(app))
    return app
