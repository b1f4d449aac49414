"""``/``: what waits today for whoever has logged in; the public's start for everybody else."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from shutil import disk_usage
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.cases import today as cases_today
from gisgrid.cases.figures import Figures
from gisgrid.core import plans
from gisgrid.core.errors import NotFound
from gisgrid.core.plans import PlanInfo, TownshipInfo
from gisgrid.core.scope import scope
from gisgrid.people import home
from gisgrid.people.learning import reading as learning
from gisgrid.planning.checks.checks import run_checks
from gisgrid.planning.checks.shortage import CHECKS, shortage_of
from gisgrid.planning.overview.today import on_their_way
from gisgrid.planning.snapshot.fetch import limits_of, teams_renewed, today
from web.editor.store import at_hand, planning
from web.http.db import reading
from web.http.language import language, said
from web.http.permissions import asker, may_ask
from web.http.towns import link_for, own_town
from web.today import cards, collection_cards, office_cards
from web.today.cards import Card, CardLine

blueprint = Blueprint("today", __name__)

HEAVIEST = 5


@dataclass(frozen=True)
class Chart:
    """Bars by name, each with its number; the page draws them and writes the table beside."""

    key: str
    title: str
    bars: list[tuple[str, int]]


@blueprint.get("/")
def show() -> BaseResponse:
    """Today, or the start; an address of the map as it was kept before leads to the map."""
    if request.args.keys() & {"plan", "as_of"}:
        return redirect(f"{url_for('maps.show')}?{urlencode(request.args)}", 302)
    if not asker():
        return _start()
    return _today()


def _start() -> Response:
    """What everybody may do here, and what is new about the plan."""
    with reading() as session:
        place = own_town(session)
        every = plans.plans(session, place.id) if place else []
    html = render_template(
        "start.html",
        place=place,
        now=next((p for p in every if p.in_force == "now"), None),
        later=[p for p in every if p.in_force == "later"],
    )
    return Response(html, headers={"Cache-Control": "private, no-cache"})


def _today() -> Response:
    now = datetime.now(UTC)
    rights = asker().rights
    with reading() as session:
        place = own_town(session)
        posts = home.places(session, asker().account_id or 0)
        # Who has a grid works in it; who has an area looks over what happens in it.
        looks_over = any(not post.grid_code and "see_events" in post.rights for post in posts)
        found: list[Card] = []
        if "handle_events" in rights:
            found += [cards.calls(session), cards.own_cases(session, now)]
            if (team := cards.team(session, now)) is not None:
                found.append(team)
        charts: list[Chart] = []
        months = None
        if place is not None:
            plan = _plan(session, place)
            if looks_over:
                counted = cases_today.cases_now(session, place.id, now)
                found += [
                    cards.emergencies(session, place, switches=may_ask("dispatch.emergency")),
                    *cards.town_cases(
                        session,
                        place,
                        now,
                        counted,
                        sends="dispatch" in rights,
                        roles=[post.role for post in posts],
                    ),
                ]
                months = cases_today.months(session, place.id, today(place), now)
                charts = _charts(session, place, counted)
                if not rights & {"plan", "review"}:
                    found += cards.plans_to_come(session, place)
            if "see_register" in rights and plan is not None:
                found += cards.register(session, place, plan.id, today(place), rights)
            found += collection_cards.collections(session, place, rights)
            if learning.is_staff(session):
                found.append(cards.documents(session, place, today(place)))
            if "keep_matters" in rights:
                found += cards.community_rules(session, place)
            found += office_cards.office(session, place, now, rights)
        if "audit" in rights:
            found += office_cards.audit(session, now)
        if "administer" in rights:
            found += [office_cards.accounts(session), *_machine()]
    if rights & {"plan", "review"}:
        found[2:2] = _plans(place, rights)
    html = render_template(
        "today.html",
        place=place,
        posts=posts,
        cards=_urgent_first(found),
        charts=charts,
        months=months,
        works=bool(posts) and any(post.role != "resident" for post in posts),
        rate=_rate,
    )
    return Response(html, headers={"Cache-Control": "private, no-store"})


def _charts(session: Session, place: TownshipInfo, counted: cases_today.CasesNow) -> list[Chart]:
    weeks = cases_today.reported_by_week(session, place.id, today(place))
    english = language() == "en"
    by_community = [
        ((english and name_en) or name, n)
        for name, name_en, n in cases_today.open_by_community(session, place.id)[:12]
    ]
    a, b, c = cases_today.AGES_DAYS
    spans = [
        gettext("up to %(n)s days", n=a),
        gettext("%(n)s to %(m)s days", n=a, m=b),
        gettext("%(n)s to %(m)s days", n=b, m=c),
        gettext("more than %(n)s days", n=c),
    ]
    return [
        Chart(
            "weeks", gettext("Reported in each week, from"), [(f"{d:%m-%d}", n) for d, n in weeks]
        ),
        Chart("communities", gettext("Open cases by community"), by_community),
        Chart("ages", gettext("Open cases by age"), list(zip(spans, counted.ages, strict=True))),
    ]


def _plans(place: TownshipInfo | None, rights: frozenset[str]) -> list[Card]:
    """Plans of every township where the asker draws or reviews; people and work of the one at hand."""
    found: list[Card] = []
    with planning(read_only=True) as session:
        draws, reviews = scope(session, "plan").townships, scope(session, "review").townships
        waiting = on_their_way(session, sorted(draws | reviews))
        found += cards.plans(waiting, draws=bool(draws), reviews=bool(reviews))
        plan = _plan(session, place) if place and place.id in draws | reviews else None
        if place is not None and plan is not None:
            found += _people_and_work(session, place, plan, draws=place.id in draws)
    return found


def _people_and_work(
    session: Session, place: TownshipInfo, plan: PlanInfo, *, draws: bool
) -> list[Card]:
    # What the editor shows, too: a large town takes a second to read, and teams change all day long.
    editor = at_hand(session, plan.id, "plan", "review")[-1]
    state = teams_renewed(session, place, editor.state)
    found = shortage_of(state, plan, run_checks(state, limits_of(session, place.id), only=CHECKS))
    lacking = found.lacking
    above = sorted(
        (g for g in editor.numbers if (g.deviation or 0.0) > 0), key=lambda g: -(g.deviation or 0.0)
    )
    return [
        Card(
            "lacking", gettext("Staffing gaps"), gettext("not known") if found.missing else len(lacking),
            link_for("shortage.show"),
            (CardLine(said(found.missing)),) if found.missing
            else tuple(CardLine(g.name, link_for("shortage.show"), g.community) for g in lacking[: cards.FIRST]),
            "yellow" if lacking or found.missing else "", gettext("See what they lack"), gettext("Every grid has its people."),
        ),
        Card(
            "heaviest", gettext("Grids above their community's mean"),
            len(above), link_for("editor.index"),
            tuple(
                CardLine(g.name, f"{link_for('maps.show')}#grid={g.code}", f"{100 * (g.deviation or 0.0):+.0f} %")
                for g in above[:HEAVIEST]
            ),
            "", gettext("Balance them") if draws else gettext("See the plans"), gettext("The work is even."),
        ),
    ]  # fmt: skip


def _machine() -> list[Card]:
    """The room left on the disk of the store, and which version runs."""
    free, whole = _room(current_app.config["SETTINGS"].home)
    try:
        running = version("gisgrid")
    except PackageNotFoundError:
        running = "—"
    return [
        Card(
            "disk", gettext("Room left on the disk"), f"{100 * free / whole:.0f} %", None,
            (CardLine(f"{free / 1e9:.0f} GB / {whole / 1e9:.0f} GB"),), "red" if free < whole / 20 else "",
        ),
        Card("version", gettext("Version"), running),
    ]  # fmt: skip


def _room(home: Path) -> tuple[int, int]:
    """Free and all bytes of the disk of the store's folder; before the first start that of what stands above it."""
    for folder in (home, *home.parents):
        with suppress(OSError):
            room = disk_usage(folder)
            return room.free, room.total
    return 0, 1


def _plan(session: Session, place: TownshipInfo) -> PlanInfo | None:
    try:
        return plans.plan_in_force(session, place.id)
    except NotFound:
        return None


def _urgent_first(found: list[Card]) -> list[Card]:
    """Red before yellow before the rest, what waits before what does not; else as they came."""
    rank = {"red": 0, "yellow": 1}
    return sorted(found, key=lambda card: (rank.get(card.tone, 2), card.number == 0))


def _rate(figures: Figures | None) -> str:
    rate = figures.in_time_rate if figures else None
    return "—" if rate is None else f"{100 * rate:.0f} %"
