"""Rebalancing in the background: it ends, is cancelled, and is taken over whole or in part."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import Engine, text

from gisgrid.core.errors import Conflict, Invalid
from gisgrid.core.messages import unpacked
from gisgrid.core.plans import PlanInfo, TownshipInfo, plan_in_force, township
from gisgrid.db.store import transaction
from gisgrid.jobs import balancing, names, taking, worker
from gisgrid.planning.balancing.options import BalanceOptions
from gisgrid.planning.editor import moves, scenarios
from gisgrid.planning.editor.editor import changed_codes, flows, numbers, with_grids
from gisgrid.planning.editor.refusals import ScenarioLocks, refuse
from tests.support.database import own_database
from tests.support.waiting import eventually


@pytest.fixture(scope="module")
def town_of_its_own(cluster, town_template) -> Iterator[Engine]:
    with own_database(cluster, town_template, "town_jobs") as engine:
        yield engine


@pytest.fixture
def draft(town_of_its_own: Engine) -> Iterator[tuple[Engine, TownshipInfo, PlanInfo]]:
    engine = town_of_its_own
    with transaction(engine) as session:
        place = township(session)
        made = scenarios.branch(session, plan_in_force(session, place.id), name="草案", who="甲")
    yield engine, place, made
    with transaction(engine) as session:
        session.execute(text("DELETE FROM plan WHERE id = :p"), {"p": made.id})


def ordered(engine: Engine, plan: PlanInfo) -> int:
    with transaction(engine) as session:
        return balancing.order_rebalance(session, plan, BalanceOptions(tolerance=0.02), who="甲")


def test_a_rebalancing_is_ordered_done_and_taken_over(draft):
    engine, place, plan = draft
    job_id = ordered(engine, plan)
    with transaction(engine) as session, pytest.raises(Conflict, match="already"):
        balancing.order_rebalance(session, plan, BalanceOptions(), who="乙")
    worker.work(engine, once=True)
    with transaction(engine) as session:
        found = balancing.job(session, job_id)
        assert found.state == "done", found.failed
        assert found.result is not None and found.result["moves"]
        editor = scenarios.scenario_editor(session, place, plan)
        worst = max(abs(n.deviation) for n in numbers(editor) if n.deviation is not None)
        one = with_grids(editor, balancing.accepted(editor, found, [0]))
        refuse(editor, one, ScenarioLocks())
        (first,) = {(f.from_grid, f.to_grid) for f in flows(editor, one)}
        move = found.result["moves"][0]
        assert first == (move["from_grid"], move["to_grid"])
        # A page draws its houses where they stand; it tells which moves there are, and gives each back.
        stand = dict(
            zip(editor.state.houses.code, editor.state.houses.lonlat.tolist(), strict=True)
        )
        drawn = np.array([stand[h] for h in move["houses"]])
        assert np.array(move["points"]) == pytest.approx(drawn, abs=6e-7)
        assert taking.taken(editor, found) == [] and taking.taken(one, found) == [0]
        back = with_grids(one, balancing.accepted(one, found, [0], back=True))
        assert taking.taken(back, found) == [] and flows(editor, back) == []
        with pytest.raises(Invalid, match="no such move"):
            balancing.accepted(editor, found, [len(found.result["moves"])])
        after = with_grids(editor, balancing.accepted(editor, found))
        moves.record(session, plan, 0, editor, after, action="rebalance", who="甲")
        wanted = {h: m["to_grid"] for m in found.result["moves"] for h in m["houses"]}
        got = {h: f.to_grid for f in flows(editor, after) for h in f.houses}
        assert got == wanted
        # What was promised is what the page shows, counted from the drawn plan.
        shown = max(abs(n.deviation) for n in numbers(after) if n.deviation is not None)
        assert shown == pytest.approx(found.result["max_deviation"], abs=1e-12)
        assert shown <= 0.02 < worst
        # Once taken over it changes nothing more; after another edit it no longer fits.
        again = scenarios.scenario_editor(session, place, plan)
        assert balancing.accepted(again, found, version=1) is again.state.grids
        assert after.present is editor.present, "who is present follows from the codes"
        # Taken back, the very ground is there again; where it was drawn on since, only the houses are.
        ground = taking.ground_before(session, plan, again, found, None)
        undrawn = with_grids(again, balancing.accepted(again, found, back=True, ground=ground))
        assert changed_codes(editor, undrawn) == [] != changed_codes(editor, again)
        assert taking.ground_before(session, plan, one, found, None) is None
        assert taking.ground_before(session, plan, again, found, [0]) is None
        whole = replace(found, result=found.result | {"drawn": [{}]})
        with pytest.raises(Invalid, match="undone, not taken back"):
            balancing.accepted(again, whole, back=True)


def test_an_order_is_rolled_back_with_its_transaction(draft):
    engine, _, plan = draft
    with transaction(engine) as session:
        balancing.order_rebalance(session, plan, BalanceOptions(), who="甲")
        session.rollback()
    with transaction(engine) as session:
        assert balancing.last_job(session, plan.id) is None
        waiting = session.scalar(
            text("SELECT count(*) FROM procrastinate.procrastinate_jobs WHERE queue_name = :q"),
            {"q": names.QUEUE},
        )
        assert waiting == 0


def test_a_cancelled_job_ends_and_keeps_nothing(draft):
    engine, _, plan = draft
    job_id = ordered(engine, plan)
    thread = threading.Thread(
        target=worker.run_job, args=(engine.url.render_as_string(hide_password=False), job_id)
    )
    thread.start()

    def runs() -> bool:
        with transaction(engine) as session:
            return balancing.job(session, job_id).state == "running"

    assert eventually(runs)
    with transaction(engine) as session:
        balancing.cancel(session, job_id)
    thread.join(60)
    assert not thread.is_alive()
    with transaction(engine) as session:
        found = balancing.job(session, job_id)
        assert (found.state, found.result) == ("cancelled", None)
        with pytest.raises(Conflict, match="no proposal"):
            balancing.accepted(None, found)  # type: ignore[arg-type]
    # What waited in the queue finds the job cancelled and does nothing.
    worker.work(engine, once=True)


def test_a_job_that_cannot_be_done_says_why(draft):
    engine, _, plan = draft
    with transaction(engine) as session:
        session.execute(text("DELETE FROM grid WHERE plan_id = :p"), {"p": plan.id})
    job_id = ordered(engine, plan)
    worker.work(engine, once=True)
    with transaction(engine) as session:
        found = balancing.job(session, job_id)
    assert found.state == "failed"
    why = unpacked(found.failed or "")
    assert "nothing to balance" in why.in_language("en")
    assert why.in_language("zh") != why.in_language("en")
