"""Files of events, assets, duty lists and old problems: what was done here is not undone by a file."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cases.bulk import open_loaded
from gisgrid.cases.cases import CaseActor, Details, case_of_event, open_case, take_step
from gisgrid.cases.emergencies import duty_list
from gisgrid.cases.intake import Report as Told
from gisgrid.cases.intake import move_pin, take_in
from gisgrid.cases.open_problems import problems, review
from gisgrid.core.plans import township
from gisgrid.loading.load import LoadReport
from tests.support.cases import DISPATCHER, TEAM_A, WORKER, at, place
from tests.support.factories import create_matter, create_staff
from tests.support.sketch import spot
from tests.support.town_f import load_kind

X, Y = spot(0.5, 0.5)
HEAD = "code,matter,reported_at,closed_at,text,lon,lat"


def load(session: Session, kind: str, folder: Path, *lines: str, **details: Any) -> LoadReport:
    path = folder / f"{kind}.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return load_kind(session, kind, path, **details)


def events(session: Session, folder: Path, *rows: str) -> LoadReport:
    return load(session, "events", folder, HEAD, *rows, crs="wgs84")


def row(session: Session, code: str = "E1") -> Any:
    return session.execute(
        text(
            "SELECT e.id, e.closed_at, e.text, ST_X(e.geom) AS lon, c.open, c.seq FROM event e "
            "LEFT JOIN event_case c ON c.event_id = e.id WHERE e.code = :code"
        ),
        {"code": code},
    ).one()


def test_a_file_that_comes_again_neither_closes_nor_reopens_a_case_handled_here(
    session: Session, tmp_path: Path
):
    town = place(session)
    matter = create_matter(session, town)
    first = f"E1,{matter.code},2023-05-01 09:00,,垃圾,{X},{Y}"
    events(session, tmp_path, first)
    event = row(session)
    case = open_case(session, event.id, DISPATCHER)
    # Closed elsewhere, says the file; here it is open.
    again = first.replace("09:00,,", "09:00,2023-05-02 10:00,").replace("垃圾", "垃圾一堆")
    events(session, tmp_path, again)
    now = row(session)
    assert (now.closed_at, now.open, now.text) == (None, True, "垃圾一堆")
    steps = (
        ("file", DISPATCHER, Details()),
        ("dispatch", DISPATCHER, Details(to=TEAM_A)),
        ("feed_back", WORKER, Details(note="好了")),
        ("close", CaseActor("other.ni", ("dispatcher",)), Details()),
    )
    for n, (step, by, details) in enumerate(steps):
        take_step(session, case.id, step, by, at=at(f"2023-05-03 {10 + n}:00"), details=details)
    closed = row(session)
    assert closed.closed_at == at("2023-05-03 13:00")
    # Open, says the file; here it is closed, and the pin of another was moved here.
    events(session, tmp_path, first)
    assert row(session).closed_at == closed.closed_at
    fixture = case_of_event(session, event.id)
    take_step(session, fixture.id, "reopen", DISPATCHER, details=Details(reason="未解决"))
    move_pin(session, case_of_event(session, event.id), spot(1.5, 0.5), DISPATCHER, reason="错")
    events(session, tmp_path, again)
    assert row(session).lon == pytest.approx(spot(1.5, 0.5)[0])


def test_a_case_that_others_handle_follows_the_file_until_it_is_closed(
    session: Session, tmp_path: Path
):
    town = place(session)
    matter = create_matter(session, town)
    first = f"E1,{matter.code},2023-05-01 09:00,,垃圾,{X},{Y}"
    events(session, tmp_path, first)
    assert open_loaded(session, town.area_id).cases == 1
    events(session, tmp_path, first.replace("09:00,,", "09:00,2023-05-02 10:00,"))
    made = open_loaded(session, town.area_id)
    assert (made.cases, made.closed) == (0, 1)
    assert (row(session).open, row(session).closed_at) == (False, at("2023-05-02 10:00"))
    events(session, tmp_path, first)
    assert row(session).closed_at == at("2023-05-02 10:00")
    assert open_loaded(session, town.area_id).closed == 0


def test_an_asset_takes_its_events_to_its_grid(session: Session, tmp_path: Path):
    town = place(session)
    matter = create_matter(session, town)
    head = "设施编码,名称,网格,原因,since,until,lon,lat"
    got = load(
        session, "assets", tmp_path, head, f"A1,路灯,b,电力统管,2022-01-01,,{X},{Y}",
        "A2,井盖,zz,无此网格,,,,", "A3,井盖,a,期满,2022-02-01,2022-01-01,,", crs="wgs84",
    )  # fmt: skip
    assert (got.inserted, sorted(got.rejected.counts())) == (1, ["unknown_grid", "until_first"])
    told = Told(matter.code, (X, Y), asset="A1", reported_at=at("2023-05-01 09:00"))
    assert take_in(session, township(session), told, WORKER).landed.grid_code == "b"
    changed = load(
        session, "assets", tmp_path, head, f"A1,路灯,a,收回,2022-01-01,,{X},{Y}", crs="wgs84"
    )  # fmt: skip
    assert (changed.inserted, changed.updated) == (0, 1)
    grid = session.scalar(
        text("SELECT g.code FROM event_grid a JOIN grid g ON g.id = a.grid_id")
    )  # fmt: skip
    assert grid == "a"
    same = load(
        session, "assets", tmp_path, head, f"A1,路灯,a,收回,2022-01-01,,{X},{Y}", crs="wgs84"
    )  # fmt: skip
    assert same.run_id is None
    # A reach takes along what names nothing, also what was loaded before.
    events(session, tmp_path, f"E1,{matter.code},2023-05-01 09:00,,垃圾,{X},{Y}")
    wide = load(
        session, "assets", tmp_path, f"{head},范围（米）", f"A2,公园,b,专管,2022-01-01,,{X},{Y},15",
        f"A3,井盖,b,专管,,,{X},{Y},-1", crs="wgs84",
    )  # fmt: skip
    assert (wide.inserted, wide.rejected.counts()) == (1, {"negative": 1})
    grids = session.execute(
        text(
            "SELECT e.code, g.code FROM event_grid a JOIN grid g ON g.id = a.grid_id "
            "JOIN event e ON e.id = a.event_id"
        )
    ).all()
    assert {code[0]: grid for code, grid in grids} == {"R": "a", "E": "b"}


def test_a_duty_list_says_who_is_on_duty_and_a_new_end_updates_it(session: Session, tmp_path: Path):
    town = place(session)
    create_staff(session, town, code="S9", name="测试甲")
    head = "网格,微网格,staff,开始时间,结束时间"
    lines = ("a,1号楼,S9,2023-05-01 08:00,2023-05-01 20:00", "a,2号楼,S9,2023-05-01 20:00,2023-05-01 08:00",
             "a,3号楼,S0,2023-05-01 08:00,2023-05-01 20:00")  # fmt: skip
    got = load(session, "duties", tmp_path, head, *lines)
    assert (got.inserted, sorted(got.rejected.counts())) == (1, ["unknown_staff", "until_first"])
    (duty,) = duty_list(session, town.area_id, at("2023-05-01 09:00"))
    assert (duty.grid_code, duty.micro_grid) == ("a", "1号楼")
    load(session, "duties", tmp_path, head, "a,1号楼,S9,2023-05-01 08:00,2023-05-01 08:30")
    assert duty_list(session, town.area_id, at("2023-05-01 09:00")) == []
    again = load(session, "duties", tmp_path, head, "a,1号楼,S9,2023-05-01 08:00,2023-05-01 08:30")
    assert (again.inserted, again.updated) == (0, 0)


def test_old_problems_come_in_and_what_was_reviewed_stays(session: Session, tmp_path: Path):
    town = place(session)
    head = "问题编号,问题,督办人,登记日期,复查日期,社区"
    lines = ("P1,河堤渗水,测试督办,2023-01-01,2023-03-01,", "P2,旧楼,测试督办,2023-03-01,2023-01-01,",
             "P3,路,测试督办,2023-01-01,2023-03-01,无此社区")  # fmt: skip
    got = load(session, "problems", tmp_path, head, *lines)
    assert (got.inserted, sorted(got.rejected.counts())) == (1, ["unknown_community", "until_first"])  # fmt: skip
    (problem,) = problems(session, town.area_id)
    assert (problem.code, problem.review_on) == ("P1", date(2023, 3, 1))
    load(session, "problems", tmp_path, head, lines[0].replace("03-01", "04-01"))
    (problem,) = problems(session, town.area_id)
    assert problem.review_on == date(2023, 4, 1)
    review(session, problem.id, on=date(2023, 4, 1), by="测试", finding="仍在", next_on=date(2023, 6, 1))  # fmt: skip
    load(session, "problems", tmp_path, head, lines[0])
    (problem,) = problems(session, town.area_id)
    assert problem.review_on == date(2023, 6, 1)
