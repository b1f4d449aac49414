"""``/report``: something is wrong here. For workers on the phone, and for residents without an account."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from flask import Blueprint, Flask, Response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.cases.matters import offered
from gisgrid.cases.photos import photo_bytes
from gisgrid.cases.preview import ReportDraft, ReportPreview, going, look
from gisgrid.core.errors import Invalid, NotFound
from gisgrid.core.plans import TownshipInfo
from web.http.dates import local
from web.http.db import reading
from web.http.errors import problem_of
from web.http.language import language
from web.http.limits import REPORTS, WRONG_TICKETS, hold
from web.http.towns import town, town_name
from web.report import form
from web.report.messages import icon_of, too_many, words
from web.report.take import Outcome, attempt, looking
from web.shell.words import DATUMS

STYLES = ("css/lookup.css", "css/report.css")

blueprint = Blueprint("report", __name__, url_prefix="/report")


def init_app(app: Flask) -> None:
    """The pages, with a limit for whoever has no account."""
    app.register_blueprint(blueprint)
    hold(app, "report.send", REPORTS, scope="reports", told=too_many)
    hold(app, "report.answered", REPORTS, scope="answers", told=too_many)
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
        return _page(session, town(session), draft)


@blueprint.get("/near")
def near() -> Response:
    """A piece of the page: the grid of a place, both candidates near a border, what is reported near by."""
    draft, _ = form.read_draft()
    problem, found = None, ReportPreview()
    with looking() as session:
        place = town(session)
        try:
            found = look(session, going(session, place, draft, form.snapshot_of), form.snapshot_of)
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
        place = town(session)
    got = attempt(place, draft, wrong)
    if got.case is None:
        with reading() as session:
            return _page(session, place, draft, got)
    if got.added:
        return redirect(url_for("report.show", added=1, township=place.code), 303)
    return redirect(url_for("report.followed", ticket=got.case.ticket, new=1), 303)


@blueprint.get("/photos/<int:photo_id>")
def thumbnail(photo_id: int) -> Response:
    """A small picture of an event, for who may see the event."""
    with reading() as session:
        body = photo_bytes(session, photo_id, thumbnail=True)
    return Response(body, mimetype="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})


def _page(
    session: Session, place: TownshipInfo, draft: ReportDraft, got: Outcome | None = None
) -> Response:
    looked = got.looked if got else ReportPreview()
    if looked.from_photo:
        draft = replace(draft, lon=str(looked.lon), lat=str(looked.lat), datum="wgs84")
    # Of another township's ground the township's own list counts.
    majors = offered(session, got.place.id if got else place.id, datetime.now(UTC))
    scripted = request.headers.get("X-Requested-With") == "report"
    html = render_template(
        "report.html",
        town=town_name(place),
        place=place,
        majors=majors,
        icon_of=icon_of,
        english=language() == "en",
        draft=draft,
        kept=[] if scripted else form.kept(draft),
        look=looked,
        problem=got and got.error and problem_of(got.error).detail,
        styles=STYLES,
        datums=DATUMS,
        local=local,
        time_zone=place.time_zone,
        ui={"near": url_for("report.near"), "words": words(), "language": language()},
    )
    return Response(
        html, got.status if got else 200, headers={"Cache-Control": "private, no-store"}
    )
