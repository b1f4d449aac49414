"""``/dispatch/new``: the dispatcher takes a report by telephone, while the caller speaks."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.cases.cases import CaseActor, CaseNow, next_steps, take_step
from gisgrid.cases.matters import offered
from gisgrid.cases.preview import ReportDraft, ReportPreview
from gisgrid.cases.tickets import in_groups
from gisgrid.core.plans import TownshipInfo
from web.http.dates import local
from web.http.db import reading
from web.http.errors import problem_of
from web.http.language import language
from web.http.towns import town
from web.report import form
from web.report.take import Outcome, attempt

STYLES = ("css/lookup.css", "css/page.css", "css/report.css", "css/telephone.css")
SOURCES = ("居民电话", "12345热线", "居民来访", "上级转办", "微信小程序", "社区巡查")
"""Where reports come from, as files of events name it; another word may be written."""

blueprint = Blueprint("telephone", __name__, url_prefix="/dispatch/new")


@blueprint.get("")
def new() -> Response:
    """The empty form."""
    draft, _ = form.read_draft()
    with reading() as session:
        return _page(session, town(session), draft)


@blueprint.post("")
def send() -> BaseResponse:
    """Take the report in, file it where that was asked for, and go to its case."""
    draft, wrong = form.read_draft()
    with reading() as session:
        place = town(session)

    def file(session: Session, case: CaseNow, by: CaseActor) -> CaseNow:
        return _filed(session, case, by) if request.form.get("file") else case

    got = attempt(place, draft, wrong, file)
    if got.case is None:
        with reading() as session:
            return _page(session, place, draft, got)
    if got.place.id != place.id:
        # Its case is another township's: the caller is told the code, by which it is followed.
        return redirect(url_for("report.followed", ticket=got.case.ticket, new=1), 303)
    flash(gettext("The code for the caller: %(code)s", code=in_groups(got.case.ticket)))
    return redirect(url_for("cases.show", case_id=got.case.id), 303)


def _filed(session: Session, case: CaseNow, by: CaseActor) -> CaseNow:
    # Where the flow has no such step, or not for this post, the case waits as any other does.
    step = next((s for s in next_steps(session, case, by) if s.means == "file"), None)
    return take_step(session, case.id, step.name, by) if step else case


def _page(
    session: Session, place: TownshipInfo, draft: ReportDraft, got: Outcome | None = None
) -> Response:
    html = render_template(
        "telephone.html",
        place=place,
        majors=offered(session, got.place.id if got else place.id, datetime.now(UTC)),
        english=language() == "en",
        draft=draft,
        look=got.looked if got else ReportPreview(),
        problem=got and got.error and problem_of(got.error).detail,
        filing=request.method == "GET" or bool(request.form.get("file")),
        sources=SOURCES,
        styles=STYLES,
        local=local,
        time_zone=place.time_zone,
        ui={
            "near": url_for("report.near"),
            "search": f"{request.script_root}/api/v1/search",
            "language": language(),
        },
    )
    status = got.status if got else 200
    return Response(html, status, headers={"Cache-Control": "private, no-store"})
