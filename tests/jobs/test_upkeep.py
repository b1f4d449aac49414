"""The worker keeps cases up by itself: clocks turn, an emergency ends, a review reminds."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine, text

from gisgrid.cases.emergencies import running, switch_on
from gisgrid.cases.open_problems import add_problem
from gisgrid.db.store import transaction
from gisgrid.jobs import worker
from gisgrid.jobs.scheduled import keep_up
from tests.support.cases import at, new_case, place


def test_what_is_due_is_done_once(engine: Engine):
    now = at("2023-08-16 17:00")
    with transaction(engine) as session:
        town = place(session)
        t = town.area_id
        new_case(session, town, "2023-08-15 09:00")
        switch_on(session, t, reason="暴雨", by="x", at=now - timedelta(hours=2),
                  until=now - timedelta(hours=1), holds_ordinary=False)  # fmt: skip
        add_problem(session, t, code="L1", title="旧管网", supervisor="x",
                    opened_on=now.date(), review_on=now.date())  # fmt: skip
    done = keep_up(engine, now)
    assert (done["ended"], done["reminded"]) == (1, 1)
    assert done["red"] > 0
    assert keep_up(engine, now) == {}
    with transaction(engine) as session:
        assert running(session, t) == []


def test_the_worker_does_it_without_being_asked(engine: Engine):
    with transaction(engine) as session:
        new_case(session, place(session), "2023-08-15 09:00")
    worker.work(engine, once=True)
    with transaction(engine) as session:
        colours = set(session.scalars(text("SELECT colour FROM case_clock")))
    assert colours == {"red"}
