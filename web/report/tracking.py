"""``/report/<ticket>``: what has become of a report, and the answer of whoever made it."""

from __future__ import annotations

from flask import Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.cases.cases import Details
from gisgrid.cases.tickets import in_groups
from gisgrid.cases.tracking import ANSWERS, answer, follow
from gisgrid.core.errors import GisgridError, NotFound
from web.http.acting import as_public
from web.http.dates import local
from web.http.db import reading, writing
from web.http.errors import problem_of, status_of
from web.http.language import language
from web.http.towns import town_of
from web.report import form
from web.report.messages import RATINGS, step_words
from web.report.views import STYLES, blueprint


@blueprint.get("/<ticket>")
def followed(ticket: str) -> Response:
    """Where the case stands and its steps in plain words; after closing, the question how it was."""
    return _page(ticket)


@blueprint.post("/<ticket>")
def answered(ticket: str) -> BaseResponse:
    """Rate, say that it is not solved, take it back, or add something."""
    as_public()
    values = request.form
    means, rating = values.get("do", ""), values.get("rating", "")
    try:
        if means not in ANSWERS:
            raise NotFound("There is no such answer.")
        details = Details(
            reason=values.get("reason", "").strip()[:1000] or None,
            note=values.get("note", "").strip()[:4000] or None,
            rating=int(rating) if rating in RATINGS else None,
            client_id=values.get("client", "")[:64] or None,
        )
        with writing() as session:
            answer(session, ticket, means, details)
    except GisgridError as error:
        if not isinstance(error, NotFound):
            return _page(ticket, error)
        raise
    return redirect(url_for("report.followed", ticket=ticket), 303)


def _page(ticket: str, error: GisgridError | None = None) -> Response:
    as_public()
    try:
        with reading() as session:
            found = follow(session, ticket)
            town_of(session, found.case.township_id)
    except NotFound:
        html = render_template("report-nocode.html", ticket=ticket, styles=STYLES)
        return Response(html, 404, headers={"Cache-Control": "no-store"})
    html = render_template(
        "report-follow.html",
        found=found,
        step_words=step_words,
        in_groups=in_groups,
        ratings=RATINGS,
        english=language() == "en",
        local=local,
        client=form.new_client(),
        problem=error and problem_of(error).detail,
        styles=STYLES,
    )
    status = 200 if error is None else status_of(error)
    return Response(html, status, headers={"Cache-Control": "private, no-store"})
