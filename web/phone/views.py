"""What a phone asks of the server besides its pages: who is logged in, its worker, the page of what waits."""

from __future__ import annotations

import hashlib
from urllib.parse import urlencode

from flask import Blueprint, Flask, Response, g, json, render_template, request, url_for
from flask_login import user_logged_out
from flask_wtf.csrf import generate_csrf

from gisgrid.people import phone_halves, phones
from web.http import once
from web.http.db import reading, writing
from web.http.language import LANGUAGES, language
from web.http.modules import module, modules
from web.http.permissions import asker
from web.http.responses import asset
from web.http.towns import several_towns
from web.phone.words import page_words, waiting_words

SCRIPTS = (
    "phone/page.js", "phone/waiting.js", "phone/grid.js", "lookup.js", "report.js", "aloud.js", "shell.js",
    "components.js",
)  # fmt: skip
STYLES = (
    "css/tokens.css", "css/shell.css", "css/lookup.css", "css/page.css", "css/components.css",
    "css/report.css", "css/phone.css", "icon.svg",
)  # fmt: skip
"""What the pages that a phone keeps are made of."""

PAGES = ("phone.waiting", "phone.grid", "report.show", "lookup.show")
"""Those that a phone keeps; the page of the grid stands for every other that cannot be reached."""

blueprint = Blueprint("phone", __name__)


def init_app(app: Flask) -> None:
    """The pages, and what each form that waited passes through."""
    once.init_app(app)
    app.register_blueprint(blueprint)
    user_logged_out.connect(_left, app)
    app.jinja_env.globals.update(
        phone_words=page_words, keeps_phone=keeps_phone, phone_worker=worker_address
    )


def keeps_phone() -> bool:
    """Whether the asker works outside, so that their browser keeps what waits."""
    who = asker()
    return not who.password_once and bool(
        who.rights & {"keep_register", "handle_events"} and who.scopes is None
    )


def _left(_: Flask, user: object, **__: object) -> None:
    """Who logs out does so on every device, and no phone opens what it kept."""
    who = asker()
    if request.endpoint == "security.logout" and who:
        with writing() as session:
            phone_halves.withdraw_mine(session, who=who.display_name)


@blueprint.get("/phone/session")
def session_now() -> Response:
    """Whose session this is, and the word that its forms carry; nobody's without one.

    With ``device`` whether that phone may keep what it has; with ``refused`` what of one's own the office put aside.
    """
    who = asker()
    body: dict[str, object] = {"account": who.account_id, "token": generate_csrf()}
    if who and (device := request.args.get("device")):
        with writing() as session:
            phone_halves.heard_of(session, device)
            body["held"] = phone_halves.holds(session, device)
    if who and "refused" in request.args:
        with reading() as session:
            body["aside"] = {key: at.isoformat() for key, at in phones.aside(session).items()}
    return Response(
        json.dumps(body), mimetype="application/json", headers={"Cache-Control": "no-store"}
    )


@blueprint.get("/phone/waiting")
def waiting() -> Response:
    """What waits on this phone to be sent; the phone itself fills the page, which is everybody's."""
    html = render_template(
        "phone-waiting.html",
        ui={
            "words": waiting_words(),
            "language": language(),
            "log_in": url_for("security.login", next=url_for("phone.waiting")),
        },
    )
    return Response(html, headers={"Cache-Control": "private, no-cache"})


@blueprint.get("/phone-worker.js")
def worker() -> Response:
    """The service worker of whoever works outside: it keeps pages and scripts, and sends what waits.

    At the root, for a worker may keep only what lies below it. The pages are kept as everybody sees them.
    """
    code = request.args.get("township")
    suffix = "&" + urlencode({"township": code}) if code else ""
    files = [*modules(*SCRIPTS), *(asset(name) for name in STYLES)]
    pages = [url_for(each) for each in PAGES]
    digest = hashlib.sha256(json.dumps([files, pages, suffix]).encode()).hexdigest()[:12]
    script = render_template(
        "phone-worker.js",
        queue=module("phone/queue.js"),
        files=files,
        pages=pages,
        languages=list(LANGUAGES),
        town=suffix,
        store=module("phone/store.js"),
        digest=digest,
        fallback=url_for("phone.grid"),
    )
    return Response(
        script,
        content_type="text/javascript; charset=utf-8",
        headers={"Cache-Control": "no-cache", "Service-Worker-Allowed": f"{request.script_root}/"},
    )


def worker_address() -> str:
    """The worker's address for the page at hand."""
    town = g.get("town")
    code = town.code if several_towns() and town else None
    return url_for("phone.worker", township=code)
