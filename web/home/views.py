"""A person's own place: their ground, rights and team, and the way to their grid."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.core.rights import RIGHT_WORDS
from gisgrid.core.roles import ROLES
from gisgrid.people import home, phone_halves
from gisgrid.people.privacy import corrections
from web.http.dates import local, zone_of
from web.http.db import reading
from web.http.language import spoken
from web.http.permissions import asker
from web.http.towns import own_town
from web.register import asked as asked_words
from web.register.words import COLUMN_WORDS
from web.shell.words import TEAM_WORDS

MOST_ASKED = 20
"""Requests for correction that the page shows, the newest."""

blueprint = Blueprint("home", __name__)


@blueprint.get("/me")
def me() -> str:
    """The place of whoever has logged in: their ground, rights, team, and who is above and below."""
    who = asker()
    with reading() as session:
        zone = zone_of(own_town(session))
        asked = corrections.asked_by_me(session)[: -MOST_ASKED - 1 : -1]
        phones = phone_halves.phones_of(session, who.account_id or 0)
        held = [
            {
                "place": place,
                "above": home.above(session, place),
                "below": home.below(session, place),
                "team": home.team(session, place),
                "grids": home.grids(session, place) if "see_register" in place.rights else [],
            }
            for place in home.places(session, who.account_id or 0)
        ]
    return render_template(
        "me.html",
        held=held,
        phones=phones,
        asked=asked,
        words=asked_words,
        columns=COLUMN_WORDS,
        local=lambda at: local(at, zone),
        right_words=RIGHT_WORDS,
        team_words=TEAM_WORDS,
        role=_role,
    )


@blueprint.get("/my-grid")
def my_grid() -> BaseResponse:
    """To the grid of whoever asks; who has several, or none, to all of theirs."""
    with reading() as session:
        posts = home.places(session, asker().account_id or 0)
        codes = {(p.township_code, p.grid_code) for p in posts if p.grid_code}
    if len(codes) == 1 and "see_register" in asker().rights:
        ((township, code),) = codes
        return redirect(url_for("register.grid", code=code, township=township), 303)
    return redirect(
        url_for("register.grids" if "see_register" in asker().rights else "home.me"), 303
    )


def _role(name: str) -> str:
    role = ROLES[name]
    word = role.in_language(spoken())
    return word[:1].upper() + word[1:]
