"""``/corrections/N``: what became of a request for correction, for whoever asked."""

from __future__ import annotations

from flask import Blueprint, Response, render_template

from gisgrid.core.errors import NotFound
from gisgrid.core.messages import say
from gisgrid.people.privacy import corrections
from gisgrid.register import entries
from web.http.dates import local, zone_of
from web.http.db import reading
from web.http.permissions import may_ask
from web.http.towns import own_town
from web.register import words
from web.register.views import blueprint as registers

blueprint = Blueprint("asked", __name__, url_prefix="/corrections")

RECORD_WORDS = {
    "household": say("Household"),
    "resident": say("Resident"),
    "staff": say("Staff"),
}
STATE_WORDS = {
    "open": say("to be decided"),
    "accepted": say("accepted"),
    "refused": say("not accepted"),
}
STATE_TONES = {"open": "warn", "accepted": "good", "refused": "bad"}


@blueprint.get("/<int:number>")
def one(number: int) -> Response:
    """A request of whoever asks for the page: what was asked, the verdict, its reason, by whom and when."""
    with reading() as session:
        zone = zone_of(own_town(session))
        mine = {each.id: each for each in corrections.asked_by_me(session)}
    if number not in mine:
        raise NotFound("You have asked for no correction of this number.")
    page = render_template(
        "asked.html", each=mine[number], records=RECORD_WORDS, states=STATE_WORDS, tones=STATE_TONES,
        columns=words.COLUMN_WORDS, value=asked_value, local=lambda at: local(at, zone),
        may_see=may_ask("register.house"),
    )  # fmt: skip
    return Response(page, headers={"Cache-Control": "private, no-store"})


@registers.get("/entries/<int:number>")
def entry(number: int) -> Response:
    """A line that was entered at the door: what was said, what the clerk decided and why."""
    with reading() as session:
        zone = zone_of(own_town(session))
        line = entries.line(session, number)
    page = render_template(
        "register-entry.html", line=line, words=words, local=lambda at: local(at, zone)
    )
    return Response(page, headers={"Cache-Control": "private, no-store"})


def asked_value(column: str, told: str | None) -> str:
    """A value as a person reads it; needs are kept as names with semicolons."""
    if column == "needs" and told and told != "*":
        return words.value_word(column, told.split(";"))
    return words.value_word(column, told)
