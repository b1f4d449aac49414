"""Work of seconds that a page waits for: all checks, a proposal shown or taken over, a large town's plan published.

Ordered and told like a rebalancing (`jobs`), but done by the worker itself, which keeps the editors of
scenarios at hand; one at a time for each scenario, beside the computations of the queue. A job that is
cancelled stops at its next step.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
import shapely
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gisgrid.core import plans
from gisgrid.core.errors import GisgridError, Invalid
from gisgrid.core.messages import kept, message, packed
from gisgrid.core.plans import PlanInfo, TownshipInfo, plan_by_id
from gisgrid.db.store import transaction
from gisgrid.jobs import balancing, pictures, taking
from gisgrid.jobs.names import BROKE_OFF, QUEUE, QUICK
from gisgrid.planning.checks.checks import Tell, run_checks
from gisgrid.planning.checks.findings import CheckResult, Finding
from gisgrid.planning.checks.shapes import Ground
from gisgrid.planning.editor import moves
from gisgrid.planning.editor.editor import Editor, flows, with_grids
from gisgrid.planning.editor.editors import Editors
from gisgrid.planning.editor.mending import stray_grids
from gisgrid.planning.editor.refusals import refuse
from gisgrid.planning.editor.scenarios import scenario
from gisgrid.planning.review import review
from gisgrid.planning.snapshot.fetch import limits_of

log = logging.getLogger(__name__)

MOST_HOUSES = 2_000
"""So many houses of a proposal are taken over at once; more are work for a job."""
MOST_FINDINGS = 20
"""Findings of a check that are told with their words; their number is always told."""

MOST_POINTS = 500
"""Houses of a finding that are told with their places; their number is always told."""


class Left(Exception):
    """The job was cancelled."""


@dataclass(frozen=True)
class Work:
    """A job that was begun."""

    engine: Engine
    editors: Editors
    plan_id: int
    options: Mapping[str, Any]
    who: str
    tell: Tell
    """Raises `Left` if the job was cancelled."""


def is_long(found: balancing.JobInfo, chosen: Sequence[int] | None) -> bool:
    """Whether some moves of a proposal, None: all, are so much that no page should wait for them."""
    result = found.result or {}
    every = result.get("moves", ())
    taken = every if chosen is None else [every[k] for k in chosen if 0 <= k < len(every)]
    return bool(result.get("drawn")) or sum(len(m["houses"]) for m in taken) > MOST_HOUSES


def order(
    session: Session, plan: PlanInfo, kind: str, options: Mapping[str, Any], *, who: str
) -> int:
    """Have one of ``KINDS`` done for a page; the number of the job. Invalid if there is no such kind."""
    if kind not in KINDS:
        raise Invalid("There is no work {kind!r}.", kind=kind)
    job_id = balancing.insert(session, plan, kind, options, who=who)
    balancing.queue(session, QUICK, QUEUE, lock=f"{QUICK}-{plan.id}", job_id=job_id)
    return job_id


def run(engine: Engine, editors: Editors, job_id: int) -> None:
    """Do a job and write what came of it, unless it was cancelled meanwhile."""

    def tell(done: int, total: int | None, doing: str) -> None:
        with transaction(engine) as session:
            told = {"id": job_id, "done": done, "total": total, "doing": doing}
            if session.scalar(text(_TELL), told) is None:
                raise Left

    with transaction(engine) as session:
        begun = session.execute(text(_BEGIN), {"id": job_id}).one_or_none()
    if begun is None:
        return
    end: dict[str, Any] = {"state": "done", "result": None, "failed": None}
    try:
        tell(0, None, "reading")
        work = Work(engine, editors, begun.plan_id, begun.options, begun.who, tell)
        found = KINDS[begun.kind](work)
        end["result"] = json.dumps(found, ensure_ascii=False)
    except Left:
        return
    except GisgridError as exc:
        end |= {"state": "failed", "failed": packed(exc.said)}
        end["result"] = json.dumps({"place": exc.facts.get("place")})
    except DBAPIError:
        raise
    except Exception:
        log.exception("job %s broke off", job_id)
        end |= {"state": "failed", "failed": packed(message(BROKE_OFF))}
    with transaction(engine) as session:
        session.execute(text(_END), {"id": job_id, **end})


def _check(work: Work) -> dict[str, Any]:
    """All checks of a scenario, and which of them keep it from being published."""
    with transaction(work.engine, read_only=True) as session:
        place, plan, version, editor = _at(session, work)
        limits = limits_of(session, place.id)
        ground = Ground(editor.state, limits, editor.walk.streets)
        results = run_checks(editor.state, limits, progress=work.tell, ground=ground)
        blocking = {r.name for r in review.worse(session, place, plan, editor.state, results)}
        return {
            "version": version,
            "checks": [check_as_json(r, editor, blocking=r.name in blocking) for r in results],
        }


def check_as_json(found: CheckResult, editor: Editor, *, blocking: bool) -> dict[str, Any]:
    """A check's answer as it is kept."""
    shown = found.findings[:MOST_FINDINGS]
    asked = {code for each in shown for code in each.houses}
    houses = editor.state.houses
    at = {
        code: spot
        for code, spot in zip(houses.code.tolist(), houses.lonlat.tolist(), strict=True)
        if code in asked
    }
    return {
        "name": found.name,
        "title": kept(found.title),
        "status": found.status,
        "places": len(found.findings),
        "blocking": blocking,
        "findings": [_told(found.name, f, editor, at) for f in shown],
    }


