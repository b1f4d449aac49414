"""Scenarios: plans in the making, drawn from the newest published plan or from each other."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.balance.walking import StreetNetwork, Walk
from gisgrid.core.errors import Conflict, Invalid, NotFound
from gisgrid.core.plans import PlanInfo, TownshipInfo, newest_plan, plan_by_id, refuse_outdated
from gisgrid.planning.attach.attach import attach
from gisgrid.planning.editor.combining import combine
from gisgrid.planning.editor.editor import Editor, editor_of, with_grids
from gisgrid.planning.snapshot.fetch import plan_grids, plan_state, street_lines, today
from gisgrid.planning.snapshot.snapshot import Grids
from gisgrid.planning.workload.weighing import plan_weighing

EDITABLE = ("draft", "returned")
NAME_LENGTH = 80
CHANNEL = "scenario_changed"
"""On which the store tells the number of a plan whose version has changed."""
WANTED = "scenario_wanted"
"""On which a page tells all processes which plan it leads to, and who asked for the page."""


@dataclass(frozen=True)
class Scenario:
    """A plan with what its drawing needs."""

    plan: PlanInfo
    version: int
    branched_from: str | None
    based_on: str | None
    stale: bool
    """The plan it was drawn from is no longer the newest one."""
    who: str
    note: str
    created_at: datetime
    moves: int


def scenarios(session: Session, township_id: int) -> list[Scenario]:
    """All plans of a township that are not published, oldest first."""
    rows = session.execute(
        text(_SCENARIO + " WHERE p.township_id = :t AND p.validity IS NULL ORDER BY p.id"),
        {"t": township_id},
    )
    return [_scenario(session, row._mapping) for row in rows]


def scenario(session: Session, plan_id: int) -> Scenario:
    """A plan by its number, in whatever state; NotFound if there is none."""
    row = session.execute(text(_SCENARIO + " WHERE p.id = :p"), {"p": plan_id}).one_or_none()
    if row is None:
        raise NotFound("There is no plan {plan_id}.", plan_id=plan_id)
    return _scenario(session, row._mapping)


def branch(
    session: Session,
    source: PlanInfo,
    *,
    name: str,
    who: str,
    note: str = "",
    attached: bool = True,
) -> PlanInfo:
    """A draft with the grids of another plan.

    From a published plan the draft is based on it; from another scenario it is based on what that
    one is based on, so a copy of a copy is still known to be outdated when a new plan is published.

    Parameters
    ----------
    attached
        Attach everything to it at once; else whoever calls has it completed (`jobs.order_completion`).
        The editor asks the polygons and needs none of it.

    Raises
    ------
    Conflict
        The source was published and has been followed by another, or the name is taken.
    StalePlan
        The source is a scenario drawn from a plan that is no longer the newest.
    Invalid
        The name is empty or too long.
    """
    newest = newest_plan(session, source.township_id)
    if source.in_force and newest and newest.id != source.id:
        raise Conflict(
            "Plan {source!r} is followed by {newest!r}; draw from that one.",
            source=source.name,
            newest=newest.name,
            plan_id=newest.id,
        )
    if not source.in_force:
        refuse_stale(session, source)
    name = free_scenario_name(session, source.township_id, name)
    plan_id = session.scalar(
        text(
            "INSERT INTO plan (township_id, name, based_on_id, branched_from_id, who, note) "
            "VALUES (:t, :name, :base, :source, :who, :note) RETURNING id"
        ),
        {
            "t": source.township_id,
            "name": name,
            "base": source.id if source.in_force else source.based_on_id,
            "source": None if source.in_force else source.id,
            "who": who,
            "note": note.strip(),
        },
    )
    assert isinstance(plan_id, int)  # noqa: S101 - narrows the type
    session.execute(
        text(
            "INSERT INTO grid (plan_id, code, name, kind, community_id, host, geom) "
            "SELECT :new, code, name, kind, community_id, host, geom FROM grid WHERE plan_id = :old"
        ),
        {"new": plan_id, "old": source.id},
    )
    if attached:
        attach(session, plan_id, "house")
        attach(session, plan_id, "event")
    return plan_by_id(session, plan_id)


def rename(session: Session, plan: PlanInfo, name: str) -> PlanInfo:
    """The scenario under another name; Conflict if that is taken or the plan has been published."""
    _refuse_dated(plan)
    name = free_scenario_name(session, plan.township_id, name)
    session.execute(
        text("UPDATE plan SET name = :name WHERE id = :p"), {"name": name, "p": plan.id}
    )
    return plan_by_id(session, plan.id)


def discard(session: Session, plan: PlanInfo) -> None:
    """Remove a scenario with its log; Conflict if it is in review or further, or was published."""
    refuse_fixed(plan)
    session.execute(text("DELETE FROM plan WHERE id = :p"), {"p": plan.id})


def refuse_fixed(plan: PlanInfo) -> None:
    """Conflict unless the plan may be edited."""
    if plan.state not in EDITABLE:
        raise Conflict(
            "Plan {plan!r} is {state}; only a draft or a returned plan can be edited. Branch it to go on "
            "drawing.",
            plan=plan.name,
            state=plan.state,
        )


def refuse_stale(session: Session, plan: PlanInfo) -> None:
    """StalePlan if the newest published plan is not the one that a plan was drawn from."""
    newest = newest_plan(session, plan.township_id)
    if newest is not None:
        refuse_outdated(plan, newest)


def combined(
    session: Session, place: TownshipInfo, plan: PlanInfo, other: PlanInfo
) -> Callable[[Editor], Grids]:
    """The edit that brings what another scenario changed into this one.

    Raises
    ------
    Conflict
        The two were not drawn from the same plan.
    """
    if plan.based_on_id is None or other.based_on_id != plan.based_on_id:
        raise Conflict(
            "{plan!r} and {other!r} were not drawn from the same plan.",
            plan=plan.name,
            other=other.name,
        )
    base = plan_grids(session, place, plan_by_id(session, plan.based_on_id))
    theirs = plan_grids(session, place, other)
    return lambda editor: combine(editor, base, theirs)


def free_scenario_name(session: Session, township_id: int, name: str) -> str:
    """A name with single spaces; Invalid if it is empty or too long, Conflict if it is taken."""
    name = " ".join(name.split())
    if not 0 < len(name) <= NAME_LENGTH:
        raise Invalid(
            "A scenario needs a name of 1 to {name_length} letters.", name_length=NAME_LENGTH
        )
    if session.scalar(
        text("SELECT EXISTS (SELECT FROM plan WHERE township_id = :t AND name = :n)"),
        {"t": township_id, "n": name},
    ):
        raise Conflict("There is a plan {name!r} already.", name=name)
    return name


def base_editor(
    session: Session, place: TownshipInfo, plan: PlanInfo, before: PlanInfo | None = None
) -> Editor:
    """The editor of the plan that a scenario was drawn from; its own where there is none.

    The work is counted as the scenario's is, so that the two can be compared.

    Parameters
    ----------
    before
        Another plan of the township to compare the scenario with.
    """
    if before is None:
        before = plan if plan.based_on_id is None else plan_by_id(session, plan.based_on_id)
    weighing = plan_weighing(session, plan)
    lines = street_lines(session, place) if weighing.by_street else None
    # The streets are put together while the store counts people.
    with ThreadPoolExecutor(1) as beside:
        streets = beside.submit(StreetNetwork.of, lines) if lines is not None else None
        state = plan_state(session, place, before, today(place))
        walk = Walk(streets.result() if streets else None, weighing.weights.detour)
    return editor_of(state, weighing.weights, walk)


def scenario_editor(
    session: Session, place: TownshipInfo, plan: PlanInfo, base: Editor | None = None
) -> Editor:
    """The editor with a scenario on it.

    Parameters
    ----------
    base
        Of an earlier `base_editor` of the same base; houses and people are then not read again, and
        the work is counted as there.
    """
    base = base or base_editor(session, place, plan)
    return with_grids(base, plan_grids(session, place, plan))


def more_houses_than(session: Session, place: TownshipInfo, n: int) -> bool:
    """Whether a township has more than ``n`` houses, without counting them all."""
    return bool(
        session.scalar(
            text("SELECT EXISTS (SELECT FROM house WHERE township_id = :t OFFSET :n)"),
            {"t": place.id, "n": n},
        )
    )


def tell_wanted(session: Session, plan: PlanInfo, account_id: int | None) -> None:
    """Tell every process that an account is about to ask for a plan, once the transaction ends."""
    told = json.dumps({"plan": plan.id, "account": account_id})
    session.execute(text("SELECT pg_notify(:channel, :told)"), {"channel": WANTED, "told": told})


def newest_rows(session: Session) -> tuple[int, ...]:
    """What changes whenever loads, weights or settings do: an editor read under another is out of date."""
    return tuple(session.scalars(text("SELECT unnest(newest_rows())")))


def newest_entries(session: Session) -> tuple[int, ...]:
    """What changes with every entry of the register, visit, team or training.

    Single reports are left out: an editor takes them in with its next reading.
    """
    return tuple(session.scalars(text("SELECT unnest(newest_entries())")))


def house_code(session: Session, place: TownshipInfo, house_id: int) -> str | None:
    """Code of a house of the township by its row number; None: it has none of that number."""
    code: str | None = session.scalar(
        text("SELECT code FROM house WHERE id = :id AND township_id = :t"),
        {"id": house_id, "t": place.id},
    )
    return code


def _refuse_dated(plan: PlanInfo) -> None:
    if plan.in_force:
        raise Conflict(
            "Plan {plan!r} is {state}; its name stands in the records.",
            plan=plan.name,
            state=plan.state,
        )


def _scenario(session: Session, row: object) -> Scenario:
    facts = dict(row)  # type: ignore[call-overload]
    return Scenario(plan=plan_by_id(session, facts.pop("id")), **facts)


_SCENARIO = """
SELECT p.id, p.version, f.name AS branched_from, b.name AS based_on,
       p.validity IS NULL AND p.based_on_id IS NOT NULL AND p.based_on_id IS DISTINCT FROM (
           SELECT n.id FROM plan n WHERE n.township_id = p.township_id AND n.validity IS NOT NULL
           ORDER BY lower(n.validity) DESC LIMIT 1) AS stale,
       p.who, p.note, p.created_at,
       (SELECT count(*) FROM scenario_move m WHERE m.plan_id = p.id AND m.standing = 'done') AS moves
FROM plan p LEFT JOIN plan b ON b.id = p.based_on_id LEFT JOIN plan f ON f.id = p.branched_from_id
"""
