"""What a worker's phone keeps of a grid: the page that shows it, what goes into it, and the half of its key."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from typing import Any

from flask import Response, flash, json, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.cases import board
from gisgrid.cases.flow import flows_by_id
from gisgrid.collection.fields import FIELD_WORDS
from gisgrid.collection.questions import MOST_PHOTOS
from gisgrid.core import plans
from gisgrid.core.errors import Invalid
from gisgrid.core.plans import TownshipInfo
from gisgrid.core.retention_periods import keeping_of
from gisgrid.db.tables.collection import QUESTION_KINDS
from gisgrid.people import home, phone_halves
from gisgrid.people.learning import documents
from gisgrid.people.learning import reading as mine
from gisgrid.planning.snapshot.fetch import limits_of, today
from gisgrid.register import carried, entries
from web.cases.messages import colour_words
from web.cases.rows import as_json
from web.http.db import reading, writing
from web.http.keeping import keeping
from web.http.language import language
from web.http.permissions import asker
from web.http.towns import town
from web.phone.steps import steps_of
from web.phone.tasks import tasks_of
from web.phone.views import blueprint
from web.phone.words import grid_words
from web.register import words
from web.register.views import WHAT
from web.shell.words import DATUMS

FORMS = (
    "visit",
    "household-in",
    "household-out",
    "household-moved",
    "person-in",
    "person-out",
    "alias",
    "house-gone",
    "house-split",
    "house-joined",
)
"""Forms of a house that need no line; ``carried`` they have what the phone fills in."""
MOST_TEXTS, LONGEST_TEXT = 10, 50_000
"""Documents to read that go along with their words, and characters of each."""
MOST_STEPS = 40
"""Cases whose steps go along, the soonest due first."""
_DEVICE = re.compile(r"[0-9a-f-]{32,36}")


@blueprint.get("/phone/grid")
def grid() -> Response:
    """The worker's grid as the phone keeps it; the page itself is everybody's and names nobody."""
    forms: list[dict[str, str | None]] = [
        {"what": what, "kind": WHAT[what], "column": None} for what in FORMS
    ]
    forms += [{"what": "correct", "kind": "corrected", "column": each} for each in entries.PERSON]
    html = render_template(
        "phone-grid.html",
        forms=forms,
        entries=entries,
        words=words,
        carried=True,
        datums=DATUMS,
        question_kinds=QUESTION_KINDS,
        most_photos=MOST_PHOTOS,
        ui={
            "words": grid_words(),
            "columns": {each: gettext(words.COLUMN_WORDS[each]) for each in entries.PERSON},
            "fields": {name: gettext(word) for name, word in FIELD_WORDS.items()},
            "due": {due: gettext(word) for due, word in words.DUE_WORDS.items()},
            "language": language(),
            "data": url_for("phone.data"),
            "half": url_for("phone.half"),
            "grid": url_for("phone.grid"),
            "house": url_for("register.house", house_id=0),
            "new_house": url_for("register.ask_house", code="0"),
            "task": url_for("collecting.answer", number=0, house_id=0),
            "photo": url_for("collecting.photo", photo_id=0),
            "report": url_for("report.show"),
            "cases": url_for("cases.mine"),
            "log_in": url_for("security.login", next=url_for("phone.grid")),
        },
    )
    return Response(html, headers={"Cache-Control": "private, no-cache"})


@blueprint.get("/phone/grid.json")
def data() -> Response:
    """What the asker's grids hold for a round, their cases, and what they have to read; masked as ever."""
    with reading() as session:
        body = _data(session)
    return Response(
        json.dumps(body), mimetype="application/json", headers={"Cache-Control": "no-store"}
    )


@blueprint.post("/phone/half")
def half() -> Response:
    """The half of the key of one phone of the asker."""
    device = request.form.get("device", "")
    if not _DEVICE.fullmatch(device):
        raise Invalid("The page is too old: open it anew.")
    with writing() as session:
        given = phone_halves.give(session, device)
    body = json.dumps({"half": base64.b64encode(given).decode()})
    return Response(body, mimetype="application/json", headers={"Cache-Control": "no-store"})


@blueprint.post("/phone/lost/<int:phone>")
def lost(phone: int) -> BaseResponse:
    """Withdraw the half of one of the asker's own phones."""
    who = asker()
    with writing() as session:
        phone_halves.withdraw(session, who.account_id or 0, phone, who=who.display_name)
    flash(gettext("That phone opens nothing more once it hears of it."))
    return redirect(url_for("home.me"), 303)


@blueprint.post("/office/accounts/<int:number>/phones/<int:phone>")
def lost_of(number: int, phone: int) -> BaseResponse:
    """Withdraw the half of a phone of an account that the asker keeps."""
    with keeping() as session:
        phone_halves.withdraw(session, number, phone, who=asker().display_name)
    flash(gettext("That phone opens nothing more once it hears of it."))
    return redirect(url_for("accounts.one", number=number), 303)


def _data(session: Session) -> dict[str, Any]:
    place = town(session)
    day = today(place)
    plan = plans.plan_in_force(session, place.id)
    days = int(limits_of(session, place.id).visit_days)
    own = {
        post.grid_code: post.grid or post.grid_code
        for post in home.places(session, asker().account_id or 0)
        if post.grid_code and post.township_code == place.code and "see_register" in post.rights
    }
    grids = [
        carried.carried(session, plan.id, code, name, day, days=days) for code, name in own.items()
    ]
    found = board.mine(session)
    flows = flows_by_id(session, (row.flow_id for row in found))
    now, colours = datetime.now(UTC), colour_words()
    here = [row for row in found if row.township_id == place.id]
    cases = [as_json(row, flows[row.flow_id], now) for row in here]
    return {
        "account": asker().account_id,
        "township": place.code,
        "keeps": "keep_register" in asker().rights,
        "seen": entries.page_version(session),
        "taken_at": now.isoformat(),
        "days": keeping_of(session, place.id).phones,
        "grids": [vars(each) for each in grids],
        "cases": [
            {key: case[key] for key in ("case_id", "code", "matter", "state", "grid", "due_at")}
            | {"colour": colours[case["colour"]]}
            | (steps_of(session, row) if n < MOST_STEPS else {"address": None, "steps": []})
            for n, (row, case) in enumerate(zip(here, cases, strict=True))
        ],
        "documents": _to_read(session, place),
        **tasks_of(session, place.id, [house["id"] for each in grids for house in each.houses]),
    }


def _to_read(session: Session, place: TownshipInfo) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    noted = mine.is_staff(session)
    for each in mine.to_read(session, place.id, today(place)):
        if each.read_at is not None or not each.asked or len(told) == MOST_TEXTS:
            continue
        content = b""
        if plain := each.media_type.startswith("text/plain"):
            content = documents.version(session, place.id, each.code, each.number).content
        told.append({
            "code": each.code, "title": each.title, "number": each.number, "noted": noted,
            "due_on": each.due_on, "address": url_for("documents.has_read", code=each.code, township=place.code),
            "text": content.decode("utf-8-sig")[:LONGEST_TEXT] if plain else None,
        })  # fmt: skip
    return told
