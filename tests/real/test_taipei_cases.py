"""Taipei's requests as cases: they have no place, and count to the village that they name."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cases.bulk import open_loaded
from gisgrid.cases.figures import Period, figures
from gisgrid.core.plans import township
from gisgrid.planning.settings.townships import change_township
from tests.support.cities import MATTERS, VILLAGES, name_places, write_csv
from tests.support.town_f import load_kind

pytestmark = pytest.mark.real


def test_taipei_goes_in_unlocated_and_is_assigned_by_village(
    session: Session, data: Path, tmp_path: Path
):
    name_places(session, tmp_path, "臺灣", "臺北市")
    load_kind(session, "areas", data / "taipei_villages.geojson", mapping=VILLAGES)
    change_township(session, "township", ["time_zone=Asia/Taipei"])
    major = write_csv(tmp_path / "major.csv", "code,name", [("1999", "派工")])
    load_kind(session, "matters", major, version="1", since=date(2020, 1, 1))
    load_kind(session, "matters", data / "taipei_1999_matters.csv", version="1", mapping=MATTERS)
    report = load_kind(session, "events", data / "taipei_1999_events.csv.gz")
    place = township(session)
    made = open_loaded(session, place.id)
    assert made.cases == report.inserted
    zone = ZoneInfo("Asia/Taipei")
    span = Period(date(2025, 1, 1), date(2026, 12, 31), datetime(2027, 1, 1, tzinfo=zone))
    (whole,) = figures(session, place.id, "township", span)
    villages = figures(session, place.id, "community", span)
    assert whole.counts["received"] == report.inserted
    assert sum(v.counts["received"] for v in villages) == report.inserted
    named = dict(
        session.execute(
            text(
                "SELECT a.code, count(*) FROM event e JOIN area a ON a.id = e.community_id GROUP BY 1"
            )
        ).all()
    )
    assert {v.key: v.counts["received"] for v in villages if v.key} == named
    assert session.scalar(text("SELECT count(*) FROM event WHERE location_status = 'ok'")) == 0
