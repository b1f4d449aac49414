"""Figures against hand counts, and numbers against their rows."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cases.bulk import OpenedCases, open_loaded
from gisgrid.cases.facts import MEASURES
from gisgrid.cases.figures import (
    OUTCOMES,
    Period,
    figures,
    grew_most,
    heat,
    repeated_places,
    rows_behind,
)
from gisgrid.core.errors import Invalid
from gisgrid.core.plans import township as township_of
from tests.support.cases import (
    DISPATCHER,
    OTHER_DISPATCHER,
    RESIDENT,
    TEAM_A,
    TEAM_B,
    WORKER,
    Walk,
    at,
    handled,
    new_case,
    place,
)
from tests.support.factories import create_matter
from tests.support.town_files import DATA

SPAN = (date(2023, 8, 1), date(2023, 8, 31))
AUGUST = Period(*SPAN, at("2023-08-31 23:59"))


def test_each_measure_against_a_hand_count(session: Session):
    township = place(session)
    matter = create_matter(session, township, time_limit=4, limit_unit="working_hours")
    t = township.area_id
    good = handled(session, township, matter=matter)
    good("close", DISPATCHER, "2023-08-15 14:30")
    good("evaluate", RESIDENT, "2023-08-15 15:00", rating=5)
    late = handled(session, township, matter=matter)
    late("close", DISPATCHER, "2023-08-15 14:31")
    late("evaluate", RESIDENT, "2023-08-15 15:00", rating=2)
    returned = Walk(session, new_case(session, township, matter=matter))
    returned("file", DISPATCHER, "2023-08-15 09:10")
    returned("dispatch", DISPATCHER, "2023-08-15 09:20", to=TEAM_A)
    returned("return", WORKER, "2023-08-15 09:40", reason="x", to=TEAM_B)
    returned("dispatch", DISPATCHER, "2023-08-15 09:50", to=TEAM_B)
    returned("feed_back", WORKER, "2023-08-15 10:00", note="x")
    returned("close", OTHER_DISPATCHER, "2023-08-15 11:00")
    again = handled(session, township, matter=matter)
    again("close", DISPATCHER, "2023-08-15 11:30")
    again("reopen", RESIDENT, "2023-08-31 17:00", reason="没解决")
    overdue = new_case(session, township, matter=matter)
    dropped = Walk(session, new_case(session, township, matter=matter))
    dropped("reject", DISPATCHER, "2023-08-15 09:10", reason="x")
    apart = Walk(session, new_case(session, township, "2023-08-31 17:30", matter=matter))
    apart("merge", DISPATCHER, "2023-08-31 17:40", into_id=overdue.id)
    apart("separate", DISPATCHER, "2023-08-31 17:50", reason="另一处")
    new_case(session, township, "2023-07-31 23:59", matter=matter)
    (found,) = figures(session, t, "township", AUGUST)
    assert found.counts == {
        "received": 7, "assigned": 4, "closed_in_time": 2, "closed_late": 1, "closed_no_limit": 0,
        "dropped": 1, "open": 2, "open_late": 1, "returned": 1, "reopened": 1, "rated": 2,
        "satisfied": 1, "right_first": 2, "closed_assigned": 3,
    }  # fmt: skip
    assert (found.closed, found.in_time_rate, found.satisfaction) == (3, 2 / 3, 1 / 2)
    assert found.right_first_share == 2 / 3
    assert sum(found.counts[m] for m in OUTCOMES) == found.counts["received"]
    behind = rows_behind(session, t, AUGUST, unit="township", key="", measure="open_late")
    assert behind == [overdue.event_id]
    # As of an earlier moment, later steps do not count.
    (before,) = figures(session, t, "township", Period(*SPAN, at("2023-08-15 11:45")))
    assert (before.counts["closed_in_time"], before.counts["reopened"]) == (2, 0)
    assert before.counts["open"] == 3


def test_what_is_done_anew_was_sent_right_all_the_same(session: Session):
    township = place(session)
    rework = handled(session, township)
    rework("send_back", DISPATCHER, "2023-08-15 11:30", reason="照片不清", to=TEAM_A)
    rework("feed_back", WORKER, "2023-08-15 13:40", note="已重做")
    rework("close", DISPATCHER, "2023-08-15 14:00")
    (found,) = figures(session, township.area_id, "township", AUGUST)
    assert (found.counts["returned"], found.counts["right_first"]) == (1, 1)
    behind = rows_behind(
        session, township.area_id, AUGUST, unit="township", key="", measure="right_first"
    )
    assert behind == [rework.now.event_id]


@pytest.mark.thorough
def test_town_f_a_year_of_cases_equals_a_pandas_count(town: Session):
    t = township_of(town).id
    rows = pd.read_csv(DATA / "events/events.csv", dtype=str)
    made = open_loaded(town, t)
    closed = int(rows["closed_at"].notna().sum())
    assert made == OpenedCases(len(rows), closed, len(rows))
    assert open_loaded(town, t) == OpenedCases(0, 0, 0)
    span = (date(2022, 9, 1), date(2023, 8, 31))
    year = Period(*span, at("2023-09-01 00:00"))
    (all_,) = figures(town, t, "township", year)
    met = rows["closed_at"].notna() & (rows["closed_at"] <= rows["due_at"])
    assert all_.counts["received"] == len(rows) == 3340
    assert all_.counts["closed_in_time"] == int(met.sum())
    assert all_.counts["closed_late"] == closed - int(met.sum())
    open_late = rows["closed_at"].isna() & (rows["due_at"] < "2023-09-01 00:00")
    assert all_.counts["open_late"] == int(open_late.sum())
    for unit in ("community", "grid", "office", "matter", "major", "source"):
        parts = figures(town, t, unit, year)
        for measure in MEASURES:
            assert sum(p.counts[measure] for p in parts) == all_.counts[measure], (unit, measure)
    by_matter = {f.key: f for f in figures(town, t, "matter", year)}
    assert {k: f.counts["received"] for k, f in by_matter.items()} == (
        rows["matter"].value_counts().to_dict()
    )
    for measure in ("received", "closed_late", "open"):
        ids = rows_behind(town, t, year, unit="matter", key="0301", measure=measure)
        assert len(ids) == by_matter["0301"].counts[measure]
    hours = rows["reported_at"].str[11:13].astype(int)
    counted = rows.groupby([rows["matter"], hours]).size().to_dict()
    assert heat(town, t, *span) == counted


def test_what_grew_most_and_where_it_repeats(town: Session):
    t = township_of(town).id
    rows = pd.read_csv(DATA / "events/events.csv", dtype=str)
    day = rows["reported_at"].str[:10]
    now = rows[day.between("2023-07-01", "2023-07-31")]["matter"].value_counts()
    before = rows[day.between("2023-05-31", "2023-06-30")]["matter"].value_counts()
    first = grew_most(town, t, date(2023, 7, 1), date(2023, 7, 31))[0]
    growth = now.sub(before, fill_value=0)
    assert first.now - first.before == growth.max()
    assert first.now == now[first.code]
    spots = repeated_places(town, t, date(2022, 9, 1), date(2023, 8, 31), within_m=25, least=3)
    assert spots
    assert all(len(s.event_ids) >= 3 for s in spots)
    kinds = town.scalar(
        text("SELECT count(DISTINCT matter_id) FROM event WHERE id = ANY(:ids)"),
        {"ids": list(spots[0].event_ids)},
    )
    assert kinds == 1


def test_an_unknown_unit_or_measure_is_refused(session: Session):
    with pytest.raises(Invalid):
        figures(session, 1, "star", AUGUST)
    with pytest.raises(Invalid):
        figures(session, 1, "star", Period(AUGUST.since, AUGUST.until))
    with pytest.raises(Invalid):
        rows_behind(session, 1, AUGUST, unit="grid", key="", measure="luck")
