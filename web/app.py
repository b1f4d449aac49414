"""The web application, made on demand: nothing happens at import."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import Engine
from werkzeug.middleware.proxy_fix import ProxyFix

from gisgrid.settings import Settings
from web import (  # noqa: F401 - some add their routes to the API or the bench
    answers,
    api,
    batch,
    bench,
    bench_import,
    bench_review,
    bench_store,
    bodies,
    cases,
    desk,
    dispatch,
    dispatch_api,
    dispatch_emergency,
    dispatch_streams,
    documents,
    duties,
    errors,
    figures,
    gate,
    i18n,
    identity,
    ledger,
    limits,
    locating,
    lookup,
    maps,
    matters,
    notices,
    open311,
    plan_words,
    planning,
    report,
    report_follow,
    report_form,
    slashes,
    snapshots,
    telephone,
    towns,
)
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
    dispatch_streams.init_app(app)
    i18n.init_app(app, settings.language)
    plan_words.init_app(app)
    towns.init_app(app)
    answers.init_app(app, settings.basemap_url)
    errors.init_app(app)
    identity.init_app(app, settings)
    limits.init_app(app)
    bodies.init_app(app)
    slashes.init_app(app)
    gate.init_app(app)
    app.register_blueprint(desk.blueprint)
    app.register_blueprint(documents.blueprint)
    app.register_blueprint(duties.blueprint)
    bench_store.init_app(app)
    app.register_blueprint(maps.blueprint)
    app.register_blueprint(bench.blueprint)
    app.register_blueprint(lookup.blueprint)
    app.register_blueprint(cases.blueprint)
    app.register_blueprint(dispatch.blueprint)
    app.register_blueprint(figures.blueprint)
    app.register_blueprint(ledger.blueprint)
    app.register_blueprint(matters.blueprint)
    app.register_blueprint(notices.blueprint)
    app.register_blueprint(planning.blueprint)
    report.init_app(app)
    app.register_blueprint(telephone.blueprint)
    open311.init_app(app, api.init_app(app))
    return app
