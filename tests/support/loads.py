"""One full row of each kind of file, loaded into a town of two grids."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.loading.load import LoadReport
from tests.support.factories import create_plan, create_township
from tests.support.sketch import spot
from tests.support.town_f import load_kind

X, Y = spot(0.5, 0.5)
DETAILS: dict[str, dict[str, Any]] = {
    "matters": {"version": "1", "since": date(2020, 1, 1)},
    "grids": {"plan": "草案"},
    **{kind: {"crs": "wgs84"} for kind in ("houses", "events", "stations", "assets")},
}
# One full row of each kind, in an order in which each finds what it hangs on.
FULL: dict[str, dict[str, str]] = {
    "matters": {
        "code": "01", "parent": "", "name": "大项", "name_en": "Major", "office": "综治办",
        "time_limit": "4", "limit_unit": "working_hours", "closing_rule": "有照片",
        "filing_rule": "属实", "decider": "community", "acts": "grid", "informs": "township;grid",
        "file_limit": "1 working_hours", "dispatch_limit": "2 working_hours",
        "handle_limit": "3 working_hours", "check_limit": "4 working_hours",
        "answer_limit": "5 working_hours", "asks_photo": "yes", "duplicate_m": "30",
        "duplicate_h": "12", "skills": "电工;水工", "consent": "批文1号", "since": "2023-01-01",
        "until": "2023-12-31",
    },
    "houses": {"code": "H1", "address": "虚构路1号", "community": "C1", "lon": f"{X}", "lat": f"{Y}"},
    "households": {"code": "F1", "house": "H1", "room": "101", "verified_on": "2023-05-01"},
    "residents": {
        "code": "R1", "household": "F1", "name": "测试甲", "citizen_id": "999901199001011232",
        "phone": "19900001111", "sex": "m", "birth_date": "1990-01-01", "needs": "disabled;low_income",
        "verified_on": "2023-05-01",
    },
    "staff": {
        "code": "S1", "name": "测试乙", "phone": "19900002222", "body": "派出所", "grid": "a",
        "role": "worker", "since": "2023-01-01", "until": "2023-12-31",
    },
    "offices": {
        "code": "zhang", "name": "测试丙", "phone": "19900003333", "body": "镇政府",
        "role": "community_clerk", "area": "C1", "since": "2023-01-01", "until": "2023-12-31",
    },
    "visits": {"code": "V1", "house": "H1", "staff": "S1", "visited_on": "2023-05-01"},
    "trainings": {
        "code": "T1", "course": "消防", "kind": "meeting", "held_on": "2023-05-01", "hours": "2",
        "expires_on": "2024-05-01", "staff": "S1",
    },
    "stations": {
        "code": "P1", "name": "驿站", "kind": "team_post", "grid": "a", "address": "虚构路1号",
        "since": "2023-01-01", "until": "2023-12-31", "lon": f"{X}", "lat": f"{Y}",
    },
    "assets": {
        "code": "A1", "name": "路灯", "grid": "a", "reason": "统管", "reach_m": "20",
        "since": "2023-01-01", "until": "2023-12-31", "lon": f"{X}", "lat": f"{Y}",
    },
    "problems": {
        "code": "L1", "title": "积水", "community": "C1", "supervisor": "zhang",
        "opened_on": "2023-01-01", "review_on": "2023-06-01",
    },
    "events": {
        "code": "E1", "matter": "0101", "reported_at": "2023-05-01 09:00", "due_at": "2023-05-02 09:00",
        "closed_at": "2023-05-01 10:00", "source": "热线", "text": "垃圾", "address": "虚构路1号",
        "community": "C1", "lon": f"{X}", "lat": f"{Y}",
    },
}  # fmt: skip
TABLES = {
    "matters": ("matter",), "houses": ("house",), "households": ("household",),
    "residents": ("resident",), "staff": ("staff", "team_member"),
    "offices": ("staff", "account", "appointment"), "visits": ("visit",),
    "trainings": ("training", "training_attendee"), "stations": ("station",), "assets": ("asset",),
    "problems": ("open_problem",), "events": ("event",), "areas": ("area",), "grids": ("grid",),
}  # fmt: skip


def put(
    session: Session, kind: str, folder: Path, *rows: dict[str, str], **more: Any
) -> LoadReport:
    path = folder / f"{kind}.csv"
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    details = DETAILS.get(kind, {}) | more
    if "lon" not in rows[0]:
        # Declared coordinates that the file does not have are a slip.
        details.pop("crs", None)
    return load_kind(session, kind, path, **details)


def town(session: Session, folder: Path) -> None:
    """One row of each kind, all columns filled, in a town of two grids."""
    made = create_township(session, "a b")
    session.execute(text("UPDATE area SET code = 'C1' WHERE level = 'community'"))
    create_plan(session, made, "a b")
    for kind, row in FULL.items():
        report = put(session, kind, folder, row)
        assert (report.inserted > 0, report.rejected.counts()) == (True, {}), kind
        if kind == "matters":
            minor = {"code": "0101", "parent": "01", "name": "小项"}
            assert put(session, kind, folder, minor).inserted == 1


def rows_of(session: Session, kind: str) -> list[Any]:
    """The rows of a kind without the number of their run."""
    return [
        row
        for table in TABLES[kind]
        for row in session.scalars(
            text(f"SELECT to_jsonb(t) - 'run_id' - 'fs_uniquifier' FROM {table} t ORDER BY t::text")
        )
    ]