def _told(
    check: str, found: Finding, editor: Editor, at: Mapping[str, list[float]]
) -> dict[str, Any]:
    """A finding with the places of its houses, which a page shows without their codes."""
    spot = None if found.place.is_empty else found.place.representative_point()
    placed = np.array([at[code] for code in found.houses]).reshape(-1, 2)
    return {
        "text": kept(found.said),
        "fix": found.fix and kept(found.fix.said),
        "residents": found.residents,
        "place": spot and [round(spot.x, 7), round(spot.y, 7)],
        "houses": len(found.houses),
        "points": pictures.spots(placed[np.isfinite(placed).all(axis=1)][:MOST_POINTS]),
        "stray": stray_grids(editor.state, found.grids) if check == "outside" else [],
    }


def _show(work: Work) -> dict[str, Any]:
    """What taking a proposal over would change, without keeping it."""
    with transaction(work.engine, read_only=True) as session:
        _, _, version, before = here = _at(session, work)
        refused = None
        after = _after(session, work, here)
        work.tell(2, 3, "looking at the result")
        try:
            refuse(before, after, moves.locks_of(session, work.plan_id))
        except GisgridError as exc:
            refused = {"text": kept(exc.said), "place": exc.facts.get("place")}
    return {"version": version, **shown(before, after), "refused": refused}


def shown(before: Editor, after: Editor) -> dict[str, Any]:
    """What is other in one editor than in another: grids before and after, and who moves."""
    was = {n.code: n for n in before.numbers}
    flown = flows(before, after)
    touched = {code for f in flown for code in (f.from_grid, f.to_grid) if code}
    rows = [
        k for k, code in enumerate(after.state.grids.code)
        if code in touched or _other_ground(before, after, k)
    ]  # fmt: skip
    shapes = shapely.to_geojson(after.state.grids.lonlat[rows])
    return {
        "grids": [
            {
                **asdict(after.numbers[k]),
                "before": asdict(was[code]) if (code := after.state.grids.code[k]) in was else None,
                "geometry": json.loads(shape),
            }
            for k, shape in zip(rows, shapes, strict=True)
        ],
        "gone": [code for code in before.row_of if code not in after.row_of],
        "flows": [{**asdict(f), "houses": len(f.houses)} for f in flown],
    }


def _other_ground(before: Editor, after: Editor, row: int) -> bool:
    was = before.row_of.get(after.state.grids.code[row])
    if was is None:
        return True
    one, two = before.state.grids.lonlat[was], after.state.grids.lonlat[row]
    return one is not two and not shapely.equals_identical(one, two)


def _take(work: Work) -> dict[str, Any]:
    """Take a proposal over, in one transaction."""
    with transaction(work.engine) as session:
        _, plan, _, before = here = _at(session, work)
        after = _after(session, work, here)
        work.tell(2, 3, "writing")
        now = moves.record(
            session, plan, int(work.options["version"]), before, after,
            action="take_back" if work.options.get("back") else "rebalance", who=work.who,
            why=str(work.options.get("why") or ""), attached=False,
        )  # fmt: skip
        balancing.order_completion(session, plan)
        work.editors.keep(plan, now, after)
        # Whoever cancels until here finds everything as it was.
        work.tell(3, 3, "writing")
    return {"version": now}


def _publish(work: Work) -> dict[str, Any]:
    """Put a plan in force from a day on, in one transaction: a large town is read and attached anew."""
    with transaction(work.engine) as session:
        plan = plan_by_id(session, work.plan_id)
        place = plans.township_by_id(session, plan.township_id)
        first_day = date.fromisoformat(work.options["from"])
        review.publish(session, place, plan, first_day, who=work.who)
        # Whoever cancels until here finds everything as it was.
        work.tell(1, 1, "writing")
    return {"from": first_day.isoformat()}


def _at(session: Session, work: Work) -> tuple[TownshipInfo, PlanInfo, int, Editor]:
    plan = plan_by_id(session, work.plan_id)
    place = plans.township_by_id(session, plan.township_id)
    version = scenario(session, plan.id).version
    return place, plan, version, work.editors.at(session, place, plan, version)


def _after(
    session: Session, work: Work, here: tuple[TownshipInfo, PlanInfo, int, Editor]
) -> Editor:
    """The scenario with the proposal of the job's options, or some moves of it."""
    _, plan, version, before = here
    work.tell(0, 3, "drawing")
    number, chosen = int(work.options["job"]), work.options.get("moves")
    back = bool(work.options.get("back"))

    def make() -> Editor:
        found = balancing.job(session, number)
        ground = taking.ground_before(session, plan, before, found, chosen) if back else None
        grids = balancing.accepted(before, found, chosen, version=version, back=back, ground=ground)
        work.tell(1, 3, "counting")
        return with_grids(before, grids)

    change = (version, number, None if chosen is None else tuple(chosen), back)
    return work.editors.after(plan, before, change=change, make=make)


KINDS: dict[str, Callable[[Work], dict[str, Any]]] = {
    "check": _check, "show": _show, "take": _take, "publish": _publish,
}  # fmt: skip

_BEGIN = """
UPDATE job SET state = 'running', attempts = attempts + 1
WHERE id = :id AND state IN ('waiting', 'running') RETURNING plan_id, kind, options, who
"""

_TELL = """
UPDATE job SET done = :done, total = :total, doing = :doing
WHERE id = :id AND state = 'running' RETURNING id
"""

_END = """
UPDATE job SET state = :state, ended_at = now(), result = CAST(:result AS jsonb), failed = :failed
WHERE id = :id AND state = 'running'
"""
