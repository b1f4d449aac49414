"""``/office/backups``: which backups of the store there are, how large, and until when each may exist."""

from __future__ import annotations

from flask import Blueprint, Response

from gisgrid.people.privacy import backups
from gisgrid.planning.snapshot.fetch import today
from web.http import lists
from web.http.dates import local, zone_of
from web.http.db import reading
from web.http.permissions import asked_as_workbook
from web.http.towns import own_town
from web.office import sheets
from web.office.keeping import page

blueprint = Blueprint("backups", __name__, url_prefix="/office/backups")


@blueprint.get("")
def index() -> Response:
    """The backups that are not known to be destroyed, the newest first."""
    with reading() as session:
        whole = backups.whole_store(session)
        found = backups.backups(session)[::-1]
        here = own_town(session)
    zone = zone_of(here)
    if asked_as_workbook():
        return lists.workbook(None, sheets.backups(found, zone))
    return page(
        "backups.html", found=found, whole=whole, day=today(here) if here else None,
        local=lambda at: local(at, zone),
    )  # fmt: skip
