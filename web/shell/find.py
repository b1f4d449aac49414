"""``/find``: one field for an address, a name, pasted coordinates, a grid, a case or a ticket."""

from __future__ import annotations

from flask import Response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.cases.board import Row
from gisgrid.cases.finding import cases_called, like_ticket
from gisgrid.core import plans
from gisgrid.core.errors import NotFound
from gisgrid.core.plans import TownshipInfo
from gisgrid.planning.overview.find import Hit
from gisgrid.planning.overview.find import find as grids_and_houses
from web.http.db import reading
from web.http.permissions import asker
from web.http.towns import link_for, own_town
from web.shell.header import blueprint

MOST = 20


@blueprint.get("/find")
def find() -> BaseResponse:
    """The page that the words mean; where they may mean several, a list to choose from.

    A ticket leads to what became of the report, whether there is one of it or not: only that page tells, and
    counts wrong tries.
    """
    words = request.args.get("q", "").strip()[:200]
    cases: list[Row] = []
    hits: list[Hit] = []
    with reading() as session:
        place = own_town(session)
        if words:
            if "see_events" in asker().rights:
                cases = cases_called(session, words, limit=MOST)
            hits = _hits(session, place, words)
    grids = [hit for hit in hits if hit.kind == "grid"]
    others = [hit for hit in hits if hit.kind != "grid"]
    address = link_for("lookup.show", address=words)
    if words and not cases and not grids:
        ticket = like_ticket(words)
        if ticket and not others:
            return redirect(url_for("report.followed", ticket=ticket), 303)
        # Who may see no house is answered by the look-up, which tells no more than a grid.
        return redirect(address, 303)
    exact = [g for g in grids if g.code == words]
    if len(cases) == 1 and not grids:
        return redirect(url_for("cases.show", case_id=cases[0].case_id), 303)
    if not cases and len(exact) == 1:
        return redirect(f"{link_for('maps.show')}#grid={exact[0].code}", 303)
    page = render_template(
        "find.html",
        words=words,
        cases=cases,
        grids=grids,
        address=address,
        several=len(hits) >= MOST,
    )
    return Response(page, headers={"Cache-Control": "private, no-store"})


def _hits(session: Session, place: TownshipInfo | None, words: str) -> list[Hit]:
    if place is None:
        return []
    try:
        plan = plans.plan_in_force(session, place.id)
    except NotFound:
        return []
    return grids_and_houses(session, plan.id, words, limit=MOST)
