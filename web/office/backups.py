"""``/office/backups``: which backups of the store there are, until when each may exist, and whether they come back."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.core.errors import GisgridError, Invalid
from gisgrid.jobs import drills
from gisgrid.people.privacy import backups
from gisgrid.planning.snapshot.fetch import today
from web.http import lists
from web.http.dates import local, zone_of
from web.http.db import reading, writing
from web.http.keeping import page, refusing
from web.http.permissions import asked_as_workbook, asker
from web.http.towns import own_town
from web.office import sheets

blueprint = Blueprint("backups", __name__, url_prefix="/office/backups")


@blueprint.get("")
def index() -> Response:
    """The backups that are not known to be destroyed, the newest first, with the last drill of each."""
    return _shown()


@blueprint.post("/drill")
@refusing(lambda error: _shown(error))
def drill() -> BaseResponse:
    """Have the worker read a backup back into a database of its own."""
    number = request.form.get("backup", "")
    with writing() as session:
        if not number.isdecimal() or len(number) > 18:
            raise Invalid("Choose which backup is read back.")
        drills.ask(session, int(number), who=asker().name)
    flash(gettext("The drill is ordered; its result will stand here."), "info")
    return redirect(url_for("backups.index"), 303)


def _shown(error: GisgridError | None = None) -> Response:
    with reading() as session:
        whole = backups.whole_store(session)
        found = backups.backups(session)[::-1]
        held = drills.drills(session)
        here = own_town(session)
    zone = zone_of(here)
    if asked_as_workbook():
        return lists.workbook(None, sheets.backups(found, zone))
    last = {each.backup_id: each for each in reversed(held)}
    return page(
        "backups.html", error=error, found=found, whole=whole, day=today(here) if here else None, last=last,
        newest=next((each for each in held if not each.busy), None),
        busy=any(each.busy for each in held), local=lambda at: local(at, zone),
    )  # fmt: skip
