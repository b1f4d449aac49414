"""``/paper``: plan sheets, lists to fill in and notices at the door, printed for the grids one may see."""

from __future__ import annotations

import io
import zipfile

from flask import Blueprint, Response, current_app, render_template, request
from sqlalchemy.orm import Session

from gisgrid.core import plans
from gisgrid.core.errors import GisgridError, Invalid, NotAllowed
from gisgrid.paper.contents import Packs, packs, printable
from gisgrid.paper.printing import print_packs
from gisgrid.paper.sheets import SHEET_WORDS, SHEETS
from gisgrid.people.privacy import audit
from gisgrid.register.households import purposes
from web.http import lists
from web.http.db import opening, reading, writing
from web.http.errors import problem_of, status_of
from web.http.language import language
from web.http.permissions import asked_as_workbook, asker
from web.http.responses import outside
from web.http.towns import town
from web.paper import sheets

MOST_HOUSES = 3_000
"""Of one answer: about as long as somebody waits at a page. `gisgrid paper` prints more."""

blueprint = Blueprint("paper", __name__, url_prefix="/paper")


@blueprint.get("")
def show() -> Response:
    """The grids to choose from, what is printed of them, and what it is opened for; the round list as a workbook."""
    if not asked_as_workbook():
        return _form()
    with reading() as session:
        place = town(session)
        plan = plans.plan_in_force(session, place.id)
        found = packs(session, place, plan, request.args.getlist("grid"), most=lists.MOST_ROWS)
    listed = [house for pack in found.grids for house in pack.houses]
    return lists.workbook(place, sheets.rounds([*listed, *found.astray]))


@blueprint.post("")
def make() -> Response:
    """The packs of the chosen grids: one PDF, or a folder with one a grid."""
    purpose = request.form.get("purpose") or None
    apart = request.form.get("into") == "zip"
    wanted = [name for name in SHEETS if name in request.form.getlist("sheet")]
    try:
        if not wanted:
            raise Invalid("Choose at least one sheet.")
        with opening(purpose) if purpose else writing() as session:
            found = _chosen(session, purpose, apart=apart)
        printed = print_packs(
            found, sheets=wanted, language=language(), site=outside(""), apart=apart
        )
    except NotAllowed:
        raise
    except GisgridError as error:
        return _form(error)
    headers = {"Cache-Control": "private, no-store"}
    if apart:
        headers["Content-Disposition"] = "attachment; filename=paper.zip"
        return Response(
            _folder(printed.whole, printed.grids), mimetype="application/zip", headers=headers
        )
    # Shown to be printed, as the pages that it is made of: no file for who may take none away.
    headers["Content-Disposition"] = "inline; filename=paper.pdf"
    return Response(printed.whole, mimetype="application/pdf", headers=headers)


def _chosen(session: Session, purpose: str | None, *, apart: bool) -> Packs:
    place = town(session)
    if apart:
        lists.may_leave(session, ["see_register"], place)
    plan = plans.plan_in_force(session, place.id)
    found = packs(
        session, place, plan, request.form.getlist("grid"), purpose=purpose, most=MOST_HOUSES
    )
    audit.note_export(session, "paper", found.houses)
    return found


def _folder(whole: bytes, grids: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as folder:
        for name, content in {"all": whole, **grids}.items():
            folder.writestr(f"{name}.pdf", content)
    return made.getvalue()


def _form(error: GisgridError | None = None) -> Response:
    with reading() as session:
        place = town(session)
        plan = plans.plan_in_force(session, place.id)
        grids = printable(session, plan.id)
        declared = purposes(session)
    page = render_template(
        "paper.html",
        grids=grids,
        plan=plan,
        purposes=declared if asker().rights & {"unmask"} else (),
        chosen=set(request.values.getlist("grid")),
        sheets=SHEET_WORDS,
        typed=set(request.form.getlist("sheet")) if error else set(SHEETS),
        site=current_app.config["SETTINGS"].public_url,
        problem=error and problem_of(error).detail,
    )
    answer = Response(page, headers={"Cache-Control": "private, no-store"})
    answer.status_code = status_of(error) if error else 200
    return answer
