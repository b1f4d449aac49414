"""A case's page: where it stands, its log, place, photos and clocks, and the next steps one may take."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.cases import assignment, board, related
from gisgrid.cases import case_view as sheets
from gisgrid.cases.cases import (
    CaseActor,
    CaseNow,
    LogEntry,
    case_log,
    case_now,
    take_step,
    taken_before,
)
from gisgrid.cases.clock import colour, left
from gisgrid.cases.clocks import ClockNow, clocks_of, work_time
from gisgrid.cases.community_rules import CommunityRule, of_case
from gisgrid.cases.correction import AGAIN, correct_matter, corrects
from gisgrid.cases.duplicates import DuplicateCandidate
from gisgrid.cases.flow import Flow, Step, flow_by_id, flows_by_id
from gisgrid.cases.intake import move_pin
from gisgrid.cases.matters import Major, offered
from gisgrid.cases.notices import Called, calls_of_case
from gisgrid.cases.photos import photo_bytes
from gisgrid.core import plans
from gisgrid.core.errors import GisgridError, NotAllowed, NotFound
from gisgrid.core.settings import Settings
from gisgrid.locate.point_lookup import PointLookup, in_store
from gisgrid.people.unmask import OpenEvent, open_events
from gisgrid.planning.snapshot.fetch import today
from gisgrid.register.households import DeclaredPurpose, purposes
from layers import cases as layer
from layers import page, streets
from layers.layer import LayerScope
from layers.tiles import data_version
from web.cases import asked
from web.cases.messages import (
    SHORT_REASONS,
    colour_words,
    level_words,
    map_words,
    reason_words,
    role_word,
    time_left,
)
from web.cases.rows import as_json, cases_sheet
from web.http import lists
from web.http.dates import local
from web.http.db import opening, reading, writing
from web.http.errors import problem_of
from web.http.language import language, said, worded
from web.http.modules import module
from web.http.permissions import asked_as_workbook, asker
from web.http.refused_requests import keep_demand_of_case
from web.http.responses import asset, nonce
from web.http.towns import own_town, town_of

blueprint = Blueprint("cases", __name__, url_prefix="/cases")


@dataclass(frozen=True)
class View:
    """All that the page shows of a case."""

    now: CaseNow
    sheet: sheets.CaseView
    time_zone: str
    flow: Flow
    log: list[LogEntry]
    steps_taken: dict[int, Step]
    grid_names: dict[str, str]
    staff_names: dict[int, str]
    clocks: list[tuple[ClockNow, str, str]]
    """Each with its colour and what is left, in words."""
    called: list[Called]
    added: list[CommunityRule]
    """What its community adds to the matter."""
    photos: list[sheets.Picked]
    steps: list[tuple[Step, CaseActor]]
    suggested: list[assignment.Suggested]
    place: PointLookup | None
    outside: str | None
    """Why the place lies in no grid, in words."""
    shapes: list[dict[str, Any]]
    version: str
    grids: list[sheets.Choice]
    offices: list[sheets.Choice]
    flows: list[Flow]
    matters: list[Major]
    """What it may be instead; empty where nobody may say so."""
    joined: list[related.Joined]
    """Reports that were merged into it."""
    alike: list[DuplicateCandidate]
    """What may be the same, for whoever may merge it."""
    before: related.Before | None
    purposes: list[DeclaredPurpose]
    """What the words may be opened for."""


@blueprint.get("/<int:case_id>")
def show(case_id: int) -> Response:
    """A case, for whoever may see its event."""
    # Whom the program would send is noted when it is shown: for a dispatcher this reading writes.
    with writing() if "dispatch" in asker().rights else reading() as session:
        view = _view(session, case_id)
        if view.suggested and "dispatch" in asker().rights:
            assignment.keep_suggestion(session, case_id, view.suggested[0])
    return _page(view)


@blueprint.post("/<int:case_id>/open")
def open_words(case_id: int) -> Response:
    """The same with what was reported, open for the purpose that was chosen; the audit says so."""
    purpose = request.form.get("purpose", "")
    if not purpose:
        raise NotAllowed("Choose the purpose that the words are opened for.")
    with opening(purpose) as session:
        said = open_events(session, [case_now(session, case_id).event_id])
        view = _view(session, case_id, words=said[0].text if said else None)
    return _page(view, said=said[0] if said else None, purpose=purpose)


@blueprint.post("/<int:case_id>/steps")
def step(case_id: int) -> BaseResponse:
    """Take a step; refused, the page comes again with the reason and all that was typed."""
    name = request.form.get("step", "")
    try:
        with writing() as session:
            now = case_now(session, case_id)
            to = request.form.get("to", "")
            # Sent again it is done already, even if what it named has changed since.
            if not taken_before(session, case_id, asked.client_key()):
                by = _as(session, now, name)
                asked.keep_photos(session, now, by)
                details = asked.details(session, now)
                if corrects(session, now, name):
                    matter = request.form.get("matter", "")
                    now = correct_matter(
                        session, now, matter, name, by, seq=asked.seq(), to=to, details=details
                    )
                else:
                    now = take_step(session, case_id, name, by, seq=asked.seq(), details=details)
            done = flow_by_id(session, now.flow_id).states[now.state]
    except GisgridError as exc:
        keep_demand_of_case(exc, case_id)
        return _again(case_id, exc)
    flash(gettext("Done. The case is now: %(state)s.", state=_in_words(done)))
    if to == AGAIN and now.owner.nobody:
        words = gettext(
            "Nobody was found for the new matter: nobody has the case now. Send it out yourself."
        )
        flash(words, "error")
    return redirect(url_for("cases.show", case_id=case_id), 303)


@blueprint.post("/<int:case_id>/move")
def move(case_id: int) -> BaseResponse:
    """Put the case's pin elsewhere; its old places stay in the log."""
    try:
        with writing() as session:
            now = case_now(session, case_id)
            seen = replace(now, seq=asked.seq() or now.seq)
            reason = request.form.get("reason", "").strip() or None
            place = (asked.degrees("lon"), asked.degrees("lat"))
            moved = move_pin(session, seen, place, _as(session, now, "move"), reason=reason)
    except GisgridError as exc:
        return _again(case_id, exc)
    grid = moved.landed.grid_code
    flash(
        gettext(
            "The pin was moved; the place now lies in %(grid)s.", grid=grid or gettext("no grid")
        )
    )
    if moved.redispatch:
        words = gettext(
            "The case is still with the team of %(grid)s: send it anew?", grid=now.grid_code
        )
        flash(words, "error")
    return redirect(url_for("cases.show", case_id=case_id), 303)


