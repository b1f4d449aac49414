"""``/office/township``: what differs from place to place, and who changed it: settings, calendar, weights."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.core.errors import Conflict, GisgridError
from gisgrid.core.plans import TownshipInfo
from gisgrid.core.scope import refuse_strangers
from gisgrid.planning.settings import described
from gisgrid.planning.settings.townships import change_township
from web.http import lists
from web.http.dates import local
from web.http.keeping import keeping, page, refusing
from web.http.permissions import asked_as_workbook
from web.http.towns import town
from web.office import township_sheets as sheets

blueprint = Blueprint("township", __name__, url_prefix="/office/township")
_shown_again = refusing(lambda session, error: _shown(session, error=error), reads=True)

CHANGES = 50
"""That the page shows; the workbook has them all."""


@blueprint.get("")
def show() -> Response:
    """Every setting with its meaning, what it can be, and its last change."""
    with keeping(read_only=True) as session:
        return _shown(session)


@blueprint.post("")
@_shown_again
def change() -> BaseResponse:
    """Change those that the form has otherwise; all or none."""
    with keeping() as session:
        place = administered(session)
        if request.form.get(
            "seen", str(newest := described.newest_change(session, place.id))
        ) != str(newest):
            raise Conflict(
                "Somebody else has changed settings since: look at them, and change yours again."
            )
        wanted = described.changed(described.described(session, place), request.form.to_dict())
        if wanted:
            change_township(session, place.code, wanted)
    flash(
        gettext("%(n)s settings changed.", n=len(wanted))
        if wanted
        else gettext("Nothing was changed."),
        "info",
    )
    return redirect(url_for("township.show", township=place.code), 303)


def administered(session: Session) -> TownshipInfo:
    """The township that is asked about, as a whole administered by the asker.

    Raises
    ------
    NotAllowed
        It is somebody else's.
    """
    place = town(session)
    refuse_strangers(session, place, "administer")
    return place


def _shown(session: Session, *, error: GisgridError | None = None) -> Response:
    place = administered(session)
    changes = described.changes(session, place.id, limit=lists.most(CHANGES))
    if asked_as_workbook() and not error:
        return lists.workbook(place, sheets.changes(changes, place.time_zone))
    return page(
        "township.html", seen=described.newest_change(session, place.id), error=error, typed=request.form.to_dict(), town=place,
        groups=described.described(session, place), changes=changes,
        amiss=str(error.facts.get("name", "")) if error else "",
        local=lambda moment: local(moment, place.time_zone),
    )  # fmt: skip
