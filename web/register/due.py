"""What is due in the register: records nobody verified, and houses nobody visited."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request

from gisgrid.core.messages import say
from gisgrid.planning.snapshot.fetch import limits_of, today
from gisgrid.register import today as visits
from gisgrid.register.stale import count_found, stale, stale_sheet
from web.http import lists
from web.http.db import reading
from web.http.permissions import asked_as_workbook
from web.http.towns import town
from web.register import sheets

blueprint = Blueprint("due", __name__)

TABLE_WORDS = {"household": say("Household"), "resident": say("Resident")}
PORTION = 500
"""Rows of a page of what is to be verified or visited."""


@blueprint.get("/stale")
def unverified() -> str | Response:
    """Records of the asker's ground that nobody verified for longer than the township's setting."""
    grid, turn = request.args.get("grid", "").strip() or None, lists.turn(PORTION)
    listing = lists.listing(("address", "table", "grid", "verified_on"), {"table": TABLE_WORDS})
    with reading() as session:
        place = town(session)
        days = int(limits_of(session, place.id).visit_days)
        listed = stale(
            session, place.id, today(place), days=days, grid=grid, limit=turn.most, skip=turn.skip,
            listing=listing, masked=True,
        )  # fmt: skip
        file = asked_as_workbook()
        if file:
            total = 0
        elif listing.words:
            total = count_found(
                session, place.id, today(place), days=days, grid=grid, listing=listing
            )
        else:
            total = visits.count_stale(session, place.id, today(place), days=days, grid=grid)
    if file:
        return lists.workbook(place, stale_sheet(listed))
    return render_template(
        "stale.html",
        listed=listed[:PORTION],
        read=len(listed),
        turn=turn,
        days=days,
        grid=grid,
        total=total,
        listing=listing,
        words=TABLE_WORDS,
    )


@blueprint.get("/visits")
def to_visit() -> str | Response:
    """Houses of the asker's ground that nobody visited for longer than the township's setting."""
    grid, turn = request.args.get("grid", "").strip() or None, lists.turn(PORTION)
    listing = lists.listing(("address", "grid", "last_on"))
    with reading() as session:
        place = town(session)
        days, day = int(limits_of(session, place.id).visit_days), today(place)
        listed = visits.to_visit(
            session, place.id, day, days=days, grid=grid, limit=turn.most, skip=turn.skip, listing=listing
        )  # fmt: skip
        file = asked_as_workbook()
        total = 0 if file else visits.count_to_visit(
            session, place.id, day, days=days, grid=grid, listing=listing
        )  # fmt: skip
    if file:
        return lists.workbook(place, sheets.visits(listed))
    return render_template(
        "visits.html", listed=listed[:PORTION], read=len(listed), turn=turn, total=total, days=days, grid=grid, listing=listing
    )  # fmt: skip