@blueprint.get("/mine")
def mine() -> str | Response:
    """The open cases of whoever asks: theirs, and those of the grid they work in; late first."""
    now, turn = datetime.now(UTC), lists.turn(board.MOST_MINE)
    with reading() as session:
        found = board.mine(session, most=turn.most, skip=turn.skip)
        flows = flows_by_id(session, (row.flow_id for row in found))
        towns = {row.township_id: town_of(session, row.township_id) for row in found}
        own_town(session)
    if asked_as_workbook():
        return lists.workbook(None, cases_sheet(found, flows, *towns.values()))
    return render_template(
        "cases-mine.html",
        rows=[
            {**as_json(row, flows[row.flow_id], now), "town": towns[row.township_id]}
            for row in found[: board.MOST_MINE]
        ],
        turn=turn,
        read=len(found),
        colour_words=colour_words(),
        local=local,
    )


@blueprint.get("/<int:case_id>/photos/<int:photo_id>.jpg")
def photo(case_id: int, photo_id: int) -> Response:
    """A photo of the case; with ``?small`` its thumbnail."""
    with reading() as session:
        event_id = case_now(session, case_id).event_id
        if photo_id not in {p.id for p in sheets.photos_of(session, event_id)}:
            raise NotFound("There is no such photo.")
        data = photo_bytes(session, photo_id, thumbnail="small" in request.args)
    return Response(data, content_type="image/jpeg", headers={"Cache-Control": "private, no-store"})


