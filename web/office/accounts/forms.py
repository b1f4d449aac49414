"""What the forms of an account say, and what they are offered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from flask import request
from flask_babel import gettext
from sqlalchemy.orm import Session

from gisgrid.core.errors import Invalid
from gisgrid.core.messages import say
from gisgrid.core.roles import ROLES
from gisgrid.people import ground
from gisgrid.people.account_list import STATES, Wanted
from gisgrid.people.ground import AdministeredArea
from web.http import lists
from web.http.dates import day_of
from web.http.language import language, spoken
from web.http.towns import own_town

EVERYWHERE = "*"
"""The choice of a post without an area."""
LEVEL_WORDS = {
    "everywhere": say("everywhere"),
    "county": say("a county"),
    "township": say("a township"),
    "community": say("a community"),
    "grid": say("a grid"),
}
STATE_WORDS = {
    "on": say("on"),
    "off": say("switched off"),
    "unready": say("no password yet"),
    "unchanged": say("first password not changed yet"),
    "without_post": say("without a post"),
}


@dataclass(frozen=True)
class Post:
    """The post that a form gives; without a role it gives none."""

    role: str
    area: str | None
    grid: str | None
    since: date | None
    until: date | None


@dataclass(frozen=True)
class Offered:
    """What a post is chosen from."""

    roles: list[tuple[str, str]]
    areas: list[tuple[str, str]]
    grids: list[ground.AdministeredGrid]


def offered(session: Session) -> Offered:
    """Roles with the levels they are held at, the ground of whoever asks, and the codes of its grids."""
    own_town(session)  # which the header names
    found = ground.administered(session)
    areas = [(area.value, area_word(area)) for area in found]
    if ground.administers_everything(session):
        areas.insert(0, (EVERYWHERE, gettext(LEVEL_WORDS["everywhere"])))
    grids = ground.administered_grids(session)
    return Offered([(name, role_line(name)) for name in ROLES], areas, grids)


def area_word(area: AdministeredArea) -> str:
    """What an area is called in a list, set in below what it lies in."""
    name = (language() == "en" and area.name_en) or area.name
    return (
        "　" * ("county", "township", "community").index(area.level)
        + f"{name} {area.value.rpartition('/')[2]}"
    )


def role_words() -> dict[str, str]:
    """Roles in the asker's language."""
    return {name: role.in_language(spoken()) for name, role in ROLES.items()}


def role_line(name: str) -> str:
    """A role with what it is held for."""
    levels = [gettext(LEVEL_WORDS[level]) for level in ROLES[name].levels]
    return f"{role_words()[name]} ({gettext(', ').join(levels)})"


def post_sent(session: Session) -> Post:
    """The post of the form that was sent. A grid's post is of its township, which need not be said of a grid of one alone."""
    area = request.form.get("area", "").strip()
    grid = request.form.get("grid", "").strip() or None
    role = request.form.get("role", "")
    if role and grid and not area:
        towns = {each.township for each in ground.administered_grids(session) if each.code == grid}
        if not towns:
            raise Invalid("You administer no grid {grid}: choose one of the list.", grid=grid)
        area = towns.pop() if len(towns) == 1 else ""
    if role and not area:
        raise Invalid("Choose the area where the post is held.")
    if grid and "/" in area:
        area = area.partition("/")[0]
    return Post(
        role,
        None if area == EVERYWHERE else area,
        grid,
        day_of(request.form.get("since"), "since"),
        day_of(request.form.get("until"), "until"),
    )


def wanted() -> Wanted:
    """What the address asks of the list."""
    args = request.args
    area = args.get("area", "")
    listing = lists.listing(("name", "display_name", "last_login_at"))
    return Wanted(
        words=listing.words,
        role=args["role"] if args.get("role") in ROLES else "",
        area_id=int(area) if area.isdecimal() and len(area) < 19 else None,
        state=args["state"] if args.get("state") in STATES else "",
        no_second_factor=bool(args.get("bare")),
        listing=replace(listing, words=""),
    )
