"""``/office/teams``: who leads and works in each grid, handed over, joined and left from a day on."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.core.errors import GisgridError, Invalid
from gisgrid.core.plans import plan_in_force
from gisgrid.core.scope import scope
from gisgrid.db.tables.people import ROLES
from gisgrid.people import teams
from gisgrid.people.teams import GridTeam
from gisgrid.planning.snapshot.fetch import today
from gisgrid.register import lineage
from web.http import lists
from web.http.dates import day_of, local
from web.http.keeping import keeping, page, refusing
from web.http.permissions import asked_as_workbook
from web.http.towns import town
from web.office import sheets
from web.register import words
from web.shell.words import TEAM_WORDS

blueprint = Blueprint("teams", __name__, url_prefix="/office/teams")


@blueprint.get("")
def index() -> Response:
    """Every grid of the township with its team of today."""
    return _listed()


def _listed(error: GisgridError | None = None) -> Response:
    with keeping(read_only=True) as session:
        place = town(session)
        found = teams.teams(session, place, today(place))
    lacks = request.args.get("lacks") == "leader"
    shown = [team for team in found if not lacks or not team.of("leader")]
    if asked_as_workbook():
        return lists.workbook(place, sheets.teams(shown, dict(_kinds())))
    return page(
        "teams.html", error=error, typed=request.form.to_dict(), teams=shown, total=len(found), lacks=lacks, kinds=_kinds(), town=place,
        leaderless=sum(not team.of("leader") for team in found),
        away=sum(bool(part.begun and part.stands_in_for) for team in found for part in team.parts),
    )  # fmt: skip


@blueprint.get("/<path:grid>")
def one(grid: str) -> Response:
    """The team of one grid, today and to come, and what may be changed."""
    with keeping(read_only=True) as session:
        return _shown(session, grid)


@blueprint.post("/lead")
@refusing(lambda error: _again(error))
def lead() -> BaseResponse:
    """Hand a grid over to another leader, for good or until a day."""
    form = request.form
    with keeping() as session:
        place = town(session)
        teams.lead(
            session, place, form.get("grid", ""), form.get("leader", ""),
            since=day_of(form.get("since"), "since") or today(place),
            until=day_of(form.get("until"), "until"),
        )  # fmt: skip
    flash(gettext("The grid is handed over."), "info")
    return _back()


@blueprint.post("/join")
@refusing(lambda error: _again(error))
def join() -> BaseResponse:
    """Let a person of the staff join a team."""
    form = request.form
    with keeping() as session:
        place = town(session)
        teams.join(
            session, place, form.get("grid", ""), form.get("member", ""), form.get("kind", ""),
            since=day_of(form.get("since"), "since") or today(place),
            until=day_of(form.get("until"), "until"),
        )  # fmt: skip
    flash(gettext("The team is changed."), "info")
    return _back()


@blueprint.post("/leave")
@refusing(lambda error: _again(error))
def leave() -> BaseResponse:
    """End a part in a team."""
    part = request.form.get("part", "")
    with keeping() as session:
        place = town(session)
        if not part.isdecimal() or len(part) > 18:
            raise Invalid("Choose whose part ends.")
        teams.leave(session, place, int(part), day_of(request.form.get("on"), "on") or today(place))
    flash(gettext("The team is changed."), "info")
    return _back()


@blueprint.post("/staff")
@refusing(lambda error: _listed(error))
def add_staff() -> BaseResponse:
    """A new person of the staff; many come by a file."""
    form = request.form
    with keeping() as session:
        teams.add_staff(
            session, town(session), form.get("code", ""), form.get("name", ""),
            phone=form.get("phone", ""), body=form.get("body", ""),
        )  # fmt: skip
    flash(gettext("The person is on the staff list."), "info")
    return _back()


def _shown(session: Session, grid: str, *, error: GisgridError | None = None) -> Response:
    place = town(session)
    day = today(place)
    team: GridTeam = teams.team_of(session, place, grid, day)
    plan = plan_in_force(session, place.id)
    return page(
        "team.html", error=error, typed=request.form.to_dict(), team=team, town=place, day=day, kinds=_kinds(),
        staff=[(each.code, _person(each.code, each.name)) for each in teams.staff_choices(session, place.id)],
        posts_follow=place.id in scope(session, "administer").townships, person=_person,
        sources=lineage.grid_sources(session, plan.id, grid), words=words, local=lambda at: local(at, place.time_zone),
    )  # fmt: skip


def _again(error: GisgridError) -> Response:
    with keeping(read_only=True) as session:
        return _shown(session, request.form.get("grid", ""), error=error)


def _back() -> BaseResponse:
    grid = request.form.get("grid", "")
    named = request.values.get("township")
    if not grid:
        return redirect(url_for("teams.index", township=named), 303)
    return redirect(url_for("teams.one", grid=grid, township=named), 303)


def _person(code: str, name: str | None) -> str:
    return f"{name} ({code})" if name else code


def _kinds() -> list[tuple[str, str]]:
    return [(role, gettext(TEAM_WORDS[role])) for role in ROLES]
