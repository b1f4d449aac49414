"""``/shortage``: grids of the plan in force that lack somebody."""

from __future__ import annotations

from flask import Blueprint, Response, render_template

from gisgrid.core import plans
from gisgrid.core.areas import communities_of
from gisgrid.planning.checks.shortage import shortage, shortage_sheets
from gisgrid.planning.snapshot.fetch import today
from web.editor.store import placed, planning
from web.http import lists
from web.http.language import own_name, said
from web.http.permissions import asked_as_workbook
from web.http.towns import town

blueprint = Blueprint("shortage", __name__)


@blueprint.get("/shortage")
def show() -> str | Response:
    """Grids of the plan in force without a team, a leader, anybody beside the leader, or training."""
    with planning(read_only=True) as session:
        place = town(session)
        plan = plans.plan_in_force(session, place.id)
        placed(session, plan.id, "plan", "review")
        named = {
            each.code: own_name(each.name, each.name_en)
            for each in communities_of(session, place.id)
        }
        found = shortage(session, place, plan, today(place))
    if asked_as_workbook():
        answers_of_all, grids = shortage_sheets(found, lacking=True)
        return lists.workbook(place, grids, answers_of_all)
    titles = {r.name: said(r.title) for r in found.results}
    answers = [
        (titles[r.name], said(r.missing) if r.missing else "", len(r.findings))
        for r in found.results
    ]
    return render_template(
        "shortage.html", found=found, titles=titles, answers=answers, named=named
    )