def _view(session: Session, case_id: int, words: str | None = None) -> View:
    now = case_now(session, case_id)
    about = sheets.sheet(session, case_id)
    town = town_of(session, now.township_id)
    flow = flow_by_id(session, now.flow_id)
    log = case_log(session, case_id)
    flows, levels = sheets.other_flows(session, now), sheets.higher_levels(now)
    steps = [
        (step, by)
        for step, by in sheets.open_steps(session, now, asker().name)
        # What it requires must be there to be chosen.
        if not ("flow" in step.needs and not flows) and not ("level" in step.needs and not levels)
    ]
    assigns = any(step.means == "assign" for step, _ in steps)
    suggested = assignment.suggest(session, case_id, today(town)) if assigns else []
    place, outside = None, None
    if about.plan_id is not None and about.lon is not None and about.lat is not None:
        try:
            plan = plans.plan_by_id(session, about.plan_id)
            place = in_store(session, town, plan, about.lon, about.lat)
        except NotFound as exc:
            outside = said(exc)
    # The ground's grid is another one where the list of exceptions gives the event away.
    ground = [place.grid.code, *(other.card.code for other in place.others)] if place else []
    near = list(dict.fromkeys(code for code in (about.grid_code, *ground) if code))
    gives = any("owner" in step.needs or step.means == "return" for step, _ in steps)
    owners = [now.owner, *(line.owner for line in log)]
    staff = {o.staff_id for o in owners if o.staff_id} | {s.staff_id for s in suggested}
    codes = {o.grid_code for o in owners if o.grid_code} | {s.grid_code for s in suggested}
    moment, work = datetime.now(UTC), work_time(session, now.township_id)
    clocks = [
        (kept, colour(kept.clock, moment), time_left(kept.clock, left(kept.clock, work, moment)))
        for kept in clocks_of(session, case_id)
    ]
    return View(
        now=now,
        sheet=about,
        time_zone=town.time_zone,
        flow=flow,
        log=log,
        steps_taken=sheets.step_words(session, now.township_id, log),
        grid_names=sheets.grid_names(session, now.township_id, sorted(codes)),
        staff_names=sheets.staff_names(session, sorted(staff)),
        clocks=sorted(
            clocks, key=lambda c: (c[0].clock.stopped_at is not None, not c[0].deadline, c[0].id)
        ),
        called=calls_of_case(session, case_id),
        added=of_case(session, case_id),
        photos=sheets.photos_of(session, now.event_id),
        steps=steps,
        suggested=suggested,
        place=place,
        outside=outside,
        shapes=layer.grids(session, about.plan_id, near) if about.plan_id else [],
        version=data_version(session, about.plan_id) if about.plan_id else "",
        grids=sheets.grids_to_choose(session, now) if gives else [],
        offices=sheets.offices_to_choose(session, now) if gives else [],
        flows=flows,
        joined=related.joined(session, case_id),
        alike=related.alike(session, about, now.township_id, words)
        if any(step.means == "merge" for step, _ in steps)
        else [],
        before=related.before(session, about, now.township_id),
        matters=offered(session, now.township_id, about.reported_at)
        if any("matter" in step.needs for step, _ in steps)
        else [],
        # What it mostly is comes first.
        purposes=sorted(purposes(session), key=lambda p: p.name != "event"),
    )


def _page(
    view: View,
    *,
    said: OpenEvent | None = None,
    purpose: str = "",
    refused: GisgridError | None = None,
) -> Response:
    seen = asked.seq() if refused else None
    problem = problem_of(refused) if refused else None
    html = render_template(
        "case.html",
        view=view,
        now=view.now,
        sheet=view.sheet,
        page=_map(view),
        nonce=nonce(),
        said=said,
        opened_for=next((p for p in view.purposes if p.name == purpose), None),
        problem=problem,
        # What others did since the page was loaded.
        missed=[line for line in view.log if seen is not None and line.seq > seen],
        typed=request.form if refused else {},
        client_id=str(uuid4()),
        levels=[(name, level_words()[name]) for name in sheets.higher_levels(view.now)],
        level_words=level_words(),
        colour_words=colour_words(),
        role_word=role_word,
        short_reasons=SHORT_REASONS,
        reason_words=reason_words,
        in_words=_in_words,
        english=language() == "en",
        case_min=assignment.CASE_MIN,
        local=lambda at: local(at, view.time_zone),
    )
    status = problem.status if problem else 200
    return Response(html, status, headers={"Cache-Control": "private, no-store"})


def _map(view: View) -> page.MapPage | None:
    extent = layer.extent(view.shapes, view.sheet.lon, view.sheet.lat)
    if view.sheet.plan_id is None or extent is None:
        return None
    settings: Settings = current_app.config["SETTINGS"]
    return page.page(
        [streets.layer(LayerScope(view.sheet.plan_id, view.version, request.script_root), gettext)],
        extent,
        assets={name: asset(name) for name in page.SCRIPTS + layer.STYLES},
        town=module("town.js"),
        entry=module("case.js"),
        ui={
            "spot": [view.sheet.lon, view.sheet.lat] if view.sheet.lon is not None else None,
            "own": view.sheet.grid_code,
            "grids": view.shapes,
            "reports": [[r.lon, r.lat, r.code] for r in view.joined if r.lon is not None],
            "words": map_words(),
        },
        basemap=page.Basemap(settings.basemap_url, settings.basemap_credit)
        if settings.basemap_url
        else None,
        styles=layer.STYLES,
    )


def _again(case_id: int, refused: GisgridError) -> Response:
    """The page as the case is now, with why nothing was done, and what was typed."""
    with reading() as session:
        return _page(_view(session, case_id), refused=refused)


def _as(session: Session, now: CaseNow, name: str) -> CaseActor:
    """As whom the asker may take a step here; without one the step itself is refused by its rule."""
    every = sheets.open_steps(session, now, asker().name)
    return next((by for step, by in every if step.name == name), CaseActor(asker().name, ()))


def _in_words(named: Any) -> str:
    """A state, step, clock or flow in the reader's language."""
    word = worded(named)
    return word[:1].upper() + word[1:]
