"""A house that the register does not have: the form with a small map, and what it writes down."""

from __future__ import annotations

from uuid import uuid4

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.core import plans
from gisgrid.core.errors import GisgridError, NotFound
from gisgrid.register import entries, grid_map, house_changes
from web.http.db import reading, writing
from web.http.errors import problem_of
from web.http.once import entered_at
from web.http.towns import town
from web.register import words
from web.register.maps import map_of
from web.register.views import attach_made, blueprint
from web.shell.words import DATUMS

KIND = "house_new"
SAID = ("address", "lon", "lat", "datum", "apart")
BESIDE = "beside"


@blueprint.get("/grid/<path:code>/new-house")
def ask_house(code: str) -> Response:
    """The form for a house that is missing in a grid."""
    with reading() as session:
        return _form(session, code, dict(request.args))


@blueprint.post("/grid/<path:code>/new-house")
def add_house(code: str) -> BaseResponse:
    """Write the house down; to its page, or back to the grid where it waits for the clerk."""
    typed = dict(request.form)
    try:
        with writing() as session:
            place = town(session)
            made = entries.enter_house(
                session,
                place.id,
                said={
                    name: typed.get(name, "")
                    for name in (*SAID, *((BESIDE,) if typed.get(BESIDE) else ()))
                },
                client_id=typed.get("client_id", ""),
                entered_at=entered_at(),
            )
            houses = attach_made(session, [made.id])
    except GisgridError as error:
        with reading() as session:
            answer = _form(session, code, typed, problem_of(error).detail)
        answer.status_code = problem_of(error).status
        return answer
    said = str(gettext(words.KIND_WORDS[KIND]))
    if made.state == "waiting":
        flash(gettext("%(what)s: written down. It waits for the clerk.", what=said))
        return redirect(url_for("register.grid", code=code, township=place.code), 303)
    flash(gettext("%(what)s: written down.", what=said))
    if not houses:
        return redirect(url_for("register.grid", code=code, township=place.code), 303)
    return redirect(url_for("register.house", house_id=houses[0]), 303)


def _form(
    session: Session, code: str, typed: dict[str, str], problem: str | None = None
) -> Response:
    place = town(session)
    plan = plans.plan_in_force(session, place.id)
    found = grid_map.grid_map(session, plan.id, code)
    if found is None:
        raise NotFound("The plan in force has no grid {codes}.", codes=code)
    # Where the houses of other ground stand is theirs to know.
    houses = house_changes.kept(session, list(found.places))
    page = render_template(
        "register-new-house.html",
        code=code,
        typed=typed,
        problem=problem,
        client_id=typed.get("client_id") or uuid4().hex,
        words=words,
        kind=KIND,
        datums=DATUMS,
        map=map_of(found, [{"id": each} for each in found.places if each in houses]),
    )
    return Response(page, headers={"Cache-Control": "private, no-store"})
