"""``/report``: something is wrong here. For workers on the phone, and for residents without an account."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from flask import Blueprint, Flask, Response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.errors import GisgridError, Invalid, NotFound
from gisgrid.events.cases import RESIDENT
from gisgrid.events.intake import add_to
from gisgrid.events.matters import offered
from gisgrid.events.photos import photo_bytes
from gisgrid.plans.plans import Place
from web import report_form as form
from web.days import local
from web.errors import problem_of, status_of
from web.gate import asker
from web.i18n import LANGUAGES, language
from web.limits import REPORTS, WRONG_TICKETS, hold
from web.posts import acting_by, as_public, township_at_hand
from web.report_words import DATUMS, icon_of, words
from web.store import opening, reading, writing

STYLES = ("css/lookup.css", "css/report.css")
PURPOSE = "event"
"""What texts of events near by are opened for."""

blueprint = Blueprint("report", __name__, url_prefix="/report")


def init_app(app: Flask) -> None:
    """The pages, with a limit for whoever has no account."""
    app.register_blueprint(blueprint)
    hold(app, "report.send", REPORTS, scope="reports")
    hold(app, "report.answered", REPORTS, scope="answers")
    hold(
        app, "report.followed", WRONG_TICKETS, scope="tickets", when=lambda r: r.status_code == 404
    )


@blueprint.get("")
def show() -> BaseResponse:
    """The form; or, with ``?ticket=``, the way to what became of a report."""
    ticket = request.args.get("ticket", "").strip()
    if ticket:
        return redirect(url_for("report.followed", ticket=ticket), 303)
    draft, _ = form.read_draft()
    with reading() as session:
        return _page(session, township_at_hand(session), draft, None)


@blueprint.get("/near")
def near() -> Response:
    """A piece of the page: the grid of a place, both candidates near a border, what is reported near by."""
    draft, _ = form.read_draft()
    problem, found = None, form.Look()
    with looking() as session:
        place = township_at_hand(session)
        try:
            found = form.look(session, place, draft)
        except (Invalid, NotFound) as error:
            problem = problem_of(error).detail
        html = render_template(
            "report-near.html", look=found, problem=problem, time_zone=place.time_zone, local=local
        )
    return Response(html, headers={"Cache-Control": "private, no-store"})


@blueprint.post("")
def send() -> BaseResponse:
    """Take a report in; or add it to what was reported before; or show the form with what to mend."""
    draft, wrong = form.read_draft()
    with reading() as session:
        place = township_at_hand(session)
        by = acting_by(session, place.id)
    if by == RESIDENT:
        as_public()
    looked = form.Look()
    try:
        if wrong is not None:
            raise wrong
        with looking() as session:
            add = request.form.get("add", "")
            if add:
                if not add.isdecimal() or len(add) > 18:
                    raise NotFound("There is no such report.", zh="没有这条上报。")
                add_to(
                    session, int(add), by, text_=draft.text, photos=draft.photos,
                    client_id=draft.client,
                )  # fmt: skip
                return redirect(url_for("report.show", added=1, township=place.code), 303)
            looked = form.look(session, place, draft)
            if looked.doubtful and draft.seen != looked.mark:
                return _page(session, place, draft, None, looked=looked, status=422)
            case = form.received(session, place, draft, looked, by).case
    except GisgridError as error:
        with reading() as session:
            return _page(session, place, draft, error, looked=looked, status=status_of(error))
    return redirect(url_for("report.followed", ticket=case.ticket, new=1), 303)


@blueprint.get("/photos/<int:photo_id>")
def thumbnail(photo_id: int) -> Response:
    """A small picture of an event, for who may see the event."""
    with reading() as session:
        body = photo_bytes(session, photo_id, thumbnail=True)
    return Response(body, mimetype="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})


@contextlib.contextmanager
def looking() -> Iterator[Session]:
    """A transaction in which texts of events near by are open to who may see them, on the record."""
    may = "see_events" in asker().rights
    with opening(PURPOSE) if may else writing() as session:
        yield session


def _page(
    session: Session,
    place: Place,
    draft: form.Draft,
    error: GisgridError | None,
    *,
    looked: form.Look | None = None,
    status: int = 200,
) -> Response:
    if looked and looked.from_photo:
        draft = replace(draft, lon=str(looked.lon), lat=str(looked.lat), datum="wgs84")
    majors = offered(session, place.id, datetime.now(UTC))
    scripted = request.headers.get("X-Requested-With") == "report"
    html = render_template(
        "report.html",
        town=(language() == "en" and place.name_en) or place.name,
        place=place,
        majors=majors,
        icon_of=icon_of,
        english=language() == "en",
        draft=draft,
        kept=[] if scripted else form.kept(draft),
        look=looked or form.Look(),
        problem=error and problem_of(error).detail,
        other=next((code, name) for code, name in LANGUAGES.items() if code != language()),
        styles=STYLES,
        datums=DATUMS,
        local=local,
        time_zone=place.time_zone,
        ui={"near": url_for("report.near"), "words": words(), "language": language()},
    )
    return Response(html, status, headers={"Cache-Control": "private, no-store"})
