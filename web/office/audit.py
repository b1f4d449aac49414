"""``/office/audit``: what was opened, changed and taken away, by whom and what for; whether the record is whole."""

from __future__ import annotations

from flask import Blueprint, Response, request
from sqlalchemy.orm import Session

from gisgrid.core.messages import say
from gisgrid.db.listing import Listing
from gisgrid.people.privacy import audit
from gisgrid.register.households import purposes
from web.http import lists
from web.http.dates import day_of, local, zone_of
from web.http.db import reading
from web.http.keeping import page
from web.http.language import worded
from web.http.permissions import asked_as_workbook
from web.http.towns import own_town
from web.office import sheets

DID = {
    "unmask": say("opened personal data"),
    "export": say("took a list away"),
    "write": say("noted or changed"),
    "correct": say("corrected the register"),
    "appoint": say("gave a post"),
    "end": say("ended"),
    "publish": say("published"),
    "delete": say("deleted"),
    "password": say("gave a new password"),
    "token": say("gave a token"),
    "keep": say("kept settings"),
    "find": say("looked somebody up"),
    "take": say("took an answer"),
}
"""What is done most; whatever else is told by its own word."""

blueprint = Blueprint("audit", __name__, url_prefix="/office/audit")

PORTION = 100
"""Entries of one page."""
SORTS = ("id", "account_name", "action", "subject", "purpose", "origin")
SHOWN_ROWS = 5
"""Numbers of rows that an entry names on the page; the workbook has them all."""


@blueprint.get("")
def index() -> Response:
    """The entries of those whom the asker audits, newest first; ``?verify=1`` computes the chain anew, too."""
    args = request.args
    turn = lists.turn(PORTION)
    with reading() as session:
        zone = zone_of(own_town(session))
        declared = purposes(session)
        names = {p.name: worded(p) for p in declared}
        listing = lists.listing(SORTS, {"action": DID, "purpose": names})
        found = _entries(session, turn, listing, zone)
        verdict = None
        if "verify" in args and turn.number == 1 and not asked_as_workbook():
            verdict = audit.verify_in_store(session, noted=args.get("noted", "").strip() or None)
    if asked_as_workbook():
        return lists.workbook(None, sheets.entries(found, zone))
    return page(
        "audit.html", found=found[:PORTION], read=len(found), turn=turn, listing=listing, verdict=verdict,
        purposes=declared, args=args, most=SHOWN_ROWS, did=DID,
        asked={k: v for k, v in args.items() if v and k not in ("page", "lang", "verify", "noted")},
        local=lambda at: local(at, zone), names=names,
    )  # fmt: skip


def _entries(
    session: Session, turn: lists.Turn, listing: Listing, zone: str
) -> list[audit.AuditRecord]:
    args = request.args
    return audit.entries(
        session, account=args.get("account", "").strip() or None,
        since=day_of(args.get("since"), "since"), until=day_of(args.get("until"), "until"),
        subject=args.get("subject", "").strip() or None, purpose=args.get("purpose") or None,
        action=args.get("action", "").strip() or None, time_zone=zone,
        limit=turn.most, offset=turn.skip, listing=listing,
    )  # fmt: skip
