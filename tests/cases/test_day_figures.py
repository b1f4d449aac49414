"""Figures kept a day say what the log says, whatever has changed since they were counted."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.cases.bulk import open_loaded
from gisgrid.cases.day_figures import count_days
from gisgrid.cases.facts import UNITS
from gisgrid.cases.figures import Figures, Period, figures, uncovered
from gisgrid.core.plans import township as township_of
from gisgrid.db.store import transaction
from gisgrid.jobs.scheduled import keep_up
from tests.support.accounts import acting, appointed, web_engine
from tests.support.cases import DISPATCHER, RESIDENT, handled, place

YEAR = (date(2022, 9, 1), date(2023, 8, 31))


def by_the_log(session: Session, t: int, unit: str, span: tuple[date, date]) -> list[Figures]:
    """The same as of this moment, for which nothing kept is asked."""
    return figures(session, t, unit, Period(*span, datetime.now(UTC)))


def kept(session: Session, t: int) -> set[date]:
    """Days that hold."""
    return set(
        session.scalars(
            text(
                "SELECT day FROM day_figure f WHERE township_id = :t AND unit = 'township' AND NOT EXISTS "
                "(SELECT FROM stale_day s WHERE s.township_id = :t AND s.day = f.day)"
            ),
            {"t": t},
        )
    )


def agree(session: Session, t: int, span: tuple[date, date] = YEAR) -> None:
    for unit in UNITS:
        assert figures(session, t, unit, Period(*span)) == by_the_log(session, t, unit, span), unit


def counted(session: Session, t: int) -> None:
    while count_days(session, t):
        pass


def test_kept_days_and_the_log_say_the_same_after_every_kind_of_change(town: Session):
    t = township_of(town).id
    open_loaded(town, t)
    agree(town, t)
    assert not kept(town, t)
    counted(town, t)
    first, last = town.execute(text("SELECT min(reported_at), max(reported_at) FROM event")).one()
    assert {first.astimezone().date() + timedelta(1), last.astimezone().date()} <= kept(town, t)
    assert town.scalar(text("SELECT count(*) FROM stale_day")) == 0
    agree(town, t)
    agree(town, t, (date(2022, 11, 12), date(2023, 3, 3)))
    rng = np.random.default_rng(5)
    whole = len(kept(town, t))
    for change in CHANGES:
        values = {"n": int(rng.integers(0, 40)), "t": t}
        changed = town.execute(text(change), values).rowcount
        assert changed, change
        held = len(kept(town, t))
        assert held < whole, change
        agree(town, t)
        if rng.random() < 0.5:
            counted(town, t)
            assert len(kept(town, t)) == whole
            agree(town, t)
    # Another clock cuts other days.
    town.execute(text("UPDATE township SET time_zone = 'America/New_York'"))
    assert not kept(town, t)
    agree(town, t)
    counted(town, t)
    agree(town, t)


# A closing, a reopening, a late rating, another matter, moment, source or community, a grid that is
# another, a place out of all grids, a deadline that is corrected.
_SOME = "(SELECT c.id FROM event_case c WHERE {which} ORDER BY md5(c.id::text) OFFSET :n LIMIT 5)"
_SETTLED = _SOME.format(which="NOT c.open").replace("c.id FROM", "c.event_id FROM")
_STEP = """
INSERT INTO case_step (case_id, seq, step, at, actor, role)
SELECT c.id, c.seq + 1, '{step}', now() - interval '1 hour', 'system', 'system' FROM event_case c
WHERE c.id IN {which}
"""
CHANGES = (
    _STEP.format(step="close", which=_SOME.format(which="c.open")),
    f"UPDATE event SET matter_id = (SELECT max(id) FROM matter m WHERE NOT EXISTS "
    f"(SELECT FROM matter x WHERE x.parent_id = m.id)) WHERE id IN {_SETTLED}",
    f"UPDATE event SET reported_at = reported_at - interval '9 days' WHERE id IN {_SETTLED}",
    f"UPDATE event SET source = '别处' WHERE id IN {_SETTLED}",
    f"UPDATE event_grid a SET grid_id = (SELECT max(id) FROM grid g WHERE g.plan_id = a.plan_id) "
    f"WHERE event_id IN {_SETTLED}",
    f"UPDATE event_grid SET grid_id = NULL WHERE event_id IN {_SETTLED}",
    f"DELETE FROM event_grid WHERE event_id IN {_SETTLED}",
    f"UPDATE case_clock SET due_at = due_at - interval '90 days' "
    f"WHERE case_id IN {_SOME.format(which='NOT c.open')}",
    f"DELETE FROM case_clock WHERE case_id IN {_SOME.format(which='NOT c.open')}",
    "UPDATE grid SET community_id = (SELECT max(id) FROM area WHERE level = 'community') "
    "WHERE id IN (SELECT grid_id FROM event_grid ORDER BY md5(event_id::text) OFFSET :n LIMIT 9)",
)


def test_a_reopened_case_is_open_again_and_its_day_counted_anew(town: Session):
    first = township_of(town).id
    open_loaded(town, first)
    counted(town, first)
    held = kept(town, first)
    township = place(town)
    case = handled(town, township)
    t, day = township.area_id, (date(2023, 8, 1), date(2023, 8, 31))
    case("close", DISPATCHER, "2023-08-15 11:30")
    counted(town, t)
    for step, who, at, more in (
        ("evaluate", RESIDENT, "2023-08-15 15:00", {"rating": 2}),
        ("reopen", RESIDENT, "2023-08-31 17:00", {"reason": "没解决"}),
    ):
        case(step, who, at, **more)
        assert date(2023, 8, 15) not in kept(town, t)
        agree(town, t, day)
        counted(town, t)
        assert date(2023, 8, 15) in kept(town, t)
        agree(town, t, day)
    assert kept(town, first) == held, "another township's days hold"
    agree(town, first)
    (found,) = figures(town, t, "township", Period(*day))
    assert (found.counts["open_late"], found.counts["reopened"], found.counts["rated"]) == (1, 1, 1)


def test_many_days_apart_that_hold_no_more_are_counted_from_the_log(town: Session):
    t = township_of(town).id
    open_loaded(town, t)
    counted(town, t)
    town.execute(
        text(
            "INSERT INTO stale_day (township_id, day) SELECT :t, d::date "
            "FROM generate_series(date '2022-09-01', '2023-08-31', interval '3 days') d"
        ),
        {"t": t},
    )
    agree(town, t)


def test_stretches_of_days_are_told_by_their_ends():
    days = [date(2023, 1, d) for d in (1, 2, 4, 5, 9)]
    assert uncovered(date(2023, 1, 1), date(2023, 1, 10), days) == [
        (date(2023, 1, 3), date(2023, 1, 3)),
        (date(2023, 1, 6), date(2023, 1, 8)),
        (date(2023, 1, 10), date(2023, 1, 10)),
    ]
    assert uncovered(date(2023, 1, 1), date(2023, 1, 2), days) == []


def test_whoever_sees_a_part_counts_that_part_kept_or_not(own_town: Engine):
    engine = own_town
    with transaction(engine) as session:
        place = township_of(session)
        open_loaded(session, place.id)
        area = session.scalar(text("SELECT min(code) FROM area WHERE level = 'community'"))
        grid = session.scalar(text("SELECT min(code) FROM grid WHERE kind = 'basic'"))
        people = [
            None,
            appointed(session, "dispatcher", place.code),
            appointed(session, "community_clerk", area),
            appointed(session, "grid_worker", place.code, grid=grid),
            appointed(session, "auditor", place.code),
        ]
    web = web_engine(engine)

    def seen() -> list[list[list[Figures]]]:
        out = []
        for who in people:
            with acting(web, who) as session:
                agree(session, place.id)
                out.append([figures(session, place.id, unit, Period(*YEAR)) for unit in UNITS])
        return out

    before = seen()
    assert keep_up(engine, datetime.now(UTC))["counted"] > 365
    assert seen() == before
    whole = [sum(f.counts["received"] for f in each[0]) for each in before]
    assert whole[1] > whole[2] > whole[3] > 0 == whole[0]
    with acting(web, people[2]) as session:
        assert session.scalar(text("SELECT count(*) FROM day_figure")) == 0
    assert not keep_up(engine, datetime.now(UTC))["counted"]


def test_a_change_not_yet_committed_is_not_counted_away(own_town: Engine):
    """A day is counted while somebody changes it: the change marks it, and it is counted once more."""
    with transaction(own_town) as session:
        t = township_of(session).id
        open_loaded(session, t)
    with transaction(own_town) as writer:
        writer.execute(
            text("UPDATE event SET source = '别处' WHERE id = (SELECT min(event_id) FROM event_case "
                 "WHERE NOT open)")
        )  # fmt: skip
        keep_up(own_town, datetime.now(UTC))
        with transaction(own_town) as session:
            agree(session, t)
    with transaction(own_town) as session:
        assert session.scalar(text("SELECT count(*) FROM stale_day")) == 1
        agree(session, t)
