"""What a rebalancing computes, and how it is kept: the inside of the process that a job gets."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np
import shapely
from sqlalchemy import Engine, create_engine, text

from gisgrid.core import plans
from gisgrid.core.errors import GisgridError
from gisgrid.core.messages import kept, packed
from gisgrid.core.plans import plan_by_id
from gisgrid.db.store import transaction
from gisgrid.jobs import pictures
from gisgrid.planning.balancing.from_scratch import drawn
from gisgrid.planning.balancing.inputs import balance_inputs, rebalance_plan
from gisgrid.planning.balancing.options import BalanceOptions
from gisgrid.planning.balancing.rebalance import Proposal
from gisgrid.planning.editor.drawn import drawn_notes
from gisgrid.planning.editor.mending import stray_grids
from gisgrid.planning.editor.scenarios import scenario
from gisgrid.planning.workload.workload import event_days


def compute(url: str, job_id: int, attempt: int) -> None:
    """Do a job and write what came of it, unless it was cancelled or begun anew meanwhile."""
    engine = create_engine(url)

    def tell(done: int, total: int | None, doing: str) -> None:
        with transaction(engine) as session:
            session.execute(
                text(_TELL),
                {"done": done, "total": total, "doing": doing, "id": job_id, "attempt": attempt},
            )

    try:
        tell(0, 4, "reading")
        with transaction(engine, read_only=True) as session:
            row = session.execute(
                text("SELECT plan_id, options FROM job WHERE id = :id"), {"id": job_id}
            ).one()
            plan = plan_by_id(session, row.plan_id)
            place = plans.township_by_id(session, plan.township_id)
            inputs = balance_inputs(session, place, plan, BalanceOptions.of(row.options))
            version = scenario(session, plan.id).version
        found = rebalance_plan(inputs, progress=tell)
        from_scratch = inputs.options.drawn_from_scratch
        grids = drawn(place, found, first=inputs.first) if from_scratch else []
        ground = {} if from_scratch else new_ground(found)
        result = proposal_as_json(found) | {
            "drawn": grids,
            "ground": ground,
            "version": version,
            "made_for": inputs.state.grids.ground_key,
        }
        _end(engine, job_id, attempt, "done", result=result)
    except GisgridError as exc:
        _end(engine, job_id, attempt, "failed", failed=packed(exc.said))
    finally:
        engine.dispose()


def new_ground(found: Proposal) -> dict[str, str]:
    """The polygons that a proposal draws anew, by code, as WKB in hexadecimal."""
    before = found.task.state.grids
    other = np.flatnonzero(~shapely.equals_identical(before.lonlat, found.lonlat))
    wkb = shapely.to_wkb(found.lonlat[other], hex=True)
    return dict(zip(before.code[other].tolist(), wkb.tolist(), strict=True))


def proposal_as_json(found: Proposal) -> dict[str, Any]:
    """A proposal as it is kept: who moves, the grids before and after, what was reached.

    All figures are counted under the drawn plan.
    """
    result = found.result
    days = event_days(found.task.state, found.task.weights)
    houses = found.task.state.houses
    row_of = {code: k for k, code in enumerate(houses.code.tolist())}
    return {
        "moves": [
            {
                "from_grid": m.from_grid,
                "to_grid": m.to_grid,
                "community": m.community,
                "houses": list(m.houses),
                "households": m.households,
                "residents": m.residents,
                "minutes": m.minutes,
                "ground": None if m.ground.is_empty else pictures.drawn(m.ground),
                "points": pictures.spots(houses.lonlat[[row_of[code] for code in m.houses]]),
            }
            for m in found.moves
        ],
        "grids": [asdict(g) for g in found.grids],
        "level": found.task.options.levelled,
        "tolerance": found.task.options.tolerance,
        "max_deviation": result.max_deviation,
        "rounds": found.settled.rounds,
        "moved_cost": result.moved_cost,
        "bound": result.bound,
        "houses_moved": found.houses_moved,
        "residents_moved": found.residents_moved,
        "compactness": result.compactness,
        "reasons": [kept(said) for said in found.reasons],
        "notes": [
            *([kept(days.said)] if found.task.options.levelled == "work" else []),
            *(kept(said) for said in drawn_notes(found.settled.drawn)),
        ],
        "left_out": [
            {
                "community": left.community,
                "said": kept(left.said),
                "grids": stray_grids(found.task.state, left.grids)
                if left.cause == "across"
                else [],
            }
            for left in found.task.left_out
        ],
        "faults": [r.name for r in found.faults],
    }


def _end(engine: Engine, job_id: int, attempt: int, state: str, **values: Any) -> None:
    result = values.get("result")
    with transaction(engine) as session:
        session.execute(
            text(_END),
            {
                "id": job_id,
                "attempt": attempt,
                "state": state,
                "result": None if result is None else json.dumps(result, ensure_ascii=False),
                "failed": values.get("failed"),
            },
        )


_TELL = """
UPDATE job SET done = :done, total = :total, doing = :doing
WHERE id = :id AND attempts = :attempt
"""

_END = """
UPDATE job SET state = :state, ended_at = now(), result = CAST(:result AS jsonb),
    failed = :failed
WHERE id = :id AND state = 'running' AND attempts = :attempt
"""
